"""A value that changes at given scenes."""

from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import REGISTRY, Choice, Color, Distribution, Position, Rotation, Scalar, Support
from generator.distributions.intervals import hull

V = TypeVar("V")


class Steps(Distribution, Generic[V]):
    """For curricula: a mapping from the scene index at which a value begins to the value. One begins at 0."""

    steps: dict[Annotated[int, Field(ge=0)], V]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"steps": {0: 1, 20: {"integers": [1, 3]}, 30: {"integers": [2, 8]}}}]

    def model_post_init(self, context: Any) -> None:
        if 0 not in self.steps:
            raise ValueError("needs a value that begins at scene 0")

    def sample(self, draw: Draw) -> Any:
        begun = max(first for first in self.steps if first <= max(draw.index, 0))
        value: Any = self.steps[begun]
        return value.sample(draw / begun)

    def parts(self) -> tuple[Distribution, ...]:
        return tuple(self.steps[first] for first in sorted(self.steps))  # type: ignore[misc]

    def support(self) -> Support | None:
        return hull(self.parts())


REGISTRY("steps")(
    {
        "scalar": Steps[Scalar],
        "choice": Steps[Choice],
        "color": Steps[Color],
        "position": Steps[Position],
        "rotation": Steps[Rotation],
    }
)
