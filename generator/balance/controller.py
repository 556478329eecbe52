"""Accepting scenes one after the other, with prices that learn what is scarce: for streams without an end in sight.

`plan` looks at all scenes before it chooses. Where painting should begin at once, or nobody knows how many scenes are
wanted, `Controller` decides on each as it comes: with probability ``exp(-prices @ values)``, where `values` are what
the scene adds to each rule's row, and never so that a row exceeds a small allowance. Every decision is a function of
(seed, split, index) and of the earlier indices alone, so it does not matter who looked at what, or when.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import candidates, ranks
from generator.balance.plan import Look, Looked, Ticket, inside
from generator.balance.rules import rows_of
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance

Floats = NDArray[np.float64]
RATE, ALLOWANCE = 0.05, 3.0


class Controller:
    """Rows of caps, floors, empties and evenness are steered; rules that need the whole set at hand are not."""

    def __init__(
        self, rules: Balance, classes: Sequence[str], wanted: int, seed: int, split: str, tags: Iterable[str] = ()
    ) -> None:
        """`tags`: all that any rule is about are known anyway; more may be named."""
        steered = {"combinations": 0.0, "quotas": (), "variety": {}, "groups": {}}
        self.rules, self.classes, self.wanted = inside(rules).model_copy(update=steered), tuple(classes), wanted
        self.seed, self.split, self.accepted = seed, split, 0
        self._tags = tuple(tags)
        self.prices = np.zeros(0)
        self.sums = np.zeros(0)

    def accept(self, block: Sequence[Looked]) -> list[bool]:
        """Whether to paint each; `block` must come in the order of the indices."""
        rank = ranks(self.seed, self.split, (one.index for one in block)).astype(float) / 2.0**64
        values = self._values(block)
        return [
            not one.rejected and self.accepted < self.wanted and self._take(values[:, k], float(rank[k]))
            for k, one in enumerate(block)
        ]

    def give_back(self, failed: Sequence[Looked]) -> None:
        """Forget frames that were accepted but could not be painted: their kind is wanted again."""
        if failed:
            self.sums -= self._values(failed).sum(1)
            self.accepted -= len(failed)

    def _take(self, values: Floats, rank: float) -> bool:
        taken = rank < math.exp(-max(float(self.prices @ values), 0.0)) and self._room(values)
        if taken:
            self.accepted += 1
            self.sums += values
            self.prices = np.maximum(self.prices + RATE * values, 0.0)
        return taken

    def _room(self, values: Floats) -> bool:
        """Whether no row that this one strains would be further over than the end lets it be mended."""
        allowance = min(ALLOWANCE, 0.02 * (self.wanted - self.accepted - 1))
        return bool(((self.sums + values <= allowance + 1e-9) | (values <= 0)).all())

    def _values(self, block: Sequence[Looked]) -> Floats:
        frames = candidates([(one.index, one.tags, one.classes) for one in block], self.classes, self.seed, self.split)
        names, values, _ = rows_of(self.rules, frames, np.arange(len(block)))
        values = values[[rule.kind != "some" for rule in names]]
        if not len(self.prices):
            self.prices, self.sums = np.zeros(len(values)), np.zeros(len(values))
        return values


def stream(
    look: Look, split: str, wanted: int, rules: Balance, classes: Sequence[str], seed: int, first: int = 0,
    block: int = 256,
) -> tuple[list[Ticket], int]:  # fmt: skip
    """Tickets of `wanted` frames as a controller takes them, and how many scenes were looked at."""
    controller, tickets, looked = Controller(rules, classes, wanted, seed, split), list[Ticket](), 0
    while controller.accepted < wanted:
        if looked >= wanted * rules.proposals:
            raise BalanceError(
                f"{split}: {controller.accepted} of {wanted} frames after {looked} scenes; relax a rule, or raise "
                "`proposals`"
            )
        seen = look(range(first + looked, first + looked + block))
        taken = controller.accept(seen)
        tickets += [Ticket(split, one.index, one.tags) for one, good in zip(seen, taken, strict=True) if good]
        looked += len(seen)
    return tickets, looked


def prevalence(tickets: Sequence[Ticket]) -> Mapping[str, float]:
    """Share of the tickets with each tag."""
    names = sorted({tag for one in tickets for tag in one.tags})
    return {name: sum(name in one.tags for one in tickets) / len(tickets) for name in names}
