import math
from typing import Any, ClassVar

from scipy.special import ndtr, ndtri

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Scalar, Support, distribution


@distribution("normal", "scalar")
class Normal(Distribution):
    """A bell curve: [mean, standard deviation]; `clip: [low, high]` cuts its tails off (truncated, not piled up)."""

    normal: tuple[Scalar, Scalar]
    clip: tuple[float, float] = (-math.inf, math.inf)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"normal": [0.0, 1.0]}, {"normal": [4200, 900], "clip": [2500, 7500]}]

    def model_post_init(self, context: Any) -> None:
        deviation = self.normal[1].support()
        if deviation and deviation[0] <= 0:
            raise ValueError(f"the standard deviation must be above 0, not {deviation[0]:g}")
        if self.clip[0] >= self.clip[1]:
            raise ValueError(f"clip: low end {self.clip[0]:g} is not below high end {self.clip[1]:g}")

    def sample(self, draw: Draw) -> float:
        mean, deviation = self.normal[0].sample(draw / "mean"), self.normal[1].sample(draw / "deviation")
        low, high = (float(ndtr((end - mean) / deviation)) for end in self.clip)
        value = mean + deviation * float(ndtri(low + (high - low) * draw.uniform()))
        return float(min(max(value, self.clip[0]), self.clip[1]))

    def support(self) -> Support | None:
        return self.clip

    def cdf(self, x: float) -> float:
        mean, deviation = self.normal[0].sample(Draw(0)), self.normal[1].sample(Draw(0))
        low, high, here = (
            float(ndtr((v - mean) / deviation)) for v in (*self.clip, min(max(x, self.clip[0]), self.clip[1]))
        )
        return (here - low) / (high - low)
