"""Planar depth."""

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation

ABOUT = "float32 planar metres along the optical axis at the pixel centre; inf where nothing is"


@annotation("depth", "depth.npz", ABOUT)
def depth(shot: Shot) -> NDArray[np.float32]:
    return shot.frame.depth
