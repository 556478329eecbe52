"""Whether bodies run into each other, by their true meshes.

Boxes first, then planes between two bodies, then triangles against triangles in bounding volume hierarchies (Pan,
Chitta, Manocha, "FCL: a general purpose library for collision and proximity queries", ICRA 2012).
"""

from collections.abc import Collection
from typing import Any

import fcl
import numpy as np

from generator.base.geometry import Array
from generator.sampling.meshes import Body, tree_of

PATIENCE = 12  # collisions that a solid is asked for by its faces nearby, before it gets a tree of all
EDGES = 600  # looked at before any tree is built


class Crowd:
    """The bodies placed so far that others must keep clear of."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self._low, self._high, self._gap = np.empty((0, 3)), np.empty((0, 3)), np.empty(0)

    def add(self, body: Body) -> None:
        low, high = body.bounds
        self.bodies.append(body)
        self._low, self._high = np.vstack([self._low, low]), np.vstack([self._high, high])
        self._gap = np.append(self._gap, body.gap)

    def blocker(self, body: Body, but: Collection[Body] = ()) -> Body | None:
        """The first body that this one would run into, or come nearer to than the greater of their gaps; None when it
        is free. `but` these."""
        low, high = body.bounds
        gap = np.maximum(self._gap, body.gap)
        near = ((self._low - gap[:, None] <= high) & (self._high + gap[:, None] >= low)).all(1)
        for k in np.flatnonzero(near):
            other = self.bodies[k]
            if other not in but and touch(body, other, float(gap[k])):
                return other
        return None


def touch(a: Body, b: Body, gap: float = 0.0) -> bool:
    """Whether two bodies meet, come nearer than `gap`, or one lies inside the other."""
    if not (_ready(a) and _ready(b)):  # building trees takes far longer than asking them: what saves it comes first
        if parted(a, b, gap):
            return False
        if pierced(a, b) or pierced(b, a):
            return True
    one, other = _collider(a, b.bounds, gap), _collider(b, a.bounds, gap)
    if one is not None and other is not None:
        if fcl.collide(one, other, fcl.CollisionRequest(), fcl.CollisionResult()):
            return True
        if gap > 0 and fcl.distance(one, other, fcl.DistanceRequest(), fcl.DistanceResult()) < gap:
            return True
    return swallowed(a, b) or swallowed(b, a)


def _ready(body: Body) -> bool:
    """Whether a tree of all faces is there, or worth building: for a solid that is asked for often."""
    return body.solid.has_tree or body.solid.asked >= PATIENCE


def _collider(body: Body, bounds: Array, gap: float) -> Any:
    """The body, or at least its faces within `gap` of `bounds` (2, 3), for FCL; None where there are none."""
    if _ready(body):
        return fcl.CollisionObject(body.solid.tree, fcl.Transform(body.rotation, body.position))
    body.solid.asked += 1
    points = body.corners[0][body.near(bounds, gap)].reshape(-1, 3)
    if not len(points):
        return None
    tree = tree_of(points, np.arange(len(points), dtype=np.int32).reshape(-1, 3))
    return fcl.CollisionObject(tree, fcl.Transform(body.position))


def parted(a: Body, b: Body, gap: float) -> bool:
    """Whether a plane with more than `gap` of room stands between two bodies: normal to an axis of either, or to the
    line between their centres. True is certain, False is not."""
    between = b.center - a.center
    axes = np.concatenate([a.rotation.T, b.rotation.T, [between, between * [1, 1, 0]]])
    axes = axes[np.linalg.norm(axes, axis=1) > 1e-12]
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    p, q = axes @ a.turned.T + (axes @ a.position)[:, None], axes @ b.turned.T + (axes @ b.position)[:, None]
    return bool((np.maximum(q.min(1) - p.max(1), p.min(1) - q.max(1)) > gap).any())


def pierced(a: Body, b: Body) -> bool:
    """Whether some edge of `a` crosses a face of `b`: rays along no more than `EDGES` of them. True is certain, False
    is not."""
    faces = a.near(b.bounds, 0.0)
    corners = a.corners[0][faces[:: 1 + 3 * len(faces) // EDGES]] + a.position
    starts, ends = corners.reshape(-1, 3), np.roll(corners, -1, axis=1).reshape(-1, 3)
    return len(starts) > 0 and bool((b.hits(starts, ends - starts) <= 1).any())


def swallowed(a: Body, b: Body) -> bool:
    """Whether a part of `a` lies inside `b`, given that their surfaces do not meet."""
    low, high = b.bounds
    probes = a.solid.probes @ a.rotation.T + a.position
    probes = probes[((probes > low) & (probes < high)).all(1)]
    return len(probes) > 0 and bool((abs(winding(b.inward(probes), b.solid.triangles)) > 0.5).any())


def winding(points: Array, triangles: Array) -> Array:
    """How often a surface (m, 3, 3) winds around points (n, 3): 1 inside a closed one, 0 outside.

    Sum of signed solid angles: van Oosterom and Strackee, "The solid angle of a plane triangle", 1983, equation 8.
    """
    result = np.empty(len(points))
    for k, point in enumerate(points):
        a, b, c = np.moveaxis(triangles - point, 1, 0)
        u, v, w = (np.linalg.norm(x, axis=1) for x in (a, b, c))
        volume = np.einsum("ij,ij->i", a, np.cross(b, c))
        dots = (np.einsum("ij,ij->i", x, y) * z for x, y, z in ((a, b, w), (b, c, u), (c, a, v)))
        result[k] = 2 * np.arctan2(volume, u * v * w + sum(dots)).sum() / (4 * np.pi)
    return result
