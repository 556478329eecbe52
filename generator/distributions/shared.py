"""A value drawn once per scene and used in several places."""

from typing import Any, ClassVar, Generic, TypeVar

from generator.base.draw import Draw
from generator.distributions.base import REGISTRY, Choice, Color, Distribution, Position, Rotation, Scalar, Support

V = TypeVar("V")


class Ref(Distribution, Generic[V]):
    """The value of that name under `shared:`. All users of one name get the same value within a scene."""

    ref: str
    of: V
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"ref": "daylight", "of": {"normal": [4200, 900]}}]

    def sample(self, draw: Draw) -> Any:
        return self.of.sample(draw.root / "shared" / self.ref)  # type: ignore[attr-defined]

    def parts(self) -> tuple[Distribution, ...]:
        return (self.of,)  # type: ignore[return-value]

    def support(self) -> Support | None:
        return self.of.support()  # type: ignore[attr-defined]


REGISTRY("ref")(
    {
        "scalar": Ref[Scalar],
        "choice": Ref[Choice],
        "color": Ref[Color],
        "position": Ref[Position],
        "rotation": Ref[Rotation],
    }
)
