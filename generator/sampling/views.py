"""Where things stand in a camera's view."""

import numpy as np

from generator.base.geometry import Array, Camera
from generator.sampling.meshes import Body


def through(camera: Camera, at: Array) -> Array:
    """Directions (..., 3) in the camera frame through places (..., 2) of the image, [0, 1] from its upper left; z is 1,
    or the length through a fisheye. NaN where the lens sees nothing."""
    pixels = np.asarray(at) * [camera.width, camera.height]
    return camera.lens.unproject((pixels - [camera.cx, camera.cy]) / [camera.fx, camera.fy])


def in_world(camera: Camera, local: Array) -> Array:
    """Points (..., 3) of the camera frame in the world."""
    return local @ camera.world_from_camera[:3, :3].T + camera.world_from_camera[:3, 3]


def eye(camera: Camera) -> Array:
    """Where the camera stands (3,)."""
    return camera.world_from_camera[:3, 3]


def radius_of(size: float, depth: float, camera: Camera) -> float:
    """Radius (m) of a sphere at a depth whose diameter on the axis is `size` of the image's longer side."""
    focal = camera.fx if camera.width >= camera.height else camera.fy
    return size * max(camera.width, camera.height) * depth / (2 * focal)


def image_box(body: Body, camera: Camera) -> Array | None:
    """x0 y0 x1 y1 (4,) in pixels around the whole body, in the image or not; None where a part of it is not in front
    of the lens."""
    pixels, _ = camera.project(body.points)
    low, high = pixels.min(0), pixels.max(0)
    return np.concatenate([low, high]) if np.isfinite(low).all() and np.isfinite(high).all() else None


def common(a: Array, b: Array) -> float:
    """Area that two boxes x0 y0 x1 y1 share."""
    return float(np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)))


def area(box: Array) -> float:
    return float(np.prod(box[2:] - box[:2]))


class Picture:
    """The image boxes that floating objects may overlap only so far, as well as the image's edge: each other's, and
    those of annotated ones."""

    def __init__(self, camera: Camera) -> None:
        self._camera, self._boxes = camera, list[tuple[Array, float | None]]()
        self._frame = np.array([0.0, 0.0, camera.width, camera.height])

    def add(self, body: Body, overlap: float | None) -> None:
        """With how much of its own box may be shared; None leaves that to what comes."""
        box = image_box(body, self._camera)
        if box is not None:
            self._boxes.append((box, overlap))

    def fits(self, body: Body, overlap: float, crop: float) -> bool:
        """Whether no more than `crop` of the body's box lies outside the image, and no pair of boxes shares more than
        either allows."""
        strictest = min([overlap, *(o for _, o in self._boxes if o is not None)])
        if crop >= 1 and strictest >= 1:
            return True
        box = image_box(body, self._camera)
        if box is None or common(box, self._frame) < (1 - crop) * area(box):
            return False
        shared = [(common(box, other), other, overlap if o is None else o) for other, o in self._boxes]
        return all(s <= overlap * area(box) and s <= limit * area(other) for s, other, limit in shared)
