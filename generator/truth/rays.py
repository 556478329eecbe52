"""Rays against one mesh in its own space, by Embree."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from embreex import rtcore_scene
from embreex.mesh_construction import TriangleMesh
from numpy.typing import NDArray

from generator.assets.embree import new_scene
from generator.assets.mesh import Mesh
from generator.base.geometry import Array

LAYERS = 64  # holes behind one another that a ray passes; what lies behind more of them is not seen
STEP = 1e-5  # of the ray parameter, by which a ray goes on beyond a hole
_TARGETS: "WeakKeyDictionary[Mesh, Target]" = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Target:
    """A mesh with its bounding volume hierarchy: built once per mesh and process. `uv` (m, 3, 2) and `solid` (h, w) say
    where its texture cuts holes; None where it has none."""

    scene: rtcore_scene.EmbreeScene
    triangles: NDArray[np.float32]
    uv: NDArray[np.float32] | None = None
    solid: NDArray[np.bool_] | None = None

    @staticmethod
    def of(mesh: Mesh) -> "Target":
        if mesh not in _TARGETS:
            triangles = np.ascontiguousarray(mesh.vertices[mesh.faces], np.float32)
            scene = new_scene()
            TriangleMesh(scene, triangles)
            _TARGETS[mesh] = Target(scene, triangles, mesh.uv, mesh.solid)
        return _TARGETS[mesh]

    @cached_property
    def normals(self) -> NDArray[np.float32]:
        """Unit normals of the triangles, (m, 3), in object space; zero for degenerate triangles."""
        a, b, c = self.triangles[:, 0], self.triangles[:, 1], self.triangles[:, 2]
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal, axis=1, keepdims=True)
        return np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)

    def hit(self, origin: Array, directions: Array) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """First hits of rays from one origin (3,) or (n, 3) along directions (n, 3), any length, all in object space.

        Returns the ray parameter t (n,), inf where nothing is hit, and the triangle (n,), -1 where nothing is hit. Rays
        pass the holes that a texture's alpha cuts.
        """
        reach, triangle, hole = self._first(origin, directions)
        starts = np.broadcast_to(origin, directions.shape)
        open_rays = np.flatnonzero(hole)
        for _ in range(LAYERS):
            if not len(open_rays):
                return reach, triangle
            passed = reach[open_rays] * (1 + STEP)
            along = directions[open_rays]
            further, triangle[open_rays], hole = self._first(starts[open_rays] + passed[:, None] * along, along)
            reach[open_rays] = passed + further
            open_rays = open_rays[hole]
        reach[open_rays], triangle[open_rays] = np.inf, -1
        return reach, triangle

    def _first(
        self, origin: Array, directions: Array
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.bool_]]:
        """First hits, holes included: ray parameter, triangle, and whether it is a hole."""
        d = np.ascontiguousarray(directions, np.float32)
        o = np.ascontiguousarray(np.broadcast_to(origin.astype(np.float32), d.shape))
        result = self.scene.run(o, d, query="INTERSECT", output=1)
        triangle = result["primID"]
        reach = np.where(triangle >= 0, result["tfar"], np.float32(np.inf)).astype(np.float32)
        return reach, triangle, self._holes(triangle, result["u"], result["v"])

    def _holes(self, triangle: NDArray[np.int32], u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether hits lie on texels (the nearest, repeated beyond 0..1) where there is no surface."""
        found = np.zeros(len(triangle), bool)
        if self.solid is None or self.uv is None:
            return found
        hit = np.flatnonzero(triangle >= 0)
        a, b, c = np.moveaxis(self.uv[triangle[hit]].astype(float), 1, 0)
        place = a + u[hit, None] * (b - a) + v[hit, None] * (c - a)
        height, width = self.solid.shape
        column = np.floor(place[:, 0] * width).astype(int) % width
        row = np.floor((1 - place[:, 1]) * height).astype(int) % height
        found[hit] = ~self.solid[row, column]
        return found
