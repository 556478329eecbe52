"""Optical flow over the exposure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation
from generator.truth.flow import shutter

ABOUT = (
    "`offset`, float32 (h, w, 2): how many pixels right and down what is seen at the pixel centre at mid-shutter moves "
    "while the shutter is open, NaN where the lens does not see it at both ends; `visible`, bool (h, w): inside the "
    "image and not hidden at both ends"
)


@annotation("flow", "flow.npz", ABOUT)
def flow(shot: Shot) -> dict[str, NDArray[Any]]:
    moving = [shot.sample.camera.motion, *(one.motion for one in shot.sample.objects)]
    if np.any(moving):
        found = shutter(shot.sample, shot.meshes)
        return {"offset": found.offset, "visible": found.visible}
    seen = np.isfinite(shot.frame.camera.rays((0, 0, shot.sample.width, shot.sample.height))).all(-1)
    still = np.where(seen[..., None], np.float32(0), np.float32(np.nan))
    return {"offset": np.broadcast_to(still, (*seen.shape, 2)), "visible": seen}
