"""The test photographs on which a detector errs most, drawn beside their truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generator.dataset.examples import Example, Source
from generator.report.drawing import GREY, Canvas, Pixels, distinct, enlargement
from generator.report.verdicts import draw_detections
from generator.train.comparing import confusion
from generator.train.detections import Detections
from generator.train.score import Evaluation

MOST, GAP, ENOUGH = 3, 8, 480


@dataclass(frozen=True)
class Worst:
    """One photograph: its truth to the left, what was found to the right, and how many objects were taken for another
    class, missed, or found where there are none."""

    key: str
    picture: Pixels
    confused: int
    missed: int
    false: int

    @property
    def errors(self) -> int:
        return self.confused + self.missed + self.false


def worst(source: Source, evaluation: Evaluation, scenes: Sequence[str], most: int = MOST) -> list[Worst]:
    """Those with the most errors at the evaluation's threshold, one of each scene: neighbours of a video fail alike."""
    ranked = sorted(
        (
            (_errors(source[k], one, source.classes, evaluation.threshold), -k)
            for k, one in enumerate(evaluation.detections)
        ),
        key=lambda pair: (-sum(pair[0]), -pair[1]),
    )
    chosen: dict[str, tuple[tuple[int, int, int], int]] = {}
    for errors, minus in ranked:
        if sum(errors) and len(chosen) < most:
            chosen.setdefault(scenes[-minus], (errors, -minus))
    return [
        Worst(evaluation.detections[k].key, _drawn(source, k, evaluation), *errors) for errors, k in chosen.values()
    ]


def _errors(example: Example, found: Detections, classes: Sequence[str], threshold: float) -> tuple[int, int, int]:
    """Confused, missed, false."""
    counts = confusion([example], [found], classes, threshold)
    inner = counts[:-1, :-1]
    return int(inner.sum() - np.trace(inner)), int(counts[:-1, -1].sum()), int(counts[-1, :-1].sum())


def _drawn(source: Source, k: int, evaluation: Evaluation) -> Pixels:
    example = source[k]
    scale = enlargement(example.image.shape[:2], ENOUGH)
    found = evaluation.detections[k].above(evaluation.threshold)
    right = draw_detections(example, found, source.classes, scale).picture
    left = truth(example, source.classes, scale)
    between = np.full((left.shape[0], GAP, 3), 255, np.uint8)
    return np.concatenate([left, between, right], 1)


def truth(example: Example, classes: Sequence[str], scale: int) -> Pixels:
    """A colour for each class; grey, dashed: does not count."""
    canvas = Canvas(example.image, scale)
    for box, label, ignore in zip(example.boxes, example.labels, example.ignore, strict=True):
        hue = GREY if ignore else distinct(int(label) + 3)
        canvas.box(box, hue, width=2, dashed=bool(ignore))
        if not ignore:
            canvas.words(box, classes[label - 1], hue)
    return canvas.finish()
