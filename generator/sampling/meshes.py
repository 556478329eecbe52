"""Meshes at the scale of an object, turned and moved: what placing them needs to know, each worked out once."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import fcl
import numpy as np
import scipy
from embreex.mesh_construction import TriangleMesh
from numpy.typing import NDArray

from generator.assets.embree import new_scene
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.geometry import Array, rotation_matrix
from generator.base.scene import MeshRef

KEPT = 96  # solids; with its tree, one of 7,000 triangles takes 5 MB
_SCENES: "WeakKeyDictionary[Mesh, Any]" = WeakKeyDictionary()
_SOLIDS: "WeakKeyDictionary[AssetStore, Solids]" = WeakKeyDictionary()


@dataclass(eq=False)
class Solid:
    """A mesh in its own frame, its `scale` (3,) along the axes applied. Metres. `asked` counts the collisions that it
    was asked for before its tree was built."""

    mesh: Mesh
    scale: Array
    asked: int = 0

    @cached_property
    def vertices(self) -> Array:
        """float64 (n, 3)."""
        return self.mesh.surface * self.scale

    @property
    def faces(self) -> NDArray[np.int32]:
        """int32 (m, 3)."""
        return self.mesh.faces

    @cached_property
    def bounds(self) -> Array:
        """Least and greatest corner (2, 3)."""
        return np.stack([self.vertices.min(0), self.vertices.max(0)])

    @cached_property
    def middle(self) -> Array:
        """Centre of the bounds: that of the bounding sphere as well."""
        return self.bounds.mean(0)

    @cached_property
    def radius(self) -> float:
        """Radius of the bounding sphere about `middle`."""
        return float(np.linalg.norm(self.vertices - self.middle, axis=1).max())

    @cached_property
    def triangles(self) -> Array:
        """Corners of the faces (m, 3, 3)."""
        return self.vertices[self.faces]

    @cached_property
    def area_vectors(self) -> Array:
        """Outward normals of the faces, as long as their areas (m, 3)."""
        a, b, c = np.moveaxis(self.triangles, 1, 0)
        return np.cross(b - a, c - a) / 2

    @cached_property
    def centroid(self) -> Array:
        """Centre of mass of the solid; of the surface, where that is not closed."""
        corners = self.triangles - self.middle
        volumes = np.einsum("mi,mi->m", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        areas = np.linalg.norm(self.area_vectors, axis=1)
        closed = np.linalg.norm(self.area_vectors.sum(0)) < 1e-6 * areas.sum() and abs(volumes.sum()) > 0
        weights, about = (volumes, corners.sum(1) / 4) if closed else (areas, corners.sum(1) / 3)
        center = weights @ about / weights.sum()
        if (abs(center) > (self.bounds[1] - self.bounds[0]) / 2).any():  # closed only by accident
            center = areas @ corners.sum(1) / 3 / areas.sum()
        return self.middle + center

    @cached_property
    def tree(self) -> Any:
        """The bounding volume hierarchy for collisions, an `fcl.BVHModel`."""
        return tree_of(self.vertices, self.faces)

    @property
    def has_tree(self) -> bool:
        return "tree" in self.__dict__

    def hits(self, origins: Array, directions: Array) -> Array:
        """Parameters (n,) of the first hits of rays (n, 3) in the solid's frame; inf where nothing is hit.

        The rays are cast in the mesh's own frame, so that solids of all scales share one tree.
        """
        o, d = (np.ascontiguousarray(v / self.scale, np.float32) for v in (origins, directions))
        result = _scene(self.mesh).run(o, d, query="INTERSECT", output=1)
        return np.where(result["primID"] >= 0, result["tfar"], np.inf)

    @cached_property
    def probes(self) -> Array:
        """One vertex of every connected part (k, 3)."""
        n = len(self.vertices)
        ends = np.concatenate([self.faces[:, :2], self.faces[:, 1:]])
        links = scipy.sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
        _, part = scipy.sparse.csgraph.connected_components(links, False)
        used = np.unique(self.faces)
        return self.vertices[used[np.unique(part[used], return_index=True)[1]]]


def tree_of(vertices: Array, faces: NDArray[np.int32]) -> Any:
    """A bounding volume hierarchy of triangles; it takes some 2.5 microseconds for each."""
    model = fcl.BVHModel()
    model.beginModel(len(vertices), len(faces))
    model.addSubModel(np.ascontiguousarray(vertices), np.ascontiguousarray(faces))
    model.endModel()
    return model


def _scene(mesh: Mesh) -> Any:
    """The mesh's tree for rays, built once."""
    if mesh not in _SCENES:
        scene = new_scene()
        _SCENES[mesh] = scene, TriangleMesh(scene, np.ascontiguousarray(mesh.vertices[mesh.faces], np.float32))
    return _SCENES[mesh][0]


