from typing import Any, ClassVar

import scipy

from generator.base.draw import Draw
from generator.distributions.base import Law, Scalar, Support, distribution
from generator.distributions.intervals import hull, ordered

ZERO_TO_ONE = (0.0, 1.0)


@distribution("beta", "scalar")
class Beta(Law):
    """A hump, slope or bowl between two ends: [alpha, beta] and `range: [low, high]` (default 0 to 1). [2, 5] leans to
    the low end, [5, 2] to the high one, [0.5, 0.5] keeps to both ends."""

    beta: tuple[Scalar, Scalar]
    range: tuple[Scalar, Scalar] | None = None
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"beta": [2, 5]}, {"beta": [0.5, 0.5], "range": [-1, 3]}]

    def model_post_init(self, context: Any) -> None:
        for name, shape in zip(("alpha", "beta"), self.beta, strict=True):
            support = shape.support()
            if support and support[0] <= 0:
                raise ValueError(f"{name} must be above 0, not {support[0]:g}")
        if self.range:
            ordered(self.range)

    def sample(self, draw: Draw) -> float:
        alpha, beta = (shape.sample(draw / name) for shape, name in zip(self.beta, ("alpha", "beta"), strict=True))
        low, high = self._ends(draw)
        return float(low + (high - low) * scipy.special.betaincinv(alpha, beta, draw.uniform()))

    def support(self) -> Support | None:
        return hull(self.range) if self.range else ZERO_TO_ONE

    def cdf(self, x: float) -> float:
        (low, high), (alpha, beta) = self._ends(Draw(0)), (shape.sample(Draw(0)) for shape in self.beta)
        if not low < x < high:
            return float(x >= high)
        return float(scipy.special.betainc(alpha, beta, (x - low) / (high - low)))

    def ppf(self, p: float) -> float:
        (low, high), (alpha, beta) = self._ends(Draw(0)), (shape.sample(Draw(0)) for shape in self.beta)
        return float(low + (high - low) * scipy.special.betaincinv(alpha, beta, p))

    def _ends(self, draw: Draw) -> Support:
        if self.range is None:
            return ZERO_TO_ONE
        return self.range[0].sample(draw / "low"), self.range[1].sample(draw / "high")
