"""``combinations: 0.02``: of every combination of tags that occurs, at least this share is kept.

Caps alone wipe out what has many tags at once: dropping one such frame relieves several caps. What is promised to a
combination is no row of the program but a floor under what is kept of its cells, taken from those that cost least.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from generator.balance.candidates import Ints
from generator.balance.groups import Groups
from generator.balance.program import Program, Whole
from generator.balance.rows import Floats
from generator.balance.rules import RULES, BalanceRule
from generator.balance.sifting import Optimum, probe

STEPS = 16  # of relaxing the share of every combination
COST = 0.1  # share of the frames that a promise weaker than what is asked may cost
Promise = tuple[float, int]  # share of every combination of at least so many


@RULES("combinations")
class Combinations(BalanceRule):
    """No rows: see `Promised`."""


class Promised:
    """The program with a share of every combination promised; remembers what it has solved."""

    def __init__(self, program: Program, groups: Groups, liking: Floats) -> None:
        self._program, self._groups = program, groups
        self._order = groups.by_liking(liking)
        self._cells: dict[Promise, Ints] = {}
        self._known: dict[Promise, Optimum | None] = {}
        self._probed: dict[Promise, Optimum | None] = {}

    def cells(self, promise: Promise) -> Ints:
        if promise not in self._cells:
            self._cells = {promise: self._groups.lows(*promise, self._order)}
        return self._cells[promise]

    def program(self, promise: Promise) -> Program:
        return replace(self._program, low=_per_column(self._groups, self.cells(promise)))

    def __call__(self, promise: Promise) -> Optimum | None:
        if promise not in self._known:
            program = self.program(promise)
            possible = program.frames(program.low) <= program.limit
            start = self._probed.get(promise)
            self._known[promise] = program.relaxed(start.prices if start else None) if possible else None
        return self._known[promise]

    def bound(self, promise: Promise, optimum: Optimum) -> float:
        """Of every selection that keeps the promise, whichever frames it keeps it with: at the prices found, the
        promise is cheapest kept with the frames that are worth most."""
        columns = self._program.columns()
        left = columns.left(optimum.prices)
        low, size = self._groups.lows(*promise, self._groups.by_liking(left)), self._groups.cell_sizes
        of = left[self._groups.column_of]
        return float(optimum.prices @ columns.tops + np.where(of > 0, of * size, of * low).sum())

    def strongest(self, asked: float) -> Iterator[Promise]:
        """The strongest promise that the rules allow, then weaker ones, for when rounding fails.

        In order: the asked share, ever smaller shares, one frame of each, one of those with 2, 4, 8, ... frames,
        nothing. A promise that the rules allow just barely leaves few frames: one weaker than what is asked is made
        only where it costs at most `COST` of them.
        """
        levels = [(asked * step / STEPS, 1) for step in range(STEPS, 0, -1)] if asked > 0 else []
        largest = int(np.bincount(self._groups.combination, self._groups.cell_sizes).max())
        levels += [(1 / (largest + 1), 2**power) for power in range(largest.bit_length())] if asked > 0 else []
        yield from levels[_first(lambda at: self._sensible(levels[at], asked), len(levels)) :]
        yield 0.0, 0

    def _sensible(self, promise: Promise, asked: float) -> bool:
        found = self._probe(promise)
        if found is None or promise == (asked, 1):
            return found is not None
        free = self._probe((0.0, 0))
        return free is None or found.bound >= (1 - COST) * free.bound

    def _probe(self, promise: Promise) -> Optimum | None:
        if promise not in self._probed:
            program = self.program(promise)
            possible = program.frames(program.low) <= program.limit
            self._probed[promise] = probe(program.columns()) if possible else None
        return self._probed[promise]


def _first(holds: Callable[[int], bool], count: int) -> int:
    """The first of `count` that holds, given that all later ones do; the very first is tried first."""
    if count and holds(0):
        return 0
    first, last = 1, count
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if holds(middle) else (middle + 1, last)
    return min(first, count)


def _per_column(groups: Groups, cells: Ints) -> Whole:
    return np.bincount(groups.column_of, cells, len(groups.sizes)).astype(np.int64)
