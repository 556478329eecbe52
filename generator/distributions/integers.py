from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Support, distribution


@distribution("integers", "scalar")
class Integers(Distribution):
    """Every whole number from low to high, both included, is equally likely: [low, high]."""

    integers: tuple[int, int]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"integers": [1, 6]}]

    def model_post_init(self, context: Any) -> None:
        if self.integers[0] > self.integers[1]:
            raise ValueError(f"low end {self.integers[0]} is above high end {self.integers[1]}")

    def sample(self, draw: Draw) -> float:
        return float(draw.rng().integers(self.integers[0], self.integers[1] + 1))

    def support(self) -> Support | None:
        return float(self.integers[0]), float(self.integers[1])
