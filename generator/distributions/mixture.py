"""One of several values, by weights that are values themselves."""

from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from generator.base.draw import Draw
from generator.base.errors import PlacementError
from generator.base.strict import Strict
from generator.distributions.base import REGISTRY, Choice, Color, Distribution, Position, Rotation, Scalar, Support
from generator.distributions.intervals import hull

V = TypeVar("V")


class Part(Strict, Generic[V]):
    """One part of a mixture: how often, relative to the others, and what."""

    weight: Scalar
    of: V

    def model_post_init(self, context: Any) -> None:
        support = self.weight.support()
        if support and support[0] < 0:
            raise ValueError(f"a weight must not be below 0, but can be {support[0]:g}")

    @property
    def possible(self) -> bool:
        """Whether its weight can be above 0."""
        support = self.weight.support()
        return support is None or support[1] > 0


class Mixture(Distribution, Generic[V]):
    """One of a list of {weight, of}. As `pick`, but a weight may be any number: a `ramp` fades one part into another
    as the scenes go on."""

    mixture: list[Part[V]]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "mixture": [
                {"weight": 3, "of": {"normal": [0, 1], "clip": [-2, 2]}},
                {"weight": 1, "of": {"uniform": [5, 6]}},
            ]
        },
        {"mixture": [{"weight": {"ramp": [1, 0], "over": 1000}, "of": 1}, {"weight": 1, "of": 2}]},
    ]

    def model_post_init(self, context: Any) -> None:
        if not any(part.possible for part in self.mixture):
            raise ValueError("needs at least one part with a weight above 0")

    def sample(self, draw: Draw) -> Any:
        """Raises PlacementError when all weights come out as 0."""
        weights = np.cumsum([part.weight.sample(draw / "weight" / k) for k, part in enumerate(self.mixture)])
        if weights[-1] <= 0:
            raise PlacementError(f"{draw}: all weights of the mixture are 0 here; give one part a weight above 0")
        chosen = int(np.searchsorted(weights, draw.uniform() * weights[-1], side="right"))
        of: Any = self.mixture[chosen].of
        return of.sample(draw / "of" / chosen)

    def parts(self) -> tuple[Distribution, ...]:
        """The values whose weight can be above 0."""
        return tuple(part.of for part in self.mixture if part.possible)  # type: ignore[misc]

    def support(self) -> Support | None:
        return hull(self.parts())


REGISTRY("mixture")(
    {
        "scalar": Mixture[Scalar],
        "choice": Mixture[Choice],
        "color": Mixture[Color],
        "position": Mixture[Position],
        "rotation": Mixture[Rotation],
    }
)
