"""One of two values, by a probability."""

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import (
    REGISTRY,
    Choice,
    Color,
    Constant,
    Distribution,
    Position,
    Rotation,
    Scalar,
    Support,
)
from generator.distributions.intervals import hull, inside

V = TypeVar("V")


class Chance(Distribution, Generic[V]):
    """With this probability `then`, otherwise `else`. Numbers may leave both out: 1 or 0."""

    chance: Scalar
    then: V
    else_: V = Field(alias="else")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"chance": 0.3},
        {"chance": 0.3, "then": {"uniform": [1, 2]}, "else": 0},
    ]

    def model_post_init(self, context: Any) -> None:
        inside(self.chance, 0, 1, "a probability")

    def sample(self, draw: Draw) -> Any:
        happens = draw.uniform() < self.chance.sample(draw / "chance")
        chosen: Any = self.then if happens else self.else_
        return chosen.sample(draw / ("then" if happens else "else"))

    def parts(self) -> tuple[Distribution, ...]:
        """Both values, but for one that a probability of 0 or 1 rules out."""
        low, high = self.chance.support() or (0, 1)
        both: Any = ((self.then, high > 0), (self.else_, low < 1))
        return tuple(value for value, possible in both if possible)

    def support(self) -> Support | None:
        return hull(self.parts())


class ChanceNumber(Chance[Scalar]):
    __doc__ = Chance.__doc__
    then: Scalar = Constant(value=1.0)
    else_: Scalar = Field(Constant(value=0.0), alias="else")


REGISTRY("chance")(
    {
        "scalar": ChanceNumber,
        "choice": Chance[Choice],
        "color": Chance[Color],
        "position": Chance[Position],
        "rotation": Chance[Rotation],
    }
)
