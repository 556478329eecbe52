"""Labels as pictures to lay over a frame: uint8 (h, w, 4), or (h, w, 3) where they hide it whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.base.frame import Frame
from generator.report.drawing import Pixels, distinct, rim
from generator.truth.annotations.coverage import alpha

Layer = Callable[[Frame, Any], Pixels]
NEAREST, FARTHEST = np.array((255, 236, 160.0)), np.array((28, 24, 74.0))


def amodal(frame: Frame, value: Any) -> Pixels:
    """Outlines of whole silhouettes, in the colours of the masks."""
    shown = np.zeros((*frame.instance.shape, 4), np.uint8)
    for number, one in enumerate(frame.annotated):
        if one.amodal_box is not None:
            x0, y0, x1, y1 = one.amodal_box
            shown[y0:y1, x0:x1][rim(value[one.id])] = (*distinct(number), 255)
    return shown


def far(frame: Frame, value: NDArray[np.float32]) -> Pixels:
    """Near bright, far dark, evenly by rank; black where nothing is."""
    hit = np.isfinite(value)
    shown = np.zeros((*value.shape, 3), np.uint8)
    if hit.any():
        low, high = np.percentile(value[hit], (1, 99))
        share = np.clip((value[hit] - low) / max(float(high - low), 1e-9), 0, 1)[:, None]
        shown[hit] = np.rint((1 - share) * NEAREST + share * FARTHEST)
    return shown


def normal(frame: Frame, value: NDArray[np.float32]) -> Pixels:
    """Right red, up green, towards the camera blue."""
    return np.rint(255 * (0.5 + 0.5 * value * (1, -1, -1))).astype(np.uint8)


def semantic(frame: Frame, value: NDArray[Any]) -> Pixels:
    colors = np.array([(0, 0, 0), *(distinct(k) for k in range(int(value.max(initial=0))))], np.uint8)
    return np.concatenate([colors[value], np.where(value[..., None] > 0, 200, 0).astype(np.uint8)], -1)


def nocs(frame: Frame, value: NDArray[np.uint16]) -> Pixels:
    opaque = np.where(frame.instance[..., None] > 0, 255, 0).astype(np.uint8)
    return np.concatenate([(value >> 8).astype(np.uint8), opaque], -1)


def flow(frame: Frame, value: dict[str, Any]) -> Pixels:
    """Hue is the direction, strength the length, full at the frame's fastest hundredth."""
    offset = np.nan_to_num(value["offset"])
    length = np.linalg.norm(offset, axis=-1)
    most = max(float(np.percentile(length, 99)), 1e-6)
    hue = (np.arctan2(offset[..., 1], offset[..., 0]) / (2 * np.pi)) % 1 * 255
    planes = [hue, np.minimum(length / most, 1) * 255, np.full(length.shape, 255)]
    return np.array(Image.merge("HSV", [Image.fromarray(plane.astype(np.uint8)) for plane in planes]).convert("RGB"))


def mixed(frame: Frame, value: NDArray[np.uint8]) -> Pixels:
    return np.where(value[..., None] > 0, (255, 0, 200, 255), 0).astype(np.uint8)


def coverage(frame: Frame, value: dict[str, Any]) -> Pixels:
    """Soft masks over black."""
    shown = np.zeros((*frame.instance.shape, 3))
    for number, one in enumerate(frame.annotated):
        shown += alpha(value, frame.instance, one.id)[..., None] * distinct(number)
    return np.rint(shown).clip(0, 255).astype(np.uint8)


LAYERS: dict[str, Layer] = {
    "amodal": amodal, "depth": far, "distance": far, "normal": normal, "semantic": semantic, "nocs": nocs, "flow": flow,
    "mixed": mixed, "coverage": coverage,
}  # fmt: skip
