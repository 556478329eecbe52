"""COCO run lengths: the form in which masks are stored and exported. Only the C core of pycocotools is imported."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from generator.base.frame import Mask

Rle = dict[str, Any]


def encode(mask: Mask) -> Rle:
    """Bool (h, w) to ``{"size": [h, w], "counts": text}``."""
    rle = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(n) for n in rle["size"]], "counts": rle["counts"].decode("ascii")}


def decode(rle: Rle) -> Mask:
    """The inverse of `encode`."""
    decoded: NDArray[np.uint8] = coco.decode(rle)
    return np.ascontiguousarray(decoded.astype(bool))


def from_segmentation(segmentation: Any, height: int, width: int) -> Rle:
    """Of a COCO `segmentation`: a list of polygons (their union), or run lengths, compressed or not."""
    if isinstance(segmentation, list):
        return dict(coco.merge(coco.frPyObjects(segmentation, height, width)))
    if isinstance(segmentation["counts"], list):
        return dict(coco.frPyObjects(segmentation, height, width))
    return dict(segmentation)


def area(rle: Rle) -> int:
    return int(coco.area(rle))


def box(rle: Rle) -> list[float]:
    """x y width height of the set pixels."""
    return [float(n) for n in coco.toBbox(rle)]
