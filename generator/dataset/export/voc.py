"""Pascal VOC: ``Annotations``, ``JPEGImages``, ``ImageSets``, and masks as pictures of indices."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.dataset.export import Delivery, Exporter, Shot, exporters
from generator.dataset.export.files import place, png, refuse_strangers, write_lines

VOID = 255  # so that objects and classes count from 1 to 254


@exporters("voc")
class Voc(Exporter):
    """Boxes are pixels counted from 1, the last one included. `truncated` says that a part lies outside the image,
    `occluded` that a part is hidden. Pictures are PNG files in the folder that VOC calls JPEGImages.

    With `masks`, SegmentationObject holds the object's place in the XML (from 1), SegmentationClass the class (from 1
    in the order of the data set's), both 0 elsewhere. There is no void border: every pixel's owner is known.
    """

    masks: bool = True

    def write(self, delivery: Delivery) -> None:
        self._refuse(delivery)
        for portion in delivery.portions:
            for shot in delivery.shots(portion):
                self._write_frame(delivery, shot)
            for kind in ("Main", "Segmentation") if self.masks else ("Main",):
                path = delivery.folder / f"ImageSets/{kind}/{portion.split}.txt"
                write_lines(path, (key.decode() for key in portion.keys))
        write_lines(delivery.folder / "classes.txt", delivery.classes)

    def _refuse(self, delivery: Delivery) -> None:
        if self.masks and len(delivery.classes) >= VOID:
            raise DatasetError(f"{len(delivery.classes)} classes: VOC's masks hold 254; set masks to false")
        for name in ("JPEGImages", "SegmentationObject", "SegmentationClass", "Annotations"):
            suffix = ".xml" if name == "Annotations" else ".png"
            refuse_strangers(delivery.folder / name, *(portion.files(suffix) for portion in delivery.portions))

    def _write_frame(self, delivery: Delivery, shot: Shot) -> None:
        key, shown = shot.record.key, shot.frame.annotated
        place(delivery.folder / f"Annotations/{key}.xml", self._xml(shot))
        place(delivery.folder / f"JPEGImages/{key}.png", delivery.picture(shot.record))
        if not self.masks:
            return
        if len(shown) >= VOID:
            raise DatasetError(f"{key}: {len(shown)} objects: VOC's masks hold 254; set masks to false")
        objects = {one.id: number for number, one in enumerate(shown, 1)}
        _place_mask(delivery.folder / f"SegmentationObject/{key}.png", shot, objects)
        _place_mask(delivery.folder / f"SegmentationClass/{key}.png", shot, {one.id: one.category for one in shown})

    def _xml(self, shot: Shot) -> bytes:
        root = ElementTree.Element("annotation")
        _add(root, folder="JPEGImages", filename=f"{shot.record.key}.png")
        _add(ElementTree.SubElement(root, "size"), width=shot.record.width, height=shot.record.height, depth=3)
        _add(root, segmented=int(self.masks))
        for one in shot.frame.annotated:
            _add_object(ElementTree.SubElement(root, "object"), one)
        ElementTree.indent(root)
        return ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _add(parent: ElementTree.Element, **values: object) -> None:
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = str(value)


def _add_object(entry: ElementTree.Element, one: Instance) -> None:
    x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
    _add(entry, name=one.label, pose="Unspecified", truncated=int(one.truncated_fraction > 0))
    _add(entry, occluded=int(one.visible_fraction < 1), difficult=0)
    _add(ElementTree.SubElement(entry, "bndbox"), xmin=x0 + 1, ymin=y0 + 1, xmax=x1, ymax=y1)


def _place_mask(path: Path, shot: Shot, values: dict[int, int]) -> None:
    table = np.zeros(len(shot.frame.instances) + 1, np.uint8)
    table[list(values)] = list(values.values())
    place(path, png(table[shot.frame.instance], palette().ravel().tolist()))


def palette() -> NDArray[np.uint8]:
    """VOC's colours, (256, 3): the bits of an index, three at a time, dealt to r g b from the highest down."""
    index = np.arange(256)
    colors = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            colors[:, channel] += ((index >> (3 * bit + channel) & 1) << (7 - bit)).astype(np.uint8)
    return colors
