"""Choosing one of several values, for every kind."""

from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from generator.base.draw import Draw
from generator.distributions.base import (
    REGISTRY,
    Choice,
    Color,
    Distribution,
    Finite,
    Position,
    Rotation,
    Scalar,
    Support,
)
from generator.distributions.intervals import hull

V = TypeVar("V")


class Pick(Distribution, Generic[V]):
    """One of a list, each equally likely; or of a mapping from value to weight (names and numbers)."""

    pick: list[V]
    weights: list[Finite] = []
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"pick": [4, 8, 16]}, {"pick": [1, 2], "weights": [3, 1]}]

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Any:
        if isinstance(obj.get("pick"), dict):
            pairs = sorted(obj["pick"].items(), key=lambda pair: str(pair[0]))  # key order in YAML means nothing
            obj = {**obj, "pick": [value for value, _ in pairs], "weights": [weight for _, weight in pairs]}
        return super().model_validate(obj, **options)

    def model_post_init(self, context: Any) -> None:
        if not self.pick:
            raise ValueError("needs at least one value to pick from")
        if self.weights and (len(self.weights) != len(self.pick) or min(self.weights) < 0 or sum(self.weights) <= 0):
            raise ValueError("weights must be one number >= 0 for each value, not all 0")

    def sample(self, draw: Draw) -> Any:
        weights = np.cumsum(self.weights or [1.0] * len(self.pick))
        chosen = int(np.searchsorted(weights, draw.uniform() * weights[-1], side="right"))
        return self.pick[chosen].sample(draw / "picked")  # type: ignore[attr-defined]

    def parts(self) -> tuple[Distribution, ...]:
        return tuple(self.pick)  # type: ignore[arg-type]

    def support(self) -> Support | None:
        return hull(self.parts())


REGISTRY("pick")(
    {
        "scalar": Pick[Scalar],
        "choice": Pick[Choice],
        "color": Pick[Color],
        "position": Pick[Position],
        "rotation": Pick[Rotation],
    }
)
