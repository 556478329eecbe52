"""Data sets as `examples.Source`: what a trainer reads."""

from collections.abc import Mapping, Sequence

import numpy as np

from generator.base.errors import DatasetError
from generator.dataset import parts
from generator.dataset.coco_source import PhotoSource
from generator.dataset.examples import Example
from generator.dataset.keeping import Kept
from generator.dataset.places import Url
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Selection
from generator.dataset.shards import read_parts
from generator.dataset.smallest import thresholds_of
from generator.dataset.store import Dataset

PARTS = (parts.RGB, parts.INSTANCE)
__all__ = ["PARTS", "PhotoSource", "SyntheticSource"]


class SyntheticSource:
    """Painted frames of one split, all or those of a selection, in the order of their keys.

    `smallest` is the share of each class's instances, fewest visible pixels first, that become `ignore` regions.
    `thresholds` (pixels by label), such as another source's, take the place of those computed here.
    """

    masks = True
    wanted: tuple[str, ...] = PARTS

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        selection: Selection | None = None,
        smallest: float = 0.0,
        thresholds: Mapping[str, int] | None = None,
    ) -> None:
        self.name = f"{dataset.manifest.scene}/{split}"
        self.classes = dataset.manifest.classes
        self._folder = dataset.folder
        self.frames = _chosen(dataset, split, selection)
        self._kept = Kept(dataset.folder, self.frames, self.wanted) if isinstance(dataset.folder, Url) else None
        areas = [(one.label or "", one.visible_pixels) for frame in self.frames for one in frame.annotated]
        self.thresholds = dict(thresholds_of(areas, smallest) if thresholds is None else thresholds)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Example:
        record = self.frames[index]
        found = self._kept.read(record) if self._kept else read_parts(self._folder, record, self.wanted)
        return self.example(record, found)

    def example(self, record: FrameRecord, found: Mapping[str, bytes]) -> Example:
        """A frame's example from the parts that are `wanted`."""
        if parts.RGB not in found:
            raise DatasetError(f"{record.key}: has labels but no picture; it cannot be trained on")
        instance, shown = parts.image(found[parts.INSTANCE]), record.annotated
        return Example(
            image=parts.image(found[parts.RGB]),
            boxes=np.array([one.box for one in shown], np.float32).reshape(-1, 4),
            labels=np.array([one.category for one in shown], np.int64),
            masks=instance == np.array([one.id for one in shown], np.uint16).reshape(-1, 1, 1),
            ignore=np.array([one.visible_pixels < self.thresholds.get(one.label or "", 0) for one in shown], bool),
            key=record.key,
        )


def _chosen(dataset: Dataset, split: str, selection: Selection | None) -> Sequence[FrameRecord]:
    frames = [frame for frame in dataset.frames if frame.split == split]
    if selection is None:
        return frames
    kept = {key for key in selection.kept if key.rpartition("-")[0] == split}
    if missing := sorted(kept - {frame.key for frame in frames}):
        raise DatasetError(
            f"{dataset.folder}: the selection keeps {len(missing)} frames that are not here, {missing[0]} among them; "
            "run `balance` again"
        )
    return [frame for frame in frames if frame.key in kept]
