"""In which order the examples of one source come: endless, with random access, no state but the rank.

An order is a pure function of a `Draw` (which names seed and source) and a rank from 0. `times` says in closed form how
often each example has come among the first ranks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from generator.base.draw import Draw
from generator.mix.turns import Turns

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]
KEPT = 8
T = TypeVar("T")


class Order(Protocol):
    """`size` examples, numbered from 0."""

    size: int

    def at(self, draw: Draw, rank: int) -> int:
        """The example of this rank."""
        ...

    def times(self, draw: Draw, count: int) -> Indices:
        """int64 (size,): how often each example is among the first `count`."""
        ...

    @property
    def parts(self) -> Floats:
        """float (size,): the part of all samples that each example is in the long run; they sum to 1."""
        ...


class Shuffled:
    """Every example once per epoch, each epoch in a new random order."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._epochs: dict[Draw, Indices] = {}

    def at(self, draw: Draw, rank: int) -> int:
        epoch, position = divmod(rank, self.size)
        return int(self._order(draw / epoch)[position])

    def times(self, draw: Draw, count: int) -> Indices:
        epochs, rest = divmod(count, max(self.size, 1))
        times = np.full(self.size, epochs, np.int64)
        if rest:
            times[self._order(draw / epochs)[:rest]] += 1
        return times

    @property
    def parts(self) -> Floats:
        return np.full(self.size, 1 / max(self.size, 1))

    def _order(self, draw: Draw) -> Indices:
        return _kept(self._epochs, draw, lambda: draw.rng().permutation(self.size))


class Repeated:
    """Example i comes factors[i] times per epoch on average: after e epochs floor or ceil of e * factors[i] times.

    The fractional parts are not rounded anew each epoch, as in Gupta et al., "LVIS" (CVPR 2019), but carried over from
    a random start, which gives the same expectation without the scatter, and any rank without the ones before.
    """

    def __init__(self, factors: Sequence[float]) -> None:
        """`factors`: positive, one per example."""
        self.factors = np.array(factors, np.float64)
        self.size = len(self.factors)
        self._starts: dict[Draw, NDArray[np.float64]] = {}
        self._epochs: dict[Draw, Indices] = {}

    def at(self, draw: Draw, rank: int) -> int:
        epoch, before = self._epoch(draw, rank)
        return int(self._order(draw, epoch)[rank - before])

    def times(self, draw: Draw, count: int) -> Indices:
        if not count:
            return np.zeros(self.size, np.int64)
        epoch, before = self._epoch(draw, count - 1)
        times = self._until(draw, epoch)
        np.add.at(times, self._order(draw, epoch)[: count - before], 1)
        return times

    @property
    def parts(self) -> Floats:
        return self.factors / self.factors.sum()

    def _epoch(self, draw: Draw, rank: int) -> tuple[int, int]:
        """The epoch in which a rank lies, and the ranks before that epoch. The guess is off by at most size / sum."""
        epoch = int(rank / self.factors.sum())
        while int(self._until(draw, epoch).sum()) > rank:
            epoch -= 1
        while int(self._until(draw, epoch + 1).sum()) <= rank:
            epoch += 1
        return epoch, int(self._until(draw, epoch).sum())

    def _until(self, draw: Draw, epoch: int) -> Indices:
        start = _kept(self._starts, draw, lambda: (draw / "starts").rng().random(self.size))
        return np.floor(epoch * self.factors + start).astype(np.int64)

    def _order(self, draw: Draw, epoch: int) -> Indices:
        def shuffled() -> Indices:
            copies = self._until(draw, epoch + 1) - self._until(draw, epoch)
            return (draw / epoch).rng().permutation(np.repeat(np.arange(self.size), copies))

        return _kept(self._epochs, draw / epoch, shuffled)


class Grouped:
    """Groups of examples, which may overlap, take turns in exact shares; each has its own order within.

    More than w * share - 2 of any w examples in a row come from a group.
    """

    def __init__(
        self, groups: Mapping[str, Sequence[int]], shares: Mapping[str, float], orders: Mapping[str, Order], size: int
    ) -> None:
        """`orders` are over the places within a group, of which none may be empty."""
        self.names, self.size = tuple(sorted(groups)), size
        self.groups = [np.array(groups[name], np.int64) for name in self.names]
        self.orders = [orders[name] for name in self.names]
        self.turns = Turns([shares[name] for name in self.names])

    def at(self, draw: Draw, rank: int) -> int:
        group, inner = self.turns[rank]
        return int(self.groups[group][self.orders[group].at(draw / self.names[group], inner)])

    def times(self, draw: Draw, count: int) -> Indices:
        times = np.zeros(self.size, np.int64)
        for name, members, order, n in zip(self.names, self.groups, self.orders, self.turns.counts(count), strict=True):
            np.add.at(times, members, order.times(draw / name, n))
        return times

    @property
    def parts(self) -> Floats:
        parts = np.zeros(self.size)
        for members, order, share in zip(self.groups, self.orders, self.turns.shares, strict=True):
            np.add.at(parts, members, share * order.parts)
        return parts


def _kept(cache: dict[Draw, T], key: Draw, make: Callable[[], T]) -> T:
    """The value for a key, made once while it is among the latest."""
    if key not in cache:
        while len(cache) >= KEPT:
            del cache[next(iter(cache))]
        cache[key] = make()
    return cache[key]
