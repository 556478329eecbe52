"""What is compared between a real and a synthetic set, and how far apart the two are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Series = dict[str, Numbers]
TRAITS = {
    "brightness": "brightness, stops from middle grey",
    "contrast": "contrast, standard deviation of luma",
    "warmth": "warmth, stops of red over blue",
    "sharpness": "sharpness, Laplacian over gradient energy",
    "noise": "noise, share of full scale",
}
OF_CLASS = {
    "count": "{0}s in a picture",
    "size": "side of a {0}, share of the picture",
    "aspect": "width over height of a {0}",
    "x": "centre of a {0}, share of the width",
    "y": "centre of a {0}, share of the height",
    "overlap": "share of a {0}'s box in its worst neighbour's, from a tenth on",
    "cut": "whether the edge of the picture cuts a {0}",
}
OBJECT = ("size", "aspect", "x", "y", "overlap", "cut")
EDGE = 0.004  # shares of the picture: nearer to its edge than that, a box is cut
ALONE = 0.1  # of a box in another's: less is no overlap, for boxes of neighbours touch at their corners
CHANCE = 1.36  # times sqrt((n + m) / n m): the Kolmogorov-Smirnov distance that one pair in twenty exceeds by chance


@dataclass(frozen=True)
class Picture:
    """The boxes of one picture: classes (n,), corners x0 y0 x1 y1 (n, 4) in shares of width and height, and the
    picture's width over height."""

    labels: tuple[str, ...]
    boxes: Numbers
    aspect: float = 1.0

    @property
    def aspects(self) -> Numbers:
        """(n,) width over height of the boxes, in pixels."""
        x0, y0, x1, y1 = self.boxes.reshape(-1, 4).T
        return (x1 - x0) / (y1 - y0) * self.aspect


@dataclass(frozen=True)
class Measured:
    """One set: its `name`, how many pictures and objects, and values by ``statistic.class`` or trait; of scenes, `tags`
    tells the share of them that is each edge case."""

    name: str
    pictures: int
    objects: int
    series: Series
    tags: Mapping[str, float] = field(default_factory=dict)

    def get(self, key: str) -> Numbers:
        return self.series.get(key, np.zeros(0))


def measured(name: str, pictures: Sequence[Picture], classes: Sequence[str], traits: Series | None = None) -> Measured:
    """Geometry of a set, with the traits of its pictures where they are known."""
    series: Series = {}
    for label in classes:
        series[f"count.{label}"] = np.array([p.labels.count(label) for p in pictures], float)
        rows = [row for p in pictures for row, of in zip(_rows(p), p.labels, strict=True) if of == label]
        table = np.array(rows, float).reshape(-1, len(OBJECT))
        series |= {f"{key}.{label}": table[:, k] for k, key in enumerate(OBJECT)}
    objects = sum(one in classes for p in pictures for one in p.labels)
    return Measured(name, len(pictures), objects, series | (traits or {}))


def _rows(picture: Picture) -> Numbers:
    """(n, 6): the statistics OBJECT of every object of a picture."""
    x0, y0, x1, y1 = picture.boxes.reshape(-1, 4).T
    width, height = x1 - x0, y1 - y0
    across = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    down = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    common = np.clip(across, 0, None) * np.clip(down, 0, None)
    np.fill_diagonal(common, 0)
    area = width * height
    overlap = common.max(1, initial=0) / area
    overlap[overlap < ALONE] = 0
    return np.stack([np.sqrt(area), picture.aspects, (x0 + x1) / 2, (y0 + y1) / 2,
                     overlap, is_cut(picture.boxes).astype(float)], 1)  # fmt: skip


def is_cut(boxes: Numbers) -> NDArray[np.bool_]:
    """Which of boxes (n, 4), in shares of the picture, touch its edge: (n,)."""
    touching: NDArray[np.bool_] = ((boxes < EDGE) | (boxes > 1 - EDGE)).reshape(-1, 4).any(1)
    return touching


def distance(one: Numbers, other: Numbers) -> float:
    """Two-sample Kolmogorov-Smirnov distance: the greatest difference of the empirical distribution functions. NaN
    where a sample is empty."""
    if not len(one) or not len(other):
        return float("nan")
    every = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(v), every, side="right") / len(v) for v in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def by_chance(one: Numbers, other: Numbers) -> float:
    """The distance that samples of these sizes from one law exceed in one of twenty cases (Smirnov 1948)."""
    n, m = max(1, len(one)), max(1, len(other))
    return CHANCE * float(np.sqrt((n + m) / (n * m)))


def words(key: str) -> str:
    """What a statistic is, for axes and tables."""
    kind, _, label = key.partition(".")
    return OF_CLASS[kind].format(label) if label else TRAITS[kind]


def apart(real: Measured, synthetic: Measured, keys: Iterable[str]) -> dict[str, float]:
    """Distances by statistic, of those that both have."""
    found = {key: distance(real.get(key), synthetic.get(key)) for key in keys}
    return {key: value for key, value in found.items() if np.isfinite(value)}
