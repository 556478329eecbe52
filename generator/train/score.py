"""How good detections are: average precision as COCO counts it, and plain counts at one threshold. No torch."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from generator.base.errors import TrainError
from generator.base.frame import Mask
from generator.base.scene import Record
from generator.dataset import rle
from generator.dataset.examples import Example, Source

Kind = Literal["bbox", "segm"]
Verdicts = list[bool | None]
IOU = 0.5


class Detection(Record):
    """One found thing: a half-open box x0 y0 x1 y1 in pixels, its class's id, how sure, and where it has a mask, that
    in COCO's compressed run lengths for a picture of `size` (h, w)."""

    box: tuple[float, float, float, float]
    label: int
    score: float
    size: tuple[int, int]
    counts: str = ""

    def mask(self) -> Mask | None:
        """Bool (h, w)."""
        return rle.decode({"size": list(self.size), "counts": self.counts}) if self.counts else None


class Detections(Record):
    """All that was found in one picture, surest first."""

    key: str
    items: tuple[Detection, ...]

    def above(self, threshold: float) -> tuple[Detection, ...]:
        return tuple(item for item in self.items if item.score >= threshold)


class Precision(Record):
    """COCO's average precision: mean over IoU 0.50:0.05:0.95, at 0.50 and at 0.75, and the first per class. None where
    there was nothing to find."""

    ap: float | None
    ap50: float | None
    ap75: float | None
    classes: dict[str, float | None]


class Counts(Record):
    """At one threshold and IoU 0.5, each object found at most once."""

    true_positives: int
    false_positives: int
    missed: int

    @property
    def precision(self) -> float:
        return self.true_positives / max(self.true_positives + self.false_positives, 1)

    @property
    def recall(self) -> float:
        return self.true_positives / max(self.true_positives + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.true_positives / max(2 * self.true_positives + self.false_positives + self.missed, 1)


class Evaluation(Record):
    """One detector on one source. What is about masks is None where the source or the detector has none."""

    source: str
    images: int
    objects: int
    threshold: float
    box: Precision
    box_counts: Counts
    mask: Precision | None
    mask_counts: Counts | None
    detections: tuple[Detections, ...]


def score(source: Source, found: Sequence[Detections], threshold: float) -> Evaluation:
    """Judge what was found in every example of a source, in its order."""
    examples = [source[index] for index in range(len(source))]
    if [one.key for one in found] != [example.key for example in examples]:
        raise TrainError(f"{source.name}: detections are not of these pictures in this order")
    masks = source.masks and all(item.counts for one in found for item in one.items)
    return Evaluation(
        source=source.name,
        images=len(examples),
        objects=sum(int((~example.ignore).sum()) for example in examples),
        threshold=threshold,
        box=_precision(examples, found, source.classes, "bbox"),
        box_counts=_counts(examples, found, threshold, "bbox"),
        mask=_precision(examples, found, source.classes, "segm") if masks else None,
        mask_counts=_counts(examples, found, threshold, "segm") if masks else None,
        detections=tuple(found),
    )


def best_threshold(source: Source, found: Sequence[Detections]) -> float:
    """The score at which boxes have the greatest F1: the middle of the widest gap between scores that reaches it."""
    ranked, objects = [], 0
    for index, one in enumerate(found):
        example = source[index]
        objects += int((~example.ignore).sum())
        verdicts = judge(example, one.items, "bbox")
        ranked += [(item.score, hit) for item, hit in zip(one.items, verdicts, strict=True) if hit is not None]
    ranked.sort(key=lambda pair: -pair[0])
    if not objects or not ranked:
        return 0.5
    scores, hits = np.array([1.0, *(s for s, _ in ranked), 0.0]), np.cumsum([0, *(h for _, h in ranked)])
    f1 = 2 * hits / (np.arange(len(hits)) + objects)
    gaps = np.where(np.isclose(f1, f1.max()), scores[:-1] - scores[1:], -1.0)
    cut = int(gaps.argmax())
    return float(scores[cut] + scores[cut + 1]) / 2


def judge(example: Example, items: Sequence[Detection], kind: Kind) -> Verdicts:
    """Per detection, surest first: does it hit an object of its class that none before it has hit? None: it lies in an
    ignored region, and counts neither way."""
    overlap = _overlap(example, items, kind)
    free = ~example.ignore
    verdicts: Verdicts = [False] * len(items)
    for k in sorted(range(len(items)), key=lambda k: -items[k].score):
        candidates = np.where(free & (example.labels == items[k].label), overlap[k], 0.0)
        if len(candidates) and candidates.max() >= IOU:
            free[candidates.argmax()], verdicts[k] = False, True
        elif (overlap[k][example.ignore & (example.labels == items[k].label)] >= IOU).any():
            verdicts[k] = None
    return verdicts


def _overlap(example: Example, items: Sequence[Detection], kind: Kind) -> NDArray[np.float64]:
    """(detections, objects): intersection over union; over the detection's own area where the object is ignored."""
    if not items or not len(example.labels):
        return np.zeros((len(items), len(example.labels)))
    if kind == "bbox":
        found, real = [_xywh(item.box) for item in items], [_xywh(box) for box in example.boxes]
        pair: tuple[Any, Any] = np.array(found), np.array(real)
    else:
        pair = [_run_lengths(item) for item in items], [rle.encode(mask) for mask in _masks(example)]
    result: NDArray[np.float64] = coco.iou(*pair, example.ignore.astype(np.uint8).tolist())
    return result


def _counts(examples: Sequence[Example], found: Sequence[Detections], threshold: float, kind: Kind) -> Counts:
    hits = alarms = objects = 0
    for example, one in zip(examples, found, strict=True):
        verdicts = judge(example, one.above(threshold), kind)
        hits += verdicts.count(True)
        alarms += verdicts.count(False)
        objects += int((~example.ignore).sum())
    return Counts(true_positives=hits, false_positives=alarms, missed=objects - hits)


def _precision(
    examples: Sequence[Example], found: Sequence[Detections], classes: Sequence[str], kind: Kind
) -> Precision:
    with contextlib.redirect_stdout(io.StringIO()):
        shapes = [example.image.shape for example in examples]
        truth = _coco(shapes, [_truth(example, kind) for example in examples], classes)
        guess = _coco(shapes, [[_guess(item, kind) for item in one.items] for one in found], classes)
        run = COCOeval(truth, guess, kind)
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][..., 0, -1]  # (IoU, recall, class): objects of all sizes, 100 detections each
    return Precision(
        ap=_mean(precision),
        ap50=_mean(precision[0]),
        ap75=_mean(precision[5]),
        classes={name: _mean(precision[:, :, k]) for k, name in enumerate(classes)},
    )


