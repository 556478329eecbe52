"""How good detections are: average precision as COCO counts it, and plain counts at one threshold. No torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from pydantic import Field

from generator.base.errors import TrainError
from generator.base.record import Record
from generator.dataset import rle
from generator.dataset.examples import Example, Source
from generator.dataset.keypoints import aligned, keypoints_of
from generator.train.detections import Detection, Detections
from generator.train.matching import SIZES, Kind, Matches, masks_of, mean, run_lengths, xywh
from generator.train.placing import Placed, near_enough

__all__ = [
    "Counts",
    "Detection",
    "Detections",
    "Evaluation",
    "Precision",
    "Scores",
    "Verdicts",
    "best_threshold",
    "judge",
    "judged",
    "score",
]

Verdicts = list[bool | None]
IOU = 0.5
NO_OBJECT, IGNORED = -1, -2


class Precision(Record):
    """COCO's average precision: mean over IoU 0.50:0.05:0.95, at 0.50 and at 0.75, and the first per class and per size
    (small to 32², medium to 96², large, in pixels of area). None where there was nothing to find."""

    ap: float | None
    ap50: float | None
    ap75: float | None
    classes: dict[str, float | None]
    sizes: dict[str, float | None] = {}


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


class Scores(Record):
    """How good one detector is on one source. What is about masks or keypoints is None where the source or the detector
    has none; `keypoint` counts similarity of keypoints (OKS) where the others count overlap."""

    source: str
    images: int
    objects: int
    threshold: float
    box: Precision
    box_counts: Counts
    mask: Precision | None = None
    mask_counts: Counts | None = None
    keypoint: Precision | None = Field(default=None, exclude_if=lambda value: value is None)
    placed: Placed | None = Field(default=None, exclude_if=lambda value: value is None)


class Evaluation(Scores):
    """With what was found in every picture."""

    detections: tuple[Detections, ...]


def score(
    source: Source, found: Sequence[Detections], threshold: float, keypoints: Sequence[str] = (), masks: bool = True
) -> Evaluation:
    """Judge what was found in every example of a source, in its order. `keypoints` are the names of those found;
    `masks` says whether the detector finds any: where nothing is found, that does not tell."""
    names = tuple(keypoints) if keypoints_of(source) else ()
    examples = judged(source, found, names)
    masks = masks and source.masks and all(item.counts for one in found for item in one.items)
    return Evaluation(
        source=source.name,
        images=len(examples),
        objects=sum(int((~example.ignore).sum()) for example in examples),
        threshold=threshold,
        box=_precision(Matches.of(examples, found, source.classes, "bbox")),
        box_counts=_counts(examples, found, threshold, "bbox"),
        mask=_precision(Matches.of(examples, found, source.classes, "segm")) if masks else None,
        mask_counts=_counts(examples, found, threshold, "segm") if masks else None,
        keypoint=_precision(Matches.of(examples, found, source.classes, "keypoints")) if names else None,
        placed=_placed(examples, found, threshold, names) if names else None,
        detections=tuple(found),
    )


def judged(source: Source, found: Sequence[Detections], keypoints: Sequence[str] = ()) -> list[Example]:
    """The examples that the detections are of, with keypoints in the order of those names. TrainError where those are
    others, or none."""
    examples = [source[index] for index in range(len(source))]
    if keypoints:
        examples = [aligned(example, keypoints_of(source), keypoints) for example in examples]
    if not examples:
        raise TrainError(f"{source.name}: there are no pictures to evaluate on")
    if [one.key for one in found] != [example.key for example in examples]:
        raise TrainError(f"{source.name}: detections are not of these pictures in this order")
    return examples


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
    return [None if k == IGNORED else k >= 0 for k in paired(example, items, kind)]


def paired(example: Example, items: Sequence[Detection], kind: Kind) -> list[int]:
    """As `judge`, with the number of the object that each hits, or `NO_OBJECT` or `IGNORED`."""
    overlap = _overlap(example, items, kind)
    free = ~example.ignore
    objects = [NO_OBJECT] * len(items)
    for k in sorted(range(len(items)), key=lambda k: -items[k].score):
        candidates = np.where(free & (example.labels == items[k].label), overlap[k], 0.0)
        if len(candidates) and candidates.max() >= IOU:
            objects[k] = int(candidates.argmax())
            free[objects[k]] = False
        elif (overlap[k][example.ignore & (example.labels == items[k].label)] >= IOU).any():
            objects[k] = IGNORED
    return objects


def _placed(examples: Sequence[Example], found: Sequence[Detections], threshold: float, names: Sequence[str]) -> Placed:
    counts = np.zeros((2, len(names)), np.int64)
    for example, one in zip(examples, found, strict=True):
        items = one.above(threshold)
        counts += near_enough(example, items, paired(example, items, "bbox"))
    return Placed.of(counts[0], counts[1], names)


def _overlap(example: Example, items: Sequence[Detection], kind: Kind) -> NDArray[np.float64]:
    """(detections, objects): intersection over union; over the detection's own area where the object is ignored."""
    if not items or not len(example.labels):
        return np.zeros((len(items), len(example.labels)))
    if kind == "bbox":
        found, real = [xywh(item.box) for item in items], [xywh(box) for box in example.boxes]
        pair: tuple[Any, Any] = np.array(found), np.array(real)
    else:
        pair = [run_lengths(item) for item in items], [rle.encode(mask) for mask in masks_of(example)]
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


def _precision(matches: Matches) -> Precision:
    precision = matches.precision()  # (IoU, recall, class)
    return Precision(
        ap=mean(precision),
        ap50=mean(precision[0]),
        ap75=mean(precision[5]),
        classes={name: mean(precision[:, :, k]) for k, name in enumerate(matches.classes)},
        sizes={size: matches.ap(size) for size in SIZES[1:]},
    )
