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
from pycocotools.cocoeval import COCOeval, Params
from pydantic import model_validator

from generator.base.errors import TrainError
from generator.base.record import Record
from generator.dataset import rle
from generator.dataset.examples import Example
from generator.dataset.keypoints import Points
from generator.train.detections import Detection, Detections
from generator.train.placing import SIGMA, true_points

Kind = Literal["bbox", "segm", "keypoints"]
SIZES = ("all", "small", "medium", "large")  # of area: any, to 32², to 96², above, in pixels
RECALLS = np.linspace(0, 1, 101)
MOST = 100
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """The detections of one class, surest first, at one size of objects.

    picture      int (n,): where each was found
    score        float (n,)
    right, wrong bool (10, n) per IoU 0.50:0.05:0.95; neither: it lies on something ignored
    objects      int (pictures,): how many there were to find
    """

    picture: NDArray[np.int64]
    score: Floats
    right: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    objects: NDArray[np.int64]

    @classmethod
    def of(cls, pictures: Sequence[dict[str, Any] | None]) -> "Cell":
        """From what pycocotools says of each picture, None where there is nothing of the class."""
        seen = [(k, one) for k, one in enumerate(pictures) if one is not None]
        objects = np.zeros(len(pictures), np.int64)
        for k, one in seen:
            objects[k] = (np.asarray(one["gtIgnore"]) == 0).sum()
        at = [np.full(len(one["dtScores"][:MOST]), k) for k, one in seen]
        picture = np.concatenate([np.zeros(0, np.int64), *at])
        score = np.concatenate([np.zeros(0), *(one["dtScores"][:MOST] for _, one in seen)])
        hit = np.concatenate([np.zeros((10, 0)), *(one["dtMatches"][:, :MOST] for _, one in seen)], 1) > 0
        left_out = np.concatenate([np.zeros((10, 0), bool), *(one["dtIgnore"][:, :MOST] for _, one in seen)], 1) > 0
        order = np.argsort(-score, kind="mergesort")
        right, wrong = (hit & ~left_out)[:, order], (~hit & ~left_out)[:, order]
        return cls(picture[order], score[order], right, wrong, objects)

    def curve(self, weights: Floats) -> tuple[Floats, Floats] | None:
        """Recall and precision, each (10, n), after each detection, the latter made to fall with recall (as
        COCOeval.accumulate does); pictures count `weights` (pictures,) times. None where there is nothing to find."""
        objects = float(weights @ self.objects)
        if not objects:
            return None
        each = weights[self.picture]
        right, wrong = np.cumsum(self.right * each, 1), np.cumsum(self.wrong * each, 1)
        precision = right / (right + wrong + np.spacing(1))
        return right / objects, np.maximum.accumulate(precision[:, ::-1], 1)[:, ::-1]

    def precision(self, weights: Floats) -> Floats:
        """(10, 101) at recalls 0:0.01:1; 0 beyond the greatest recall, -1 where there is nothing to find."""
        curve = self.curve(weights)
        if curve is None:
            return np.full((10, len(RECALLS)), -1.0)
        return np.stack([_at_recalls(recall, level) for recall, level in zip(*curve, strict=True)])


@dataclass(frozen=True)
class Matches:
    """`cells[size][class]` holds the detections of a class in all pictures; what was read from a file knows the size
    "all" alone. `pictures` is how many there are, `classes` their names."""

    cells: dict[str, tuple[Cell, ...]]
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
            if kind == "keypoints":  # else 20 detections at most, and no small objects
                run.params.maxDets, run.params.areaRng = [MOST], Params("bbox").areaRng
                run.params.kpt_oks_sigmas = np.full(true_points(examples[0]).shape[1], SIGMA)
            run.evaluate()
        flat, n = run.evalImgs, len(examples)
        starts = {size: [(k * len(SIZES) + at) * n for k in range(len(classes))] for at, size in enumerate(SIZES)}
        cells = {size: tuple(Cell.of(flat[first : first + n]) for first in row) for size, row in starts.items()}
        return cls(cells, tuple(classes), n)

    def weights(self, pictures: Sequence[int] | None = None) -> Floats:
        """How often each picture counts."""
        if pictures is None:
            return np.ones(self.pictures)
        return np.bincount(np.asarray(pictures, np.int64), minlength=self.pictures).astype(float)

    def precision(self, size: str = "all", pictures: Sequence[int] | None = None) -> Floats:
        """(IoU 0.50:0.05:0.95, recall 0:0.01:1, class), -1 where there is nothing to find. `pictures` may repeat; None
        is each once."""
        weights = self.weights(pictures)
        return np.stack([cell.precision(weights) for cell in self.cells[size]], axis=2)

    def ap(self, size: str = "all", pictures: Sequence[int] | None = None) -> float | None:
        """COCO's average precision; None where there was nothing to find."""
        return mean(self.precision(size, pictures))

    def packed(self) -> "Packed":
        """What a file holds of it: the size "all"."""
        return Packed(
            pictures=self.pictures,
            objects={name: tuple(cell.objects.tolist()) for name, cell in self._named()},
            found={name: _pack(cell) for name, cell in self._named()},
        )

    def _named(self) -> list[tuple[str, Cell]]:
        return list(zip(self.classes, self.cells["all"], strict=True))