def _mean(precision: NDArray[np.float64]) -> float | None:
    """COCO marks with -1 what had nothing to find."""
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


def _coco(shapes: Sequence[tuple[int, ...]], annotations: list[list[dict[str, Any]]], classes: Sequence[str]) -> COCO:
    """pycocotools' own index over the annotations of each picture."""
    index = COCO()
    flat = [{**one, "image_id": k} for k, image in enumerate(annotations) for one in image]
    index.dataset = {
        "images": [{"id": k, "height": shape[0], "width": shape[1]} for k, shape in enumerate(shapes)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(classes)],
        "annotations": [{**one, "id": k + 1} for k, one in enumerate(flat)],
    }
    index.createIndex()
    return index


def _truth(example: Example, kind: Kind) -> list[dict[str, Any]]:
    shapes = [rle.encode(mask) for mask in _masks(example)] if kind == "segm" else [None] * len(example.boxes)
    return [
        _annotation(box, int(label), shape) | {"iscrowd": int(ignore)}
        for box, label, shape, ignore in zip(example.boxes, example.labels, shapes, example.ignore, strict=True)
    ]


def _guess(item: Detection, kind: Kind) -> dict[str, Any]:
    shape = _run_lengths(item) if kind == "segm" else None
    return _annotation(item.box, item.label, shape) | {"iscrowd": 0, "score": item.score}


def _annotation(box: Sequence[float], label: int, shape: rle.Rle | None) -> dict[str, Any]:
    xywh = _xywh(box)
    area = rle.area(shape) if shape else xywh[2] * xywh[3]
    return {"category_id": label, "bbox": xywh, "area": area} | ({"segmentation": shape} if shape else {})


def _run_lengths(item: Detection) -> rle.Rle:
    return {"size": list(item.size), "counts": item.counts}


def _masks(example: Example) -> NDArray[np.bool_]:
    if example.masks is None:
        raise TrainError(f"{example.key}: no masks, although its source says that it has them")
    return example.masks


def _xywh(box: Sequence[float]) -> list[float]:
    x0, y0, x1, y1 = map(float, box)
    return [x0, y0, x1 - x0, y1 - y0]
