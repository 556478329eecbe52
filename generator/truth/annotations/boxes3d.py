"""Boxes in space, along each object's own axes."""

from typing import Any

import numpy as np

from generator.base.frame import Instance
from generator.base.geometry import Array, rotation_matrix
from generator.truth.annotations import Shot, annotation

ABOUT = (
    "per instance id: `corners` (8 x 3, metres in the camera frame) and `pixels` (8 x 2, null where the lens does not "
    "see) of its bounding box along its own axes; corner k lies at the greater end of x, y, z by bits 0, 1, 2 of k"
)
SIDES = np.array([[k & 1, k >> 1 & 1, k >> 2 & 1] for k in range(8)]) - 0.5


def corners(one: Instance) -> Array:
    """The 8 corners (8, 3) of an object's bounding box in the camera frame, metres."""
    local = np.array(one.center) + SIDES * np.array(one.extent)
    return np.asarray(local @ rotation_matrix(np.array(one.rotation)).T + one.position)


@annotation("boxes3d", "boxes3d.json", ABOUT)
def boxes3d(shot: Shot) -> dict[str, dict[str, Any]]:
    found = {}
    for one in shot.frame.instances:
        points = corners(one)
        pixels = [p if np.isfinite(p).all() else None for p in shot.frame.camera.pixels(points)]
        shown = [None if p is None else [float(v) for v in p] for p in pixels]
        found[str(one.id)] = {"corners": points.tolist(), "pixels": shown}
    return found
