"""A dent where something struck."""

import numpy as np

from generator.assets.deforms import DEFORMS, Change, largest
from generator.assets.mesh import Mesh
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import Deform

PIECES = 8  # edges along the radius of a dent


@DEFORMS("dent")
def dent(step: Deform, mesh: Mesh) -> Change:
    """A round dent `size` wide and `amount` deep at a random place of the surface (anywhere on it with equal chance);
    outwards where `amount` is negative. No deeper than half its radius, so that it never folds."""
    radius = step.size * largest(mesh) / 2
    depth = float(np.clip(step.amount * largest(mesh), -radius / 2, radius / 2))
    place, inward = struck(mesh, Draw(step.seed) / "dent", radius)

    def move(points: Array) -> Array:
        near = np.clip(1 - ((points - place) ** 2).sum(1) / radius**2, 0, None)
        return np.asarray(points + depth * (near**3)[:, None] * inward)

    def strain(start: Array, end: Array) -> Array:
        length = np.linalg.norm(end - start, axis=1)
        away = np.linalg.norm((start + end) / 2 - place, axis=1) - length / 2
        return np.where(away < radius, length * PIECES / radius, 0.0)

    return Change(move, strain)


def struck(mesh: Mesh, draw: Draw, radius: float) -> tuple[Array, Array]:
    """A point of the surface, and the direction (unit length) inwards: against the mean normal of what lies about it
    and faces the same way."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces].astype(float), 1, 0)
    normal = np.cross(b - a, c - a)
    areas = np.cumsum(np.linalg.norm(normal, axis=1))
    pick, u, v = draw.rng().random(3)
    k = min(int(np.searchsorted(areas, pick * areas[-1], side="right")), len(areas) - 1)
    u, v = (u, v) if u + v < 1 else (1 - u, 1 - v)
    place = a[k] + u * (b[k] - a[k]) + v * (c[k] - a[k])
    near = np.linalg.norm((a + b + c) / 3 - place, axis=1) < radius / 2
    near[k] = True
    outward = normal[near & (normal @ normal[k] > 0)].sum(0)
    return place, -outward / max(float(np.linalg.norm(outward)), 1e-300)
