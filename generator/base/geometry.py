"""Frames of reference and the few transforms the product needs.

World: metres, z up. Camera: x right, y down, z forward (OpenCV). Pixels: u right, v down; pixel (i, j) covers
[j, j+1) x [i, i+1) and its centre is (j + 0.5, i + 0.5). Boxes are half-open ``x0 y0 x1 y1``. Quaternions are w x y z.
"""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from generator.base.lens import PINHOLE, Lens

Array = NDArray[np.float64]
Box = tuple[int, int, int, int]
TILE = 64  # pixels; the rays of a lens are computed and kept in squares


@dataclass(frozen=True)
class Camera:
    """A camera: intrinsics in pixels, where it stands, and its lens.

    `world_from_camera` is a rigid float64 4x4 matrix; its columns are the camera's right, down, forward and position.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_from_camera: Array
    lens: Lens = PINHOLE

    @cached_property
    def camera_from_world(self) -> Array:
        return np.linalg.inv(self.world_from_camera)

    @property
    def intrinsics(self) -> Array:
        """K, float64 3x3."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def scaled(self, width: int, height: int) -> "Camera":
        """The same view at another size."""
        x, y = width / self.width, height / self.height
        return replace(self, width=width, height=height, fx=self.fx * x, fy=self.fy * y, cx=self.cx * x, cy=self.cy * y)

    def rays(self, box: Box) -> Array:
        """Directions (h, w, 3) in the camera frame through the pixel centres of `box`, which may reach outside the
        image. NaN where the lens sees nothing.

        Their z is 1, so that the ray parameter of a hit *is* its planar depth in metres; through a fisheye they are
        unit vectors, the parameter is the distance, and the planar depth is the parameter times z: negative beyond 90
        degrees from the axis.
        """
        if self.lens.kind != "pinhole":
            return self._bent(box)
        x0, y0, x1, y1 = box
        u = (np.arange(x0, x1) + 0.5 - self.cx) / self.fx
        v = (np.arange(y0, y1) + 0.5 - self.cy) / self.fy
        grid = np.ones((y1 - y0, x1 - x0, 3))
        grid[..., 0], grid[..., 1] = u[None, :], v[:, None]
        return grid

    def _bent(self, box: Box) -> Array:
        x0, y0, x1, y1 = box
        left, top = x0 // TILE, y0 // TILE
        across, down = range(left, -(-x1 // TILE)), range(top, -(-y1 // TILE))
        intrinsics = self.lens, self.fx, self.fy, self.cx, self.cy
        grid = np.concatenate([np.concatenate([_tile(*intrinsics, i, j) for i in across], 1) for j in down])
        return grid[y0 - top * TILE : y1 - top * TILE, x0 - left * TILE : x1 - left * TILE]

    def planar(self, reach: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ray parameters (h, w) of the whole picture, inf where nothing is hit, as planar depths."""
        if not self.lens.fisheye:
            return reach
        z = self.rays((0, 0, self.width, self.height))[..., 2].astype(np.float32)
        return np.multiply(reach, z, out=np.full_like(reach, np.inf), where=np.isfinite(reach))

    def points(self, depth: NDArray[np.float32]) -> Array:
        """Points (h, w, 3) in the camera frame, metres, of the whole picture's planar depth; infinite or NaN where that
        is."""
        rays = self.rays((0, 0, self.width, self.height))
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 times infinity is NaN
            return rays * (depth / rays[..., 2] if self.lens.fisheye else depth)[..., None]

    def project(self, points: Array) -> tuple[Array, Array]:
        """World points (n, 3) to pixels (n, 2) and planar depths (n,). The pixels are NaN where the lens sees nothing:
        without a fisheye wherever depth <= 0."""
        local = points @ self.camera_from_world[:3, :3].T + self.camera_from_world[:3, 3]
        return self.pixels(local), local[:, 2]

    def pixels(self, local: Array) -> Array:
        """Points or directions (..., 3) in the camera frame to pixels (..., 2); NaN where the lens sees nothing."""
        plane = self.lens.project(local)
        plane *= self.fx, self.fy
        plane += self.cx, self.cy
        return plane


@lru_cache(maxsize=512)
def _tile(lens: Lens, fx: float, fy: float, cx: float, cy: float, column: int, row: int) -> Array:
    """Directions through the pixel centres of one square: inverting a lens costs up to 0.6 us a pixel, and objects
    overlap. 50 MB at most."""
    steps = np.arange(TILE) + 0.5
    u, v = (column * TILE + steps - cx) / fx, (row * TILE + steps - cy) / fy
    return lens.unproject(np.stack(np.meshgrid(u, v), -1))


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


def look_at(position: Array, target: Array, roll: float = 0.0, pan: float = 0.0, tilt: float = 0.0) -> Array:
    """`world_from_camera` of a camera at `position` that sees `target` in its centre, world up pointing up.

    Looking straight up or down, the image's up is the world's +y. From there the camera pans to its right about its own
    down axis, tilts upwards about its new right axis, and rolls clockwise about its new forward axis (radians).
    """
    forward = np.asarray(target, float) - position
    length = np.linalg.norm(forward)
    forward = forward / length if length > 0 else np.array([0.0, 0.0, -1.0])
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    forward, right = _turned(forward, right, pan)
    forward, down = _turned(forward, down, -tilt)
    right, down = _turned(right, down, roll)
    result = np.eye(4)
    result[:3, :4] = np.stack([right, down, forward, np.asarray(position, float)], 1)
    return result


def _turned(a: Array, b: Array, radians: float) -> tuple[Array, Array]:
    """Two perpendicular axes turned in their plane, the first towards the second."""
    c, s = np.cos(radians), np.sin(radians)
    return c * a + s * b, c * b - s * a


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


def box_area(box: tuple[float, float, float, float]) -> float:
    """The pixels of a half-open box x0 y0 x1 y1."""
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def intersect(a: Box, b: Box) -> Box | None:
    """The common part of two boxes, or None where it is empty."""
    x0, y0, x1, y1 = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
