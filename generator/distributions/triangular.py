from typing import Any, ClassVar

from scipy.stats import triang

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Support, distribution


@distribution("triangular", "scalar")
class Triangular(Distribution):
    """A peak between two ends: [low, mode, high]."""

    triangular: tuple[float, float, float]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"triangular": [0.0, 1.0, 4.0]}]

    def model_post_init(self, context: Any) -> None:
        low, mode, high = self.triangular
        if not low <= mode <= high or low == high:
            raise ValueError("must be [low, mode, high] with low <= mode <= high and low < high")

    def sample(self, draw: Draw) -> float:
        return float(draw.rng().triangular(*self.triangular))

    def support(self) -> Support | None:
        return self.triangular[0], self.triangular[2]

    def cdf(self, x: float) -> float:
        low, mode, high = self.triangular
        return float(triang.cdf(x, (mode - low) / (high - low), low, high - low))
