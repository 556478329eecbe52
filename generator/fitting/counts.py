"""How many objects a group must draw, so that as many are annotated as in the real set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import binom

from generator.base.strict import Loc
from generator.fitting.looks import Look
from generator.fitting.measures import Numbers
from generator.fitting.text import at
from generator.fitting.values import holds_ref

MOST = 60  # objects of one group
STEPS = 200
RARE = 0.004  # weights below this are left out
SELDOM = 0.03  # a group of which less shows cannot be fitted


@dataclass
class Counts:
    """The counts of the groups of one class. `real` holds the real objects per picture; `aim` is what the law is fitted
    to: the real shares, corrected for how far the last looks missed them."""

    label: str
    groups: tuple[str, ...]
    real: Numbers
    aim: Numbers = field(init=False)
    laws: dict[str, Numbers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aim = shares(self.real, int(self.real.max(initial=0)))

    def update(self, looks: Sequence[Look], missed: bool, favours: Mapping[str, float]) -> None:
        """New laws from looks at the scene as it is now; one further step from where the last one `missed`. Groups
        share in the objects as they do now, times `favours`."""
        if self.laws and missed:
            self._correct(looks)
        visible = {g: self._visible(looks, g) for g in self.groups}
        means = {g: max(v.mean() * max(_drawn(looks, g, self.label).mean(), 0.1), 1e-6) for g, v in visible.items()}
        means = {g: mean * favours.get(g, 1.0) for g, mean in means.items()}
        main = max(self.groups, key=lambda g: (means[g], g))
        fixed = np.array([sum(label == self.label and g not in self.groups for g, label in _of(one)) for one in looks])
        whole = self._law(visible[main], fixed, np.ones(1))
        total = sum(means.values())
        others = np.ones(1)
        for g in (g for g in self.groups if g != main):
            self.laws[g] = thinned(whole, means[g] / total)
            others = np.convolve(others, thinned(self.laws[g], float(visible[g].mean())))
        self.laws[main] = self._law(visible[main], fixed, others) if len(self.groups) > 1 else whole

    def _visible(self, looks: Sequence[Look], group: str) -> Numbers:
        """Per scene that has any: the share of the group's objects that is annotated."""
        drawn, seen = _drawn(looks, group, self.label), np.array([one.seen(group) for one in looks])
        some = drawn > 0
        return seen[some] / drawn[some] if some.any() else np.ones(1)

    def _law(self, visible: Numbers, fixed: Numbers, others: Numbers) -> Numbers:
        """Weights of 0, 1, 2, ... drawn objects whose visible ones, with all others, follow `aim`."""
        p = max(float(visible.mean()), SELDOM)
        most = min(MOST, int(np.ceil((len(self.aim) - 1) / p)) + 1)
        table = np.stack([self._column(n, visible, fixed, others) for n in range(most + 1)], 1)
        return unmixed(table, self.aim)

    def _column(self, n: int, visible: Numbers, fixed: Numbers, others: Numbers) -> Numbers:
        """Law of the visible objects when `n` are drawn; the last entry holds all beyond."""
        seen = binom.pmf(np.arange(n + 1)[:, None], n, np.unique(visible)) @ _weights(visible)
        law = np.convolve(np.convolve(seen, others), shares(fixed, int(fixed.max(initial=0))))
        size = len(self.aim)
        law = np.pad(law, (0, max(0, size + 1 - len(law))))
        return np.append(law[:size], law[size:].sum())

    def _correct(self, looks: Sequence[Look]) -> None:
        """Half a step, at most doubled, towards what was seen too seldom: `keep` and borders are in no formula."""
        got = shares(np.array([one.picture.labels.count(self.label) for one in looks if not one.rejected]),
                     len(self.aim) - 1)[: len(self.aim)]  # fmt: skip
        target = shares(self.real, len(self.aim) - 1)
        self.aim = self.aim * np.clip((target + 0.02) / (got + 0.02), 0.5, 2) ** 0.5
        self.aim /= self.aim.sum()

    def changes(self) -> dict[Loc, Any]:
        return {("objects", g, "count"): as_pick(law) for g, law in sorted(self.laws.items())}


def _of(look: Look) -> list[tuple[str, str]]:
    return list(zip(look.groups, look.picture.labels, strict=True))


def _drawn(looks: Sequence[Look], group: str, label: str) -> Numbers:
    return np.array([one.drawn.get((group, label), 0) for one in looks], float)


def _weights(values: Numbers) -> Numbers:
    return np.unique(values, return_counts=True)[1] / len(values)


def shares(values: Numbers, most: int) -> Numbers:
    """Shares of 0, 1, ... `most` among whole numbers."""
    counts = np.bincount(np.asarray(values, int), minlength=most + 1)
    return counts / max(1, counts.sum())


def thinned(law: Numbers, p: float) -> Numbers:
    """The law of how many remain when each of a random number is kept with probability `p`."""
    n = np.arange(len(law))
    return binom.pmf(n[:, None], n[None, :], p) @ law


def unmixed(table: Numbers, aim: Numbers) -> Numbers:
    """Weights of a mixture of the columns of `table` that is likeliest to give `aim` (its last row: none of it)."""
    return likelier(np.full(table.shape[1], 1 / table.shape[1]), table, np.append(aim, 0.0), STEPS)


def likelier(weights: Numbers, table: Numbers, aim: Numbers, steps: int) -> Numbers:
    """Weights (k,) of a mixture of the columns of `table` (n, k), moved towards those that are likeliest to give `aim`
    (n,).

    Expectation maximization (Richardson 1972, Lucy 1974); stopped early, it stays smooth. What no column ever gives
    says nothing of them; where that is all, the weights stay.
    """
    aim = aim * (table @ weights > 0)
    for _ in range(steps if aim.any() else 0):
        weights = weights * (table.T @ (aim / np.maximum(table @ weights, 1e-12)))
        weights /= weights.sum()
    return weights


def as_pick(law: Numbers) -> Any:
    """YAML data of weights in percent: ``{pick: {0: 12, 1: 55, ...}}``."""
    kept = {n: round(100 * float(w), 1) for n, w in enumerate(law) if w >= RARE}
    return {"pick": kept} if len(kept) > 1 else next(iter(kept), 0)


def fittable(data: Any, group: str, labels: set[str]) -> str:
    """Why a group's count must stay, or nothing."""
    if len(labels) > 1:
        return f"objects.{group}.count: the group holds several classes ({', '.join(sorted(labels))})"
    if holds_ref(at(data, ("objects", group, "count"))):
        return f"objects.{group}.count: is shared with other values through a ref"
    if at(data, ("objects", group, "curriculum")) is not None:
        return f"objects.{group}.count: a curriculum decides on it"
    if at(data, ("objects", group, "place", "in")) == "background":
        return f"objects.{group}.count: it fills the background with as many as it takes"
    return ""
