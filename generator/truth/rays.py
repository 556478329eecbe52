"""Rays against one mesh in its own space, by Embree."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.base.geometry import Array

_TARGETS: "WeakKeyDictionary[Mesh, Target]" = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Target:
    """A mesh with its bounding volume hierarchy: built once per mesh and process."""

    scene: rtcore_scene.EmbreeScene
    triangles: NDArray[np.float32]

    @staticmethod
    def of(mesh: Mesh) -> "Target":
        if mesh not in _TARGETS:
            triangles = np.ascontiguousarray(mesh.vertices[mesh.faces], np.float32)
            scene = rtcore_scene.EmbreeScene()
            TriangleMesh(scene, triangles)
            _TARGETS[mesh] = Target(scene, triangles)
        return _TARGETS[mesh]

    @cached_property
    def normals(self) -> NDArray[np.float32]:
        """Unit normals of the triangles, (m, 3), in object space; zero for degenerate triangles."""
        a, b, c = self.triangles[:, 0], self.triangles[:, 1], self.triangles[:, 2]
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        return np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)

    def hit(self, origin: Array, directions: Array) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """First hits of rays from one origin (3,) along directions (n, 3), any length, all in object space.

        Returns the ray parameter t (n,), inf where nothing is hit, and the triangle (n,), -1 where nothing is hit.
        """
        d = np.ascontiguousarray(directions, np.float32)
        o = np.ascontiguousarray(np.broadcast_to(origin.astype(np.float32), d.shape))
        result = self.scene.run(o, d, query="INTERSECT", output=1)
        triangle = result["primID"]
        return np.where(triangle >= 0, result["tfar"], np.float32(np.inf)).astype(np.float32), triangle
