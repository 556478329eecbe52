"""`AssetStore`: from the names in a `SceneSample` to arrays, each read once per process."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from generator.assets.catalog import Asset, Catalog
from generator.assets.loading import load_mesh
from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.base.errors import AssetError
from generator.base.scene import MeshRef

T = TypeVar("T")


class AssetStore:
    """Meshes and images by name, least recently used dropped first.

    `capacity` bounds each of the two caches; 512 coins of 12,000 triangles are 150 MB.
    """

    def __init__(self, catalog: Catalog, capacity: int = 512) -> None:
        self.catalog, self.capacity = catalog, capacity
        self._meshes: OrderedDict[str, Mesh] = OrderedDict()
        self._images: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()

    def mesh(self, ref: MeshRef) -> Mesh:
        """The mesh that `ref` names. Raises AssetError when it is missing, broken, or not the one that was sampled."""
        return self._cached(self._meshes, ref.model_dump_json(), lambda: self._load(ref))

    def image(self, asset: str) -> NDArray[np.uint8]:
        """An image asset as uint8 (h, w, 3), sRGB."""
        return self._cached(self._images, asset, lambda: read_image(self.path(asset)))

    def path(self, asset: str) -> Path:
        """The file of an asset."""
        return self.catalog[asset].path

    def _cached(self, cache: "OrderedDict[str, Any]", key: str, make: Callable[[], T]) -> T:
        if key not in cache:
            cache[key] = make()
            if len(cache) > self.capacity:
                cache.popitem(last=False)
        cache.move_to_end(key)
        return cache[key]

    def _load(self, ref: MeshRef) -> Mesh:
        if ref.asset.startswith("shape/"):
            return SHAPES[ref.asset.removeprefix("shape/")](**ref.params)
        asset = self.catalog[ref.asset]
        if ref.sha256 and asset.sha256 != ref.sha256:
            raise AssetError(f"{asset.path}: the file has changed since this scene was sampled; sample it again")
        return load_mesh(asset.path, asset.up, asset.scale)


def read_image(path: Path) -> NDArray[np.uint8]:
    """Any picture Pillow reads, as uint8 (h, w, 3). Raises AssetError."""
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise AssetError(f"{path}: not a readable image ({error})") from error


def readable(asset: Asset) -> str:
    """Why an asset cannot be used, or nothing: the whole file is read."""
    try:
        if asset.kind == "mesh":
            load_mesh(asset.path, asset.up, asset.scale)
        elif asset.kind == "image":
            read_image(asset.path)
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
