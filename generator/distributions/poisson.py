import math
from typing import Annotated, Any, ClassVar

import scipy
from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import Constant, Scalar, Support, WholeLaw, distribution


@distribution("poisson", "scalar")
class Poisson(WholeLaw):
    """How many of many rare things happen, on average `mean`; `max` gives the law of those counts that do not exceed
    it (truncated, not piled up)."""

    poisson: Scalar
    max: Annotated[int, Field(ge=0)] | None = None
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"poisson": 3.5}, {"poisson": 2, "max": 4}]

    def model_post_init(self, context: Any) -> None:
        support = self.poisson.support()
        if support and support[0] < 0:
            raise ValueError(f"the mean must not be below 0, but can be {support[0]:g}")

    def sample(self, draw: Draw) -> float:
        mean = Constant(value=float(self.poisson.sample(draw / "mean")))
        return self.model_copy(update={"poisson": mean}).ppf(draw.uniform())

    def support(self) -> Support | None:
        return 0.0, math.inf if self.max is None else float(self.max)

    def cdf(self, x: float) -> float:
        if x < 0:
            return 0.0
        if self.max is None:
            return float(scipy.special.pdtr(math.floor(x), self._mean)) if math.isfinite(x) else 1.0
        part, whole = scipy.special.pdtr([math.floor(min(x, self.max)), self.max], self._mean)
        return float(part / whole)

    def guess(self, p: float) -> float:
        whole = 1.0 if self.max is None else float(scipy.special.pdtr(self.max, self._mean))
        near = float(scipy.special.pdtrik(p * whole, self._mean)) if p > 0 < self._mean else 0.0
        return float(math.ceil(near)) if math.isfinite(near) else 0.0

    @property
    def _mean(self) -> float:
        return float(self.poisson.sample(Draw(0)))
