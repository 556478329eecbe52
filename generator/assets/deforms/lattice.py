"""Smooth free-form changes of the whole."""

import numpy as np

from generator.assets.deforms import DEFORMS, Change, largest, shorter_than
from generator.assets.deforms.fields import bernstein, driven
from generator.assets.mesh import Mesh
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import Deform

MOST = 8  # cells along one axis


@DEFORMS("lattice")
def lattice(step: Deform, mesh: Mesh) -> Change:
    """A lattice of control points over the bounds, its cells about `size` wide, each point moved at random; the vertex
    that moves furthest moves by `amount`."""
    low, high = mesh.bounds
    whole = largest(mesh)
    cell = max(step.size, 1 / MOST) * whole
    count = np.clip(np.round((high - low) / cell), 1, MOST).astype(int) + 1
    offsets = (Draw(step.seed) / "lattice").rng().uniform(-1, 1, (*count, 3))

    def field(points: Array) -> Array:
        return bernstein(points, low, high, offsets)

    return Change(lambda points: driven(field, points, abs(step.amount) * whole), shorter_than(cell / 3))
