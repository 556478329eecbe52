"""Classes per pixel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation

ABOUT = "uint8 (uint16 beyond 255 classes) category id at the pixel centre, from 1; 0 for backdrops and distractors"


@annotation("semantic", "semantic.png", ABOUT)
def semantic(shot: Shot) -> NDArray[Any]:
    kind = np.uint8 if len(shot.sample.classes) <= 255 else np.uint16
    category = np.zeros(len(shot.frame.instances) + 1, kind)
    for one in shot.frame.instances:
        category[one.id] = one.category
    return category[shot.frame.instance]
