from typing import Annotated, Any, ClassVar

from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Scalar, Support, distribution
from generator.distributions.intervals import hull


@distribution("ramp", "scalar")
class Ramp(Distribution):
    """For curricula: from [first, last] evenly `over` so many scenes, then it stays. `after` so many scenes that stay
    at the first. The ends may be random: {ramp: [0, {uniform: [0, 1]}], over: 1000} spreads as the scenes go on."""

    ramp: tuple[Scalar, Scalar]
    over: Annotated[int, Field(ge=1)]
    after: Annotated[int, Field(ge=0)] = 0
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"ramp": [1, 6], "over": 1000},
        {"ramp": [1, 0], "over": 10, "after": 20},
    ]

    def sample(self, draw: Draw) -> float:
        done = min(max((draw.index - self.after) / self.over, 0.0), 1.0)
        first, last = (end.sample(draw / name) for end, name in zip(self.ramp, ("first", "last"), strict=True))
        between = (1 - done) * first + done * last
        return float(min(max(between, min(first, last)), max(first, last)))  # rounding must not leave the ends

    def support(self) -> Support | None:
        return hull(self.ramp)
