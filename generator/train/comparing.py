"""What several evaluations say together: two domains against each other, growth with data, classes taken for others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from scipy.optimize import nnls

from generator.base.errors import TrainError
from generator.base.record import Record
from generator.dataset.examples import Example
from generator.train.detections import Detections
from generator.train.matching import xywh

IOU = 0.5
LEAST, STEEPEST = 0.01, 3.0  # exponents


class Matrix(Record):
    """Average precision of detectors (rows, by what they learned from) on sources (columns)."""

    ap: dict[str, dict[str, float | None]]

    def shift(self, learned: str, judged: str) -> float | None:
        """What is lost where a detector is judged on another domain than its own."""
        own, other = self.ap[learned].get(learned), self.ap[learned].get(judged)
        return None if own is None or other is None else own - other


class PowerLaw(Record):
    """Error = scale * n^-exponent + floor, n being the number of images (Mikami et al., "A Scaling Law for Syn2real
    Transfer", 2021). The floor is what more of the same images cannot take away: where it dominates, change the
    generator, not the number. `misfit` is the root mean square of the residuals."""

    scale: float
    exponent: float
    floor: float
    misfit: float

    def __call__(self, n: float) -> float:
        return self.scale * n**-self.exponent + self.floor

    @property
    def determined(self) -> bool:
        """Whether the exponent lies within its range, not at an end: there the sizes do not tell it from others."""
        return LEAST < self.exponent < STEEPEST

    def floor_share(self, n: float) -> float:
        """Part of the error at n images that is the floor."""
        return self.floor / self(n) if self(n) else 0.0


def power_law(sizes: Sequence[float], errors: Sequence[float]) -> PowerLaw:
    """Least squares with scale and floor at least 0 and an exponent of 0.01 to 3: for each exponent the other two are
    linear, so a fine search over it finds the best. TrainError for fewer than three different sizes."""
    if len(set(sizes)) < 3 or min(sizes) <= 0:
        raise TrainError("a power law needs errors at three or more different numbers of images, all above 0")
    n, y = np.array(sizes, float), np.array(errors, float)
    low, high = LEAST, STEEPEST
    for _ in range(6):  # each round narrows the bracket to two steps of 40
        grid = np.linspace(low, high, 41)
        best = int(np.argmin([_linear(n, y, exponent)[1] for exponent in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    exponent = float(grid[best])
    (scale, floor), residual = _linear(n, y, exponent)
    unit = float(n.min()) ** exponent
    return PowerLaw(scale=scale * unit, exponent=exponent, floor=floor, misfit=residual / len(n) ** 0.5)


def _linear(n: NDArray[np.float64], y: NDArray[np.float64], exponent: float) -> tuple[tuple[float, float], float]:
    """Scale (of n in units of its least, so that powers stay near 1) and floor, and the residual's length."""
    (scale, floor), residual = nnls(np.stack([(n / n.min()) ** -exponent, np.ones_like(n)], 1), y)
    return (float(scale), float(floor)), float(residual)


def confusion(
    examples: Sequence[Example], found: Sequence[Detections], classes: Sequence[str], threshold: float
) -> NDArray[np.int64]:
    """(n + 1, n + 1) counts: row the object's class, column the detection's; last row and column are "nothing", for
    false alarms and misses.

    Surest first, a detection of at least `threshold` takes the free object that its box overlaps most, by at least
    half, of whatever class. Detections on ignored regions alone do not count.
    """
    counts = np.zeros((len(classes) + 1, len(classes) + 1), np.int64)
    for example, one in zip(examples, found, strict=True):
        _confuse(counts, example, one, threshold)
    return counts


def _confuse(counts: NDArray[np.int64], example: Example, found: Detections, threshold: float) -> None:
    free, nothing = ~example.ignore, len(counts) - 1
    for item in sorted(found.above(threshold), key=lambda item: -item.score):
        overlap = _overlaps(item.box, example)
        candidates = np.where(free, overlap, 0.0)
        if candidates.size and candidates.max() >= IOU:
            counts[example.labels[candidates.argmax()] - 1, item.label - 1] += 1
            free[candidates.argmax()] = False
        elif not (overlap[example.ignore] >= IOU).any():
            counts[nothing, item.label - 1] += 1
    for label in example.labels[free]:
        counts[label - 1, nothing] += 1


def _overlaps(box: Sequence[float], example: Example) -> NDArray[np.float64]:
    """Intersection over union with every object; over the box's own area where that is ignored."""
    result: NDArray[np.float64] = coco.iou(
        np.array([xywh(box)]),
        np.array([xywh(one) for one in example.boxes]).reshape(-1, 4),
        example.ignore.astype(np.uint8).tolist(),
    )
    return np.asarray(result, np.float64).reshape(-1)
