"""Positions in metres, float64 (3,). World z is up; angles in degrees in YAML."""

import math
from typing import Any, ClassVar

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, spherical
from generator.base.strict import Strict
from generator.distributions.base import Constant, Distribution, Finite, Position, Scalar, Vector, distribution

Example = list[dict[str, Any]]


@distribution("xyz", "position")
class Xyz(Distribution):
    """A point by its coordinates: [x, y, z]."""

    xyz: tuple[Scalar, Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"xyz": [0, 0, {"uniform": [0.5, 1.5]}]}]

    def sample(self, draw: Draw) -> Array:
        return np.array([v.sample(draw / axis) for v, axis in zip(self.xyz, "xyz", strict=True)])


ORIGIN = Xyz(xyz=(Constant(value=0.0), Constant(value=0.0), Constant(value=0.0)))


class ShellRange(Strict):
    """Ranges of a shell about `center`: metres and degrees."""

    radius: tuple[Finite, Finite]
    elevation: tuple[float, float] = (-90.0, 90.0)
    azimuth: tuple[Finite, Finite] = (0.0, 360.0)
    center: Position = ORIGIN

    def model_post_init(self, context: Any) -> None:
        if not 0 <= self.radius[0] <= self.radius[1]:
            raise ValueError("radius must be [near, far] with 0 <= near <= far")
        if not -90 <= self.elevation[0] <= self.elevation[1] <= 90:
            raise ValueError("elevation must be [low, high] within -90..90 degrees")
        start, stop = self.azimuth
        if start > stop:
            before = start - 360 * math.ceil((start - stop) / 360)
            raise ValueError(
                f"azimuth must be [start, stop] with start <= stop: from {start:g} on to {stop:g} is "
                f"[{before:g}, {stop:g}]"
            )


@distribution("shell", "position")
class Shell(Distribution):
    """Uniform by volume in a spherical shell, between elevations above the horizon and azimuths from +x to +y."""

    shell: ShellRange
    EXAMPLES: ClassVar[Example] = [{"shell": {"radius": [0.8, 1.8], "elevation": [5, 70]}}]

    def sample(self, draw: Draw) -> Array:
        """Uniform in r**3, sin(elevation) and azimuth: the volume element of the sphere."""
        a, b, c = draw.rng().random(3)
        near, far = self.shell.radius
        low, high = np.sin(np.radians(self.shell.elevation))
        start, stop = np.radians(self.shell.azimuth)
        radius = np.cbrt(near**3 + (far**3 - near**3) * a)
        center = self.shell.center.sample(draw / "center")
        return spherical(radius, np.arcsin(low + (high - low) * b), start + (stop - start) * c) + center


@distribution("box", "position")
class BoxVolume(Distribution):
    """Uniform in a box: [[x0, y0, z0], [x1, y1, z1]]."""

    box: tuple[Vector, Vector]
    EXAMPLES: ClassVar[Example] = [{"box": [[-1, -1, 0], [1, 1, 0.5]]}]

    def model_post_init(self, context: Any) -> None:
        if any(low > high for low, high in zip(*self.box, strict=True)):
            raise ValueError("the first corner must not lie above the second in any coordinate")

    def sample(self, draw: Draw) -> Array:
        low, high = np.array(self.box)
        return low + (high - low) * draw.rng().random(3)
