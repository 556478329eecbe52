"""Changes of a mesh's shape, one family a file.

A deformation is a function of a `Deform` record and the mesh it is for that returns a `Change`: a map of space, so
that vertices at one place (seams, creases, walls that touch) stay at one place. None of them folds the surface: where
`amount` asks for more than the shape allows, it gets what the shape allows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.subdivision import Strain
from generator.base.geometry import Array
from generator.base.registry import Registry
from generator.base.scene import Deform


@dataclass(frozen=True, eq=False)
class Change:
    """`move` takes all vertices (n, 3), float64, to where they go, equal ones to equal places; `strain` says which
    edges are too long to follow it."""

    move: Callable[[Array], Array]
    strain: Strain


DEFORMS: Registry[Callable[[Deform, Mesh], Change]] = Registry("deformation", "generator.assets.deforms")


def along(mesh: Mesh, axis: str) -> tuple[int, float, float]:
    """Index of an axis, where the mesh begins on it, and how long it is there (m, above 0)."""
    k = "xyz".index(axis)
    low, high = mesh.bounds[:, k]
    return k, float(low), max(float(high - low), 1e-9)


def largest(mesh: Mesh) -> float:
    """The largest extent of the mesh's bounds (m)."""
    return float(np.ptp(mesh.bounds, axis=0).max())


def shorter_than(length: float) -> Strain:
    """Strain of edges that may be that long (m)."""
    return lambda start, end: np.asarray(np.linalg.norm(end - start, axis=1) / length)
