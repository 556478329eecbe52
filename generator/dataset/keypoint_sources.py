"""Painted frames whose examples carry keypoints."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from generator.dataset import parts
from generator.dataset.examples import Example
from generator.dataset.keypoints import table, within
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Selection
from generator.dataset.shards import read_parts
from generator.dataset.sources import PARTS, SyntheticSource
from generator.dataset.store import Dataset

Named = dict[int, dict[str, Sequence[float]]]


class KeypointFrames(SyntheticSource):
    """Painted frames of one split with the keypoints of their objects. `keypoints` has the names of all that labelled
    objects have, sorted: the facts of every frame are read for them, no pixels."""

    wanted = (*PARTS, parts.FACTS)

    def __init__(self, dataset: Dataset, split: str, selection: Selection | None = None) -> None:
        super().__init__(dataset, split, selection)
        found = [_named(self._facts(frame)) for frame in self.frames]
        self.keypoints = tuple(sorted({name for objects in found for one in objects.values() for name in one}))

    def example(self, record: FrameRecord, found: Mapping[str, bytes]) -> Example:
        example, named = super().example(record, found), _named(found)
        points = table([named.get(one.id, {}) for one in record.annotated], self.keypoints)
        return replace(example, keypoints=within(points, record.height, record.width))

    def _facts(self, record: FrameRecord) -> Mapping[str, bytes]:
        return self._kept.read(record) if self._kept else read_parts(self._folder, record, [parts.FACTS])


def _named(found: Mapping[str, bytes]) -> Named:
    """Of a frame's labelled objects by id, from its facts."""
    instances = json.loads(found[parts.FACTS])["instances"]
    return {one["id"]: one.get("keypoints", {}) for one in instances if one["label"] is not None}
