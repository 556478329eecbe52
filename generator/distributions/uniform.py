from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Scalar, Support, distribution


@distribution("uniform", "scalar")
class Uniform(Distribution):
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
        low, high = self.uniform[0].sample(Draw(0)), self.uniform[1].sample(Draw(0))
        return float(min(1.0, max(0.0, (x - low) / (high - low))))


def ordered(ends: tuple[Distribution, Distribution]) -> None:
    """Raises ValueError when the first end always lies above the second."""
    low, high = ends[0].support(), ends[1].support()
    if low and high and low[0] > high[1]:
        raise ValueError(f"low end {low[0]:g} is above high end {high[1]:g}")


def hull(ends: tuple[Distribution, ...]) -> Support | None:
    """The smallest interval that holds the supports of all; None if one is unknown."""
    supports = [end.support() for end in ends]
    if any(s is None for s in supports):
        return None
    return min(s[0] for s in supports if s), max(s[1] for s in supports if s)
