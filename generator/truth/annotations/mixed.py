"""Where one depth cannot be true: pixels to ignore when depth is learnt or judged."""

import numpy as np

from generator.base.frame import Mask
from generator.base.geometry import Array
from generator.truth.annotations import FINE, Shot, annotation

CREASE = 0.01  # relative departure from a plane within one pixel, beyond which it shows a step and no slope
ABOUT = (
    "uint8, 255 where a pixel is mixed: its 4 x 4 point samples see several instances, surface and nothing, or a step "
    "in depth (a hundredth away from the best plane); else 0"
)


@annotation("mixed", "mixed.png", ABOUT)
def mixed(shot: Shot) -> Mask:
    ids, depth = shot.fine
    nothing = np.isinf(depth)
    found = (ids != ids[:, :1]).any(1) | (nothing != nothing[:, :1]).any(1)
    rest = np.flatnonzero(~found & ~nothing[:, 0])
    found[rest] = stepped(depth[rest].astype(float))
    return np.asarray(found.reshape(shot.frame.instance.shape))


def stepped(depth: Array) -> Mask:
    """Whether depths (n, 16) within pixels are no plane: a plane's inverse depth is affine in the image."""
    v, u = np.mgrid[:FINE, :FINE] - (FINE - 1) / 2
    plane = np.stack([np.ones(FINE * FINE), u.ravel(), v.ravel()], 1)
    inverse = 1 / depth
    fitted = inverse @ (plane @ np.linalg.pinv(plane)).T
    return np.asarray((np.abs(inverse - fitted) > CREASE * np.abs(fitted)).any(1))
