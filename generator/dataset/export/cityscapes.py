"""Cityscapes' folders: leftImg8bit and gtFine with labelIds, instanceIds, and a table of the classes."""

import re

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.dataset.atomic import write_json
from generator.dataset.export import Delivery, Exporter, exporters
from generator.dataset.export.files import Expected, place, png, refuse_strangers
from generator.dataset.export.portions import Portion
from generator.dataset.records import key_of

EACH = 1000  # instance ids a class has
MILLION = 10**6


@exporters("cityscapes")
class Cityscapes(Exporter):
    """``CITY_SEQUENCE_FRAME_gtFine_labelIds.png`` (8 bits: class from 1, else 0) and ``..._instanceIds.png`` (16 bits:
    class * 1000 + n, n from 0 in each class, else 0). The city is the scene's name; sequence and frame are the millions
    and the rest of the frame's index. ``gtFine/classes.json`` names the classes.
    """

    def write(self, delivery: Delivery) -> None:
        if len(delivery.classes) > 65:
            raise DatasetError(f"{len(delivery.classes)} classes: instanceIds hold 65; export another format")
        for portion in delivery.portions:
            self._write_split(delivery, portion)
        names = ("unlabeled", *delivery.classes)
        rows = [{"id": n, "name": name, "hasInstances": n > 0} for n, name in enumerate(names)]
        write_json(delivery.folder / "gtFine/classes.json", rows)

    def _write_split(self, delivery: Delivery, portion: Portion) -> None:
        city = re.sub(r"[^A-Za-z0-9-]+", "-", delivery.dataset.manifest.scene)
        pictures, labels = (delivery.folder / kind / portion.split / city for kind in ("leftImg8bit", "gtFine"))
        refuse_strangers(pictures, _named(portion, city, "leftImg8bit"))
        refuse_strangers(labels, *(_named(portion, city, f"gtFine_{kind}") for kind in ("labelIds", "instanceIds")))
        for shot in delivery.shots(portion):
            stem = f"{city}_{shot.record.index // MILLION:06d}_{shot.record.index % MILLION:06d}"
            classes, instances = encoded(shot.frame, shot.record.key)
            place(labels / f"{stem}_gtFine_labelIds.png", png(classes))
            place(labels / f"{stem}_gtFine_instanceIds.png", png(instances))
            place(pictures / f"{stem}_leftImg8bit.png", delivery.picture(shot.record))


def encoded(frame: Frame, key: str) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """labelIds and instanceIds of a frame, both (h, w)."""
    tables = np.zeros((2, len(frame.instances) + 1), np.uint16)
    count: dict[int, int] = {}
    for one in frame.annotated:
        number = count[one.category] = count.get(one.category, -1) + 1
        if number >= EACH:
            raise DatasetError(f"{key}: more than {EACH} objects of class {one.label!r}; export another format")
        tables[:, one.id] = one.category, one.category * EACH + number
    return tables[0][frame.instance].astype(np.uint8), tables[1][frame.instance]


def _named(portion: Portion, city: str, kind: str) -> Expected:
    """Whether a name is ``CITY_SEQUENCE_FRAME_KIND.png`` of a frame of this split."""
    pattern = re.compile(rf"{re.escape(city)}_(\d{{6}})_(\d{{6}})_{kind}\.png")

    def known(name: str) -> bool:
        match = pattern.fullmatch(name)
        return match is not None and key_of(portion.split, int(match[1]) * MILLION + int(match[2])) in portion

    return known
