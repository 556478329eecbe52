"""Colours. All sample to linear RGB (Rec. 709 primaries), float64 (3,).

Channels that can leave their range are refused; those of an unbounded law, such as `normal`, are clipped to it."""

import colorsys
import math
from typing import Any, ClassVar

import numpy as np

from generator.base.color import decode, encode
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.distributions.base import Distribution, Scalar, distribution
from generator.distributions.intervals import inside

Example = list[dict[str, Any]]


def linear(srgb: Array) -> Array:
    """sRGB, clipped to [0, 1], to linear light."""
    return decode(np.clip(np.asarray(srgb, float), 0, 1))


def encoded(light: Array) -> Array:
    """Linear light, clipped to [0, 1], to sRGB: the inverse of `linear`."""
    return encode(np.clip(np.asarray(light, float), 0, 1))


@distribution("rgb", "color")
class Rgb(Distribution):
    """Red, green, blue as one sees them on a screen (sRGB, 0..1): [r, g, b]."""

    rgb: tuple[Scalar, Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"rgb": [0.8, 0.2, {"uniform": [0, 0.3]}]}]

    def model_post_init(self, context: Any) -> None:
        for name, channel in zip(("red", "green", "blue"), self.rgb, strict=True):
            inside(channel, 0, 1, name, unbounded=True)

    def sample(self, draw: Draw) -> Array:
        return linear(np.array([v.sample(draw / c) for v, c in zip(self.rgb, "rgb", strict=True)]))


@distribution("hsv", "color")
class Hsv(Distribution):
    """Hue (0..1 around the wheel), saturation, value: [h, s, v], of the sRGB colour."""

    hsv: tuple[Scalar, Scalar, Scalar]
    EXAMPLES: ClassVar[Example] = [{"hsv": [{"uniform": [0, 1]}, {"uniform": [0.1, 0.9]}, {"uniform": [0.2, 1]}]}]

    def model_post_init(self, context: Any) -> None:
        for name, channel in zip(("saturation", "value"), self.hsv[1:], strict=True):
            inside(channel, 0, 1, name, unbounded=True)

    def sample(self, draw: Draw) -> Array:
        h, s, v = (value.sample(draw / c) for value, c in zip(self.hsv, "hsv", strict=True))
        return linear(np.array(colorsys.hsv_to_rgb(h % 1.0, min(max(s, 0), 1), min(max(v, 0), 1))))


@distribution("gray", "color")
class Gray(Distribution):
    """A grey of this sRGB brightness, 0..1."""

    gray: Scalar
    EXAMPLES: ClassVar[Example] = [{"gray": {"uniform": [0.05, 0.6]}}]

    def model_post_init(self, context: Any) -> None:
        inside(self.gray, 0, 1, "brightness", unbounded=True)

    def sample(self, draw: Draw) -> Array:
        return linear(np.full(3, self.gray.sample(draw / "gray")))


@distribution("kelvin", "color")
class Kelvin(Distribution):
    """The colour of a black body of this temperature, brightest channel 1: 2,700 is a lamp, 6,500 daylight."""

    kelvin: Scalar
    EXAMPLES: ClassVar[Example] = [{"kelvin": {"uniform": [2700, 7500]}}]

    def model_post_init(self, context: Any) -> None:
        inside(self.kelvin, 0, math.inf, "a temperature in kelvin", unbounded=True)

    def sample(self, draw: Draw) -> Array:
        return black_body(self.kelvin.sample(draw / "kelvin"))


def black_body(kelvin: float) -> Array:
    """Planckian locus (fit of Kim et al., US patent 7,024,034, valid 1,667..25,000 K) to linear RGB, largest 1."""
    t = min(max(kelvin, 1667.0), 25000.0)
    k = 1e3 / t
    x = (-0.2661239 * k**3 - 0.2343589 * k**2 + 0.8776956 * k + 0.179910) if t < 4000 else (
        -3.0258469 * k**3 + 2.1070379 * k**2 + 0.2226347 * k + 0.240390)  # fmt: skip
    if t < 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t < 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    to_rgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    rgb = np.clip(to_rgb @ xyz, 0, None)
    return rgb / rgb.max()
