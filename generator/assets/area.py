"""How much surface a mesh has to shine from."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.base.scene import Vector


def shining_area(mesh: Mesh, scale: Vector = (1.0, 1.0, 1.0)) -> float:
    """Surface of the scaled mesh in m2; a flat sheet counts with both its sides."""
    corners = mesh.vertices[mesh.faces].astype(float) * np.array(scale)
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sides = 2 if np.ptp(mesh.bounds, axis=0).min() == 0 else 1
    return sides * float(np.linalg.norm(cross, axis=1).sum()) / 2
