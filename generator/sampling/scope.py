"""A draw that writes down the numbers drawn for the scene as a whole."""

from dataclasses import dataclass, field

import numpy as np

from generator.assets.catalog import Catalog
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import Vector
from generator.distributions.base import Distribution


@dataclass(frozen=True)
class Scope:
    """One scene's draw, the assets it may use, and its `facts`: ``world.strength``, ``lights.lamps.count``, ..."""

    draw: Draw
    catalog: Catalog = field(default_factory=Catalog)
    facts: dict[str, float] = field(default_factory=dict)
    view: int = 0

    def of_view(self, view: int) -> "Scope":
        """The scope of what differs between the views of one scene; the first view's is the scene's own."""
        return Scope(self.draw if view == 0 else self.draw / "view" / view, self.catalog, {}, view)

    def number(self, name: str, value: Distribution) -> float:
        """Draw a scalar at the path `name` and note it as a fact."""
        draw = self.draw
        for step in name.split("."):
            draw = draw / step
        drawn = float(value.sample(draw))
        self.facts[name] = drawn
        return drawn

    def count(self, name: str, value: Distribution) -> int:
        """Draw how many things there are at the path `name` and note that whole number as a fact."""
        drawn = max(0, round(self.number(name, value)))
        self.facts[name] = float(drawn)
        return drawn


def vector(values: Array) -> Vector:
    """Three plain floats."""
    x, y, z = (float(v) for v in np.asarray(values, float))
    return x, y, z


def happens(value: Distribution, draw: Draw) -> bool:
    """Whether an event of probability `value` (itself maybe random) happens."""
    return (draw / "happens").uniform() < float(value.sample(draw / "probability"))
