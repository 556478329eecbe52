"""Frames that are alike, counted: what makes balancing a million frames a small linear program.

Two groupings. A *column* holds frames that no rule can tell apart: one variable of the program. A *cell* holds frames
of one column with one combination of *all* tags: what the share kept of every combination is promised to.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Candidates, Ints
from generator.spec.config import Balance

MOST_COLUMNS = 50_000


@dataclass(frozen=True)
class Groups:
    """`cell` and `column` say per frame (n,) where it belongs; `column_of` and `combination` belong to cells; `sizes`
    and `cell_sizes` count frames; `example` is a frame of each column. `exact` is False where the frames of a column
    may differ in their counts of instances."""

    cell: Ints
    column: Ints
    column_of: Ints
    combination: Ints
    cell_sizes: Ints
    sizes: Ints
    example: Ints
    exact: bool

    def lows(self, share: float, least: int) -> Ints:
        """Frames per cell (rounded up) that keep `share` of every combination of at least `least` frames.

        What rounding adds goes to the combination's largest cell, not to each of its cells.
        """
        size = np.bincount(self.combination, self.cell_sizes)
        wanted = np.where(size >= least, np.ceil(share * size - 1e-9), 0).astype(np.int64)
        low = np.floor(share * self.cell_sizes * (size >= least)[self.combination] + 1e-9).astype(np.int64)
        missing = wanted - np.bincount(self.combination, low).astype(np.int64)
        order = np.lexsort((np.arange(len(low)), -self.cell_sizes, self.combination))
        place = within(self.combination[order])
        low[order] += place < missing[self.combination[order]]
        result: Ints = low
        return result


def group(frames: Candidates, rules: Balance) -> Groups:
    """By what `rules` can tell apart. Counts of instances matter only under `evenness`; where they make more columns
    than a linear program should have, similar ones are averaged."""
    asked = sorted({*rules.caps, *rules.floors})
    plain = np.column_stack([frames.column(tag) for tag in asked] + [frames.empty]).astype(np.int64)
    column, exact = codes(plain), True
    if rules.evenness is not None:
        column, exact = _by_counts(plain, frames.counts)
    combination = codes(np.column_stack([frames.bits, frames.empty]).astype(np.int64))
    cell, first, cell_sizes = compact(column * (combination.max(initial=0) + 1) + combination)
    example = np.unique(column, return_index=True)[1]
    return Groups(cell, column, column[first], combination[first], cell_sizes, np.bincount(column), example, exact)


def _by_counts(plain: Ints, counts: Ints) -> tuple[Ints, bool]:
    """Columns that also know the counts of instances, as finely as there is room for, and whether exactly: counts; up
    to 3; present or not; the rarest class that is present."""
    rarest = np.argsort(counts.sum(0), kind="stable")
    first = np.where(counts.any(1), np.argmax(counts[:, rarest] > 0, axis=1) + 1, 0)
    for number, known in enumerate((counts, np.minimum(counts, 3), np.minimum(counts, 1))):
        column = codes(np.column_stack([plain, known]))
        if column.max() < MOST_COLUMNS:
            return column, number == 0
    return codes(np.column_stack([plain, first])), False


def codes(rows: Ints) -> Ints:
    """Numbers 0, 1, ... for distinct rows of small non-negative integers."""
    code = np.zeros(len(rows), np.int64)
    span = 1
    for values in rows.T:
        base = int(values.max(initial=0)) + 1
        if span * base >= 2**62:
            code, _, sizes = compact(code)
            span = len(sizes)
        code, span = code * base + values, span * base
    return compact(code)[0]


def compact(code: Ints) -> tuple[Ints, Ints, Ints]:
    """Codes renumbered 0, 1, ... in ascending order, the first frame of each, and how many frames have it."""
    _, first, inverse, counts = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
    return inverse.astype(np.int64), first, counts


def within(ordered: Ints) -> Ints:
    """Position of each entry among its equals, for equal entries that stand together."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, len(ordered)])
    result: Ints = np.arange(len(ordered)) - np.repeat(starts, lengths)
    return result


def position(group: Ints, *keys: NDArray[Any]) -> Ints:
    """Position of each frame in its group, ordered by the first key, ties by the next."""
    order = np.lexsort((*reversed(keys), group))
    result = np.empty(len(group), np.int64)
    result[order] = within(group[order])
    return result
