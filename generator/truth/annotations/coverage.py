"""How much of each pixel every instance covers: soft masks, to composite with or to learn from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation
from generator.truth.subsamples import FINE

ABOUT = (
    "visible share of a pixel per instance, counted over 4 x 4 point samples evenly within it. `pixel` (uint32, row x "
    "width + column), `id` (uint16, 0 for backdrop and nothing) and `count` (uint8, of 16) list every pixel that is "
    "shared, or wholly another's than `instance` says at its centre; all others belong wholly to the instance there"
)


@annotation("coverage", "coverage.npz", ABOUT)
def coverage(shot: Shot) -> dict[str, NDArray[Any]]:
    fine = shot.fine
    shared = (fine.ids != shot.frame.instance.reshape(-1)[fine.pixel, None]).any(1)
    keys = fine.pixel[shared, None] << 16 | fine.ids[shared]
    shares, count = np.unique(keys, return_counts=True)
    return {
        "pixel": (shares >> 16).astype(np.uint32),
        "id": (shares & 0xFFFF).astype(np.uint16),
        "count": count.astype(np.uint8),
    }


def alpha(found: dict[str, NDArray[Any]], instance: NDArray[np.uint16], number: int) -> NDArray[np.float32]:
    """The soft mask (h, w), 0..1, of one id from the stored list and the instance map."""
    shares = (instance == number).astype(np.float32).ravel()
    shares[found["pixel"]] = 0
    own = found["id"] == number
    shares[found["pixel"][own]] = found["count"][own] / np.float32(FINE * FINE)
    return shares.reshape(instance.shape)
