"""Which pixels a mesh can cover: boxes that may be too large, never too small."""

import math

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.base.geometry import Array, Box, Camera, intersect

NEAR = 0.01  # metres of planar depth, of distance through a fisheye; nothing nearer is seen, by rays or painter
WIDEST = 1.4  # radians; a narrower cone around all vertices is convex, and so holds the triangles between them
RIM = 256  # directions around a cone


def projected_box(mesh: Mesh, world_from_object: NDArray[np.float64], camera: Camera, margin: float) -> Box | None:
    """A half-open box that holds every pixel centre the mesh can cover within `margin` image sizes around the image, or
    None where there is none.

    A mesh that reaches behind the near plane, or out of the reach of the lens, may cover anything, unless all of it
    does.
    """
    points = mesh.vertices @ world_from_object[:3, :3].T + world_from_object[:3, 3]
    w, h = camera.width, camera.height
    window = (-round(margin * w), -round(margin * h), w + round(margin * w), h + round(margin * h))
    if camera.lens.kind != "pinhole":
        return _through_lens(
            points @ camera.camera_from_world[:3, :3].T + camera.camera_from_world[:3, 3], camera, window
        )
    pixels, depth = camera.project(points)
    if depth.max() < NEAR:
        return None
    return window if depth.min() < NEAR else _around(pixels, 0.5, window)


def _through_lens(local: Array, camera: Camera, window: Box) -> Box | None:
    """By a cone around all vertices: up to its reach a lens is one to one, so that the image of a cone within it is
    what the image of its rim encloses. Between two directions of the rim, that stays within their distance."""
    distance = np.linalg.norm(local, axis=1)
    if (distance if camera.lens.fisheye else local[:, 2]).max() < NEAR:
        return None
    directions = local / np.maximum(distance, 1e-12)[:, None]
    axis = directions.mean(0) / max(float(np.linalg.norm(directions.mean(0))), 1e-12)
    half = math.acos(np.clip((directions @ axis).min(), -1, 1)) + 1e-6
    off = math.acos(np.clip(axis[2], -1, 1))
    if half > WIDEST or distance.min() < NEAR:
        return window
    if off - half > camera.lens.reach:
        return None
    if off + half >= camera.lens.reach:
        return window
    rim = camera.pixels(_rim(axis, half))
    return window if np.isnan(rim).any() else _around(rim, 1 + _longest(rim), window)


def _rim(axis: Array, half: float) -> Array:
    """Directions (n, 3) at the angle `half` around an axis."""
    side = np.cross(axis, np.eye(3)[np.abs(axis).argmin()])
    side /= np.linalg.norm(side)
    turn = np.linspace(0, 2 * np.pi, RIM, endpoint=False)[:, None]
    circle = np.cos(turn) * side + np.sin(turn) * np.cross(axis, side)
    return math.cos(half) * axis + math.sin(half) * circle


def _longest(rim: Array) -> float:
    """The longest step along a closed line of pixels."""
    return float(np.linalg.norm(rim - np.roll(rim, 1, axis=0), axis=1).max())


def _around(pixels: Array, more: float, window: Box) -> Box | None:
    along = np.ascontiguousarray(pixels.T)  # numpy finds extremes along the last axis ten times as fast
    low, high = np.floor(along.min(1) - more), np.ceil(along.max(1) + more)
    low, high = np.clip(low, -1e6, 1e6).astype(int), np.clip(high, -1e6, 1e6).astype(int)
    return intersect((int(low[0]), int(low[1]), int(high[0]), int(high[1])), window)
