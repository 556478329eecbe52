"""The linear program: how many candidates of each column to keep.

    maximize   weight @ x
    subject to rows @ x <= tops,  low <= x <= high,  weight @ x <= limit

Every cap, floor and evenness rule is a homogeneous row: "at most 20 % night" is ``sum (night - 0.2) x <= 0``. Only
"some object at all", without which evenness means nothing, has a top other than 0. A vertex has at most as many
fractional entries as there are rows, so rounding costs a few frames however many there are; see `rounding`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.balance.rows import Floats, Rows
from generator.balance.rules import Rule
from generator.balance.sifting import SMALL, Columns, Optimum, maximize, probe, sampled

Whole = NDArray[np.int64]
EPSILON = 1e-9


@dataclass(frozen=True)
class Program:
    """`rows` (R, K), the first of their amounts being frames; `tops` (R,), `low`, `high` and `weight` (frames of one)
    int64 (K,), `limit` inf for none."""

    rules: tuple[Rule, ...]
    rows: Rows
    tops: Floats
    low: Whole
    high: Whole
    weight: Whole
    limit: float = np.inf

    def relaxed(self, prices: Floats | None = None) -> Optimum | None:
        """An optimal real solution; None if infeasible. Its last price is that of `limit`, where there is one."""
        return maximize(self.columns(), prices)

    def liking(self) -> Floats | None:
        """What one more of each column is worth, about; exactly where they are few. None if infeasible."""
        columns = self.columns()
        if len(self.high) > SMALL and (some := probe(columns)) is not None:
            return columns.left(sampled(columns, some.prices))
        found = self.relaxed()
        possible = found is not None and self.frames(found.x) >= 1 - EPSILON
        return columns.left(found.prices) if found is not None and possible else None

    def columns(self) -> Columns:
        rows, tops = self.rows, self.tops
        if np.isfinite(self.limit):
            rows, tops = self.with_frames(), np.r_[tops, self.limit]
        return Columns(self.weight.astype(float), rows, tops, self.low.astype(float), self.high.astype(float))

    def with_frames(self) -> Rows:
        """The rows, and one that counts frames."""
        return Rows(np.vstack([self.rows.terms, np.eye(len(self.rows.amounts))[:1]]), self.rows.amounts)

    def frames(self, x: Whole | Floats) -> float:
        return float(self.weight @ x)

    def fits(self, x: Whole | Floats) -> bool:
        """Whether a solution keeps every rule."""
        total = self.frames(x)
        inside = (x >= self.low).all() and (x <= self.high).all() and total <= self.limit + EPSILON
        return bool(inside and not excess(self.rows.times(x) - self.tops, total))

    def narrowed(self, at: Whole, x: Whole) -> "Program":
        """The program over the columns `at`, the others fixed as in `x`."""
        rest = x.copy()
        rest[at] = 0
        tops, limit = self.tops - self.rows.times(rest), self.limit - self.frames(rest)
        return Program(self.rules, self.rows.take(at), tops, self.low[at], self.high[at], self.weight[at], limit)


def excess(values: Floats, total: float) -> float:
    over = values[values > EPSILON * (1 + total)]
    return float(over.sum())


def least_slack(rules: Sequence[Rule], rows: Floats, weight: Whole) -> list[tuple[Rule, float]]:
    """Rules that no mixture of the columns meets, each with the least share it must give way by (per frame).

    Columns that would improve the mixture are brought in by their prices, so that a million of them are no burden.
    """
    scaled = rows / weight
    at = np.unique(np.r_[scaled.argmin(1), np.linspace(0, rows.shape[1] - 1, min(2000, rows.shape[1])).astype(int)])
    while True:
        slack, prices, worth = _mixture(scaled[:, at])
        left = prices @ scaled - worth
        new = np.setdiff1d(np.argsort(left, kind="stable")[:2000], at)
        new = new[left[new] < -1e-9]
        if not len(new):
            break
        at = np.r_[at, new]
    return [(rule, float(s)) for rule, s in zip(rules, slack, strict=True) if s > 1e-7]


def _mixture(rows: Floats) -> tuple[Floats, Floats, float]:
    """Least slack of each row over mixtures of the columns, the rows' prices, and what a mixture costs at them."""
    count, columns = rows.shape
    costs = np.r_[np.zeros(columns), np.ones(count)]
    matrix, one = np.hstack([rows, -np.eye(count)]), np.r_[np.ones(columns), np.zeros(count)][None]
    found = scipy.optimize.linprog(costs, matrix, np.zeros(count), one, np.ones(1), method="highs")
    return np.asarray(found.x)[columns:], -np.asarray(found.ineqlin.marginals), float(found.eqlin.marginals[0])
