"""`Mixture`: which sample comes when. An endless stream that is a pure function of (seed, step)."""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np
from numpy.typing import NDArray

from generator.base.draw import Draw
from generator.base.errors import TrainError

Sample = tuple[int, int]


class Mixture:
    """Samples from several sources in an exact ratio; no state but the step.

    After any n samples source k was drawn floor or ceil of n * share_k times (Tijdeman, "The chairman assignment
    problem", Discrete Mathematics 1980), so small batches keep the ratio as well as long runs do. Each source is gone
    through in a new random order every epoch, named by (seed, source, epoch): any step can be had alone, and adding a
    source changes no other's order. Sources count in the order of their sorted `names`.
    """

    def __init__(self, sizes: Mapping[str, int], shares: Mapping[str, float], batch: int, seed: int) -> None:
        """`sizes`: examples per source. `shares`: parts of the samples seen, made to sum to 1; absent means none."""
        self.names = tuple(sorted(sizes))
        self.sizes = tuple(sizes[name] for name in self.names)
        self.batch_size, self.seed = batch, seed
        self._parts = _parts([shares.get(name, 0.0) for name in self.names])
        self._check(shares)
        self._round: list[Sample] = []
        self._drawn = [0] * len(self.names)

    def _check(self, shares: Mapping[str, float]) -> None:
        for name in shares:
            if shares[name] > 0 and name not in self.names:
                raise TrainError(f"{name!r} has a share of the mixture, but there is no such source")
        for name, size, part in zip(self.names, self.sizes, self._parts, strict=True):
            if part and not size:
                raise TrainError(f"source {name!r} is empty: give it examples, or take its share of the mixture away")

    @property
    def shares(self) -> dict[str, float]:
        """The parts actually used; they sum to 1."""
        return {name: part / sum(self._parts) for name, part in zip(self.names, self._parts, strict=True)}

    def batch(self, step: int) -> list[Sample]:
        """(source, index) of every sample of one step, counted from 0."""
        first = step * self.batch_size
        return [self._sample(n) for n in range(first, first + self.batch_size)]

    def shard(self, step: int, rank: int, ranks: int) -> list[Sample]:
        """What worker `rank` of `ranks` takes of a step's batch."""
        return self.batch(step)[rank::ranks]

    def seen(self, steps: int) -> dict[str, NDArray[np.int64]]:
        """How often each example of each source has been drawn in the first `steps` steps."""
        turns, rest = divmod(steps * self.batch_size, sum(self._parts))
        self._extend(rest)
        counts = [turns * part for part in self._parts]
        for source, _ in self._round[:rest]:
            counts[source] += 1
        return {name: self._repeats(k, counts[k]) for k, name in enumerate(self.names)}

    def _repeats(self, source: int, count: int) -> NDArray[np.int64]:
        epochs, rest = divmod(count, max(self.sizes[source], 1))
        repeats = np.full(self.sizes[source], epochs, np.int64)
        if rest:
            repeats[list(self._order(source, epochs)[:rest])] += 1
        return repeats

    def _sample(self, n: int) -> Sample:
        turn, place = divmod(n, sum(self._parts))
        self._extend(place + 1)
        source, rank = self._round[place]
        epoch, position = divmod(turn * self._parts[source] + rank, self.sizes[source])
        return source, self._order(source, epoch)[position]

    def _order(self, source: int, epoch: int) -> tuple[int, ...]:
        return _permutation(self.seed, self.names[source], epoch, self.sizes[source])

    def _extend(self, length: int) -> None:
        """Plan the first `length` samples of a round, after which the ratio has been met exactly and all repeats.

        Among the sources whose next turn is not too early, take the one whose turn must come first.
        """
        total, slack = sum(self._parts), 2 * max(sum(map(bool, self._parts)) - 1, 1)
        while len(self._round) < length:
            n = len(self._round) + 1
            owed = [n * part - total * drawn for part, drawn in zip(self._parts, self._drawn, strict=True)]
            due = [k for k, debt in enumerate(owed) if slack * debt >= total and self._parts[k]]
            first = min(due, key=lambda k: (Fraction(total * (slack - 1) - slack * owed[k], self._parts[k]), k))
            self._round.append((first, self._drawn[first]))
            self._drawn[first] += 1


def _parts(shares: list[float]) -> list[int]:
    """Shares as whole parts of a round, each met to a millionth of the whole."""
    if not all(share >= 0 for share in shares) or not sum(shares) > 1e-3:
        raise TrainError(f"shares of a mixture must not be negative and must not all be 0, but are {shares}")
    fractions = [Fraction(share).limit_denominator(1_000_000) for share in shares]
    common = lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * common) for fraction in fractions]


@lru_cache(maxsize=64)
def _permutation(seed: int, name: str, epoch: int, size: int) -> tuple[int, ...]:
    rng = (Draw(seed) / "mixture" / name / epoch).rng()
    return tuple(rng.permutation(size).tolist())
