import colorsys
from typing import Any, ClassVar

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.distributions.base import Color, Distribution, Scalar, distribution
from generator.distributions.colors import encoded, linear
from generator.distributions.rotations import ZERO


@distribution("near", "color")
class Near(Distribution):
    """Another colour, moved a little: `hue` (1 is once around the wheel), `saturation` and `value` are added to those
    of its sRGB; saturation and value stop at 0 and 1."""

    near: Color
    hue: Scalar = ZERO
    saturation: Scalar = ZERO
    value: Scalar = ZERO
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"near": "#3366cc", "hue": {"normal": [0, 0.03]}, "value": {"uniform": [-0.2, 0.2]}}
    ]

    def sample(self, draw: Draw) -> Array:
        red, green, blue = map(float, encoded(self.near.sample(draw / "near")))
        h, s, v = colorsys.rgb_to_hsv(red, green, blue)
        h += self.hue.sample(draw / "hue")
        s += self.saturation.sample(draw / "saturation")
        v += self.value.sample(draw / "value")
        return linear(np.array(colorsys.hsv_to_rgb(h % 1.0, min(max(s, 0.0), 1.0), min(max(v, 0.0), 1.0))))
