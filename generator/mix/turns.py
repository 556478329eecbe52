"""Whose turn it is: members served in exact proportions, however few turns there are."""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from generator.base.errors import TrainError


class Turns:
    """An endless sequence of members, k of them with the given shares; the n-th is a pure function of n.

    After any n turns member k has had floor or ceil of n * share_k of them, so in any window of w turns it has more
    than w * share_k - 2 (Tijdeman, "The chairman assignment problem", Discrete Mathematics 1980).
    """

    def __init__(self, shares: Sequence[float]) -> None:
        """`shares` are made to sum to 1. TrainError where one is negative or all are 0."""
        self.parts = _parts(shares)
        self.length = sum(self.parts)
        self._round: list[tuple[int, int]] = []
        self._drawn = [0] * len(self.parts)

    @property
    def shares(self) -> list[float]:
        """The shares actually used; they sum to 1."""
        return [part / self.length for part in self.parts]

    def __getitem__(self, n: int) -> tuple[int, int]:
        """The member of turn n, and how many turns it has had before; both from 0."""
        turn, place = divmod(n, self.length)
        self._extend(place + 1)
        member, rank = self._round[place]
        return member, turn * self.parts[member] + rank

    def counts(self, n: int) -> list[int]:
        """How many of the first n turns each member has had."""
        turns, rest = divmod(n, self.length)
        self._extend(rest)
        counts = [turns * part for part in self.parts]
        for member, _ in self._round[:rest]:
            counts[member] += 1
        return counts

    def _extend(self, length: int) -> None:
        """Plan the first `length` turns of a round, after which the shares have been met exactly and all repeats.

        Among the members whose next turn is not too early, take the one whose turn must come first.
        """
        total, slack = self.length, 2 * max(sum(map(bool, self.parts)) - 1, 1)
        while len(self._round) < length:
            n = len(self._round) + 1
            owed = [n * part - total * drawn for part, drawn in zip(self.parts, self._drawn, strict=True)]
            due = [k for k, debt in enumerate(owed) if slack * debt >= total and self.parts[k]]
            first = min(due, key=lambda k: (Fraction(total * (slack - 1) - slack * owed[k], self.parts[k]), k))
            self._round.append((first, self._drawn[first]))
            self._drawn[first] += 1


def _parts(shares: Sequence[float]) -> list[int]:
    """Shares as whole parts of a round, each met to a millionth of the whole."""
    if not all(share >= 0 for share in shares) or not sum(shares) > 1e-3:
        raise TrainError(f"shares of a mixture must not be negative and must not all be 0, but are {list(shares)}")
    fractions = [Fraction(share).limit_denominator(1_000_000) for share in shares]
    common = lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * common) for fraction in fractions]
