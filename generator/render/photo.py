"""Photographs behind the scene."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]


def cover(photo: Picture, width: int, height: int, mirror: bool = False) -> Picture:
    """The middle of a photograph (h, w, 3), cut to the shape of `width` x `height` pixels and resized to it, each new
    pixel a mean of the old ones below it; `mirror` exchanges left and right."""
    rows, columns = photo.shape[:2]
    scale = max(width / columns, height / rows)
    x, y = (columns - width / scale) / 2, (rows - height / scale) / 2
    box = (max(x, 0.0), max(y, 0.0), min(columns - x, columns), min(rows - y, rows))
    resized = np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC, box=box))
    return resized[:, ::-1] if mirror else resized
