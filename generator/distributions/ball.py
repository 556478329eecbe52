from typing import Any, ClassVar

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, spherical
from generator.distributions.base import Distribution, Position, Scalar, distribution
from generator.distributions.intervals import inside
from generator.distributions.positions import ORIGIN


@distribution("ball", "position")
class Ball(Distribution):
    """Uniform by volume in a ball of this radius in metres about `center`; for its surface use `shell` with equal
    radii."""

    ball: Scalar
    center: Position = ORIGIN
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"ball": 0.5, "center": [0, 0, 1]}]

    def model_post_init(self, context: Any) -> None:
        inside(self.ball, 0, np.inf, "a radius")

    def sample(self, draw: Draw) -> Array:
        """Uniform in r**3, sin(elevation) and azimuth: the volume element of the sphere."""
        a, b, c = draw.rng().random(3)
        radius = self.ball.sample(draw / "radius") * np.cbrt(a)
        return self.center.sample(draw / "center") + spherical(radius, np.arcsin(2 * b - 1), 2 * np.pi * c)
