"""`deform`: a mesh in another shape, for painter and label rays alike."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from generator.assets.deforms import DEFORMS
from generator.assets.mesh import Mesh
from generator.assets.subdivision import subdivide
from generator.base.scene import Deform


def deform(mesh: Mesh, steps: Sequence[Deform]) -> Mesh:
    """The mesh after one change of shape after the other; steps of amount 0 are left out, and nothing is left of them.

    Coarse triangles are cut first where they could not follow. The lowest point stays as high as it was, so that what
    stood stands. Texture coordinates, texture, colour and smoothness are kept; what was watertight stays so.
    """
    floor = mesh.bounds[0, 2]
    active = [step for step in steps if step.amount]
    for step in active:
        change = DEFORMS[step.kind](step, mesh)
        mesh = subdivide(mesh, change.strain)
        mesh = replace(mesh, vertices=change.move(mesh.vertices.astype(float)).astype(np.float32))
    if active:
        points = mesh.vertices.astype(float)
        points[:, 2] = points[:, 2] - points[:, 2].min() + floor
        mesh = replace(mesh, vertices=points.astype(np.float32))
    return mesh
