from typing import Any, ClassVar

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.distributions.base import Distribution, Scalar, distribution
from generator.distributions.intervals import inside

WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, 2 degrees
RGB_FROM_XYZ = np.linalg.inv(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
HALVINGS = 30


@distribution("lab", "color")
class Lab(Distribution):
    """CIELAB (D65): [lightness 0..100, a (green to red), b (blue to yellow)], in which equal steps look equal. What no
    screen can show keeps lightness and hue and loses as much chroma as it must."""

    lab: tuple[Scalar, Scalar, Scalar]
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"lab": [{"uniform": [20, 90]}, {"normal": [0, 30]}, {"normal": [0, 30]}]}
    ]

    def model_post_init(self, context: Any) -> None:
        inside(self.lab[0], 0, 100, "lightness", unbounded=True)

    def sample(self, draw: Draw) -> Array:
        lightness, a, b = (v.sample(draw / name) for v, name in zip(self.lab, "Lab", strict=True))
        return shown(min(max(lightness, 0.0), 100.0), a, b)


def shown(lightness: float, a: float, b: float) -> Array:
    """Linear RGB in [0, 1] of a CIELAB colour, with its chroma reduced by bisection to what fits."""
    low, high = 0.0, 1.0
    rgb = linear_rgb(lightness, a, b)
    if fits(rgb):
        return np.clip(rgb, 0, 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(linear_rgb(lightness, middle * a, middle * b)) else (low, middle)
    return np.clip(linear_rgb(lightness, low * a, low * b), 0, 1)


def fits(rgb: Array) -> bool:
    """Whether a screen can show a linear colour, to a thousandth of a grey level."""
    return bool(rgb.min() >= -1e-5 and rgb.max() <= 1 + 1e-5)


def linear_rgb(lightness: float, a: float, b: float) -> Array:
    """CIE 15:2004, 8.2.1.1, inverted, then IEC 61966-2-1's matrix; outside [0, 1] where there is no such screen."""
    y = (lightness + 16) / 116
    f = np.array([y + a / 500, y, y - b / 200])
    xyz = WHITE * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return RGB_FROM_XYZ @ xyz
