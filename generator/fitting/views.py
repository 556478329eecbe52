"""From how far above objects are seen, and how many of each group there are: what the shapes of boxes tell about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from generator.base.strict import Loc
from generator.fitting.counts import likelier
from generator.fitting.distances import HERE, shells
from generator.fitting.looks import Look
from generator.fitting.measures import Numbers, is_cut
from generator.fitting.text import at
from generator.fitting.values import is_numbers, rounded

HEIGHTS, SHAPES = 5, 10  # bins of the camera's elevation, and of the logarithm of width over height
STEPS = 20  # of expectation maximization, in every round
GAIN, TAIL = 0.8, 0.05
KEPT = 0.1  # of a class's objects, that every group keeps at least
LEFT = 15.0  # degrees that remain between the ends of the camera's elevations
ALIKE = 0.04  # Wasserstein distance of those logarithms: whole pixels make as much of a box of 20
ENOUGH = 20  # objects of a class that are looked at, or nothing is said of it
Favours = dict[str, dict[str, float]]


@dataclass
class Views:
    """By how many degrees the ends of the camera's elevations are moved."""

    low: float = 0.0
    high: float = 0.0

    def update(self, looks: Sequence[Look], real: Mapping[str, Numbers], standing: Sequence[str]) -> Favours:
        """One step, from the aspects (width over height) of `real` objects by class; of whole ones, as all here.

        Objects of a group seen from one bin of elevations are a part of a mixture. Its likeliest weights say how high
        the camera is to stand (for groups that are `standing`), and by which factor the share of each group of a class
        changes, which is returned.
        """
        everything = _seen(looks)
        favours: Favours = {}
        weights = np.ones(len(everything.label))
        for name, aspects in real.items():
            own = everything.label == name
            if own.sum() < ENOUGH or not len(aspects) or _alike(np.log(aspects), everything.shape[own]):
                continue
            weights[own] = _weights(everything.only(own), aspects)
            favours[name] = _favours(everything.group[own], weights[own])
        counted = np.isin(everything.group, list(standing)) & np.isin(everything.label, list(favours))
        if counted.sum() >= ENOUGH:
            self._move(everything.down[counted], weights[counted])
        return favours

    def _move(self, down: Numbers, weights: Numbers) -> None:
        """The ends, by as much as their quantiles move when objects are weighted."""
        low, high = (_quantile(down, weights, q) - _quantile(down, np.ones(len(down)), q) for q in (TAIL, 1 - TAIL))
        self.low, self.high = max(self.low + GAIN * low, 0.0), min(self.high + GAIN * high, 0.0)

    def changes(self, data: Any) -> dict[Loc, Any]:
        """Of shells whose elevations are given as two numbers: never beyond what the author allows."""
        if max(self.low, -self.high) < 1:
            return {}
        found = [(loc[:-1], at(data, (*loc[:-1], "elevation"))) for loc, _ in shells(at(data, HERE))]
        known = [(loc, both) for loc, both in found if loc[-1:] == ("shell",) and is_numbers(both) and len(both) == 2]
        if not known:
            return {}
        least, most = min(both[0] for _, both in known) + self.low, max(both[1] for _, both in known) + self.high
        return {(*loc, "elevation"): _within(both[0], both[1], least, most) for loc, both in known}


@dataclass(frozen=True)
class _Seen:
    """Objects (n,): class, group, degrees from above, logarithm of width over height."""

    label: NDArray[np.str_]
    group: NDArray[np.str_]
    down: Numbers
    shape: Numbers

    def only(self, chosen: NDArray[np.bool_]) -> "_Seen":
        return _Seen(self.label[chosen], self.group[chosen], self.down[chosen], self.shape[chosen])


def _seen(looks: Sequence[Look]) -> _Seen:
    """What the picture's edge cuts has another shape, and is left out."""
    kept = [one for one in looks if not one.rejected and one.groups]
    cut = np.concatenate([np.zeros(0, bool), *(is_cut(one.picture.boxes) for one in kept)])
    return _Seen(
        np.array([label for one in kept for label in one.picture.labels], str),
        np.array([group for one in kept for group in one.groups], str),
        np.repeat([one.down for one in kept], [len(one.groups) for one in kept]).astype(float),
        np.log(np.concatenate([np.zeros(0), *(one.picture.aspects for one in kept)])),
    ).only(~cut)


def _alike(one: Numbers, other: Numbers) -> bool:
    return float(wasserstein_distance(one, other)) < ALIKE


def _weights(seen: _Seen, aspects: Numbers) -> Numbers:
    """(n,) how many times as often objects like each of `seen`, all of one class, should be there."""
    real = np.log(aspects)
    inner = np.quantile(seen.down, np.linspace(0, 1, HEIGHTS + 1)[1:-1])
    parts, part = np.unique([f"{g}/{k}" for g, k in zip(seen.group, np.searchsorted(inner, seen.down), strict=True)],
                            return_inverse=True)  # fmt: skip
    levels = np.linspace(0, 1, 101)
    both = np.concatenate([np.quantile(real, levels), np.quantile(seen.shape, levels)])
    edges = np.quantile(both, np.linspace(0, 1, SHAPES + 1)[1:-1])
    table = np.zeros((SHAPES, len(parts)))
    np.add.at(table, (np.searchsorted(edges, seen.shape), part), 1)
    now = table.sum(0) / table.sum()
    table = table + (table.sum(1) / table.sum())[:, None]  # a part of few objects is believed to be like all
    aim = np.bincount(np.searchsorted(edges, real), minlength=SHAPES) / len(real)
    found: Numbers = (likelier(now, table / table.sum(0), aim, STEPS) / now)[part]
    return found


def _favours(groups: NDArray[np.str_], weights: Numbers) -> dict[str, float]:
    """By group, the factor of its share; what falls below KEPT falls no further."""
    result = {}
    for group in sorted(set(groups.tolist())):
        now, then = float((groups == group).mean()), float(weights[groups == group].sum() / weights.sum())
        result[group] = max(then, min(now, KEPT)) / now
    return result


def _quantile(values: Numbers, weights: Numbers, q: float) -> float:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(q * weights.sum(), below, values[order]))


def _within(low: float, high: float, least: float, most: float) -> list[float]:
    """The part of [low, high] that lies in [least, most], and at least LEFT of it."""
    left = min(LEFT, high - low)
    start = min(max(low, least), high - left)
    return [rounded(start), rounded(max(min(high, most), start + left))]
