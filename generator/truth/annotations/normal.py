"""Surface normals."""

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation

ABOUT = "float32 unit vector in the camera frame (x right, y down, z forward), facing it; 0 where nothing is"


@annotation("normal", "normal.npz", ABOUT)
def normal(shot: Shot) -> NDArray[np.float32]:
    return shot.frame.normal
