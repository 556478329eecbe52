import math
from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.distributions.base import Finite, Law, Support, distribution


@distribution("triangular", "scalar")
class Triangular(Law):
    """A peak between two ends: [low, mode, high]."""

    triangular: tuple[Finite, Finite, Finite]
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
        if not low < x < high:
            return float(x >= high)
        if x < mode:
            return (x - low) ** 2 / ((high - low) * (mode - low))
        return 1 - (high - x) ** 2 / ((high - low) * (high - mode))

    def ppf(self, p: float) -> float:
        low, mode, high = self.triangular
        if p * (high - low) < mode - low:
            return low + math.sqrt(p * (high - low) * (mode - low))
        return high - math.sqrt((1 - p) * (high - low) * (high - mode))
