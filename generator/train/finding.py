"""What a detector finds in photographs without labels, as COCO labels: to use, or to correct and learn from."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from generator.base.errors import InputError, Problem
from generator.dataset import rle
from generator.dataset.coco_labels import Photo, look
from generator.dataset.coco_source import PhotoSource
from generator.dataset.imports.findings import PICTURES
from generator.train.detections import Detection, Detections
from generator.train.evaluate import detect
from generator.train.matching import run_lengths, xywh
from generator.train.model import Detector

Progress = Callable[[int, int, str], None]


def photographs(where: Path, classes: tuple[str, ...]) -> PhotoSource:
    """A picture, or all below a folder by their paths in it, upright as their EXIF data say; without objects.

    Raises InputError, with all pictures that cannot be opened, and where there are none.
    """
    folder = where if where.is_dir() else where.parent
    paths = sorted(one for one in where.rglob("*") if one.suffix.lower() in PICTURES) if where.is_dir() else [where]
    photos, problems = list[Photo](), list[Problem]()
    for path in paths:
        try:
            photos.append(look(path, path.relative_to(folder).as_posix()))
        except ValueError as error:
            problems.append(Problem(str(path), 0, 0, "", f"{error}; replace or remove it"))
    if not paths:
        problems.append(Problem(str(where), 0, 0, "", f"holds no picture ({', '.join(sorted(PICTURES))})"))
    if problems:
        raise InputError(problems)
    return PhotoSource(str(where), photos, classes=classes)


def find(detector: Detector, source: PhotoSource, threshold: float, progress: Progress) -> list[Detections]:
    """What is found in each photograph with a score of at least `threshold` (0.05 is the least there is). Boxes and
    masks without a pixel, which no label may have, are left out."""
    found = []
    for k in range(len(source)):
        example = source[k]
        one = detect(detector, example.image, example.key)
        items = tuple(item for item in one.above(threshold) if _area(item) > 0)
        found.append(one.model_copy(update={"items": items}))
        progress(k + 1, len(source), example.key)
    return found


def as_coco(source: PhotoSource, found: Sequence[Detections], keypoints: Sequence[str] = ()) -> dict[str, Any]:
    """COCO labels of pictures that are in the same order, which `photo_source` reads again; every object also has its
    ``score``. Keypoints, in the order of their names, count as visible."""
    points = {"keypoints": list(keypoints), "skeleton": []} if keypoints else {}
    rows = [(number, item) for number, one in enumerate(found, 1) for item in one.items]
    return {
        "images": [
            {"id": number, "file_name": one.key, "width": one.width, "height": one.height}
            for number, one in enumerate(source.photos, 1)
        ],
        "categories": [{"id": k, "name": name, **points} for k, name in enumerate(source.classes, 1)],
        "annotations": [{"id": k, "image_id": image, **_annotation(item)} for k, (image, item) in enumerate(rows, 1)],
    }


def _area(item: Detection) -> float:
    """Pixels of the mask, where there is one, else of the box; none if the box has none."""
    box = math.prod(xywh(item.box)[2:])
    return rle.area(run_lengths(item)) if item.counts and box else box


def _annotation(item: Detection) -> dict[str, Any]:
    row: dict[str, Any] = {"category_id": item.label, "score": round(item.score, 4), "iscrowd": 0}
    row |= {"bbox": xywh(item.box), "area": _area(item)}
    if item.counts:
        row |= {"segmentation": run_lengths(item)}
    if item.keypoints:
        row |= {"keypoints": [value for x, y, _ in item.keypoints for value in (x, y, 2)]}
        row |= {"num_keypoints": len(item.keypoints)}
    return row
