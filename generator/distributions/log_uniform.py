import math
from typing import Any, ClassVar

from generator.base.draw import Draw
from generator.distributions.base import Law, Scalar, Support, distribution
from generator.distributions.intervals import hull, ordered


@distribution("log_uniform", "scalar")
class LogUniform(Law):
    """Every factor is equally likely between two positive ends: [low, high]. For powers, strengths, sizes."""

    log_uniform: tuple[Scalar, Scalar]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"log_uniform": [0.05, 3.0]}]

    def model_post_init(self, context: Any) -> None:
        ordered(self.log_uniform)
        both = hull(self.log_uniform)
        if both and both[0] <= 0:
            raise ValueError(f"ends must be above 0, not {both[0]:g}")

    def sample(self, draw: Draw) -> float:
        low, high = (end.sample(draw / name) for end, name in zip(self.log_uniform, ("low", "high"), strict=True))
        return float(low * (high / low) ** draw.uniform())

    def support(self) -> Support | None:
        return hull(self.log_uniform)

    def cdf(self, x: float) -> float:
        low, high = (end.sample(Draw(0)) for end in self.log_uniform)
        return float(x >= high) if not low < x < high else math.log(x / low) / math.log(high / low)

    def ppf(self, p: float) -> float:
        low, high = (end.sample(Draw(0)) for end in self.log_uniform)
        return float(low * (high / low) ** p)
