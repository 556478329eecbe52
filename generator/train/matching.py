"""Which detections hit which objects, as pycocotools matches them; average precision over any pictures from that.

Matching is done once, picture by picture; precision over a slice or a resampling of the pictures then costs a sort.
"""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from generator.base.errors import TrainError
from generator.dataset import rle
from generator.dataset.examples import Example
from generator.train.detections import Detection, Detections

Kind = Literal["bbox", "segm"]
SIZES = ("all", "small", "medium", "large")  # of area: any, to 32², to 96², above, in pixels
RECALLS = np.linspace(0, 1, 101)
MOST = 100
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Matches:
    """`found[size][class][picture]` is what pycocotools says of one picture, None where there is nothing of the class.
    `pictures` is how many there are, `classes` their names."""

    found: list[list[list[dict[str, Any] | None]]]
    classes: tuple[str, ...]
    pictures: int

    @classmethod
    def of(
        cls, examples: Sequence[Example], found: Sequence[Detections], classes: Sequence[str], kind: Kind
    ) -> "Matches":
        shapes = [example.image.shape for example in examples]
        truth = _coco(shapes, [_truth(example, kind) for example in examples], classes)
        guess = _coco(shapes, [[_guess(item, kind) for item in one.items] for one in found], classes)
        with contextlib.redirect_stdout(io.StringIO()):
            run = COCOeval(truth, guess, kind)
            run.evaluate()
        flat, n = run.evalImgs, len(examples)
        steps = [[(label * len(SIZES) + size) * n for label in range(len(classes))] for size in range(len(SIZES))]
        return cls([[flat[start : start + n] for start in row] for row in steps], tuple(classes), n)

    def precision(self, size: str = "all", pictures: Sequence[int] | None = None) -> Floats:
        """(IoU 0.50:0.05:0.95, recall 0:0.01:1, class), -1 where there is nothing to find. `pictures` may repeat; None
        is each once."""
        chosen = range(self.pictures) if pictures is None else pictures
        of_size = self.found[SIZES.index(size)]
        return np.stack([_precision([of_class[k] for k in chosen]) for of_class in of_size], axis=2)

    def ap(self, size: str = "all", pictures: Sequence[int] | None = None) -> float | None:
        """COCO's average precision; None where there was nothing to find."""
        return mean(self.precision(size, pictures))


def mean(precision: Floats) -> float | None:
    """COCO marks with -1 what had nothing to find."""
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


def _precision(pictures: Sequence[dict[str, Any] | None]) -> Floats:
    """(10, 101) of one class: precision at each recall, made to fall with it (as COCOeval.accumulate does)."""
    seen = [one for one in pictures if one is not None]
    objects = sum(int((np.asarray(one["gtIgnore"]) == 0).sum()) for one in seen)
    if not objects:
        return np.full((10, len(RECALLS)), -1.0)
    order = np.argsort(-np.concatenate([one["dtScores"][:MOST] for one in seen]), kind="mergesort")
    hit = np.concatenate([one["dtMatches"][:, :MOST] for one in seen], 1)[:, order] > 0
    counted = ~np.concatenate([one["dtIgnore"][:, :MOST] for one in seen], 1)[:, order].astype(bool)
    right, wrong = np.cumsum(hit & counted, 1, dtype=float), np.cumsum(~hit & counted, 1, dtype=float)
    falling = np.maximum.accumulate((right / (right + wrong + np.spacing(1)))[:, ::-1], 1)[:, ::-1]
    return np.stack([_at_recalls(recall, level) for recall, level in zip(right / objects, falling, strict=True)])


def _at_recalls(recall: Floats, precision: Floats) -> Floats:
    """0 beyond the greatest recall."""
    places = np.searchsorted(recall, RECALLS, side="left")
    return np.append(precision, 0.0)[places]


def run_lengths(item: Detection) -> rle.Rle:
    return {"size": list(item.size), "counts": item.counts}


def masks_of(example: Example) -> NDArray[np.bool_]:
    if example.masks is None:
        raise TrainError(f"{example.key}: no masks, although its source says that it has them")
    return example.masks


def xywh(box: Sequence[float]) -> list[float]:
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0, y1 - y0]


def _coco(shapes: Sequence[tuple[int, ...]], annotations: list[list[dict[str, Any]]], classes: Sequence[str]) -> COCO:
    """pycocotools' own index over the annotations of each picture."""
    index = COCO()
    flat = [{**one, "image_id": k} for k, image in enumerate(annotations) for one in image]
    index.dataset = {
        "images": [{"id": k, "height": shape[0], "width": shape[1]} for k, shape in enumerate(shapes)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(classes)],
        "annotations": [{**one, "id": k + 1} for k, one in enumerate(flat)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        index.createIndex()
    return index


def _truth(example: Example, kind: Kind) -> list[dict[str, Any]]:
    shapes = [rle.encode(mask) for mask in masks_of(example)] if kind == "segm" else [None] * len(example.boxes)
    return [
        _annotation(box, int(label), shape) | {"iscrowd": int(ignore)}
        for box, label, shape, ignore in zip(example.boxes, example.labels, shapes, example.ignore, strict=True)
    ]


def _guess(item: Detection, kind: Kind) -> dict[str, Any]:
    shape = run_lengths(item) if kind == "segm" else None
    return _annotation(item.box, item.label, shape) | {"iscrowd": 0, "score": item.score}


def _annotation(box: Sequence[float], label: int, shape: rle.Rle | None) -> dict[str, Any]:
    sides = xywh(box)
    area = rle.area(shape) if shape else sides[2] * sides[3]
    return {"category_id": label, "bbox": sides, "area": area} | ({"segmentation": shape} if shape else {})
