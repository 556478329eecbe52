"""Distance from the camera's centre, which unlike depth means the same in every direction."""

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation

ABOUT = "float32 metres from the camera's centre to the surface at the pixel centre; inf where nothing is"


@annotation("distance", "distance.npz", ABOUT)
def distance(shot: Shot) -> NDArray[np.float32]:
    hit = np.isfinite(shot.frame.depth)
    found = np.full(hit.shape, np.inf, np.float32)
    found[hit] = np.linalg.norm(shot.points[hit], axis=-1)
    return found
