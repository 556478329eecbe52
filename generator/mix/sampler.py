"""`Mixture`: which sample comes when. An endless stream that is a pure function of (seed, step)."""

from collections.abc import Mapping

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.mix.orders import Indices, Order, Shuffled
from generator.mix.turns import Turns

Sample = tuple[int, int]


class Mixture:
    """Samples from several sources in an exact ratio; no state but the step.

    After any n samples source k was drawn floor or ceil of n * share_k times (`Turns`), so small batches keep the ratio
    as well as long runs do, and a source that gets no slot in one batch gets it in a later one. Within a source
    examples come in its own `Order`, named by (seed, source): any step can be had alone, and adding a source changes no
    other's order. Sources count in the order of their sorted `names`.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        shares: Mapping[str, float],
        batch: int,
        seed: int,
        orders: Mapping[str, Order] | None = None,
    ) -> None:
        """`sizes`: examples per source. `shares`: parts of the samples seen, made to sum to 1; absent means none.
        Sources without an order are gone through once per epoch, in a new random order each time."""
        self.names = tuple(sorted(sizes))
        self.sizes = tuple(sizes[name] for name in self.names)
        self.batch_size, self.seed = batch, seed
        self._turns = Turns([shares.get(name, 0.0) for name in self.names])
        self._orders = [(orders or {}).get(name) or Shuffled(sizes[name]) for name in self.names]
        self._draws = [Draw(seed) / "mixture" / name for name in self.names]
        self._check(shares)

    def _check(self, shares: Mapping[str, float]) -> None:
        for name in shares:
            if shares[name] > 0 and name not in self.names:
                raise TrainError(f"{name!r} has a share of the mixture, but there is no such source")
        for name, size, part in zip(self.names, self.sizes, self._turns.parts, strict=True):
            if part and not size:
                raise TrainError(f"source {name!r} is empty: give it examples, or take its share of the mixture away")

    @property
    def shares(self) -> dict[str, float]:
        """The parts actually used; they sum to 1."""
        return dict(zip(self.names, self._turns.shares, strict=True))

    def batch(self, step: int) -> list[Sample]:
        """(source, index) of every sample of one step, counted from 0."""
        first = step * self.batch_size
        return [self._sample(n) for n in range(first, first + self.batch_size)]

    def shard(self, step: int, rank: int, ranks: int) -> list[Sample]:
        """What worker `rank` of `ranks` takes of a step's batch."""
        return self.batch(step)[rank::ranks]

    def seen(self, steps: int) -> dict[str, Indices]:
        """How often each example of each source has been drawn in the first `steps` steps."""
        counts = self._turns.counts(steps * self.batch_size)
        return {
            name: order.times(draw, count)
            for name, order, draw, count in zip(self.names, self._orders, self._draws, counts, strict=True)
        }

    def _sample(self, n: int) -> Sample:
        source, rank = self._turns[n]
        return source, self._orders[source].at(self._draws[source], rank)
