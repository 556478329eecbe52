"""Lumps and bumps all over."""

import numpy as np

from generator.assets.deforms import DEFORMS, Change, largest, shorter_than
from generator.assets.deforms.fields import driven, spline
from generator.assets.mesh import Mesh
from generator.base.draw import Draw
from generator.base.geometry import Array
from generator.base.scene import Deform

FINEST = 1 / 48  # least size of a blob, as a share of the largest extent
OCTAVES = 2


@DEFORMS("noise")
def noise(step: Deform, mesh: Mesh) -> Change:
    """Every place moved by a smooth random field with blobs `size` wide, and others half as wide and strong on them;
    the vertex that moves furthest moves by `amount`. Both sides of a wall move together."""
    whole = largest(mesh)
    size = max(step.size, FINEST) * whole
    low, high = mesh.bounds
    layers = []
    for octave in range(OCTAVES):
        spacing = size / 2 ** (octave + 1)
        count = np.ceil((high - low) / spacing).astype(int) + 4
        offsets = (Draw(step.seed) / "noise" / octave).rng().uniform(-1, 1, (*count, 3)) / 2**octave
        layers.append((spacing, offsets))

    def field(points: Array) -> Array:
        return np.asarray(sum(spline(points, low, spacing, offsets) for spacing, offsets in layers))

    return Change(lambda points: driven(field, points, abs(step.amount) * whole), shorter_than(size / 4))
