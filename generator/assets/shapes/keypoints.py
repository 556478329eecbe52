"""Keypoints of shapes: named by where they lie, so that variants of a class, whatever their sizes, have the same."""

import functools
import inspect
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.shapes import Shape
from generator.base.scene import Vector

LEVEL = 1e-5  # of the largest extent: vertices so near to the farthest one lie as far
RIGHT, LEFT, BACK, FRONT, UP, DOWN = (
    (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0),
)  # fmt: skip


def keypoints(**toward: Vector) -> "functools.partial[Shape]":
    """Give a shape keypoints: each the middle of the vertices that lie farthest in a direction. That is a corner, a
    tip, or the centre of a rim, which lies in the air.

    A keypoint named as one of the shape's parameters is left out where that is 0: a mug without a handle.

    >>> @SHAPES("bowl")
    ... @keypoints(rim=UP, foot=DOWN)
    ... def bowl(radius: float = 0.08) -> Mesh: ...
    """
    return functools.partial(_with_keypoints, toward=toward)


def _with_keypoints(shape: Shape, toward: dict[str, Vector]) -> Shape:
    @functools.wraps(shape)
    def made(*sizes: float, **named: float) -> Mesh:
        asked = inspect.signature(shape).bind(*sizes, **named)
        asked.apply_defaults()
        there = {name: way for name, way in toward.items() if asked.arguments.get(name) != 0}
        return marked(shape(*sizes, **named), there)

    return made


def marked(mesh: Mesh, toward: dict[str, Vector]) -> Mesh:
    """The mesh with keypoints that are vertices of it where one vertex lies there, and else vertices of no face."""
    slack = LEVEL * float(np.ptp(mesh.bounds, axis=0).max())
    numbers: dict[str, int] = {}
    more: list[NDArray[np.float32]] = []
    for name, way in sorted(toward.items()):
        along = mesh.vertices.astype(float) @ (np.array(way) / np.linalg.norm(way))
        places = np.unique(mesh.vertices[along >= along.max() - slack], axis=0)  # seams hold several at one place
        point = places.astype(float).mean(0).astype(np.float32)
        there = np.flatnonzero((mesh.vertices == point).all(1))
        numbers[name] = int(there[0]) if len(there) else len(mesh.vertices) + len(more)
        more += [] if len(there) else [point]
    vertices = np.concatenate([mesh.vertices, np.array(more, np.float32).reshape(-1, 3)])
    return replace(mesh, vertices=vertices, keypoints=numbers)


CORNERS: dict[str, Vector] = {
    f"{z}_{y}_{x}": (float(2 * i - 1), float(2 * j - 1), float(2 * k - 1))
    for k, z in enumerate(("bottom", "top"))
    for j, y in enumerate(("front", "back"))
    for i, x in enumerate(("left", "right"))
}
