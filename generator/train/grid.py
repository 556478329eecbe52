"""Many results together: every cell of arm and shares with its seeds, and how far each number can be trusted.

All intervals come from the same resamples: whole scenes of the test set, and seeds, are drawn with replacement, and
each resample judges every detector (percentile intervals of clusters: Efron & Tibshirani, "An Introduction to the
Bootstrap", 1993). Differences of cells are so taken in pairs: how hard the pictures are falls out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generator.base.draw import Draw
from generator.base.errors import DatasetError
from generator.train.matching import Kind, mean
from generator.train.result import Judged, Result, Where

Floats = NDArray[np.float64]

TIMES, CONFIDENCE = 500, 0.95
FEW = 5  # scenes below which a tag gets no interval


class Cell(NamedTuple):
    """One arm at one share of the real labels and one of the synthetic pictures."""

    arm: str
    real: float = 1.0
    synthetic: float = 1.0


class Estimate(NamedTuple):
    """A number and its interval; `low` and `high` are nan where there are too few scenes."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Grid:
    """Results of one run, judged on the same pictures, by the AP of boxes (`bbox`) or masks (`segm`). With `tag`, on
    the pictures that carry it alone."""

    results: tuple[Result, ...]
    where: Where = "real"
    kind: Kind = "bbox"
    times: int = TIMES
    tag: str = ""

    @classmethod
    def of(cls, results: Sequence[Result], where: Where = "real", kind: Kind = "bbox", times: int = TIMES) -> "Grid":
        """Those that were judged there. DatasetError where they are of other pictures."""
        judged = [one for one in results if where in one.scores and kind in one.scores[where].matches]
        for one in judged:
            first, other = judged[0].scores[where], one.scores[where]
            if (one.run, other.keys, other.scenes) != (judged[0].run, first.keys, first.scenes):
                raise DatasetError(
                    f"{one.run} {one.name} and {judged[0].run} {judged[0].name} were judged on other pictures (or "
                    "scenes of them); report them apart"
                )
        return cls(tuple(judged), where, kind, times)

    @cached_property
    def cells(self) -> dict[Cell, list[int]]:
        """The numbers of the results of each cell, by seed."""
        found: dict[Cell, list[int]] = {}
        for k in sorted(range(len(self.results)), key=lambda k: self.results[k].seed):
            one = self.results[k]
            found.setdefault(Cell(one.arm, one.real_share, one.synthetic_share), []).append(k)
        return found

    def values(self, cell: Cell) -> list[float]:
        """Average precision of each seed."""
        return [float(self._whole[k]) for k in self.cells[cell]]

    def judged(self, cell: Cell) -> Judged:
        """Of its first seed."""
        return self.results[self.cells[cell][0]].scores[self.where]

    def size(self, cell: Cell, source: str) -> int:
        """Pictures of a source that a cell's detectors were given, in the mean of its seeds."""
        return round(float(np.mean([self.results[k].sizes.get(source, 0) for k in self.cells[cell]])))

    def only(self, tag: str) -> "Grid":
        """The same on the pictures of one tag."""
        return replace(self, tag=tag)

    @cached_property
    def _counted(self) -> Floats:
        """(pictures,) 1 where a picture counts."""
        judged = self.results[0].scores[self.where]
        return (
            np.isin(np.arange(judged.images), judged.tags[self.tag]).astype(float)
            if self.tag
            else np.ones(judged.images)
        )

    @property
    def scenes(self) -> int:
        """Of the pictures that count."""
        if not self.results:
            return 0
        judged = self.results[0].scores[self.where]
        return len({scene for scene, counts in zip(judged.scenes, self._counted, strict=True) if counts})

    def ap(self, cell: Cell) -> Estimate:
        return self.of_all(lambda ap: ap[cell])

    def gain(self, better: Cell, than: Cell) -> Estimate:
        """The difference of two cells, in pairs of pictures and seeds."""
        return self.of_all(lambda ap: ap[better] - ap[than])

    def of_all(self, measure: Callable[[dict[Cell, float]], float]) -> Estimate:
        """Any function of all cells' average precisions, with the interval that resampling gives it."""
        value = measure(self._means(self._whole, None))
        drawn = [measure(self._means(row, turn)) for turn, row in enumerate(self._drawn)]
        known = [one for one in drawn if not np.isnan(one)]
        if not known:
            return Estimate(value, float("nan"), float("nan"))
        low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return Estimate(value, float(low), float(high))

    def _means(self, ap: Floats, turn: int | None) -> dict[Cell, float]:
        """Means over seeds, in a resample each as often as it was drawn."""
        result = {}
        for cell, members in self.cells.items():
            times = np.ones(len(members)) if turn is None else self._seeds[len(members)][turn]
            result[cell] = float(times @ ap[members] / times.sum())
        return result

    @cached_property
    def _whole(self) -> Floats:
        return np.array([_aps(one.scores[self.where], self.kind, [self._counted])[0] for one in self.results])

    @cached_property
    def _drawn(self) -> Floats:
        """(times, results), of the same scenes for every result."""
        if self.scenes < (FEW if self.tag else 2):
            return np.zeros((0, len(self.results)))
        scenes = self.results[0].scores[self.where].scenes
        names, place = np.unique(scenes, return_inverse=True)
        rng = (Draw(0) / "resample" / "scenes").rng()
        weights = [np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[place] * self._counted
                   for _ in range(self.times)]  # fmt: skip
        columns = [_aps(one.scores[self.where], self.kind, weights) for one in self.results]
        return np.array(columns).T

    @cached_property
    def _seeds(self) -> dict[int, Floats]:
        """By number of seeds (times, seeds), how often each was drawn. Seeds count from 0: cells of as many have the
        same ones, and so the same draws. A cell of fewer is drawn from its own: were its seeds drawn among all, only
        resamples that hold one would tell of it, and they favour that seed in the cells beside it."""
        found = {}
        for n in {len(members) for members in self.cells.values()}:
            rng = (Draw(0) / "resample" / "seeds").rng()
            drawn = [np.bincount(rng.integers(n, size=n), minlength=n) for _ in self._drawn]
            found[n] = np.array(drawn, float)
        return found


def _aps(judged: Judged, kind: Kind, weights: Sequence[Floats]) -> list[float]:
    """COCO's average precision with pictures counted as often as each of `weights` says; nan with nothing to find."""
    cells = judged.matches[kind].matches().cells["all"]
    found = [mean(np.stack([cell.precision(times) for cell in cells])) for times in weights]
    return [float("nan") if one is None else one for one in found]
