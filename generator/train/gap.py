"""How far synthetic pictures are from real ones, always beside how far real ones are from each other.

The real set is halved by scenes, several times. One half against the other is the baseline; one half against as many
synthetic pictures is the gap. A diagnosis: it says where to look, not which set trains the better detector.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from generator.balance.real import facts_of_picture
from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.base.record import Record
from generator.dataset.examples import Example, Source
from generator.train.crops import Crop, background, matched, objects, shrunk
from generator.train.spectrum import spectrum
from generator.train.telling import area, areas, told

Floats = NDArray[np.float64]
Features = Callable[[Sequence[NDArray[np.uint8]]], Floats]
HALVES, TIMES, MOST, LEAST, SHORT = 4, 100, 400, 20, 320
VIEWS = {
    "objects": "crops of whole objects, of the same classes and sizes",
    "backgrounds": "crops that show no labelled object",
    "labels": "counts, sizes and places of the boxes of each picture",
    "light": "brightness, contrast, saturation, sharpness and warmth of each picture",
    "spectrum": "how fine the structures of each picture are",
}


class Range(Record):
    """An area under the ROC curve: mean over the halvings, and what 95 % of all resamples lie in."""

    value: float
    low: float
    high: float


class View(Record):
    """One way to look: synthetic against real, and real against real. `count` is how many are on each side."""

    synthetic: Range
    real: Range
    count: int

    @property
    def differs(self) -> bool:
        """Whether the synthetic set is told from the real one more surely than halves of the real one."""
        return self.synthetic.low > self.real.high


class Fact(Record):
    """One number per picture: its means, and the Kolmogorov-Smirnov distance (0 to 1) between the sets and between
    halves of the real one."""

    name: str
    real: float
    synthetic: float
    distance: float
    baseline: float


class Gap(Record):
    """Views by name; facts, largest excess first; mean spectra (logarithm of power in bands of frequency)."""

    real: str
    synthetic: str
    pictures: tuple[int, int]
    views: dict[str, View]
    facts: tuple[Fact, ...]
    spectra: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Looked:
    """What was read of one set: crops, and per picture its scene and numbers."""

    objects: list[Crop]
    backgrounds: list[Crop]
    scenes: list[str]
    names: tuple[str, ...]
    labels: Floats
    light: Floats
    spectrum: Floats


def gap(real: Source, synthetic: Source, real_scenes: Sequence[str], features: Features, seed: int = 0) -> Gap:
    """`real_scenes` names the scene of each photograph. TrainError for sets too small to halve. At most 400 pictures of
    each are read, by a drawn order."""
    short = min(SHORT, *(min(source[0].image.shape[:2]) for source in (real, synthetic) if len(source)))
    looks = [
        look(real, real_scenes, short, Draw(seed) / "real"),
        look(synthetic, [str(k) for k in range(len(synthetic))], short, Draw(seed) / "synthetic"),
    ]
    halves = [_half(looks[0].scenes, Draw(seed) / "halves" / k) for k in range(HALVES)]
    deep = {kind: [features([one.pixels for one in getattr(side, kind)]) for side in looks if getattr(side, kind)]
            for kind in ("objects", "backgrounds")}  # fmt: skip
    views: dict[str, View] = {}
    for name in VIEWS:
        found = _view(name, looks, deep, halves, Draw(seed) / name)
        if found:
            views[name] = found
    return Gap(
        real=real.name, synthetic=synthetic.name, pictures=(len(looks[0].scenes), len(looks[1].scenes)), views=views,
        facts=_facts(looks[0], looks[1], halves),
        spectra={name: tuple(np.round(side.spectrum.mean(0), 4).tolist())
                 for name, side in zip(("real", "synthetic"), looks, strict=True)},
    )  # fmt: skip


def look(source: Source, scenes: Sequence[str], short: int, draw: Draw) -> Looked:
    """Read a set. TrainError where it has too few pictures or scenes."""
    order = sorted(range(len(source)), key=lambda k: (draw / k).uniform())[:MOST]
    if len(order) < LEAST or len({scenes[k] for k in order}) < 4:
        raise TrainError(
            f"{source.name}: {len(order)} pictures of {len({scenes[k] for k in order})} scenes; a gap needs at least "
            f"{LEAST} of 4 (give `--sequence` or a smaller `--block` if they are frames of a video)"
        )
    things, grounds, labels, light, bands = [], [], [], [], []
    for k in order:
        example = source[k]
        picture, boxes = shrunk(example, short)
        things += objects(example, picture, boxes, scenes[k])
        ground = background(picture, boxes, scenes[k], draw / k / "background")
        grounds += [ground] if ground else []
        labels.append(_labels(example, len(source.classes)))
        light.append(list(facts_of_picture(picture).values()))
        bands.append(spectrum(picture))
    names = (
        *(f"count of {name}" for name in source.classes),
        *LABELS,
        *(name.removeprefix("image.") for name in facts_of_picture(picture)),
    )
    return Looked(things[: 2 * MOST], grounds, [scenes[k] for k in order], names, np.array(labels), np.array(light),
                  np.array(bands))  # fmt: skip


LABELS = ("size, mean log", "size, spread", "place x", "place y", "aspect, mean log", "at the border")


def _labels(example: Example, classes: int) -> list[float]:
    """Counts per class, then `LABELS`; zeros where there are no boxes."""
    keep = ~example.ignore
    boxes, height, width = example.boxes[keep].astype(float), *example.image.shape[:2]
    counts = np.bincount(example.labels[keep], minlength=classes + 1)[1:].tolist()
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1)
    if not len(boxes):
        return [*counts, *[0.0] * len(LABELS)]
    size = np.log(np.sqrt(sides.prod(1) / (width * height)))
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 / [width, height]
    edge = (boxes[:, :2] < 1).any(1) | (boxes[:, 2] > width - 1) | (boxes[:, 3] > height - 1)
    return [*counts, size.mean(), size.std(), *middle.mean(0), np.log(sides[:, 0] / sides[:, 1]).mean(), edge.mean()]


def _half(scenes: Sequence[str], draw: Draw) -> frozenset[str]:
    """Half of the scenes."""
    order = sorted(set(scenes), key=lambda name: ((draw / name).uniform(), name))
    return frozenset(order[::2])


def _view(name: str, looks: Sequence[Looked], deep: dict[str, list[Floats]], halves: Sequence[frozenset[str]],
          draw: Draw) -> View | None:  # fmt: skip
    """None where either set has too few crops."""
    if name in deep:
        pools = [getattr(side, name) for side in looks]
        if min(map(len, pools)) < LEAST:
            return None
        rows, scenes = deep[name], [[one.scene for one in pool] for pool in pools]
    else:
        pools, scenes = [], [side.scenes for side in looks]
        rows = [_with_squares(getattr(side, name)) for side in looks]
    gaps, bases, counts = [], [], []
    for k, half in enumerate(halves):
        first = np.array([scene in half for scene in scenes[0]])
        mine = np.flatnonzero(first)
        if name == "objects":
            taken = np.array(matched([pools[0][i] for i in mine], pools[1]), int)
        else:
            taken = np.arange(min(len(mine), len(scenes[1])))
        if min(len(mine), len(taken), (~first).sum()) < LEAST // 4:
            return None
        own = (rows[0][mine], [scenes[0][i] for i in mine])
        other = (rows[0][~first], [scene for scene, here in zip(scenes[0], first, strict=True) if not here])
        painted = (rows[1][taken], [scenes[1][i] for i in taken])
        gaps.append(_area(own, painted, draw / "synthetic" / k))
        bases.append(_area(own, other, draw / "real" / k))
        counts.append(min(len(mine), len(taken)))
    return View(synthetic=_range(gaps), real=_range(bases), count=round(float(np.mean(counts))))


def _with_squares(rows: Floats) -> Floats:
    """So that a classifier of straight lines sees differences of spread too."""
    standard = (rows - rows.mean(0)) / (rows.std(0) + 1e-9)
    return np.concatenate([rows, standard**2], 1)


def _area(a: tuple[Floats, list[str]], b: tuple[Floats, list[str]], draw: Draw) -> tuple[float, Floats]:
    scenes = a[1], b[1]
    scores = told(a[0], b[0], scenes, draw / "folds")
    return area(scores[1], scores[0]), areas(scores, scenes, draw / "resample", TIMES)


def _range(found: Sequence[tuple[float, Floats]]) -> Range:
    low, high = np.quantile(np.concatenate([drawn for _, drawn in found]), (0.025, 0.975))
    return Range(value=float(np.mean([value for value, _ in found])), low=float(low), high=float(high))


def _facts(real: Looked, synthetic: Looked, halves: Sequence[frozenset[str]]) -> tuple[Fact, ...]:
    rows = [np.concatenate([side.labels, side.light], 1) for side in (real, synthetic)]
    masks = [np.array([scene in half for scene in real.scenes]) for half in halves]
    found = [
        Fact(
            name=name,
            real=float(np.mean(rows[0][:, k])),
            synthetic=float(np.mean(rows[1][:, k])),
            distance=float(ks_2samp(rows[0][:, k], rows[1][:, k], method="asymp").statistic),
            baseline=float(np.mean([ks_2samp(rows[0][m, k], rows[0][~m, k], method="asymp").statistic for m in masks])),
        )
        for k, name in enumerate(real.names)
    ]
    return tuple(sorted(found, key=lambda one: one.baseline - one.distance))
