import math
from typing import Any, ClassVar

from generator.base.draw import MOST, Draw
from generator.distributions.base import Support, WholeLaw, distribution


@distribution("integers", "scalar")
class Integers(WholeLaw):
    """Every whole number from low to high, both included, is equally likely: [low, high]."""

    integers: tuple[int, int]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"integers": [1, 6]}]

    def model_post_init(self, context: Any) -> None:
        if self.integers[0] > self.integers[1]:
            raise ValueError(f"low end {self.integers[0]} is above high end {self.integers[1]}")
        if self.integers[0] < -MOST or self.integers[1] >= MOST:
            raise ValueError(f"both ends must be above {-MOST - 1} and below {MOST}")

    def sample(self, draw: Draw) -> float:
        return float(draw.rng().integers(self.integers[0], self.integers[1] + 1))

    def support(self) -> Support | None:
        return float(self.integers[0]), float(self.integers[1])

    def cdf(self, x: float) -> float:
        low, high = self.integers
        return float(x >= high) if not low <= x < high else (math.floor(x) - low + 1) / (high - low + 1)

    def guess(self, p: float) -> float:
        low, high = self.integers
        return low + math.floor((high - low + 1) * p)
