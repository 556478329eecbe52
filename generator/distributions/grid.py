from typing import Annotated, Any, ClassVar

from pydantic import Field

from generator.base.draw import Draw
from generator.distributions.base import Distribution, Support, distribution
from generator.distributions.order import turn
from generator.distributions.quantiles import Evenly, needed


@distribution("grid", "scalar")
class Grid(Distribution):
    """Even coverage: [low, high] (or any law) in `cells` of equal probability, each visited once in every so many
    consecutive scenes, in random order. `jitter: false` takes the middle of a cell instead of a random place in it."""

    grid: Evenly
    cells: Annotated[int, Field(ge=1, le=65536)]
    jitter: bool = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"grid": [0, 360], "cells": 12},
        {"grid": {"integers": [1, 6]}, "cells": 6, "jitter": False},
    ]

    def model_post_init(self, context: Any) -> None:
        needed(self.grid, "grid")

    def sample(self, draw: Draw) -> float:
        """Stratified over the scene index; each path has an order of its own (see `order`)."""
        within = draw.uniform() if self.jitter else 0.5
        return needed(self.grid, "grid").ppf((turn(draw, self.cells) + within) / self.cells)

    def support(self) -> Support | None:
        return self.grid.support()
