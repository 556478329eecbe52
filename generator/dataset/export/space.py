"""Pinholes and boxes in space, in the terms of OpenCV."""

import numpy as np

from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.geometry import Array, Camera, rotation_matrix


def intrinsics(camera: Camera, key: str, kind: str) -> Array:
    """K (3, 3) where pixels have whole numbers at their centres: the principal point is half a pixel less than ours.

    Raises DatasetError for a lens that is no pinhole, which `kind` cannot describe.
    """
    if camera.lens.kind != "pinhole":
        raise DatasetError(
            f"{key}: {kind} describes pinholes, and this lens is {camera.lens.kind}; export another format"
        )
    return camera.intrinsics - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])


def corners(one: Instance) -> Array:
    """The eight corners (8, 3) of an object's oriented box, camera frame, metres."""
    signs = np.stack(np.meshgrid(*[[-0.5, 0.5]] * 3, indexing="ij"), -1).reshape(-1, 3)
    inside = np.array(one.center) + signs * np.array(one.extent)
    return inside @ rotation_matrix(np.array(one.rotation)).T + np.array(one.position)
