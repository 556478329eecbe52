"""Exporters: one file each. An exporter writes frames of a data set in a format that others read.

Frames are read, written and forgotten one after the other. Label files take their place only when all of their split
is written, so what has labels is whole; an interrupted export is taken up again by running it again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError, InputError, Problem
from generator.base.frame import Frame
from generator.base.registry import Registry
from generator.base.scene import SceneSample
from generator.base.strict import Strict, faults
from generator.dataset import parts
from generator.dataset.export.portions import Portion, portions
from generator.dataset.records import FrameRecord
from generator.dataset.selection import Selection
from generator.dataset.shards import read_parts
from generator.dataset.store import Dataset

Progress = Callable[[str, int, int], None]


class Shot(NamedTuple):
    """One frame on its way out. `number` counts from 1 within its split."""

    number: int
    record: FrameRecord
    frame: Frame
    sample: SceneSample


@dataclass(frozen=True)
class Delivery:
    """What to export, and where to. `progress(split, done, total)` is called after every frame; `store` has the
    meshes, for formats that come with 3D models."""

    dataset: Dataset
    folder: Path
    portions: tuple[Portion, ...]
    progress: Progress
    store: AssetStore | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.manifest.classes

    def keeps(self, label: str) -> bool:
        """Whether the data set has this optional label: "amodal", "depth" or "normal"."""
        return label in self.dataset.manifest.labels

    def shots(self, portion: Portion) -> Iterator[Shot]:
        """The frames of one split, one at a time, in the order of their keys."""
        for number, record in enumerate(portion, 1):
            yield Shot(number, record, *self.dataset.read(record))
            self.progress(portion.split, number, len(portion))

    def picture(self, record: FrameRecord) -> bytes:
        """The picture as PNG, as it is stored."""
        found = read_parts(self.dataset.folder, record, [parts.RGB])
        if parts.RGB not in found:
            raise DatasetError(f"{record.key}: has labels but no picture; paint it before exporting")
        return found[parts.RGB]


class Exporter(Strict):
    """One format. The fields are its options."""

    def write(self, delivery: Delivery) -> None:
        """Writes every split below `delivery.folder`. Raises DatasetError where the format cannot hold the data, or the
        folder holds files of something else."""
        raise NotImplementedError


exporters: Registry[type[Exporter]] = Registry("exporter", "generator.dataset.export")


def export(
    dataset: Dataset,
    folder: Path | str,
    kind: str = "coco",
    selection: Selection | None = None,
    progress: Progress = lambda split, done, total: None,
    store: AssetStore | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Every split of the data set, or what the selection keeps of it, in the format `kind` with its `options`.

    Raises InputError for unknown options, DatasetError where there is nothing to export or `Exporter.write` does.
    """
    exporter = _configured(kind, options or {})
    if isinstance(dataset.folder, Path) and Path(folder).resolve().is_relative_to(dataset.folder.resolve()):
        raise DatasetError(f"{folder}: lies in the data set itself; export to a folder outside of it")
    chosen = portions(dataset, None if selection is None else selection.kept)
    _refuse_nothing(dataset, chosen, selection)
    exporter.write(Delivery(dataset, Path(folder), chosen, progress, store))


def _refuse_nothing(dataset: Dataset, chosen: tuple[Portion, ...], selection: Selection | None) -> None:
    """An export without a frame, or without frames that a selection speaks of, is somebody's mistake."""
    count = sum(map(len, chosen))
    if selection is not None and count < len(selection.kept):
        gone = next(key for key in selection.kept if not any(key in portion for portion in chosen))
        raise DatasetError(
            f"{dataset.folder}: its selection keeps {len(selection.kept) - count} frames that are not here, {gone} for "
            "one; run `balance` again, or export all frames"
        )
    if count == 0:
        why = "all frames are in quarantine or not yet painted" if selection is None else "its selection keeps none"
        raise DatasetError(f"{dataset.folder}: no frame to export: {why}; look with `inspect --quarantine`")


def _configured(kind: str, options: Mapping[str, Any]) -> Exporter:
    try:
        return exporters[kind](**options)
    except ValidationError as error:
        found = [Problem(f"export {kind}", 0, 0, ".".join(map(str, loc)), text) for loc, text in faults(error)]
        raise InputError(found) from error
