"""YOLO: ``images/SPLIT/KEY.png``, ``labels/SPLIT/KEY.txt`` and one ``data.yaml``, as Ultralytics defines them."""

from collections.abc import Sequence
from typing import Any, Literal

import yaml

from generator.base.errors import DatasetError
from generator.base.frame import Frame, Instance
from generator.dataset.atomic import write_bytes
from generator.dataset.export import Delivery, Exporter, exporters
from generator.dataset.export.files import place, refuse_strangers
from generator.dataset.export.keypoints import keypoint_names, placed
from generator.dataset.export.outlines import ring
from generator.dataset.export.portions import Portion


@exporters("yolo")
class Yolo(Exporter):
    """One row per object with visible pixels: class (counted from 0), then what the `task` asks for.

    detect   centre x, centre y, width, height of the visible box
    segment  corners x y of the visible mask along the borders of its pixels, as one ring: parts and holes are joined by
             cuts of no width
    pose     the box, then x y visibility of the keypoints of all classes, by name; 0 0 0 where an object has none

    All lengths are shares of the image's width and height, from its corner. data.yaml names the splits that there are
    (Ultralytics wants `train` and `val`); `flip_idx` is left out, since which points change places in a
    mirror is not known.
    """

    task: Literal["detect", "segment", "pose"] = "detect"

    def write(self, delivery: Delivery) -> None:
        points = self._points(delivery)
        for portion in delivery.portions:
            self._write_split(delivery, portion, points)
        write_bytes(delivery.folder / "data.yaml", yaml.safe_dump(_data(delivery, points), sort_keys=False).encode())

    def _points(self, delivery: Delivery) -> Sequence[str]:
        if self.task != "pose":
            return ()
        names = sorted({name for names in keypoint_names(delivery).values() for name in names})
        if not names:
            raise DatasetError(f"{delivery.dataset.folder}: no object has keypoints; export YOLO with task detect")
        return names

    def _write_split(self, delivery: Delivery, portion: Portion, points: Sequence[str]) -> None:
        pictures, labels = (delivery.folder / kind / portion.split for kind in ("images", "labels"))
        refuse_strangers(pictures, portion.files(".png"))
        refuse_strangers(labels, portion.files(".txt"))
        for shot in delivery.shots(portion):
            rows = (self._row(shot.frame, one, points) for one in shot.frame.annotated)
            place(labels / f"{shot.record.key}.txt", "".join(f"{row}\n" for row in rows).encode())
            place(pictures / f"{shot.record.key}.png", delivery.picture(shot.record))

    def _row(self, frame: Frame, one: Instance, points: Sequence[str]) -> str:
        width, height = frame.camera.width, frame.camera.height
        if self.task == "segment":
            numbers = [n for x, y in ring(frame.mask(one.id)).tolist() for n in (x / width, y / height)]
        else:
            x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
            numbers = [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height]
        numbers += [n for u, v, seen in placed(one, points, width, height) for n in (u / width, v / height, seen)]
        return " ".join([str(one.category - 1), *(f"{n:.10g}" for n in numbers)])


def _data(delivery: Delivery, points: Sequence[str]) -> dict[str, Any]:
    """Without `path`: the folders are looked for beside data.yaml."""
    data: dict[str, Any] = {portion.split: f"images/{portion.split}" for portion in delivery.portions}
    data["names"] = dict(enumerate(delivery.classes))
    if points:
        data |= {"kpt_shape": [len(points), 3], "kpt_names": {n: list(points) for n in data["names"]}}
    return data