class Packed(Record):
    """Matches in a file. `objects`: per class, how many there are to find in each picture. `found`: per class, its
    detections, surest first, each as (picture, score, right, wrong), the last two with bit k for IoU 0.50 + 0.05 k."""

    pictures: int
    objects: dict[str, tuple[int, ...]]
    found: dict[str, tuple[tuple[int, float, int, int], ...]]

    @model_validator(mode="after")
    def _fits(self) -> "Packed":
        if list(self.objects) != list(self.found):
            raise ValueError("objects and found are of different classes")
        for name, objects in self.objects.items():
            if len(objects) != self.pictures:
                raise ValueError(f"objects.{name}: {len(objects)} pictures, not {self.pictures}")
            if any(not 0 <= one[0] < self.pictures for one in self.found[name]):
                raise ValueError(f"found.{name}: names pictures beyond the {self.pictures} there are")
        return self

    def matches(self) -> Matches:
        cells = tuple(_unpack(self.found[name], self.objects[name]) for name in self.objects)
        return Matches({"all": cells}, tuple(self.objects), self.pictures)


BITS = 1 << np.arange(10)


def _pack(cell: Cell) -> tuple[tuple[int, float, int, int], ...]:
    """Scores are float32 at heart: their shortest digits tell them apart, and no more are kept."""
    scores = [float(str(np.float32(score))) for score in cell.score]
    columns = cell.picture.tolist(), scores, (BITS @ cell.right).tolist(), (BITS @ cell.wrong).tolist()
    return tuple(zip(*columns, strict=True))


def _unpack(found: Sequence[tuple[int, float, int, int]], objects: Sequence[int]) -> Cell:
    columns = np.array(found, float).reshape(-1, 4).T
    bits = [(row.astype(np.int64) & BITS[:, None]) > 0 for row in columns[2:]]
    return Cell(columns[0].astype(np.int64), columns[1], bits[0], bits[1], np.array(objects, np.int64))


def mean(precision: Floats) -> float | None:
    """COCO marks with -1 what had nothing to find."""
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


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
    """The area by which objects count as small, medium or large is the mask's wherever there is one, as in COCO."""
    masked = kind == "segm" or example.masks is not None
    shapes = [rle.encode(mask) for mask in masks_of(example)] if masked else [None] * len(example.boxes)
    found = [
        _annotation(box, int(label), shape) | {"iscrowd": int(ignore)}
        for box, label, shape, ignore in zip(example.boxes, example.labels, shapes, example.ignore, strict=True)
    ]
    points = true_points(example) if kind == "keypoints" else ()
    return [one | _flat(some) for one, some in zip(found, points, strict=True)] if len(points) else found


def _guess(item: Detection, kind: Kind) -> dict[str, Any]:
    shape = run_lengths(item) if kind == "segm" else None
    points = {"keypoints": np.array(item.keypoints).ravel().tolist()} if kind == "keypoints" else {}
    return _annotation(item.box, item.label, shape) | {"iscrowd": 0, "score": item.score} | points


def _flat(points: Points) -> dict[str, Any]:
    """COCO's fields of one object's keypoints (k, 3)."""
    return {"keypoints": points.ravel().tolist(), "num_keypoints": int((points[:, 2] > 0).sum())}


def _annotation(box: Sequence[float], label: int, shape: rle.Rle | None) -> dict[str, Any]:
    sides = xywh(box)
    area = rle.area(shape) if shape else sides[2] * sides[3]
    return {"category_id": label, "bbox": sides, "area": area} | ({"segmentation": shape} if shape else {})
