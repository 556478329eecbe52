"""Whether a mesh is a sound solid."""

import numpy as np
import trimesh

from generator.assets.mesh import Mesh


def whole(mesh: Mesh) -> trimesh.Trimesh:
    """With the vertices along creases made one again."""
    points, index = np.unique(mesh.vertices, axis=0, return_inverse=True)
    return trimesh.Trimesh(points.astype(float), index.reshape(-1)[mesh.faces], process=False)


def sound(mesh: Mesh) -> bool:
    body = whole(mesh)
    return bool(body.is_watertight and body.is_winding_consistent and all(one.volume > 0 for one in body.split()))
