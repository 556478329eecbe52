"""Depth that lies beside photographs, one map a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from generator.base.errors import DatasetError
from generator.base.geometry import Box
from generator.dataset.beside import beside
from generator.dataset.coco_labels import Photo

Depth = NDArray[np.float32]
ENDINGS = (".png", ".npy", ".exr")
CHANNELS = ("Z", "Y", "V", "R", "depth.Z", "depth.V")
MILLIMETRE = 0.001


class DepthMaps:
    """The depth of each photograph by its index: float32 (h, w), planar metres, 0 where unknown.

    A map is found by `beside` in `folder` (``x.png`` for ``x.jpg``): a 16-bit PNG of one channel, whose unit is `scale`
    metres; or ``.npy`` or ``.exr`` of metres. 0, negative and not finite mean unknown. `crop` is that of the
    photographs. Raises DatasetError where `beside` does, and for a map that cannot be used.
    """

    def __init__(
        self, photos: Sequence[Photo], folder: Path, scale: float = MILLIMETRE, crop: Box | None = None
    ) -> None:
        self.paths = beside(photos, folder, "depth", ENDINGS, ("",))
        self.scale, self.crop = scale, crop
        self.sizes = [(photo.height, photo.width) for photo in photos]

    def __call__(self, index: int) -> Depth:
        path, (height, width) = self.paths[index], self.sizes[index]
        depth = known(read_depth(path, self.scale))
        if depth.shape != (height, width):
            raise DatasetError(
                f"{path}: its size is {depth.shape[1]}x{depth.shape[0]}, its picture's {width}x{height}; give depth "
                "for every pixel of the picture"
            )
        if not depth.any():
            raise DatasetError(f"{path}: no pixel has a known depth (all are 0, negative or not finite); replace it")
        x0, y0, x1, y1 = self.crop or (0, 0, width, height)
        return depth[y0:y1, x0:x1]


def known(depth: NDArray[np.floating[Any]]) -> Depth:
    """As `Example.depth`: what is not finite, or not in front of the camera, becomes 0."""
    return np.where(np.isfinite(depth) & (depth > 0), depth, 0).astype(np.float32)


def read_depth(path: Path, scale: float = MILLIMETRE) -> Depth:
    """Metres, (h, w), as the file has them. DatasetError for a file that holds no such map."""
    read = {".png": _png, ".npy": _npy, ".exr": _exr}[path.suffix.lower()]
    try:
        values = read(path)
    except (OSError, SyntaxError, ValueError, RuntimeError) as error:
        raise DatasetError(f"{path}: cannot be read as depth: {error}; replace this file") from error
    return values.astype(np.float32) * np.float32(scale if path.suffix.lower() == ".png" else 1)


def _png(path: Path) -> NDArray[np.generic]:
    with Image.open(path) as opened:
        if not opened.mode.startswith("I"):
            raise ValueError(f"a PNG of one channel with 16 bits is needed, this one is {opened.mode!r}")
        return np.array(opened)


def _npy(path: Path) -> NDArray[np.generic]:
    values = np.squeeze(np.load(path, allow_pickle=False))
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.floating):
        raise ValueError(f"floating-point metres (h, w) are needed, this is {values.dtype} {values.shape}")
    return np.asarray(values)


def _exr(path: Path) -> NDArray[np.generic]:
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: np.array(one.pixels) for name, one in file.channels().items()}
    name = next((name for name in CHANNELS if name in channels), min(channels))
    return channels[name]
