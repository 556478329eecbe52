"""What a detector found in a photograph, drawn into it: right, wrong, missed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pycocotools import mask as coco

from generator.dataset.examples import Example
from generator.report.drawing import GREEN, GREY, ORANGE, RED, Canvas, Pixels, enlargement
from generator.train.score import Detection, Verdicts, judge


@dataclass(frozen=True)
class Verdict:
    """A photograph with the detections above a threshold drawn in, and how many are right, wrong and missing."""

    picture: Pixels
    found: int
    false: int
    missed: int

    @property
    def objects(self) -> int:
        return self.found + self.missed


def draw_detections(
    example: Example, items: Sequence[Detection], classes: Sequence[str], scale: int = 0, names: bool | None = None
) -> Verdict:
    """Green: an object found. Red: a false alarm. Orange, dashed: an object missed. Grey: does not count.

    Boxes decide, at an intersection over union of 0.5, as in `score.Counts`. The class's name stands before the score
    unless there is only one class (or as `names` says).
    """
    names = len(classes) > 1 if names is None else names
    verdicts = judge(example, items, "bbox")
    lost = missed(example, items, verdicts)
    canvas = Canvas(example.image, scale or enlargement(example.image.shape[:2], enough=800))
    for k in np.flatnonzero(example.ignore):
        canvas.box(example.boxes[k], GREY, dashed=True)
    for item, verdict in zip(items, verdicts, strict=True):
        color = GREY if verdict is None else GREEN if verdict else RED
        if (mask := item.mask()) is not None:
            canvas.mask(mask, color, alpha=0.22)
        canvas.box(item.box, color, width=2)
        canvas.words(item.box, f"{classes[item.label - 1]} {item.score:.2f}" if names else f"{item.score:.2f}", color)
    for k in lost:
        if example.masks is not None:
            canvas.mask(example.masks[k], ORANGE, alpha=0.12)
        canvas.box(example.boxes[k], ORANGE, width=2, dashed=True)
        canvas.words(example.boxes[k], f"missed {classes[example.labels[k] - 1]}" if names else "missed", ORANGE)
    return Verdict(canvas.finish(), verdicts.count(True), verdicts.count(False), len(lost))


def missed(example: Example, items: Sequence[Detection], verdicts: Verdicts) -> list[int]:
    """Objects that no detection hit. Surest first, every hit takes the free object of its class it overlaps most."""
    free = ~example.ignore
    hits = [item for item, verdict in zip(items, verdicts, strict=True) if verdict]
    for item in sorted(hits, key=lambda item: -item.score):
        overlap = coco.iou(_xywh([item.box]), _xywh(example.boxes), [0] * len(example.boxes))[0]
        free[np.where(free & (example.labels == item.label), overlap, -1).argmax()] = False
    return [int(k) for k in np.flatnonzero(free)]


def _xywh(boxes: ArrayLike) -> NDArray[np.float64]:
    result = np.array(boxes, np.float64).reshape(-1, 4)
    result[:, 2:] -= result[:, :2]
    return result