class Solids:
    """The solids of a store, least recently used dropped first."""

    def __init__(self, store: AssetStore) -> None:
        self._store, self._kept = store.mesh, OrderedDict[tuple[str, bytes], Solid]()

    @staticmethod
    def of(store: AssetStore) -> "Solids":
        """Those of this process; they live as long as the store."""
        if store not in _SOLIDS:
            _SOLIDS[store] = Solids(store)
        return _SOLIDS[store]

    def __call__(self, ref: MeshRef, scale: Array) -> Solid:
        """The solid of a mesh under a scale (3,). Raises AssetError."""
        key = ref.model_dump_json(), scale.tobytes()
        if key not in self._kept:
            self._kept[key] = self.fresh(ref, scale)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def fresh(self, ref: MeshRef, scale: Array) -> Solid:
        """The same for a scale that will not come again, and so is not worth keeping."""
        return Solid(self._store(ref), scale)


@dataclass(frozen=True, eq=False)
class Turned:
    """A solid under a rotation (unit quaternion w x y z), about its origin: what all bodies share that are this one
    elsewhere."""

    solid: Solid
    quaternion: Array

    @cached_property
    def rotation(self) -> Array:
        return rotation_matrix(self.quaternion)

    @cached_property
    def vertices(self) -> Array:
        """(n, 3), in the axes of the world."""
        return (self.rotation @ self.solid.vertices.T).T  # laid out by axis: bounds are found three times as fast

    @cached_property
    def span(self) -> Array:
        """Least and greatest corner (2, 3)."""
        return np.stack([self.vertices.min(0), self.vertices.max(0)])

    @cached_property
    def corners(self) -> tuple[Array, Array, Array]:
        """Corners of the faces (m, 3, 3), and the bounds of each face: least, greatest."""
        corners = self.vertices[self.solid.faces]
        a, b, c = np.moveaxis(corners, 1, 0)
        return corners, np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)


@dataclass(frozen=True, eq=False)
class Body:
    """A solid under a rotation (unit quaternion w x y z) at a position (m): `name` is its object's, and no other body
    may come nearer than `gap`."""

    name: str
    solid: Solid
    quaternion: Array
    position: Array
    gap: float = 0.0

    @cached_property
    def shape(self) -> Turned:
        return Turned(self.solid, self.quaternion)

    @property
    def rotation(self) -> Array:
        return self.shape.rotation

    @property
    def turned(self) -> Array:
        """Vertices (n, 3) in the axes of the world, about the body's origin."""
        return self.shape.vertices

    @property
    def span(self) -> Array:
        """Least and greatest corner (2, 3) of `turned`."""
        return self.shape.span

    @property
    def corners(self) -> tuple[Array, Array, Array]:
        """Corners of the faces (m, 3, 3) about the body's origin, and the bounds of each face: least, greatest."""
        return self.shape.corners

    def near(self, bounds: Array, gap: float) -> NDArray[np.intp]:
        """The faces whose own bounds come within `gap` of other bounds (2, 3)."""
        _, low, high = self.corners
        low_end, high_end = bounds[0] - gap - self.position, bounds[1] + gap - self.position
        return np.flatnonzero(((low <= high_end) & (high >= low_end)).all(1))

    @property
    def points(self) -> Array:
        """Vertices in the world (n, 3)."""
        return self.turned + self.position

    @property
    def bounds(self) -> Array:
        return self.span + self.position

    @property
    def center(self) -> Array:
        """Centre of the bounding sphere in the world."""
        return self.position + self.rotation @ self.solid.middle

    def at(self, position: Array) -> "Body":
        """The same body elsewhere."""
        moved = replace(self, position=position)
        moved.__dict__["shape"] = self.shape
        return moved

    def around(self, center: Array) -> "Body":
        """The same body with the centre of its bounding sphere there."""
        return self.at(center - self.rotation @ self.solid.middle)

    def inward(self, points: Array) -> Array:
        """World points (n, 3) in the solid's frame."""
        return (points - self.position) @ self.rotation

    def hits(self, origins: Array, directions: Array) -> Array:
        """Parameters (n,) of the first hits of world rays (n, 3); inf where nothing is hit."""
        return self.solid.hits(self.inward(origins), directions @ self.rotation)
