"""`AssetStore`: from the names in a `SceneSample` to arrays, each read once per process."""

from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from generator.assets.catalog import Asset, Catalog
from generator.assets.deform import deform
from generator.assets.loading import load_mesh
from generator.assets.mesh import Mesh
from generator.assets.pictures import read_rgb
from generator.assets.shapes import SHAPES
from generator.assets.unchanged import changed
from generator.base.errors import AssetError
from generator.base.kept import Shared
from generator.base.scene import MeshRef

TREE = 180  # bytes of a triangle in the label rays' tree, which lives as long as its mesh


def mesh_bytes(mesh: Mesh) -> int:
    """What a mesh takes in memory, with the tree that rays build over it."""
    arrays = (mesh.vertices, mesh.faces, mesh.uv, mesh.texture)
    return sum(a.nbytes for a in arrays if a is not None) + TREE * len(mesh.faces)


class AssetStore:
    """Meshes and images by name, least recently used dropped first.

    `capacity` bounds, in bytes, what each of the two caches holds; the last one asked for is kept whatever its size.
    """

    def __init__(self, catalog: Catalog, capacity: int = 400_000_000) -> None:
        self.catalog = catalog
        self._meshes: Shared[Mesh] = Shared(capacity, mesh_bytes)
        self._images: Shared[NDArray[np.uint8]] = Shared(capacity, lambda image: image.nbytes)

    def mesh(self, ref: MeshRef) -> Mesh:
        """The mesh that `ref` names. Raises AssetError when it is missing, broken, or not the one that was sampled."""
        return self._meshes.get(ref.model_dump_json(), lambda: self._load(ref))

    def image(self, asset: str) -> NDArray[np.uint8]:
        """An image asset as uint8 (h, w, 3), sRGB."""
        return self._images.get(asset, lambda: read_rgb(self.path(asset)))

    def path(self, asset: str) -> Path:
        """The file of an asset."""
        return self.catalog[asset].path

    def _load(self, ref: MeshRef) -> Mesh:
        if ref.deform:
            return deform(self.mesh(ref.model_copy(update={"deform": ()})), ref.deform)
        if ref.asset.startswith("shape/"):
            return SHAPES[ref.asset.removeprefix("shape/")](**ref.params)
        asset = self.catalog[ref.asset]
        if ref.sha256 and asset.sha256 != ref.sha256:
            raise changed(asset)
        return load_mesh(asset.path, asset.up, asset.scale, asset.keypoints)


def readable(asset: Asset) -> str:
    """Why an asset cannot be used, or nothing: the whole file is read."""
    try:
        if asset.kind == "mesh":
            load_mesh(asset.path, asset.up, asset.scale, asset.keypoints)
        elif asset.kind == "image":
            read_rgb(asset.path)
        elif asset.path.suffix.lower() == ".exr":
            with OpenEXR.File(str(asset.path)) as file:
                file.channels()
        elif not asset.path.read_bytes().startswith(b"#?"):
            return f"{asset.path}: not a Radiance picture"
    except AssetError as error:
        return str(error)
    except (OSError, RuntimeError, ValueError) as error:
        return f"{asset.path}: not a readable OpenEXR picture ({error})"
    return ""
