"""A mesh as convex parts, for collisions that are quick and sound.

Approximate convex decomposition: cut where the surface lies deepest inside its convex hull, until none lies deeper than
a tolerance (Lien and Amato, "Approximate convex decomposition of polyhedra", 2007). The cuts are planes across the axes
in the middle of a piece, so that meshes need not be closed or clean. A bowl of 4,500 triangles takes half a second, and
its parts have 1.6 times its volume; CoACD takes 25 s and 2.3 times, or 2 s and 3 times over a coarse remesh.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from generator.assets.mesh import Mesh
from generator.base.geometry import Array

WHOLE = 0.02  # of the largest extent: a mesh with shallower hollows is taken as convex
TOLERANCE = 0.05  # of the largest extent: the deepest hollow of a part
MOST = 64  # parts
PROBES = 800  # triangles that are looked at
KEPT = 512  # meshes
THIN = 1e-3  # of the largest extent: what flat pieces are given as a thickness
_PARTS: "OrderedDict[str, tuple[Array, ...]]" = OrderedDict()


def convex_parts(mesh: Mesh) -> tuple[Array, ...]:
    """Corners (k, 3), float64, of at most 64 convex bodies that together hold the mesh's surface, in its own frame.

    One for a mesh whose hollows are shallower than a fiftieth of its size. Kept in memory by the mesh's content.
    """
    if mesh.sha256 not in _PARTS:
        _PARTS[mesh.sha256] = decomposed(mesh.vertices[mesh.faces].astype(float))
        if len(_PARTS) > KEPT:
            _PARTS.popitem(last=False)
    _PARTS.move_to_end(mesh.sha256)
    return _PARTS[mesh.sha256]


def decomposed(triangles: Array) -> tuple[Array, ...]:
    """Convex parts of a soup of triangles (m, 3, 3)."""
    size = float(np.ptp(triangles, axis=(0, 1)).max())
    done: list[Piece] = []
    pieces = [Piece(triangles, size, closed(triangles))]
    if pieces[0].shallow <= WHOLE * size:
        return (pieces[0].corners,)
    while pieces and len(pieces) + len(done) < MOST:
        deepest = max(pieces, key=lambda piece: piece.hollow)
        pieces.remove(deepest)
        if deepest.hollow <= TOLERANCE * size:
            return tuple(piece.corners for piece in (*done, deepest, *pieces))
        parts = deepest.cut()
        if len(parts) > 1:
            pieces += parts
        else:
            done.append(deepest)
    return tuple(piece.corners for piece in (*done, *pieces))


def closed(triangles: Array) -> bool:
    """Whether the triangles (m, 3, 3) enclose a volume, outside counter-clockwise: as many of them go along each edge
    in one direction as in the other."""
    corner = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)[1].reshape(-1, 3)
    start, end = corner.ravel(), np.roll(corner, -1, 1).ravel()
    forth, back = np.sort(start * corner.size + end), np.sort(end * corner.size + start)
    volume = np.einsum("mi,mi->", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2]))
    return bool((forth == back).all()) and volume > 0


@dataclass(frozen=True, eq=False)
class Piece:
    """Some triangles (m, 3, 3) of a mesh whose largest extent is `size`, and whether that is closed: its triangles are
    seen from one side only."""

    triangles: Array
    size: float
    closed: bool

    @cached_property
    def hull(self) -> ConvexHull:
        points = np.unique(self.triangles.reshape(-1, 3), axis=0)
        points = thickened(points - points.mean(0), THIN * self.size) + points.mean(0)
        try:
            return ConvexHull(points)
        except QhullError:  # nearly flat all the same
            return ConvexHull(points, qhull_options="QJ Pp")

    @cached_property
    def corners(self) -> Array:
        return np.asarray(self.hull.points[self.hull.vertices])

    @cached_property
    def hollow(self) -> float:
        """How far it is from corners and middles of the triangles to the hull, the way they face, at most (m)."""
        return self._farthest(straight=True)

    @cached_property
    def shallow(self) -> float:
        """The same on the shortest way out that does not lead back through what they are the surface of: small where
        there are only grooves and reliefs."""
        return self._farthest(straight=False)

    def _farthest(self, straight: bool) -> float:
        some = self.triangles[:: len(self.triangles) // PROBES + 1]
        normals = np.cross(some[:, 1] - some[:, 0], some[:, 2] - some[:, 0])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
        sides = (normals,) if self.closed else (normals, -normals)
        places, planes = (some.mean(1), some[:, 0]), self.hull.equations
        return max(float(ways(points, side, planes, straight).max()) for side in sides for points in places)

    def cut(self) -> list["Piece"]:
        """Its two halves along its longest extent, so that pieces become neither slabs nor rods: of a slab across a
        hollow, the hull would fill it."""
        low, high = self.triangles.min((0, 1)), self.triangles.max((0, 1))
        axis = int((high - low).argmax())
        side = self.triangles[:, :, axis] - (low + high)[axis] / 2
        return [
            replace(self, triangles=part)
            for part in (below(self.triangles, side), below(self.triangles, -side))
            if len(part)
        ]


def thickened(points: Array, least: float) -> Array:
    """Points (n, 3) about the origin, those of a flat or thin body moved apart to both sides of it."""
    axes = np.linalg.svd(points.T @ points)[0].T
    for axis in axes:
        if np.ptp(points @ axis) < least / 10:
            points = np.concatenate([points - least / 2 * axis, points + least / 2 * axis])
    return points


def ways(points: Array, normals: Array, planes: Array, straight: bool) -> Array:
    """Distances (n,) from points (n, 3) inside a hull to its planes (k, 4): along normals (n, 3), or else to the
    nearest plane that is not turned from the normal by more than 120 degrees."""
    result = np.full(len(points), np.inf)
    for some in np.array_split(planes, len(planes) // 512 + 1):
        facing, below = normals @ some[:, :3].T, -(points @ some[:, :3].T) - some[:, 3]
        way = below / np.maximum(facing, 1e-6) if straight else below
        result = np.minimum(result, np.where(facing < (1e-6 if straight else -0.5), np.inf, way).min(1))
    return np.where(np.isfinite(result), result, 0.0)


def below(triangles: Array, side: Array) -> Array:
    """What triangles (m, 3, 3) have on the negative side of a plane, given the signed distances (m, 3) of their
    corners, as triangles again (Sutherland and Hodgman, "Reentrant polygon clipping", 1974)."""
    keep = side.min(1) < 0
    crossing = keep & (side.max(1) > 0)
    return np.concatenate([triangles[keep & ~crossing], clipped(triangles[crossing], side[crossing])])


def clipped(triangles: Array, side: Array) -> Array:
    """The same for triangles that all have corners on both sides."""
    single = (side >= 0).sum(1) == 1
    first = np.where(single, side.argmax(1), side.argmin(1))  # the corner that is alone on its side
    turn = (first[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(np.take_along_axis(triangles, turn[..., None], 1), 1, 0)
    x, y, z = np.take_along_axis(side, turn, 1).T[..., None]
    ab, ac = a + (b - a) * (x / (x - y)), a + (c - a) * (x / (x - z))
    tip = np.stack([a, ab, ac], 1)[~single]
    return np.concatenate([tip, np.stack([ab, b, c], 1)[single], np.stack([ab, c, ac], 1)[single]])
