"""Linear programs with few rows and very many bounded columns.

    maximize worth @ x  subject to  rows @ x <= tops,  low <= x <= high

Any prices y >= 0 of the rows bound the optimum from above by ``y @ tops`` plus what each column is worth at best on its
own (Lagrange). So a program of a million columns is solved on a few thousand: prices from a sample say which columns
are surely at a bound; only those near the margin are left free; the bound proves when that was right. (Sifting: Bixby
et al., "Very large-scale linear programming", Operations Research 1992.) HiGHS (Huangfu and Hall, 2018) solves the
small programs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.balance.rows import Rows

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
SMALL, WORKING, TURNS = 12_000, 3_000, 24
SIZES = 6_000, 100_000  # of samples
LARGEST = 200_000  # columns that are still given to HiGHS at once, where all else fails
PENALTY = 1e4  # for a unit of a row that is not met: what is still not met at this price cannot be


@dataclass(frozen=True)
class Optimum:
    """An optimal `x` (K,), the price of each row (>= 0, worth per unit of slack), and an upper bound of the worth."""

    x: Floats
    prices: Floats
    bound: float


@dataclass(frozen=True)
class Columns:
    """A program: `worth` (K,), `rows` (R, K), `tops` (R,), `low` and `high` (K,)."""

    worth: Floats
    rows: Rows
    tops: Floats
    low: Floats
    high: Floats

    def left(self, prices: Floats) -> Floats:
        """What one more of each column is worth after paying for the rows."""
        return np.asarray(self.worth - self.rows.priced(prices))

    def bound(self, prices: Floats, left: Floats | None = None) -> float:
        """Of the worth of any solution. `left` is that of these prices, where it is known already."""
        left = self.left(prices) if left is None else left
        gain = np.maximum(left, 0) @ self.high + np.minimum(left, 0) @ self.low
        return float(prices @ self.tops + gain)


def maximize(program: Columns, prices: Floats | None = None) -> Optimum | None:
    """An optimum, or None where there is none. `prices` of a similar program help."""
    if len(program.worth) <= SMALL:
        return _small(program)
    return _Search(program, sampled(program, prices), 1e-5).run()


def sampled(program: Columns, prices: Floats | None = None) -> Floats:
    """Prices that are nearly those of the optimum, from ever larger samples of the columns."""
    if prices is None:
        found = probe(program)
        prices = np.zeros(len(program.tops)) if found is None else found.prices
    if SIZES[1] < len(program.worth):
        start = _Search(_sample(program, SIZES[1]), prices, 0.002).run()
        prices = prices if start is None else start.prices
    return prices


def probe(program: Columns) -> Optimum | None:
    """The optimum over a small sample of the columns, its `bound` being its worth; None where those cannot meet the
    rows. Exact only where all columns are few."""
    if len(program.worth) <= SMALL:
        return _small(program)
    part = _sample(program, SIZES[0])
    none = np.zeros(len(part.tops))
    start, unmet = _priced(part, np.arange(len(part.worth)), part.low, none, none + PENALTY)
    return Optimum(start.x, start.prices, float(part.worth @ start.x)) if unmet < 1e-6 else None


class _Search:
    """The least bound by steps in a box of prices, small enough that the columns left free are the ones that matter.

    Where no other column changes sides within the box, a step is exact; as the bound is convex in the prices, a
    step that ends inside is the optimum, and its columns meet the bound."""

    def __init__(self, program: Columns, prices: Floats | None, tolerance: float) -> None:
        self.program, self.tolerance = program, tolerance
        self.prices = np.zeros(len(program.tops)) if prices is None else prices
        few = np.arange(0, len(program.worth), max(1, len(program.worth) // SMALL))
        self.unit = 1 / (np.abs(program.rows.take(few).dense()).mean(1) + 1e-12)
        self.reach = np.maximum(program.rows.lengths(self.unit), 1e-6)
        self.least = float(program.worth @ program.low)
        self.left = program.left(self.prices)
        self.bound, self.step, self.working = program.bound(self.prices, self.left), 4.0, WORKING
        self.best: Optimum | None = None

    def run(self) -> Optimum | None:
        for _ in range(TURNS):
            if self.best is None and self._impossible():
                return None
            self._turn()
            if self.best is not None and self.bound - self.best.bound <= max(0.5, self.tolerance * self.bound):
                return Optimum(self.best.x, self.best.prices, self.bound)
        if self.best is None:
            return _small(self.program) if len(self.program.worth) <= LARGEST else None
        return Optimum(self.best.x, self.best.prices, self.bound)

    def _impossible(self) -> bool:
        """Proven where some prices bound the worth below what must be kept anyway."""
        paid, worth = self.program.worth - self.left, self.program.worth
        bounds = (self.program.bound(scale * self.prices, worth - scale * paid) for scale in (1, 30, 1000))
        return min(bounds) < self.least - 0.5

    def _turn(self) -> None:
        left = self.left
        near = np.abs(left) / self.reach
        free = np.argpartition(near, self.working)[: self.working]
        radius = self.unit * max(float(near[free].max()), 1e-4) * self.step
        x = np.where(left > 0, self.program.high, self.program.low)
        found, unmet = _priced(self.program, free, x, self.prices, radius)
        if unmet < 1e-6:
            worth = float(found.x @ self.program.worth)
            if self.best is None or worth > self.best.bound:
                self.best = Optimum(found.x, found.prices, worth)
        left = self.program.left(found.prices)
        bound = self.program.bound(found.prices, left)
        if bound < self.bound - 1e-9:
            self.left = left
            at_edge = bool((np.abs(found.prices - self.prices) > 0.99 * radius).any())
            self.bound, self.prices, self.step = bound, found.prices, self.step * (2 if at_edge else 1)
        else:
            self.step /= 4
            self.working = min(2 * self.working, len(left) - 1)


def _sample(program: Columns, size: int) -> Columns:
    """The largest columns, and of the others every k-th, which stands for k of them."""
    large = np.flatnonzero(program.high > 4 * program.high.mean())
    heavy = np.sort(large[np.argsort(-program.high[large], kind="stable")[: size // 2]])
    light = np.ones(len(program.high), bool)
    light[heavy] = False
    others = np.flatnonzero(light)
    stride = max(1, -(-len(others) // (size - len(heavy))))
    at = np.r_[heavy, others[stride // 2 :: stride]]
    scale = np.r_[np.ones(len(heavy)), np.full(len(at) - len(heavy), stride)]
    return Columns(
        program.worth[at], program.rows.take(at), program.tops, program.low[at] * scale, program.high[at] * scale
    )


def _priced(program: Columns, free: Whole, x: Floats, prices: Floats, radius: Floats) -> tuple[Optimum, float]:
    """The optimum over the columns `free`, the others fixed as in `x`, at prices within `radius` of `prices`; and by
    how much rows are exceeded, since none can cost more than that."""
    count, most, least = len(program.tops), prices + radius, np.maximum(prices - radius, 0)
    rows, fixed = program.rows.take(free).dense(), x.copy()
    fixed[free] = 0
    rest = program.tops - program.rows.times(fixed)
    same = scipy.sparse.eye_array(count)
    costs = np.r_[-program.worth[free], most, -least]
    bounds = np.column_stack([np.r_[program.low[free], np.zeros(2 * count)],
                              np.r_[program.high[free], np.full(2 * count, np.inf)]])  # fmt: skip
    found = _linprog(costs, scipy.sparse.hstack([scipy.sparse.csr_array(rows), -same, same]), rest, bounds)
    x = x.copy()
    x[free] = found.x[: len(free)]
    prices = np.clip(-found.ineqlin.marginals, least, most)
    return Optimum(x, prices, np.inf), float(found.x[len(free) : len(free) + count].max(initial=0))


def _small(program: Columns) -> Optimum | None:
    bounds = np.column_stack([program.low, program.high])
    found = _linprog(-program.worth, scipy.sparse.csr_array(program.rows.dense()), program.tops, bounds)
    if found.status != 0:
        return None
    return Optimum(found.x, np.maximum(-found.ineqlin.marginals, 0), float(-found.fun))


def _linprog(costs: Floats, matrix: Any, most: Floats, bounds: Any) -> Any:
    """scipy's, whose annotations lack sparse matrices. Presolving costs more than it saves where rows are few."""
    return scipy.optimize.linprog(costs, matrix, most, bounds=bounds, method="highs-ds", options={"presolve": False})
