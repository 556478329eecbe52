"""Where in the picture objects lie: what the camera aims at, and how far it turns away."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generator.base.strict import Loc
from generator.fitting.looks import Look
from generator.fitting.measures import Numbers
from generator.fitting.text import at, filled
from generator.fitting.values import is_number, spread, times

GAIN = 0.8
WIDE = 2.563  # deviations between the first and the last decile of a normal law
SKEW, BROAD = 20.0, 45.0  # degrees by which the camera turns at most: its mean, two deviations
LEAST = 0.025  # shares of the picture
AXES = {"pan": "x", "tilt": "y"}


@dataclass
class Turns:
    """Mean (degrees) and variance (degrees squared) that `pan` and `tilt` gain, and the factor of what is there."""

    mean: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AXES, 0.0))
    variance: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AXES, 0.0))
    factor: float = 1.0

    def update(self, looks: Sequence[Look], real: dict[str, Numbers], now: dict[str, Numbers], askew: bool) -> None:
        """From the centres of the real objects and those of the looks, by axis, in shares of the picture. With a
        camera that rolls freely (`askew`), only the spread has a meaning."""
        narrower = []
        for k, (turn, axis) in enumerate(AXES.items()):
            focal = float(np.mean([one.focal[k] for one in looks]))
            (low, middle, high), (first, half, last) = (np.quantile(v[axis], (0.1, 0.5, 0.9)) for v in (real, now))
            if not askew and abs(middle - half) > LEAST:
                self._aim(turn, math.degrees(math.atan((middle - half) / focal)))
            wanted, got = float(high - low) / WIDE, float(last - first) / WIDE
            if abs(wanted - got) > LEAST:
                self._widen(turn, GAIN * (wanted**2 - got**2) / focal**2)
            if wanted < got - LEAST and self.variance[turn] <= 0:
                narrower.append(wanted / got)
        if len(narrower) == len(AXES):
            self.factor *= max(0.5, float(np.mean(narrower)))

    def _aim(self, turn: str, degrees: float) -> None:
        """A camera that turns right sees things move left; one that turns up sees them move down."""
        sign = -1 if turn == "pan" else 1
        self.mean[turn] = float(np.clip(self.mean[turn] + GAIN * sign * degrees, -SKEW, SKEW))

    def _widen(self, turn: str, square: float) -> None:
        """By a variance in squared tangents; below nothing there is nothing."""
        more = math.degrees(math.sqrt(abs(square))) ** 2 * (1 if square > 0 else -1)
        self.variance[turn] = float(np.clip(self.variance[turn] + more, 0.0, (BROAD / 2) ** 2))

    def changes(self, data: Any, preset: dict[str, Any]) -> dict[Loc, Any]:
        result: dict[Loc, Any] = {}
        for turn in AXES:
            loc = ("camera", turn)
            own = at(data, loc)
            raw, deviation = preset.get(turn, 0.0) if own is None else own, math.sqrt(self.variance[turn])
            if abs(self.mean[turn]) > 0.5 or deviation > 0.5:
                result[loc] = spread(raw, self.mean[turn], deviation)
            elif self.factor < 0.97 and not is_number(raw):
                result[loc] = times(raw, self.factor)
            if own is None and loc in result:
                result[loc] = filled(result[loc], raw)
        if self.factor < 0.97 and (within := at(data, ("camera", "within"))):
            result["camera", "within"] = times(within, self.factor)
        return result
