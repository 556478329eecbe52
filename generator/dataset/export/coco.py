"""COCO instances: ``SPLIT.json`` beside a folder ``SPLIT`` of PNGs, which is also how real photographs are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.base.errors import DatasetError
from generator.base.frame import Frame, Instance
from generator.base.geometry import Box
from generator.dataset import parts, rle
from generator.dataset.atomic import write_bytes, write_json
from generator.dataset.export import Progress, exporters
from generator.dataset.records import FrameRecord
from generator.dataset.shards import read_parts
from generator.dataset.store import Dataset


@exporters("coco")
def export_coco(dataset: Dataset, split: str, frames: Sequence[FrameRecord], folder: Path, progress: Progress) -> None:
    """Category ids count from 1 in the order of the classes; every mask is compressed run lengths.

    Beside COCO's own fields an annotation has `visible_fraction`, `truncated_fraction`, `asset`, `amodal_bbox` and,
    where the data set keeps amodal masks, `amodal_segmentation`. Objects without a visible pixel have no annotation.
    """
    pictures = folder / split
    _refuse_strangers(pictures, {f"{record.key}.png" for record in frames})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, record in enumerate(frames, 1):
        images.append(_image(number, record))
        frame, _ = dataset.read(record)
        for one in frame.annotated:
            annotations.append({"id": len(annotations) + 1, "image_id": number, **_annotation(frame, one)})
        write_bytes(pictures / f"{record.key}.png", read_parts(dataset.folder, record, [parts.RGB])[parts.RGB])
        progress(split, number, len(frames))
    categories = [{"id": number, "name": name} for number, name in enumerate(dataset.manifest.classes, 1)]
    info = {"description": f"{dataset.manifest.scene}, {split}", "version": str(dataset.manifest.format)}
    labels = {"info": info, "images": images, "annotations": annotations, "categories": categories}
    write_json(folder / f"{split}.json", labels)


def _image(number: int, record: FrameRecord) -> dict[str, Any]:
    size = {"width": record.width, "height": record.height}
    return {"id": number, "file_name": f"{record.key}.png", **size, "tags": list(record.tags)}


def _annotation(frame: Frame, one: Instance) -> dict[str, Any]:
    entry = {
        "category_id": one.category,
        "iscrowd": 0,
        "bbox": _xywh(one.box),
        "area": one.visible_pixels,
        "segmentation": rle.encode(frame.mask(one.id)),
        "visible_fraction": one.visible_fraction,
        "truncated_fraction": one.truncated_fraction,
        "asset": one.asset,
        "amodal_bbox": _xywh(one.amodal_box),
    }
    if one.id in frame.amodal:
        entry["amodal_segmentation"] = rle.encode(frame.amodal_mask(one.id))
    return entry


def _xywh(box: Box | None) -> list[int] | None:
    return None if box is None else [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def _refuse_strangers(folder: Path, expected: set[str]) -> None:
    """Pictures of an earlier, larger export would stay unlabelled among the new ones."""
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if strangers := sorted(found - expected):
        raise DatasetError(f"{folder}: holds {strangers[0]!r}, not of this export; remove it or use a new folder")
