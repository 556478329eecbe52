"""A folder that Hugging Face's `datasets` loads as it is: ``load_dataset("imagefolder", data_dir=...)``."""

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from generator.dataset import rle
from generator.dataset.atomic import canonical, write_json, write_with
from generator.dataset.export import Delivery, Exporter, Shot, exporters
from generator.dataset.export.files import place, refuse_strangers
from generator.dataset.export.portions import Portion


@exporters("huggingface")
class HuggingFace(Exporter):
    """``SPLIT/KEY.png`` and ``SPLIT/metadata.jsonl``: a row per picture with its `objects` as lists side by side.

    bbox          x y width height in pixels
    category      class, counted from 0 in the order of ``classes.json``; `label` is its name
    area          visible pixels
    segmentation  the visible mask as COCO's compressed run lengths, to be read with `height` and `width` of the row
    visible_fraction, truncated_fraction   as in the data set
    """

    def write(self, delivery: Delivery) -> None:
        for portion in delivery.portions:
            folder = delivery.folder / portion.split
            refuse_strangers(folder, portion.files(".png"), lambda name: name == "metadata.jsonl")
            write_with(folder / "metadata.jsonl", partial(_fill, delivery, portion))
        write_json(delivery.folder / "classes.json", delivery.classes)


def _fill(delivery: Delivery, portion: Portion, file: BinaryIO) -> None:
    for row in _rows(delivery, portion):
        file.write(canonical(row) + b"\n")


def _rows(delivery: Delivery, portion: Portion) -> Iterator[dict[str, Any]]:
    for shot in delivery.shots(portion):
        name = f"{shot.record.key}.png"
        place(delivery.folder / portion.split / name, delivery.picture(shot.record))
        size = {"width": shot.record.width, "height": shot.record.height}
        yield {"file_name": name, "key": shot.record.key, **size, "objects": _objects(shot)}


def _objects(shot: Shot) -> dict[str, list[Any]]:
    shown = shot.frame.annotated
    boxes = [one.box or (0, 0, 0, 0) for one in shown]
    return {
        "bbox": [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in boxes],
        "category": [one.category - 1 for one in shown],
        "label": [one.label for one in shown],
        "area": [one.visible_pixels for one in shown],
        "segmentation": [rle.encode(shot.frame.mask(one.id))["counts"] for one in shown],
        "visible_fraction": [one.visible_fraction for one in shown],
        "truncated_fraction": [one.truncated_fraction for one in shown],
    }
