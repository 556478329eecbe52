"""From a real solution of the program to whole candidates, as near to the bound as can be had cheaply."""

from typing import Any

import numpy as np
import scipy

from generator.balance.program import EPSILON, Program, Whole, excess
from generator.balance.rows import Floats
from generator.balance.sifting import Optimum

FEW, SOME, POOL = 400, 4_000, 4_000  # columns for an integer program, for even shares, for repairs


def whole(program: Program, optimum: Optimum) -> Whole:
    """A solution in whole candidates; zeros where none was found.

    Where `limit` leaves a choice, they are taken as nearly as possible in proportion to what there is.
    """
    start = optimum.x
    limited = program.frames(start) > program.limit - 0.5
    if limited and len(start) <= SOME:
        start = _nearest(program, False, start)
    found = [_repaired(program, _floored(start), optimum)]
    if len(start) <= FEW and program.frames(found[0]) < int(optimum.x @ program.weight + 1e-6):
        exact = _nearest(program, True, start) if limited else _integers(program, start)
        found.append(_repaired(program, np.round(exact).astype(np.int64), optimum))
    return max(found, key=lambda x: (program.frames(x), -float(np.abs(x - start).sum())))


def _floored(x: Floats) -> Whole:
    return np.floor(x + 1e-6).astype(np.int64)


def _repaired(program: Program, x: Whole, optimum: Optimum) -> Whole:
    """Rules kept by moving single candidates, in the columns where that costs least."""
    x = np.clip(x, program.low, program.high)
    if len(x) <= POOL:
        return _settled(program, x)
    left = np.abs(program.columns().left(optimum.prices))
    left[np.abs(optimum.x - x) > 1e-6] = -1  # fractional ones come first
    at = np.argpartition(left, POOL)[:POOL]
    part = _settled(program.narrowed(at, x), x[at])
    x[at] = part
    return x if program.fits(x) else np.zeros_like(x)


def _settled(program: Program, x: Whole) -> Whole:
    """Candidates added or taken one by one until every rule holds, then added while all still hold; zeros if stuck."""
    if program.frames(x) > program.limit:
        x = np.clip(np.floor(x * program.limit / program.frames(x)).astype(np.int64), program.low, x)
    rows = program.rows.dense()
    for _ in range(20 * (len(rows) + 5)):
        if program.fits(x):
            return _filled(program, rows, x)
        column, step = _best_step(program, rows, x)
        if column < 0:
            break
        x[column] += step
    return np.zeros_like(x)


def _best_step(program: Program, rows: Floats, x: Whole) -> tuple[int, int]:
    """The single step, adding preferred to taking, that lowers the excess most; column -1 if none does."""
    now, total = rows @ x - program.tops, program.frames(x)
    best = (excess(now, total) - 1e-12, 0, -1)
    room = total + program.weight <= program.limit
    for step, possible in ((1, (x < program.high) & room), (-1, x > program.low)):
        after = np.maximum(now[:, None] + step * rows, 0).sum(0)
        after[~possible] = np.inf
        column = int(after.argmin())
        best = min(best, (float(after[column]), -step, column))
    return best[2], -best[1]


def _filled(program: Program, rows: Floats, x: Whole) -> Whole:
    for _ in range(20 * (len(rows) + 5)):
        total = program.frames(x)
        after = (rows @ x - program.tops)[:, None] + rows
        room = total + program.weight <= program.limit
        possible = (after <= EPSILON * (1 + total)).all(0) & (x < program.high) & room
        if not possible.any():
            break
        x[int(np.argmax(np.where(possible, program.high - x, -1)))] += 1
    return x


def _integers(program: Program, start: Floats) -> Floats:
    matrix = scipy.sparse.csr_array(program.with_frames().dense())
    kinds = np.ones(len(program.high), np.int64)
    bounds = program.low, program.high
    return _milp(-program.weight.astype(float), matrix, _tops(program), bounds, kinds, start)


def _tops(program: Program) -> Floats:
    return np.asarray(np.r_[program.tops, program.limit])


def _nearest(program: Program, integers: bool, start: Floats) -> Floats:
    """Near `limit` frames, with the least sum of |x - share of what there is|. Variables: x, then the distances.

    The distances weigh so little that all of them together are worth less than half a frame."""
    columns, total = len(program.high), int(program.limit)
    goal = total * program.high / program.frames(program.high)
    rows, same = scipy.sparse.csr_array(program.with_frames().dense()), scipy.sparse.eye_array(columns)
    matrix = scipy.sparse.block_array([[rows, None], [same, -same], [-same, -same]], format="csr")
    weights = np.r_[-program.weight, np.full(columns, 1 / (4 * total + 4))]
    bounds = np.r_[program.low, np.zeros(columns)], np.r_[program.high, np.full(columns, np.inf)]
    kinds = np.r_[np.full(columns, int(integers)), np.zeros(columns, np.int64)]
    first = np.r_[start, np.zeros(columns)]
    found = _milp(weights, matrix, np.r_[_tops(program), goal, -goal], bounds, kinds, first)
    return np.asarray(found[:columns])


def _milp(costs: Floats, matrix: Any, most: Floats, bounds: tuple[Any, Any], kinds: Whole, start: Floats) -> Floats:
    """HiGHS' solution, or `start` where it found none within the nodes it may visit (a limit in time is no function
    of the input)."""
    rows, within = scipy.optimize.LinearConstraint(matrix, -np.inf, most), scipy.optimize.Bounds(*bounds)
    options: Any = {"node_limit": 2000, "mip_rel_gap": 1e-4}
    found: Any = scipy.optimize.milp(costs, constraints=rows, bounds=within, integrality=kinds, options=options)
    return start if found.x is None else np.asarray(found.x)
