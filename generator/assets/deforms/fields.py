"""Smooth fields of displacement, and how far they can be driven."""

from collections.abc import Callable

import numpy as np
from scipy.special import comb

from generator.base.geometry import Array

Field = Callable[[Array], Array]
PROBES = 4000  # points at most at which a field's steepness is measured
STEEP = 0.9


def driven(field: Field, points: Array, most: float) -> Array:
    """Where the field takes points (n, 3): freed of its mean, and scaled so that no point moves further than `most` (m)
    and one of them does. Less far where its steepness (spectral norm of its derivative, measured at the points) would
    exceed 0.9: a displacement with steepness below 1 never folds."""
    moved = field(points)
    moved = moved - moved.mean(0)
    reach = float(np.linalg.norm(moved, axis=1).max())
    steep = steepness(field, points[:: len(points) // PROBES + 1], 1e-4 * float(np.ptp(points, axis=0).max()))
    return np.asarray(points + min(most / max(reach, 1e-300), STEEP / max(steep, 1e-300)) * moved)


def steepness(field: Field, points: Array, step: float) -> float:
    """Greatest spectral norm of the field's derivative at points (n, 3), by central differences of this step (m)."""
    ways = step * np.eye(3)
    columns = [(field(points + way) - field(points - way)) / (2 * step) for way in ways]
    return float(np.linalg.norm(np.stack(columns, 2), 2, axis=(1, 2)).max())


def bernstein(points: Array, low: Array, high: Array, offsets: Array) -> Array:
    """Displacements (n, 3) by a lattice of control points over the box from `low` to `high`, moved by `offsets`
    (a, b, c, 3): the trivariate Bernstein polynomial of Sederberg and Parry, "Free-form deformation of solid geometric
    models", SIGGRAPH 1986, equation 1, of degrees a-1, b-1, c-1. Beyond the box it goes on as at its border."""
    at = np.clip((points - low) / np.maximum(high - low, 1e-12), 0, 1)
    a, b, c, _ = offsets.shape
    result = (basis(at[:, 0], a - 1) @ offsets.reshape(a, -1)).reshape(-1, b, c, 3)
    result = np.einsum("nb,nbcd->ncd", basis(at[:, 1], b - 1), result)
    return np.asarray(np.einsum("nc,ncd->nd", basis(at[:, 2], c - 1), result))


def basis(u: Array, degree: int) -> Array:
    """The Bernstein polynomials of a degree at u (n,) in [0, 1]: (n, degree + 1), rows summing to 1."""
    i = np.arange(degree + 1)
    return np.asarray(comb(degree, i) * u[:, None] ** i * (1 - u[:, None]) ** (degree - i))


def spline(points: Array, low: Array, spacing: float, offsets: Array) -> Array:
    """Displacements (n, 3) by a uniform cubic B-spline with coefficients `offsets` (a, b, c, 3), the second of them in
    each axis standing at `low`, `spacing` metres apart. Beyond the last it goes on as at its border."""
    count = np.array(offsets.shape[:3])
    at = np.clip((points - low) / spacing, 0, count - 3 - 1e-9)
    cell = np.floor(at).astype(int)
    weights = cubic(at - cell)
    result = np.zeros((len(points), 3))
    for i in range(4):
        for j in range(4):
            for k in range(4):
                weight = weights[i][:, 0] * weights[j][:, 1] * weights[k][:, 2]
                result += weight[:, None] * offsets[cell[:, 0] + i, cell[:, 1] + j, cell[:, 2] + k]
    return result


def cubic(t: Array) -> list[Array]:
    """The four pieces of the uniform cubic B-spline at t in [0, 1]; their sum is 1."""
    return [(1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6]
