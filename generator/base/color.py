"""The sRGB curve; hue, saturation and value. The one home of both, for arrays of either precision."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = TypeVar("Floats", NDArray[np.float32], NDArray[np.float64])


def encode(light: Floats) -> Floats:
    """Linear 0..1 to sRGB 0..1 (IEC 61966-2-1); the dtype stays."""
    curved = 1.055 * np.power(np.maximum(light, 0.0031308), 1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, 12.92 * light, curved).astype(light.dtype)


def decode(value: Floats) -> Floats:
    """sRGB 0..1 to linear 0..1, the inverse of `encode`; the dtype stays."""
    curved = np.power((np.maximum(value, 0.04045) + 0.055) / 1.055, 2.4)
    return np.where(value <= 0.04045, value / 12.92, curved).astype(value.dtype)


def to_hsv(rgb: Floats) -> Floats:
    """(..., 3) red, green, blue to hue in turns [0, 1), saturation and value; grey has hue 0, black saturation 0."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = rgb.max(-1)
    span = value - rgb.min(-1)
    safe = np.where(span > 0, span, 1)
    sector = np.where(value == red, (green - blue) / safe % 6,
                      np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4))  # fmt: skip
    hue = np.where(span > 0, sector / 6, 0)
    return np.stack([hue, span / np.where(value > 0, value, 1), value], -1).astype(rgb.dtype)


def from_hsv(hsv: Floats) -> Floats:
    """The inverse of `to_hsv`, for any number of turns (Smith, "Color gamut transform pairs", SIGGRAPH 1978)."""
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    steps = [(n + 6 * hue) % 6 for n in (5, 3, 1)]
    channels = [value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1) for k in steps]
    return np.stack(channels, -1).astype(hsv.dtype)
