"""Meshes made for one test, in a store beside the shapes."""

from collections.abc import Mapping

import numpy as np

from generator.assets.catalog import Catalog
from generator.assets.deform import deform
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.scene import MeshRef, ObjectSample, Pose


class Meshes(AssetStore):
    """A store that also has meshes of its own, by name."""

    def __init__(self, own: Mapping[str, Mesh]) -> None:
        super().__init__(Catalog.open())
        self.own, self.bent = dict(own), dict[str, Mesh]()

    def mesh(self, ref: MeshRef) -> Mesh:
        if ref.asset not in self.own:
            return super().mesh(ref)
        key = ref.model_dump_json()
        if ref.deform and key not in self.bent:
            self.bent[key] = deform(self.own[ref.asset], ref.deform)
        return self.bent[key] if ref.deform else self.own[ref.asset]


def made(name: str, label: str | None = "thing", deformed: tuple = (), **pose: object) -> ObjectSample:  # type: ignore[type-arg]
    """An object with such a mesh."""
    return ObjectSample(name=name, label=label, mesh=MeshRef(asset=name, deform=deformed), pose=Pose(**pose))


def sheet(alpha: np.ndarray, heights: tuple[float, ...] = (0.0,)) -> Mesh:
    """Unit squares facing up, one above the other, all cut by `alpha` (h, w), whose first row is at +y."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32) / 2
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    vertices = np.concatenate([corners + np.float32([0, 0, z]) for z in heights])
    layers = np.concatenate([faces + 4 * k for k in range(len(heights))])
    texture = np.zeros((*alpha.shape, 4), np.uint8)
    texture[..., 1], texture[..., 3] = 150, alpha
    return Mesh(vertices, layers, uv=np.tile(unit[faces], (len(heights), 1, 1)), texture=texture)
