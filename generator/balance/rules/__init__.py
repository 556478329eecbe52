"""Balancing rules. Adding one is adding a file here: what it asks, as rows of a linear program, and in words.

Every row is homogeneous: "at most 20 % night" is ``sum (night - 0.2) x <= 0``, whatever the number of frames kept. It
is a sum of named amounts, such as "frames" and "tag night"; a name means the same amount in every rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.balance.rows import Rows, stacked
from generator.base.registry import Registry
from generator.spec.balancing import Balance

Floats = NDArray[np.float64]
FRAMES, OBJECTS = "frames", "objects"


@dataclass(frozen=True)
class Rule:
    """One row's name. `kind` is "cap", "floor", "most", ... (see the files here), `asked` the share or the factor."""

    kind: str
    subject: str
    asked: float

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}".strip()


@dataclass(frozen=True)
class Row:
    """The sum of `terms`, factors of amounts by their names, over what is kept is at most `top`."""

    rule: Rule
    terms: Mapping[str, float]
    top: float = 0.0


class BalanceRule:
    """What every rule can say. `kinds` are those of its rows."""

    kinds: tuple[str, ...] = ()

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        """What its rows are sums of, (n,) each and not negative, but "frames" and "empty", which are always there.
        Candidates that agree in all amounts are one variable."""
        return iter(())

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        """Rows over all candidates."""
        return iter(())

    def refuse(self, rules: Balance, frames: Candidates) -> None:
        """Raise BalanceError for what no selection can meet, before anything is solved."""

    def asks(self, rule: Rule) -> str:
        """What one row asks: "night in at most 20 % of the frames"."""
        raise NotImplementedError

    def lacks(self, rule: Rule, slack: float) -> str:
        """By how much one row cannot be met, and what to change. `slack` in the row's unit, per frame."""
        raise NotImplementedError


RULES = Registry[type[BalanceRule]]("balancing rule", "generator.balance.rules")


def entries() -> list[BalanceRule]:
    """One of each rule, by name."""
    return [rule() for _, rule in RULES.items()]


def amounts_of(rules: Balance, frames: Candidates) -> dict[str, Amounts]:
    """All that the asked rules can tell candidates apart by, "frames" first, and which show no object."""
    known: dict[str, Amounts] = {FRAMES: frames.weight, "empty": frames.empty}
    for entry in entries():
        known |= entry.amounts(rules, frames)
    return known


def rows_of(
    rules: Balance, frames: Candidates, at: Ints, amounts: Mapping[str, Amounts] | None = None
) -> tuple[tuple[Rule, ...], Rows, Floats]:
    """Names, values at the candidates `at`, and tops (R,) of every row. `amounts` are those of `amounts_of`."""
    amounts = amounts_of(rules, frames) if amounts is None else amounts
    place = {name: number for number, name in enumerate(amounts)}
    found = [row for entry in entries() for row in entry.rows(rules, frames)]
    terms = np.zeros((len(found), len(place)))
    for number, row in enumerate(found):
        for name, factor in row.terms.items():
            terms[number, place[name]] += factor
    rows = Rows(terms, stacked(list(amounts.values()), at))
    return tuple(row.rule for row in found), rows, np.array([row.top for row in found])


def entry_of(rule: Rule) -> BalanceRule:
    return next(entry for entry in entries() if rule.kind in entry.kinds)


def explain(unmet: Sequence[tuple[Rule, float]]) -> str:
    """Rules that cannot be met, in words."""
    return "; ".join(entry_of(rule).lacks(rule, slack) for rule, slack in unmet)


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"
