"""Rotations, unit quaternions w x y z, float64 (4,). Degrees in YAML."""

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator

from generator.base.draw import Draw
from generator.base.geometry import Array, axis_angle, multiply
from generator.distributions.base import Constant, Distribution, Scalar, Vector, distribution

Example = list[dict[str, Any]]
ZERO = Constant(value=0.0)


def _axis(value: Vector) -> Vector:
    if not any(value):
        raise ValueError("an axis must not be [0, 0, 0]")
    return value


Axis = Annotated[Vector, AfterValidator(_axis)]


@distribution("any", "rotation")
class AnyRotation(Distribution):
    """Uniform over all orientations (`rotation: uniform` for short)."""

    any: Literal[True]
    EXAMPLES: ClassVar[Example] = [{"any": True}]

    def sample(self, draw: Draw) -> Array:
        """Haar measure on SO(3) by Shoemake, "Uniform random rotations", Graphics Gems III, 1992."""
        u, v, w = draw.rng().random(3)
        a, b = np.sqrt(1 - u), np.sqrt(u)
        return np.array(
            [b * np.cos(2 * np.pi * w), a * np.sin(2 * np.pi * v), a * np.cos(2 * np.pi * v), b * np.sin(2 * np.pi * w)]
        )


@distribution("yaw", "rotation")
class Upright(Distribution):
    """Turned about the vertical by `yaw`; then leaning by `tilt` towards a direction that is uniform."""

    yaw: Scalar
    tilt: Scalar = ZERO
    EXAMPLES: ClassVar[Example] = [{"yaw": {"uniform": [0, 360]}}, {"yaw": 0, "tilt": {"uniform": [0, 15]}}]

    def sample(self, draw: Draw) -> Array:
        yaw, tilt = (np.radians(v.sample(draw / name)) for v, name in ((self.yaw, "yaw"), (self.tilt, "tilt")))
        towards = 2 * np.pi * (draw / "towards").uniform()
        return multiply(
            axis_angle(np.array([np.cos(towards), np.sin(towards), 0]), tilt), axis_angle(np.array([0, 0, 1.0]), yaw)
        )


@distribution("euler", "rotation")
class Euler(Distribution):
    """Turned about the fixed x, then y, then z axis: [x, y, z] degrees."""

    euler: tuple[Scalar, Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"euler": [90, 0, {"uniform": [0, 360]}]}]

    def sample(self, draw: Draw) -> Array:
        x, y, z = (
            axis_angle(axis, np.radians(v.sample(draw / name)))
            for v, name, axis in zip(self.euler, "xyz", np.eye(3), strict=True)
        )
        return multiply(z, multiply(y, x))


@distribution("around", "rotation")
class Around(Distribution):
    """Turned about one axis: `around: [x, y, z]` (of any length), `angle` in degrees, counter-clockwise as seen from
    the axis' tip."""

    around: Axis
    angle: Scalar
    EXAMPLES: ClassVar[Example] = [{"around": [1, 1, 0], "angle": {"uniform": [0, 360]}}]

    def sample(self, draw: Draw) -> Array:
        return axis_angle(np.array(self.around), np.radians(self.angle.sample(draw / "angle")))


def shortest(start: Array, end: Array) -> Array:
    """The smallest turn that carries one unit vector to another, w x y z; for opposite ones any half turn that does."""
    w = 1 + float(np.dot(start, end))
    if w < 1e-12:
        axis = np.array([1.0, 0, 0]) if abs(start[0]) < 0.9 else np.array([0, 1.0, 0])
        return axis_angle(np.cross(np.cross(start, axis), start), np.pi)
    turn = np.array([w, *np.cross(start, end)])
    return turn / np.linalg.norm(turn)
