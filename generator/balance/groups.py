"""Frames that are alike, counted: what makes balancing a million frames a small linear program.

Two groupings. A *column* holds frames that no rule can tell apart: one variable of the program. A *cell* holds frames
of one column with one combination of *all* tags: what the share kept of every combination is promised to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Amounts, Candidates, Ints


@dataclass(frozen=True)
class Groups:
    """`cell` and `column` say per candidate (n,) where it belongs; `column_of` and `combination` belong to cells;
    `sizes` and `cell_sizes` count candidates; `example` is one of each column."""

    cell: Ints
    column: Ints
    column_of: Ints
    combination: Ints
    cell_sizes: Ints
    sizes: Ints
    example: Ints

    def by_liking(self, liking: NDArray[np.float64]) -> Ints:
        """Cells by combination, those whose columns are worth most (`liking`, per column) first."""
        likely = np.argsort(-liking[self.column_of], kind="stable")
        return likely[np.argsort(self.combination[likely], kind="stable")]

    def lows(self, share: float, least: int, order: Ints) -> Ints:
        """Candidates per cell that keep `share` (rounded up) of every combination of at least `least` of them, taken
        from its cells in `order`, which is by combination."""
        low = np.zeros(len(self.cell_sizes), np.int64)
        if share <= 0:
            return low
        size = np.bincount(self.combination, self.cell_sizes)
        wanted = np.where(size >= least, np.ceil(share * size - 1e-9), 0).astype(np.int64)
        combination, sizes = self.combination[order], self.cell_sizes[order]
        low[order] = np.clip(wanted[combination] - running(sizes, combination), 0, sizes)
        return low


def group(frames: Candidates, amounts: Iterable[Amounts]) -> Groups:
    """By the `amounts` (n,) that the rules can tell apart."""
    column, example, sizes = compact(codes(frames, amounts))
    combination = compact(codes(frames, [*frames.bits.T.astype(bool), frames.empty.astype(bool)]))[0]
    if (example[column] == np.arange(len(frames))).all():  # all differ: a cell each
        return Groups(column, column, column, combination, sizes, sizes, example)
    cell, first, cell_sizes = compact(column * (int(combination.max(initial=0)) + 1) + combination)
    return Groups(cell, column, column[first], combination[first], cell_sizes, sizes, example)


def codes(frames: Candidates | int, values: Iterable[Amounts]) -> Ints:
    """Equal numbers for candidates that are equal in every one of `values` (n,): small whole numbers, none negative,
    or real ones."""
    code, span = np.zeros(frames if isinstance(frames, int) else len(frames), np.int64), 1
    for one in values:
        one = np.unique(one, return_inverse=True)[1] if one.dtype.kind == "f" else one
        base = int(one.max(initial=0)) + 1
        if base == 1:
            continue
        if span * base >= 2**62:
            code, _, sizes = compact(code)
            span = len(sizes)
        code *= base
        code += one
        span *= base
    return code


def compact(code: Ints) -> tuple[Ints, Ints, Ints]:
    """Codes renumbered 0, 1, ... in ascending order, the first candidate of each, and how many have it."""
    span = int(code.max(initial=-1)) + 1
    if 0 <= span <= 4 * len(code) + 1024 and code.min(initial=0) >= 0:  # counting is faster than sorting
        counts = np.bincount(code, minlength=span)
        there = np.flatnonzero(counts)
        number = np.cumsum(counts > 0) - 1
        first = np.full(span, -1)
        first[code[::-1]] = np.arange(len(code))[::-1]
        return number[code], first[there], counts[there]
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    inverse = np.empty(len(code), np.int64)
    sizes = np.diff(np.r_[starts, len(code)])
    inverse[order] = np.repeat(np.arange(len(starts)), sizes)
    return inverse, order[starts], sizes


def running(values: Ints, ordered: Ints) -> Ints:
    """Sum of the earlier `values` of each entry's equals, for equal entries of `ordered` that stand together."""
    total = np.cumsum(values) - values
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    result: Ints = total - np.repeat(total[starts], np.diff(np.r_[starts, len(ordered)]))
    return result


def within(ordered: Ints) -> Ints:
    """Position of each entry among its equals, for equal entries that stand together."""
    return running(np.ones(len(ordered), np.int64), ordered)


def position(group: Ints, *keys: NDArray[Any]) -> Ints:
    """Position of each candidate in its group, ordered by the first key, ties by the next."""
    order = np.lexsort((*reversed(keys), group))
    result = np.empty(len(group), np.int64)
    result[order] = within(group[order])
    return result
