"""Frames of reference and the few transforms the product needs.

World: metres, z up. Camera: x right, y down, z forward (OpenCV). Pixels: u right, v down; pixel (i, j) covers
[j, j+1) x [i, i+1) and its centre is (j + 0.5, i + 0.5). Boxes are half-open ``x0 y0 x1 y1``. Quaternions are w x y z.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Camera:
    """A pinhole: intrinsics in pixels and where it stands.

    `world_from_camera` is a rigid float64 4x4 matrix; its columns are the camera's right, down, forward and position.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_from_camera: Array

    @cached_property
    def camera_from_world(self) -> Array:
        return np.linalg.inv(self.world_from_camera)

    @property
    def intrinsics(self) -> Array:
        """K, float64 3x3."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def rays(self, box: Box) -> Array:
        """Directions (h, w, 3) in the camera frame through the pixel centres of `box`; z = 1, so that the ray
        parameter of a hit *is* its planar depth in metres. The box may reach outside the image."""
        x0, y0, x1, y1 = box
        u = (np.arange(x0, x1) + 0.5 - self.cx) / self.fx
        v = (np.arange(y0, y1) + 0.5 - self.cy) / self.fy
        grid = np.ones((y1 - y0, x1 - x0, 3))
        grid[..., 0], grid[..., 1] = u[None, :], v[:, None]
        return grid

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (n, 3) to pixels (n, 2) and planar depths (n,). Where depth <= 0 the pixels mean nothing."""
        local = points @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]
        depth = local[:, 2]
        safe = np.where(depth > 0, depth, np.nan)
        return np.stack([self.fx * local[:, 0] / safe + self.cx, self.fy * local[:, 1] / safe + self.cy], 1), depth


def matrix(position: Array, rotation: Array, scale: Array) -> Array:
    """4x4 of "scale, then rotate by a unit quaternion (w x y z), then move"."""
    result = np.eye(4)
    result[:3, :3] = rotation_matrix(rotation) * np.asarray(scale, float)
    result[:3, 3] = position
    return result


def rotation_matrix(quaternion: Array) -> Array:
    """3x3 of a quaternion w x y z of any length but zero."""
    w, x, y, z = np.asarray(quaternion, float) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def axis_angle(axis: Array, radians: float) -> Array:
    """Quaternion w x y z of a turn about an axis."""
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    return np.concatenate([[np.cos(radians / 2)], np.sin(radians / 2) * axis])


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product: turn by `b` first, then by `a`."""
    w, v = a[0], np.asarray(a[1:])
    s, u = b[0], np.asarray(b[1:])
    return np.concatenate([[w * s - v @ u], w * u + s * v + np.cross(v, u)])


def look_at(position: Array, target: Array, roll: float = 0.0) -> Array:
    """`world_from_camera` of a camera at `position` that sees `target` in its centre, world up pointing up.

    Looking straight up or down, the image's up is the world's +y. `roll` turns the camera clockwise, in radians.
    """
    forward = np.asarray(target, float) - position
    length = np.linalg.norm(forward)
    forward = forward / length if length > 0 else np.array([0.0, 0.0, -1.0])
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    result = np.eye(4)
    c, s = np.cos(roll), np.sin(roll)
    result[:3, :4] = np.stack([c * right + s * down, c * down - s * right, forward, np.asarray(position, float)], 1)
    return result


def spherical(radius: float, elevation: float, azimuth: float) -> Array:
    """A point seen from the origin at `elevation` above the horizon, `azimuth` from +x towards +y (radians)."""
    flat = radius * np.cos(elevation)
    return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), radius * np.sin(elevation)])


def extent(mask: NDArray[np.bool_]) -> Box | None:
    """Smallest half-open box around the True pixels, or None where there are none."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def intersect(a: Box, b: Box) -> Box | None:
    """The common part of two boxes, or None where it is empty."""
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
