"""What a handful of photographs says about those that one has not seen: as much as they show, and wider."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from generator.base.draw import Draw
from generator.fitting.measures import EDGE, Measured, Numbers, Picture, Series, is_cut, measured

ENOUGH = 30  # objects of a class, or pictures, from which on they speak for themselves
INSIDE = 2 * EDGE  # shares of the picture between its edge and what is whole
PICTURES = 1000  # that are drawn
BELIEF = 2.0  # worth of what is believed beforehand, in objects or pictures
SIDE, PLACE = 0.4, 0.2  # believed deviations: of the logarithm of an object's side, of its centre in the picture
SHAPE = 0.3  # and of the logarithm of a box's width over its height
STOPS, SENSOR = 0.5, 0.4  # of a picture's brightness, of the logarithms of its sharpness and its noise


def widened(name: str, pictures: Sequence[Picture], classes: Sequence[str]) -> Measured:
    """The geometry of pictures like those few.

    A smoothed bootstrap (Silverman & Young, Biometrika 1987): photographs are drawn again and again, their objects
    scaled, moved and stretched by as much as the predictive deviation exceeds that of the few, given a scaled inverse
    chi-squared prior of BELIEF objects with deviations SIDE, PLACE and SHAPE (Gelman et al., Bayesian Data Analysis,
    3.3). And in BELIEF of so many pictures, as many objects as a Poisson law of the same mean draws, taken from all.
    How far they lie across each other is that of the few: moved each by itself, they would more than any do.
    """
    rng = (Draw(0) / "fitting" / "handful").rng()
    pictures = [_only(one, classes) for one in pictures]
    pool = [(label, box) for one in pictures for label, box in zip(one.labels, one.boxes, strict=True)]
    extra = {label: _kernel(np.array([box for of, box in pool if of == label])) for label in classes}
    drawn = measured(name, [_drawn(pictures, pool, extra, rng) for _ in range(PICTURES)], classes)
    few = measured(name, pictures, classes)
    keys = [key for key in (f"overlap.{label}" for label in classes) if len(few.get(key))]
    return replace(drawn, series=drawn.series | {key: rng.choice(few.get(key), len(drawn.get(key))) for key in keys})


def widened_traits(series: Series) -> Series:
    """The traits of pictures like those few that are fitted: their smoothed bootstrap, as above."""
    rng = (Draw(0) / "fitting" / "traits").rng()
    values = series["brightness"]
    found = {"brightness": rng.choice(values, PICTURES) + rng.normal(0, _missing(values[:, None], STOPS), PICTURES)}
    for key in ("sharpness", "noise"):
        logs = np.log(np.maximum(series[key], 1e-6))
        found[key] = np.exp(rng.choice(logs, PICTURES) + rng.normal(0, _missing(logs[:, None], SENSOR), PICTURES))
    return found


def _only(picture: Picture, classes: Sequence[str]) -> Picture:
    kept = [label in classes for label in picture.labels]
    labels = tuple(label for label, keep in zip(picture.labels, kept, strict=True) if keep)
    return Picture(labels, picture.boxes[kept], picture.aspect)


def _kernel(boxes: Numbers) -> tuple[float, float, float]:
    """Deviations to add to the logarithm of sides, to the centres, and to the logarithm of width over height of boxes
    (n, 4)."""
    if not len(boxes):
        return SIDE, PLACE, SHAPE
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    logs = np.log(np.maximum(sides, 1e-4))
    return _missing(logs.mean(1, keepdims=True), SIDE), _missing(centres, PLACE), _missing(np.diff(logs), SHAPE)


def _missing(values: Numbers, believed: float) -> float:
    """What the deviation of values (n, k) lacks to the predictive one of a further value."""
    n, found = len(values), float(values.var(0).mean())
    predicted = (BELIEF * believed**2 + n * found) / (BELIEF + n) * (1 + 1 / n)
    return float(np.sqrt(max(predicted - found, 0)))


def _drawn(
    pictures: Sequence[Picture],
    pool: Sequence[tuple[str, Numbers]],
    extra: dict[str, tuple[float, float, float]],
    rng: Generator,
) -> Picture:
    one = pictures[int(rng.integers(len(pictures)))]
    chosen = list(zip(one.labels, one.boxes, strict=True))
    if rng.random() < BELIEF / (BELIEF + len(pictures)):
        chosen = [pool[int(k)] for k in rng.integers(len(pool), size=rng.poisson(len(pool) / len(pictures)))]
    moved = [_moved(box, *extra[label], rng) for label, box in chosen]
    seen = [(label, box) for (label, _), box in zip(chosen, moved, strict=True) if (box[2:] - box[:2]).min() > 0]
    return Picture(tuple(label for label, _ in seen), np.array([b for _, b in seen]).reshape(-1, 4), one.aspect)


def _moved(box: Numbers, side: float, place: float, shape: float, rng: Generator) -> Numbers:
    """A box scaled, moved and stretched at random, as far as the picture shows it; what was whole stays whole."""
    centre = (box[:2] + box[2:]) / 2 + rng.normal(0, place, 2)
    stretch = rng.normal(0, shape) / 2
    half = (box[2:] - box[:2]) / 2 * np.exp(rng.normal(0, side) + np.array([stretch, -stretch]))
    if not is_cut(box)[0]:
        half *= min(1.0, float((0.5 - INSIDE) / half.max()))
        centre = np.clip(centre, half + INSIDE, 1 - INSIDE - half)
    return np.clip(np.concatenate([centre - half, centre + half]), 0, 1)
