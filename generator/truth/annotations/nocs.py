"""Where on its object each pixel lies (Wang et al., "Normalized Object Coordinate Space", CVPR 2019)."""

import numpy as np
from numpy.typing import NDArray

from generator.truth.annotations import Shot, annotation

ABOUT = (
    "uint16 (h, w, 3), 65535 for 1: the surface point along each of the object's own axes, from 0 to 1 over the bounds "
    "of its mesh (after deformation, before scale; 0.5 along an axis without extent); 0 where no instance is"
)


@annotation("nocs", "nocs.npz", ABOUT)
def nocs(shot: Shot) -> NDArray[np.uint16]:
    found = np.zeros((*shot.frame.instance.shape, 3), np.uint16)
    for number, one in shot.instances:
        box = shot.frame.instances[number - 1].box
        if box is None:
            continue
        here = slice(box[1], box[3]), slice(box[0], box[2])
        where = shot.frame.instance[here] == number
        object_from_camera = np.linalg.inv(one.pose.matrix()) @ shot.frame.camera.world_from_camera
        points = shot.points[here][where] @ object_from_camera[:3, :3].T + object_from_camera[:3, 3]
        low, high = shot.meshes.mesh(one.mesh).bounds
        flat = high <= low
        share = np.where(flat, 0.5, (points - low) / np.where(flat, 1.0, high - low))
        found[here][where] = np.rint(np.clip(share, 0, 1) * 65535)
    return found
