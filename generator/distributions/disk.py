"""Round places: disks, rings and cylinders."""

from typing import Any, ClassVar

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, rotation_matrix
from generator.distributions.base import Distribution, Position, Scalar, distribution
from generator.distributions.intervals import inside
from generator.distributions.positions import ORIGIN
from generator.distributions.rotations import ZERO, Axis, shortest

Example = list[dict[str, Any]]
UP = (0.0, 0.0, 1.0)


def nested_radii(radius: Distribution, hole: Distribution) -> None:
    """Raises ValueError unless 0 <= hole <= radius always holds."""
    inside(hole, 0, np.inf, "the hole")
    outer, inner = radius.support(), hole.support()
    if outer is None or inner is None or inner[1] > outer[0]:
        raise ValueError("the radius can be smaller than the hole, or below 0")


def across(radius: float, hole: float, draw: Draw) -> Array:
    """A point (x, y, 0), uniform by area between two circles about the origin: uniform in r**2 and azimuth."""
    a, b = draw.rng().random(2)
    r, azimuth = np.sqrt(hole**2 + (radius**2 - hole**2) * a), 2 * np.pi * b
    return np.array([r * np.cos(azimuth), r * np.sin(azimuth), 0])


def raised_to(axis: tuple[float, float, float], local: Array) -> Array:
    """The local point in a frame whose z is the axis."""
    unit = np.array(axis) / np.linalg.norm(axis)
    return rotation_matrix(shortest(np.array(UP), unit)) @ local


@distribution("disk", "position")
class Disk(Distribution):
    """Uniform by area on a disk of this radius in metres about `center`, flat unless `axis` says where it faces.
    `hole` is the radius of what is left out: a ring."""

    disk: Scalar
    hole: Scalar = ZERO
    center: Position = ORIGIN
    axis: Axis = UP
    EXAMPLES: ClassVar[Example] = [{"disk": 0.5, "hole": 0.2, "center": [0, 0, {"uniform": [0, 1]}]}]

    def model_post_init(self, context: Any) -> None:
        nested_radii(self.disk, self.hole)

    def sample(self, draw: Draw) -> Array:
        local = across(self.disk.sample(draw / "radius"), self.hole.sample(draw / "hole"), draw)
        return self.center.sample(draw / "center") + raised_to(self.axis, local)


@distribution("cylinder", "position")
class Cylinder(Distribution):
    """Uniform by volume in an upright cylinder of this radius: `height: [low, high]` in metres above `center`, along
    `axis`; `hole` is the radius of what is left out: a tube."""

    cylinder: Scalar
    height: tuple[float, float]
    hole: Scalar = ZERO
    center: Position = ORIGIN
    axis: Axis = UP
    EXAMPLES: ClassVar[Example] = [{"cylinder": 1.5, "height": [0.5, 2], "hole": 0.5}]

    def model_post_init(self, context: Any) -> None:
        nested_radii(self.cylinder, self.hole)
        if not -np.inf < self.height[0] <= self.height[1] < np.inf:
            raise ValueError("height must be [low, high] with low <= high")

    def sample(self, draw: Draw) -> Array:
        local = across(self.cylinder.sample(draw / "radius"), self.hole.sample(draw / "hole"), draw)
        low, high = self.height
        local[2] = low + (high - low) * (draw / "height").uniform()
        return self.center.sample(draw / "center") + raised_to(self.axis, local)
