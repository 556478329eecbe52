"""Exporters: one file each. An exporter writes frames of a data set in a format that others read."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

from generator.base.registry import Registry
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Selection
from generator.dataset.store import Dataset

Progress = Callable[[str, int, int], None]


class Exporter(Protocol):
    """Writes `frames` of one split below `folder`. `progress(split, done, total)` is called after every frame."""

    def __call__(
        self, dataset: Dataset, split: str, frames: Sequence[FrameRecord], folder: Path, progress: Progress
    ) -> None: ...


exporters: Registry[Exporter] = Registry("exporter", "generator.dataset.export")


def export(
    dataset: Dataset,
    folder: Path | str,
    kind: str = "coco",
    selection: Selection | None = None,
    progress: Progress = lambda split, done, total: None,
) -> None:
    """Every split of the data set, or what the selection keeps of it."""
    exporter, kept = exporters[kind], None if selection is None else set(selection.kept)
    frames = [one for one in dataset.frames if kept is None or one.key in kept]
    for split, chosen in groupby(frames, lambda one: one.split):
        exporter(dataset, split, list(chosen), Path(folder), progress)
