"""Semantic maps that lie beside photographs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from generator.base.errors import TrainError
from generator.base.geometry import Box
from generator.dataset.beside import beside
from generator.dataset.coco_labels import Photo
from generator.mix.harmonize import Values

ENDS = ("", "_labelIds", "_gtFine_labelIds", "_semantic")


class SemanticMaps:
    """The map, integer (h, w), of each photograph by its index: a PNG of one channel, which `beside` finds in `folder`
    (``x.png``, or as in Cityscapes ``x_gtFine_labelIds.png`` for ``x_leftImg8bit.png``); `crop` as that of the
    photographs. Raises DatasetError where `beside` does, TrainError for a map that cannot be used."""

    def __init__(self, photos: Sequence[Photo], folder: Path, crop: Box | None = None) -> None:
        self.crop = crop
        self.paths = beside(photos, folder, "semantic map", (".png",), ENDS)
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
