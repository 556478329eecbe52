"""Rows of a linear program over very many columns, kept as the product of two small things.

Caps, floors and evenness of twenty tags and ten classes are dozens of rows, yet all are sums of the same few amounts:
frames, frames with a tag, objects of a class. ``rows = terms @ amounts`` is never written out for all columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 2**15  # columns that are worked on at once: they stay in a processor's cache
EXACT = 2**24  # float32 holds smaller whole numbers exactly


@dataclass(frozen=True)
class Rows:
    """`terms` float64 (R, A), `amounts` (A, K) of float64, or float32 where that is exact."""

    terms: Floats
    amounts: NDArray[Any]

    @classmethod
    def of(cls, dense: NDArray[Any]) -> "Rows":
        """Rows that are given one by one, (R, K)."""
        return cls(np.eye(len(dense)), np.asarray(dense, float))

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.amounts.shape[1])

    def times(self, x: NDArray[Any]) -> Floats:
        """``rows @ x``, (R,)."""
        total = np.zeros(len(self.amounts))
        for part in self._blocks():
            total += self.amounts[:, part].astype(float) @ x[part]
        return np.asarray(self.terms @ total)

    def priced(self, prices: Floats) -> Floats:
        """``prices @ rows``, (K,)."""
        each, result = prices @ self.terms, np.empty(self.width)
        used = np.flatnonzero(each)
        amounts = self.amounts if 2 * len(used) > len(each) else self.amounts[used]
        each = each if 2 * len(used) > len(each) else each[used]
        for part in self._blocks():
            result[part] = each @ amounts[:, part]
        return result

    def row(self, number: int) -> Floats:
        return self.priced(np.eye(len(self))[number])

    def lengths(self, unit: Floats) -> Floats:
        """Euclidean length of each column, its entries times `unit` (R,); float32 is good enough."""
        terms, result = (unit[:, None] * self.terms).astype(np.float32), np.empty(self.width)
        for part in self._blocks():
            values = terms @ self.amounts[:, part].astype(np.float32)
            result[part] = np.sqrt(np.square(values).sum(0))
        return result

    def take(self, at: NDArray[Any]) -> "Rows":
        """Some of the columns."""
        return Rows(self.terms, self.amounts[:, at])

    def some(self, which: NDArray[Any]) -> "Rows":
        """Some of the rows."""
        return Rows(self.terms[which], self.amounts)

    def dense(self) -> Floats:
        """All of it, (R, K)."""
        return np.asarray(self.terms @ self.amounts.astype(float))

    def _blocks(self) -> Iterator[slice]:
        return (slice(start, start + BLOCK) for start in range(0, self.width, BLOCK))


def stacked(amounts: list[NDArray[Any]], at: NDArray[np.int64]) -> NDArray[Any]:
    """Amounts (n,) at the candidates `at`, as (A, K): of float32 where that is exact."""
    small = all(one.dtype.kind != "f" and int(one.max(initial=0)) < EXACT for one in amounts)
    result = np.empty((len(amounts), len(at)), np.float32 if small else np.float64)
    for row, one in zip(result, amounts, strict=True):
        np.take(one.astype(result.dtype), at, out=row, mode="clip")  # small and in one piece: stays in the cache
    return result
