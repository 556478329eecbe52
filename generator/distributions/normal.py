import math
from typing import Any, ClassVar

import scipy

from generator.base.draw import Draw
from generator.distributions.base import Bound, Law, Scalar, Support, distribution

TAIL = 6.0  # standard deviations beyond which 1 - ndtr has lost half its digits
TINY = 1e-300


@distribution("normal", "scalar")
class Normal(Law):
    """A bell curve: [mean, standard deviation]; `clip: [low, high]` cuts its tails off (truncated, not piled up)."""

    normal: tuple[Scalar, Scalar]
    clip: tuple[Bound, Bound] = (-math.inf, math.inf)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"normal": [0.0, 1.0]}, {"normal": [4200, 900], "clip": [2500, 7500]}]

    def model_post_init(self, context: Any) -> None:
        deviation = self.normal[1].support()
        if deviation and deviation[0] <= 0:
            raise ValueError(f"the standard deviation must be above 0, not {deviation[0]:g}")
        if self.clip[0] >= self.clip[1]:
            raise ValueError(f"clip: low end {self.clip[0]:g} is not below high end {self.clip[1]:g}")

    def sample(self, draw: Draw) -> float:
        mean, deviation = self.normal[0].sample(draw / "mean"), self.normal[1].sample(draw / "deviation")
        return truncated_normal(draw.uniform(), mean, deviation, self.clip)

    def support(self) -> Support | None:
        return self.clip

    def cdf(self, x: float) -> float:
        return self.mass(self.clip[0], x)

    def mass(self, low: float, high: float) -> float:
        mean, deviation = (parameter.sample(Draw(0)) for parameter in self.normal)
        part, whole = (
            log_mass(*((end - mean) / deviation for end in ends)) for ends in (self._clipped(low, high), self.clip)
        )
        return math.exp(part - whole)

    def ppf(self, p: float) -> float:
        return self.between(p, *self.clip)

    def between(self, p: float, low: float, high: float) -> float:
        mean, deviation = (parameter.sample(Draw(0)) for parameter in self.normal)
        return truncated_normal(p, mean, deviation, self._clipped(low, high))

    def _clipped(self, low: float, high: float) -> Support:
        low, high = max(low, self.clip[0]), min(high, self.clip[1])
        return low, max(low, high)


def truncated_normal(p: float, mean: float, deviation: float, clip: Support) -> float:
    """The quantile of p in [0, 1) of a normal law conditioned on an interval, however far out that lies."""
    low, high = ((end - mean) / deviation for end in clip)
    if low > TAIL:
        z = -lower_tail(1 - p, -high, -low)
    elif high < -TAIL:
        z = lower_tail(p, low, high)
    else:
        start, stop = float(scipy.special.ndtr(low)), float(scipy.special.ndtr(high))
        z = float(scipy.special.ndtri(max(start + (stop - start) * p, TINY)))  # 0 is no quantile
    return float(min(max(mean + deviation * z, clip[0]), clip[1]))


def lower_tail(p: float, low: float, high: float) -> float:
    """The quantile of p in [0, 1] of a standard normal between two ends far below 0, by logarithms of areas."""
    top = float(scipy.special.log_ndtr(high))
    rest = math.exp(float(scipy.special.log_ndtr(low)) - top)
    return float(scipy.special.ndtri_exp(top + math.log(max(rest + (1 - rest) * p, TINY))))


def log_mass(low: float, high: float) -> float:
    """The logarithm of the area below the standard bell curve between two ends, to full precision in both tails."""
    if low > 0:
        low, high = -high, -low
    top = float(scipy.special.log_ndtr(high))
    rest = float(scipy.special.log_ndtr(low)) - top
    return top + math.log(-math.expm1(rest)) if rest < 0 else -math.inf
