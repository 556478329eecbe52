"""Semantic maps that lie beside photographs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from generator.base.errors import TrainError
from generator.base.geometry import Box
from generator.dataset.coco_labels import Photo
from generator.mix.harmonize import Values

ENDINGS = ("{}.png", "{}_labelIds.png", "{}_gtFine_labelIds.png", "{}_semantic.png")


class SemanticMaps:
    """The map, integer (h, w), of each photograph by its index: a PNG of one channel anywhere in `folder`, named as the
    picture (``x.png``, or as in Cityscapes ``x_gtFine_labelIds.png`` for ``x_leftImg8bit.png``; where several are, the
    one with the same folders); `crop` as that of the photographs. TrainError, naming some, where there are photographs
    without, and where one map would be that of two."""

    def __init__(self, photos: Sequence[Photo], folder: Path, crop: Box | None = None) -> None:
        self.crop = crop
        files: dict[str, list[Path]] = {}
        for path in sorted(folder.rglob("*.png")):
            files.setdefault(path.name, []).append(path)
        found = [_of(photo, folder, files) for photo in photos]
        lacking = [photo.key for photo, path in zip(photos, found, strict=True) if path is None]
        if lacking:
            raise TrainError(
                f"{folder}: {len(lacking)} pictures have no semantic map, {lacking[0]} among them; give each a PNG of "
                "class values with the picture's own name"
            )
        self.paths = [path for path in found if path is not None]
        _refuse_shared(photos, self.paths)
        self.sizes = [(photo.height, photo.width) for photo in photos]

    def __call__(self, index: int) -> Values:
        path = self.paths[index]
        try:
            with Image.open(path) as opened:
                values = np.array(opened)
        except (OSError, SyntaxError) as error:
            raise TrainError(f"{path}: cannot be decoded: {error}; replace this semantic map") from error
        if values.shape != self.sizes[index]:
            height, width = self.sizes[index]
            raise TrainError(f"{path}: a semantic map of {width}x{height} class values in one channel is needed")
        if self.crop is None:
            return values
        x0, y0, x1, y1 = self.crop
        return values[y0:y1, x0:x1]


def _of(photo: Photo, folder: Path, files: dict[str, list[Path]]) -> Path | None:
    """TrainError where several could be meant."""
    key = Path(photo.key)
    names = (one.format(key.stem.removesuffix("_leftImg8bit")) for one in ENDINGS)
    found = next((files[name] for name in names if name in files), [])
    if len(found) > 1:
        found = [path for path in found if path.relative_to(folder).parent == key.parent] or found
    if len(found) > 1:
        raise TrainError(f"{folder}: {found[0]} and {found[1]} could both be the map of {photo.key}; keep one")
    return found[0] if found else None


def _refuse_shared(photos: Sequence[Photo], paths: Sequence[Path]) -> None:
    first: dict[Path, Photo] = {}
    for photo, path in zip(photos, paths, strict=True):
        if (other := first.setdefault(path, photo)) is not photo:
            raise TrainError(
                f"{path}: would be the map of {other.key} and of {photo.key}; put maps in the same folders"
            )
