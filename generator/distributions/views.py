"""Viewing directions that cover the sphere evenly."""

from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, axis_angle, multiply
from generator.distributions.base import Distribution, Scalar, distribution
from generator.distributions.order import turn
from generator.distributions.rotations import ZERO, shortest

UP = np.array([0.0, 0.0, 1.0])


@distribution("views", "rotation")
class Views(Distribution):
    """One of 12, 42, 162 or 642 directions spread evenly over the sphere. The direction, in the object's own frame, is
    turned to face straight up (+z), where a camera that looks down sees it; then all turns by `inplane` degrees about
    the vertical. `order: index` shows every view once in so many consecutive scenes, in random order."""

    views: Literal[12, 42, 162, 642]
    inplane: Scalar = ZERO
    order: Literal["random", "index"] = "random"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"views": 42, "inplane": {"uniform": [0, 360]}},
        {"views": 12, "order": "index"},
    ]

    def sample(self, draw: Draw) -> Array:
        k = turn(draw, self.views) if self.order == "index" else int(draw.uniform() * self.views)
        facing = shortest(directions(self.views)[k], UP)
        return multiply(axis_angle(UP, np.radians(self.inplane.sample(draw / "inplane"))), facing)


@cache
def directions(count: int) -> Array:
    """The vertices (count, 3) of an icosahedron whose triangles are split in four until there are so many, on the unit
    sphere: Hinterstoisser et al., "Simultaneous recognition and homography extraction of local patches", BMVC 2008."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll([0.0, a, b * golden], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)]
    vertices = np.array(corners) / np.linalg.norm(corners[0])
    while len(vertices) < count:
        vertices = np.concatenate([vertices, middles(vertices)])
    return vertices


def middles(vertices: Array) -> Array:
    """Unit vectors between neighbours, n edges (n, 3): 30 for 12 vertices, 120 for 42, 480 for 162."""
    distance = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    # A vertex has five or six neighbours, all nearer than 1.3 times the nearest; the next ring is 1.5 times off.
    nearest = np.where(distance > 0, distance, np.inf).min(1)
    a, b = np.nonzero(np.triu(distance < 1.3 * np.maximum(nearest[:, None], nearest[None]), 1))
    middle = vertices[a] + vertices[b]
    return middle / np.linalg.norm(middle, axis=1, keepdims=True)
