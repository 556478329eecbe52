"""Pictures as Pillow opens them."""

import numpy as np
from PIL import Image


def eight_bits(picture: Image.Image) -> Image.Image:
    """The picture with 8 bits a channel; of grey with 16 bits, the upper ones, as Pillow's own conversion would make
    nearly all of it white. ValueError for a picture of floating-point numbers: nothing says which of them is white."""
    if picture.mode == "F":
        raise ValueError("holds floating-point numbers; store it with 8 or 16 bits a channel")
    if not picture.mode.startswith("I"):
        return picture
    values = np.clip(np.asarray(picture).astype(np.int64), 0, 2**16 - 1)
    return Image.fromarray((values >> 8).astype(np.uint8))
