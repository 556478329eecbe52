"""Rotations, unit quaternions w x y z, float64 (4,). Degrees in YAML."""

from typing import Any, ClassVar, Literal

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, axis_angle, multiply
from generator.distributions.base import Constant, Distribution, Scalar, distribution

Example = list[dict[str, Any]]
ZERO = Constant(value=0.0)


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
