"""Sources of pictures with depth in place of objects: for models that learn how far everything is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from generator.base.errors import DatasetError
from generator.base.geometry import Box
from generator.dataset import parts
from generator.dataset.coco_labels import Photo
from generator.dataset.depth_maps import DepthMaps, known
from generator.dataset.examples import Example
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Selection
from generator.dataset.sources import PhotoSource, SyntheticSource
from generator.dataset.store import Dataset
from generator.truth.annotations import ANNOTATIONS


class DepthFrames(SyntheticSource):
    """Painted frames of one split with their exact depth and no objects. DatasetError where depth was not kept."""

    masks = False
    wanted = (parts.RGB, ANNOTATIONS["depth"].part)

    def __init__(self, dataset: Dataset, split: str, selection: Selection | None = None) -> None:
        if "depth" not in dataset.manifest.labels:
            raise DatasetError(
                f"{dataset.folder}: its frames were kept without depth; set `labels: [depth]` and another `output`, "
                "and paint again"
            )
        super().__init__(dataset, split, selection)
        self.classes = ()

    def example(self, record: FrameRecord, found: Mapping[str, bytes]) -> Example:
        if parts.RGB not in found:
            raise DatasetError(f"{record.key}: has labels but no picture; it cannot be trained on")
        depth = known(parts.annotation(found, "depth"))
        return replace(bare(parts.image(found[parts.RGB]), record.key), depth=depth)


class DepthPhotos(PhotoSource):
    """Photographs with the depth that lies beside them, and no objects."""

    def __init__(self, name: str, photos: Sequence[Photo], maps: DepthMaps, crop: Box | None = None) -> None:
        super().__init__(name, photos, crop)
        self._maps = maps

    def __getitem__(self, index: int) -> Example:
        return replace(super().__getitem__(index), depth=self._maps(index))


def bare(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], key: str) -> Example:
    """A picture, uint8 (h, w, 3), without objects."""
    none = np.zeros((0, 4), np.float32)
    return Example(image, none, np.zeros(0, np.int64), None, np.zeros(0, bool), key)
