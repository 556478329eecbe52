"""COCO instances and keypoints: ``SPLIT.json`` beside a folder ``SPLIT`` of PNGs, as real photographs are read, too."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from generator.base.frame import Frame, Instance
from generator.base.geometry import Box
from generator.dataset import rle
from generator.dataset.atomic import canonical, write_with
from generator.dataset.export import Delivery, Exporter, exporters
from generator.dataset.export.files import place, refuse_strangers, write_list
from generator.dataset.export.keypoints import Names, keypoint_names, placed
from generator.dataset.export.outlines import polygons
from generator.dataset.export.portions import Portion
from generator.dataset.records import FrameRecord


@exporters("coco")
class Coco(Exporter):
    """Category ids count from 1 in the order of the classes. Objects without a visible pixel have no annotation.

    `masks` are compressed run lengths, or polygons along the borders of the pixels, a hole joined to the outside by a
    cut of no width: both decode to exactly the mask, and `area` counts its pixels. Boxes are measured from the image's
    corner; keypoints, as COCO's own, from the centre of its first pixel, half a pixel less.

    Beside COCO's own fields an annotation has `visible_fraction`, `truncated_fraction`, `asset`, `amodal_bbox` and,
    where the data set keeps amodal masks, `amodal_segmentation`.
    """

    masks: Literal["rle", "polygon"] = "rle"

    def write(self, delivery: Delivery) -> None:
        names = keypoint_names(delivery)
        for portion in delivery.portions:
            refuse_strangers(delivery.folder / portion.split, portion.files(".png"))
            self._write_split(delivery, portion, names)

    def _write_split(self, delivery: Delivery, portion: Portion, names: Names) -> None:
        manifest = delivery.dataset.manifest
        info = {"description": f"{manifest.scene}, {portion.split}", "version": str(manifest.format)}

        def fill(file: BinaryIO) -> None:
            file.write(b'{"info":' + canonical(info) + b',\n"categories":')
            write_list(file, (_category(number, name, names) for number, name in enumerate(delivery.classes, 1)))
            file.write(b',\n"images":')
            write_list(file, (_image(number, record) for number, record in enumerate(portion, 1)))
            file.write(b',\n"annotations":')
            write_list(file, self._annotations(delivery, portion, names))
            file.write(b"}\n")

        write_with(delivery.folder / f"{portion.split}.json", fill)

    def _annotations(self, delivery: Delivery, portion: Portion, names: Names) -> Iterator[dict[str, Any]]:
        """All of a split, whose pictures are put in place on the way."""
        count = 0
        for shot in delivery.shots(portion):
            place(delivery.folder / portion.split / f"{shot.record.key}.png", delivery.picture(shot.record))
            for one in shot.frame.annotated:
                count += 1
                points = _keypoints(one, shot.frame, names)
                yield {"id": count, "image_id": shot.number, **self._annotation(shot.frame, one), **points}

    def _annotation(self, frame: Frame, one: Instance) -> dict[str, Any]:
        mask = frame.mask(one.id)
        entry = {
            "category_id": one.category,
            "iscrowd": 0,
            "bbox": _xywh(one.box),
            "area": one.visible_pixels,
            "segmentation": rle.encode(mask) if self.masks == "rle" else [p.ravel().tolist() for p in polygons(mask)],
            "visible_fraction": one.visible_fraction,
            "truncated_fraction": one.truncated_fraction,
            "asset": one.asset,
            "amodal_bbox": _xywh(one.amodal_box),
        }
        if one.id in frame.amodal:
            entry["amodal_segmentation"] = rle.encode(frame.amodal_mask(one.id))
        return entry


def _image(number: int, record: FrameRecord) -> dict[str, Any]:
    size = {"width": record.width, "height": record.height}
    return {"id": number, "file_name": f"{record.key}.png", **size, "tags": list(record.tags)}


def _category(number: int, name: str, names: Names) -> dict[str, Any]:
    points = {"keypoints": names[name], "skeleton": []} if name in names else {}
    return {"id": number, "name": name, "supercategory": "", **points}


def _keypoints(one: Instance, frame: Frame, names: Names) -> dict[str, Any]:
    """COCO's x y v, x y v, ...; all zero where v is 0."""
    wanted = names.get(one.label or "")
    if wanted is None:
        return {}
    points = placed(one, wanted, frame.camera.width, frame.camera.height)
    flat = [n for u, v, seen in points for n in ((u - 0.5, v - 0.5, seen) if seen else (0, 0, 0))]
    return {"keypoints": flat, "num_keypoints": sum(seen > 0 for _, _, seen in points)}


def _xywh(box: Box | None) -> list[int] | None:
    return None if box is None else [box[0], box[1], box[2] - box[0], box[3] - box[1]]
