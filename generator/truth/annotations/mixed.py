"""Where one depth cannot be true: pixels to ignore when depth is learnt or judged."""

import numpy as np

from generator.base.frame import Mask
from generator.base.geometry import Array
from generator.truth.annotations import Shot, annotation
from generator.truth.subsamples import CREASE, FINE

ABOUT = (
    "uint8, 255 where a pixel is mixed: its 4 x 4 point samples see several instances, surface and nothing, or a step "
    "in depth (a hundredth away from the best plane); else 0"
)


@annotation("mixed", "mixed.png", ABOUT)
def mixed(shot: Shot) -> Mask:
    fine = shot.fine
    nothing = np.isinf(fine.reach)
    several = (fine.ids != fine.ids[:, :1]).any(1) | (nothing != nothing[:, :1]).any(1)
    rest = np.flatnonzero(~several & ~nothing[:, 0])
    several[rest] = stepped(fine.reach[rest].astype(float))
    found = np.zeros(shot.frame.instance.shape, bool)
    found.ravel()[fine.pixel[several]] = True
    return found


def stepped(depth: Array) -> Mask:
    """Whether depths (n, 16) within pixels are no plane: a plane's inverse depth is affine in the image."""
    v, u = np.mgrid[:FINE, :FINE] - (FINE - 1) / 2
    plane = np.stack([np.ones(FINE * FINE), u.ravel(), v.ravel()], 1)
    inverse = 1 / depth
    fitted = inverse @ (plane @ np.linalg.pinv(plane)).T
    return np.asarray((np.abs(inverse - fitted) > CREASE * np.abs(fitted)).any(1))
