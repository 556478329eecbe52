from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.distributions.base import Law, Scalar, Support, distribution
from generator.distributions.intervals import hull, ordered


@distribution("uniform", "scalar")
class Uniform(Law):
    """Every value between two ends is equally likely: [low, high]."""

    uniform: tuple[Scalar, Scalar]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"uniform": [0.0, 1.0]}]

    def model_post_init(self, context: Any) -> None:
        ordered(self.uniform)

    def sample(self, draw: Draw) -> float:
        low, high = (end.sample(draw / name) for end, name in zip(self.uniform, ("low", "high"), strict=True))
        return float(low + (high - low) * draw.uniform())

    def support(self) -> Support | None:
        return hull(self.uniform)

    def cdf(self, x: float) -> float:
        low, high = (end.sample(Draw(0)) for end in self.uniform)
        return float(x >= high) if not low < x < high else (x - low) / (high - low)

    def ppf(self, p: float) -> float:
        low, high = (end.sample(Draw(0)) for end in self.uniform)
        return float(low + (high - low) * p)
