"""Bend, twist and taper: Barr, "Global and local deformations of solid primitives", SIGGRAPH 1984."""

import numpy as np

from generator.assets.deforms import DEFORMS, Change, along
from generator.assets.mesh import Mesh
from generator.assets.subdivision import Strain
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import Deform

TURN = np.radians(6)  # the most that one edge spans of a bend or twist
PIECES = 8  # edges across a twisted side


@DEFORMS("bend")
def bend(step: Deform, mesh: Mesh) -> Change:
    """The straight line through the middle of the bounds along `axis` becomes a circular arc of the same length that
    spans `amount` radians, towards a random side (Barr's section 3.3, the bend centred). At most as far as the inner
    side is not pressed together to nothing, and the ends do not meet."""
    k, _, length = along(mesh, step.axis)
    i, j, middle = (k + 1) % 3, (k + 2) % 3, mesh.bounds.mean(0)
    angle = 2 * np.pi * (Draw(step.seed) / "bend").uniform()
    side, aside = np.zeros(3), np.zeros(3)
    side[[i, j]], aside[[i, j]] = (np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))
    thick = float(abs((mesh.vertices - middle) @ side).max())
    curve = float(np.clip(step.amount, -1.9 * np.pi, 1.9 * np.pi)) / length
    curve = float(np.clip(curve, -0.9 / max(thick, 1e-9), 0.9 / max(thick, 1e-9)))

    def move(points: Array) -> Array:
        at, out, across = points[:, k] - middle[k], (points - middle) @ side, (points - middle) @ aside
        radius = 1 / curve - out
        result = middle + np.outer(1 / curve - radius * np.cos(curve * at), side) + np.outer(across, aside)
        result[:, k] += radius * np.sin(curve * at)
        return np.asarray(result)

    return Change(move, turning(k, curve))


@DEFORMS("twist")
def twist(step: Deform, mesh: Mesh) -> Change:
    """Turns about the line through the middle of the bounds along `axis`: by nothing at the low end, evenly up to
    `amount` radians at the high end (Barr's section 3.2)."""
    k, low, length = along(mesh, step.axis)
    i, j, middle = (k + 1) % 3, (k + 2) % 3, mesh.bounds.mean(0)
    rate, wide = step.amount / length, max(float(np.ptp(mesh.bounds, axis=0)[[i, j]].max()), 1e-9)

    def move(points: Array) -> Array:
        c, s = np.cos(rate * (points[:, k] - low)), np.sin(rate * (points[:, k] - low))
        u, v = points[:, i] - middle[i], points[:, j] - middle[j]
        result = points.copy()
        result[:, i], result[:, j] = middle[i] + c * u - s * v, middle[j] + s * u + c * v
        return result

    def strain(start: Array, end: Array) -> Array:  # flat sides curve, so their diagonals must be short across as well
        across = np.delete(end - start, k, axis=1)
        crooked = np.linalg.norm(across, axis=1) / wide * min(PIECES, abs(step.amount) / TURN)
        return np.asarray(np.maximum(turning(k, rate)(start, end), crooked))

    return Change(move, strain)


@DEFORMS("taper")
def taper(step: Deform, mesh: Mesh) -> Change:
    """Widens across `axis`, evenly from 1 at the low end to 1 + `amount` at the high end, which keeps at least a
    twentieth of its width (Barr's section 3.1)."""
    k, low, length = along(mesh, step.axis)
    middle, gain = mesh.bounds.mean(0), max(step.amount, -0.95)

    def move(points: Array) -> Array:
        width = 1 + gain * (points[:, k] - low) / length
        result = middle + (points - middle) * width[:, None]
        result[:, k] = points[:, k]
        return np.asarray(result)

    return Change(move, lambda start, end: np.zeros(len(start)))  # straight lines along and across stay straight


def turning(k: int, rate: float) -> Strain:
    """Strain of edges along axis k where the shape turns by `rate` radians per metre."""
    return lambda start, end: np.asarray(abs(end[:, k] - start[:, k]) * abs(rate) / TURN)
