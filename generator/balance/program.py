"""The linear program: how many frames of each column to keep.

    maximize   sum x
    subject to rows @ x <= tops,  low <= x <= high,  sum x <= limit

Every cap, floor and evenness rule is a homogeneous row: "at most 20 % night" is ``sum (night - 0.2) x <= 0``. Only
"some object at all", without which evenness means nothing, has a top other than 0. Solved by HiGHS (Huangfu and Hall,
2018). A vertex has at most as many fractional entries as there are rows, so rounding costs a few frames however many
there are; small programs are solved in integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
EPSILON = 1e-9
FEW_COLUMNS = 400


@dataclass(frozen=True)
class Rule:
    """One row's name. `kind` is "cap", "floor" or "empty" (of frames), or "most", "least" or "some" (of instances);
    `asked` is the share or the factor."""

    kind: str
    subject: str
    asked: float

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()


@dataclass(frozen=True)
class Program:
    """`rows` float64 (R, K), `tops` (R,), `low` and `high` (K,), `limit` inf for none."""

    rules: tuple[Rule, ...]
    rows: Floats
    tops: Floats
    low: Whole
    high: Whole
    limit: float = np.inf

    def relaxed(self) -> tuple[Floats, Floats] | None:
        """An optimal real solution and the price of each row (>= 0, frames per unit of slack); None if infeasible."""
        limits = [self.limit] if np.isfinite(self.limit) else []
        above = np.vstack([self.rows, np.ones((len(limits), len(self.high)))])
        most = np.r_[self.tops, limits]
        found = _linprog(-np.ones(len(self.high)), csr_array(above), most, np.column_stack([self.low, self.high]))
        return (found.x, -found.ineqlin.marginals[: len(self.rows)]) if found.status == 0 else None

    def whole(self, start: Floats) -> Whole:
        """A solution in integers, as near to the bound as can be had cheaply. `start` is a real solution.

        Where `limit` leaves a choice, frames are taken as nearly as possible in proportion to what there is.
        """
        limited = bool(start.sum() > self.limit - 0.5)
        if limited:
            start = self._nearest(int(self.limit), False, start)
        found = [self._repaired(np.floor(start + 1e-6).astype(np.int64))]
        if len(self.high) <= FEW_COLUMNS and found[0].sum() < int(start.sum() + 1e-6):
            exact = self._nearest(int(self.limit), True, start) if limited else self._integers(start)
            found.append(self._repaired(np.round(exact).astype(np.int64)))
        return max(found, key=lambda x: (int(x.sum()), -float(np.abs(x - start).sum())))

    def fits(self, x: Floats | Whole) -> bool:
        """Whether a solution keeps every rule."""
        inside = (x >= self.low).all() and (x <= self.high).all() and x.sum() <= self.limit + EPSILON
        return bool(inside and not _excess(self.rows @ x - self.tops, x.sum()))

    def _integers(self, start: Floats) -> Floats:
        matrix = csr_array(np.vstack([self.rows, np.ones(len(self.high))]))
        kinds = np.ones(len(self.high), np.int64)
        return _milp(-np.ones(len(self.high)), matrix, self._tops(), (self.low, self.high), kinds, start)

    def _tops(self) -> Floats:
        return np.asarray(np.r_[self.tops, self.limit])

    def _nearest(self, total: int, integers: bool, start: Floats) -> Floats:
        """Near `total` frames, with the least sum of |x - share of what there is|. Variables: x, then the distances.

        The distances weigh so little that all of them together are worth less than half a frame."""
        columns = len(self.high)
        goal = total * self.high / self.high.sum()
        same, none = eye_array(columns), csr_array((len(self.rows) + 1, columns))
        upper = hstack([csr_array(np.vstack([self.rows, np.ones(columns)])), none])
        matrix = csr_array(vstack([upper, hstack([same, -same]), hstack([-same, -same])]))
        weights = np.r_[-np.ones(columns), np.full(columns, 1 / (4 * total + 4))]
        bounds = np.r_[self.low, np.zeros(columns)], np.r_[self.high, np.full(columns, np.inf)]
        kinds = np.r_[np.full(columns, int(integers)), np.zeros(columns, np.int64)]
        first = np.r_[start, np.zeros(columns)]
        found = _milp(weights, matrix, np.r_[self._tops(), goal, -goal], bounds, kinds, first)
        return np.asarray(found[:columns])

    def _repaired(self, x: Whole) -> Whole:
        """Frames added or taken one by one until every rule holds, then added while all still hold; zeros if stuck."""
        x = np.clip(x, self.low, self.high)
        if x.sum() > self.limit:
            x = np.clip(np.floor(x * self.limit / x.sum()).astype(np.int64), self.low, x)
        for _ in range(20 * (len(self.rows) + 5)):
            if self.fits(x):
                return self._filled(x)
            column, step = self._best_step(x)
            if column < 0:
                break
            x[column] += step
        return np.zeros_like(x)

    def _best_step(self, x: Whole) -> tuple[int, int]:
        """The single frame whose adding (preferred) or removal lowers the excess most; column -1 if none does."""
        now = self.rows @ x - self.tops
        best = (_excess(now, x.sum()) - 1e-12, 0, -1)
        for step, possible in ((1, (x < self.high) & (x.sum() < self.limit)), (-1, x > self.low)):
            after = np.maximum(now[:, None] + step * self.rows, 0).sum(0)
            after[~possible] = np.inf
            column = int(after.argmin())
            best = min(best, (float(after[column]), -step, column))
        return best[2], -best[1]

    def _filled(self, x: Whole) -> Whole:
        for _ in range(20 * (len(self.rows) + 5)):
            after = (self.rows @ x - self.tops)[:, None] + self.rows
            possible = (after <= EPSILON * (1 + x.sum())).all(0) & (x < self.high) & (x.sum() < self.limit)
            if not possible.any():
                break
            x[int(np.argmax(np.where(possible, self.high - x, -1)))] += 1
        return x


def least_slack(rules: Sequence[Rule], rows: Floats) -> list[tuple[Rule, float]]:
    """Rules that no mixture of the columns meets, each with the least share it must give way by."""
    count, columns = rows.shape
    costs = np.r_[np.zeros(columns), np.ones(count)]
    matrix, one = np.hstack([rows, -np.eye(count)]), np.r_[np.ones(columns), np.zeros(count)][None]
    found = linprog(costs, matrix, np.zeros(count), one, np.ones(1), method="highs")
    return [(rule, float(s)) for rule, s in zip(rules, np.asarray(found.x)[columns:], strict=True) if s > 1e-7]


def _excess(values: Floats, total: int) -> float:
    over = values[values > EPSILON * (1 + total)]
    return float(over.sum())


def _linprog(costs: Floats, matrix: Any, most: Floats, bounds: Any) -> Any:
    """scipy's, whose annotations lack sparse matrices."""
    return linprog(costs, matrix, most, bounds=bounds, method="highs")


def _milp(costs: Floats, matrix: Any, most: Floats, bounds: tuple[Any, Any], kinds: Whole, start: Floats) -> Floats:
    """HiGHS' solution, or `start` where it found none within the nodes it may visit (a limit in time is no function
    of the input)."""
    rows, options = LinearConstraint(matrix, -np.inf, most), {"node_limit": 2000, "mip_rel_gap": 1e-4}
    found: Any = milp(costs, constraints=rows, bounds=Bounds(*bounds), integrality=kinds, options=options)  # type: ignore[arg-type]
    return start if found.x is None else np.asarray(found.x)
