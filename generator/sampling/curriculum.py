"""The curriculum of poses and scales: every asset under evenly spread views, from near to far.

After Hinterstoisser et al., "An annotation saved is an annotation earned", 2019, section 3.2: for each distance all
rotations, for each of them all objects, at random places in the image.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy

from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.splits import FIRST, split_of
from generator.spec.scene import CurriculumSpec, ObjectGroup, SceneSpec


@dataclass(frozen=True)
class Lesson:
    """What one object of the curriculum shows: which asset, seen from `direction` (unit, in the object's frame),
    turned by `turn` (radians) about the line of sight, at a planar depth (m)."""

    asset: int
    direction: Array
    turn: float
    depth: float


def lesson(spec: CurriculumSpec, assets: int, number: int) -> Lesson:
    """Lesson `number` of a curriculum, which starts again after its last."""
    rest, asset = divmod(number % (assets * spec.steps * spec.views * spec.inplane), assets)
    rest, turn = divmod(rest, spec.inplane)
    step, view = divmod(rest, spec.views)
    return Lesson(asset, directions(spec.views)[view], 2 * np.pi * turn / spec.inplane, float(depths(spec)[step]))


def number_of(spec: SceneSpec, group: ObjectGroup, draw: Draw, k: int) -> int:
    """The number of the lesson for object `k` of a group: counted over the scenes of a split, `count` in each."""
    views = spec.camera.views
    start = FIRST[split_of((draw.index + 1) * views - 1)] // views
    most = group.count.support()
    return (draw.index - start) * max(1, round(most[1] if most else 1)) + k


def depths(spec: CurriculumSpec) -> Array:
    """Planar depths (m), nearest first: the projected area, as 1 / depth**2, falls by equal steps."""
    near, far = spec.depth
    return np.linspace(near**-2, far**-2, spec.steps) ** -0.5


@cache
def directions(count: int) -> Array:
    """Unit vectors (count, 3): the vertices of an icosahedron whose faces are divided in four again and again."""
    from trimesh.creation import icosphere

    vertices = np.asarray(icosphere(subdivisions=round(np.log2((count - 2) / 10) / 2)).vertices, float)
    return vertices / np.linalg.norm(vertices, axis=1, keepdims=True)


def facing(direction: Array, turn: float, towards: Array, up: Array) -> Array:
    """The rotation (w x y z) that makes `direction` of an object point `towards` the camera (unit, world), the object's
    +z as near as it can to `up`; then turned by `turn` counter-clockwise as the camera sees it."""
    own, seen = triad(direction, np.array([0, 0, 1.0])), triad(towards, up)
    rotation = scipy.spatial.transform.Rotation
    turned = rotation.from_rotvec(turn * towards) * rotation.from_matrix(seen @ own.T)
    return turned.as_quat(canonical=True, scalar_first=True)


def triad(forward: Array, up: Array) -> Array:
    """Right-handed axes as columns: the last is `forward`, the second as near to `up` as can be."""
    if np.linalg.norm(np.cross(up, forward)) < 1e-6:
        up = np.array([0, 1.0, 0]) if abs(forward[1]) < 0.9 else np.array([1.0, 0, 0])
    right = np.cross(up, forward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(forward, right), forward], 1)
