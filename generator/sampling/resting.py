"""How things rest: their stable poses, and where one comes down on another."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.base.geometry import Array
from generator.distributions.rotations import shortest
from generator.sampling.collisions import touch
from generator.sampling.meshes import Body, Solid

LEVEL = np.cos(np.radians(20))  # of faces that count as level
CLEAR = 1e-5  # metres between two that touch, so that rounding does not make them meet
UP = np.array([0.0, 0.0, 1.0])
_POSES: "WeakKeyDictionary[Solid, tuple[Array, Array]]" = WeakKeyDictionary()


def stable_poses(solid: Solid) -> tuple[Array, Array]:
    """Rotations (k, 4) onto the stable poses, the likeliest first, and their probabilities (k,), when the solid is put
    down slowly in a random orientation. Without volume: as it is.

    Goldberg et al., "Part pose statistics: estimators and experiments", 1999: the solid comes down on a face of its
    convex hull as often as the face's solid angle about the centre of mass says, then rolls over edges until the
    centre of mass is above the face it lies on.
    """
    if solid not in _POSES:
        _POSES[solid] = _stable_poses(solid)
    return _POSES[solid]


def _stable_poses(solid: Solid) -> tuple[Array, Array]:
    try:
        hull = scipy.spatial.ConvexHull(solid.vertices)
    except (scipy.spatial.QhullError, ValueError):
        return np.array([[1.0, 0, 0, 0]]), np.ones(1)
    corners, normals = solid.vertices[hull.simplices], hull.equations[:, :3]
    goal = _rolled(corners, normals, hull.neighbors, solid.centroid)
    weight = np.bincount(goal, _solid_angles(corners - solid.centroid), len(goal))
    return _merged(normals, weight)


def _rolled(corners: Array, normals: Array, neighbors: NDArray[np.int32], center: Array) -> NDArray[np.intp]:
    """For every face (m,) the one that the hull lies on in the end."""
    beside = np.empty(corners.shape[:2])  # how far the centre's foot lies outside each edge, opposite each corner
    foot = center - np.einsum("mi,mi->m", center - corners[:, 0], normals)[:, None] * normals
    for k in range(3):
        a, b, inner = corners[:, (k + 1) % 3], corners[:, (k + 2) % 3], corners[:, k]
        out = np.cross(b - a, normals)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-300)
        out *= -np.sign(np.einsum("mi,mi->m", inner - a, out))[:, None]
        beside[:, k] = np.einsum("mi,mi->m", foot - a, out)
    here = np.arange(len(corners))
    size = np.ptp(corners.reshape(-1, 3), axis=0).max()
    following = np.where(beside.max(1) > 1e-9 * size, neighbors[here, beside.argmax(1)], here)
    for _ in range(len(here).bit_length()):
        following = following[following]
    return following


def _solid_angles(triangles: Array) -> Array:
    """Share of the whole sphere that triangles (m, 3, 3) take up as seen from the origin (m,)."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    u, v, w = (np.linalg.norm(x, axis=1) for x in (a, b, c))
    dots = [np.einsum("ij,ij->i", x, y) * z for x, y, z in ((a, b, w), (b, c, u), (c, a, v))]
    volume = abs(np.einsum("ij,ij->i", a, np.cross(b, c)))
    return abs(2 * np.arctan2(volume, u * v * w + sum(dots))) / (4 * np.pi)


def _merged(normals: Array, weight: NDArray[Any]) -> tuple[Array, Array]:
    """Poses and probabilities of hull faces, those in one plane taken together."""
    found: list[tuple[Array, float]] = []
    for k in np.flatnonzero(weight > 0):
        same = [j for j, (normal, _) in enumerate(found) if normal @ normals[k] > 1 - 1e-7]
        if same:
            found[same[0]] = (found[same[0]][0], found[same[0]][1] + weight[k])
        else:
            found.append((normals[k], weight[k]))
    found.sort(key=lambda one: (-round(one[1], 9), *np.round(one[0], 6)))
    shares = np.array([share for _, share in found])
    return np.stack([shortest(normal, -UP) for normal, _ in found]), shares / shares.sum()


def spot_on(body: Body, which: float, at: Array) -> Array | None:
    """A point of the world on the body's level faces, uniform over their area for `which` and `at` (2,) uniform in
    [0, 1); None where it has none."""
    vectors = body.solid.area_vectors @ body.rotation.T
    areas = np.linalg.norm(vectors, axis=1)
    ends = np.cumsum(np.where(vectors[:, 2] > LEVEL * areas, areas, 0.0))
    if ends[-1] <= 0:
        return None
    a, b, c = body.solid.triangles[int(np.searchsorted(ends, which * ends[-1], side="right"))]
    u, v = at if at.sum() <= 1 else 1 - at
    return body.position + body.rotation @ (a + u * (b - a) + v * (c - a))


def dropped(body: Body, support: Body) -> Body | None:
    """The body moved straight up or down to where it first touches the support when it comes from above; None where
    the centre of mass would not be above the support.

    The height is exact where a vertex meets a face; where two edges cross, it is at most 0.01 mm too great.
    """
    center = body.position + body.rotation @ body.solid.centroid
    above = np.array([[center[0], center[1], support.bounds[1, 2] + 1]])
    if not np.isfinite(support.hits(above, -UP[None])[0]):
        return None
    rise = _fall(body, support)
    return _lifted(body.at(body.position + UP * (rise + CLEAR)), support) if np.isfinite(rise) else None


def _fall(body: Body, support: Body) -> float:
    """How far up (m) a body must be moved for its vertices and the support's faces, and the other way round, to be at
    most in touch when one comes down on the other."""
    mine, theirs = body.points, support.points
    top, bottom = support.bounds[1, 2] + 1, body.bounds[0, 2] - 1
    over = mine[_within(mine, support.bounds)]
    under = theirs[_within(theirs, body.bounds)]
    from_top = support.hits(over * [1, 1, 0] + UP * top, np.broadcast_to(-UP, over.shape))
    from_bottom = body.hits(under * [1, 1, 0] + UP * bottom, np.broadcast_to(UP, under.shape))
    rises = np.concatenate([top - from_top - over[:, 2], under[:, 2] - bottom - from_bottom])
    return float(rises.max(initial=-np.inf))


def _within(points: Array, bounds: Array) -> NDArray[np.bool_]:
    """Which points (n, 3) lie within bounds as seen from above."""
    return ((points[:, :2] >= bounds[0, :2]) & (points[:, :2] <= bounds[1, :2])).all(1)


def _lifted(body: Body, support: Body) -> Body:
    """The body moved up until it is clear of the support: not at all where no two edges meet first."""
    low, step = 0.0, 1e-4
    if not touch(body, support):
        return body
    while touch(body.at(body.position + UP * (low + step)), support):
        low, step = low + step, 2 * step
    high = low + step
    while high - low > CLEAR:
        middle = (low + high) / 2
        low, high = (middle, high) if touch(body.at(body.position + UP * middle), support) else (low, middle)
    return body.at(body.position + UP * high)
