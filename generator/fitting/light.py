"""How pictures are exposed and what the sensor does, so that they are as bright, blurred and noisy as the real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from generator.base.strict import Loc
from generator.fitting.looks import Shot
from generator.fitting.measures import Numbers
from generator.fitting.text import at
from generator.fitting.values import bell, is_number, times

GAIN = 0.8
MOST = 0.95  # of the meter
LEAST = 0.15  # stops; a spread of exposures that remains
STOPS = 6.0
SENSOR = {"blur": ("sharpness", -1), "noise": ("noise", 1)}  # a key, the trait it acts on, and in which direction
BOUNDS = (0.1, 5.0)


@dataclass
class Light:
    """The law of exposures: mean and deviation in stops. `metering` is None while the author's is kept; `factors` are
    of the sensor's keys."""

    mean: float
    deviation: float
    metering: float | None = None
    factors: dict[str, float] | None = None

    @staticmethod
    def of(shots: Sequence[Shot]) -> "Light":
        """As it is now."""
        exposures = [one.exposure for one in shots]
        return Light(float(np.mean(exposures)), float(np.std(exposures)))

    def update(self, shots: Sequence[Shot], real: Numbers) -> None:
        """What the scene's own light spreads, the exposure need not; where it spreads too much, the camera meters.

        A picture of ``base`` stops without a camera has ``(1 - metering) base + exposure``, as long as nothing clips.
        """
        bright = np.array([one.traits["brightness"] for one in shots])
        exposures = np.array([one.exposure for one in shots])
        left = max(1e-3, 1 - float(np.mean([one.metering for one in shots])))
        base, wanted = (bright - exposures) / left, _deviation(real)
        own = left * float(np.std(base))
        if own > 1.1 * max(wanted, LEAST):
            left = max(1 - MOST, left * np.sqrt(max(wanted**2 - LEAST**2, LEAST**2)) / own)
            self.metering, own = 1 - left, left * float(np.std(base))
            self.mean = float(np.median(real) - left * np.median(base))
        else:
            self.mean += GAIN * float(np.median(real) - np.median(bright))
        self.mean = float(np.clip(self.mean, -STOPS, STOPS))
        self.deviation = float(max(LEAST, np.sqrt(max(0.0, wanted**2 - own**2))))

    def blurred(self, shots: Sequence[Shot], real: dict[str, Numbers]) -> None:
        """Multiply the sensor's ranges by how far the median traits are apart, a root at a time."""
        self.factors = self.factors or dict.fromkeys(SENSOR, 1.0)
        for key, (trait, sign) in SENSOR.items():
            now = float(np.median([one.traits[trait] for one in shots]))
            ratio = (float(np.median(real[trait])) + 1e-4) / (now + 1e-4)
            self.factors[key] = float(np.clip(self.factors[key] * ratio ** (0.5 * sign), *BOUNDS))

    def changes(self, data: Any) -> dict[Loc, Any]:
        result: dict[Loc, Any] = {("render", "exposure"): bell(self.mean, self.deviation)}
        if self.metering is not None:
            result["render", "metering"] = round(self.metering, 2)
        for key, factor in (self.factors or {}).items():
            raw = at(data, ("sensor", key))
            if raw is not None and raw != 0 and not (is_number(raw) and abs(factor - 1) < 0.05):
                result["sensor", key] = times(raw, factor)
        return result


def _deviation(values: Numbers) -> float:
    """From the deciles: a few black pictures do not count."""
    low, high = np.quantile(values, (0.1, 0.9))
    return float(high - low) / 2.563
