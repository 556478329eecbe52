"""Balancing rules. Adding one is adding a file here: what it asks, as rows of a linear program, and in words.

Every row is homogeneous: "at most 20 % night" is ``sum (night - 0.2) x <= 0``, whatever the number of frames kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.base.registry import Registry
from generator.spec.balancing import Balance

Floats = NDArray[np.float64]


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
    """``sum(values * x) <= top``: `values` is what one more of each candidate adds."""

    rule: Rule
    values: Amounts
    top: float = 0.0


class BalanceRule:
    """What every rule can say. `kinds` are those of its rows."""

    kinds: tuple[str, ...] = ()

    def reads(self, rules: Balance, frames: Candidates) -> Iterator[Amounts]:
        """Whole numbers (n,) that its rows depend on: candidates that agree in them are one variable."""
        return iter(())

    def rows(self, rules: Balance, frames: Candidates, at: Ints) -> Iterator[Row]:
        """Rows over the candidates `at`; all of `frames` is at hand for what depends on the whole."""
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


def reads(rules: Balance, frames: Candidates) -> list[Amounts]:
    """All that the asked rules can tell candidates apart by, and which show no object."""
    return [frames.empty, *(values for entry in entries() for values in entry.reads(rules, frames))]


def rows_of(rules: Balance, frames: Candidates, at: Ints) -> tuple[tuple[Rule, ...], Floats, Floats]:
    """Names, values float64 (R, len(at)) and tops (R,) of every row."""
    found = [row for entry in entries() for row in entry.rows(rules, frames, at)]
    values = np.empty((len(found), len(at)))
    for k, row in enumerate(found):
        values[k] = row.values
    return tuple(row.rule for row in found), values, np.array([row.top for row in found])


def entry_of(rule: Rule) -> BalanceRule:
    return next(entry for entry in entries() if rule.kind in entry.kinds)


def explain(unmet: Sequence[tuple[Rule, float]]) -> str:
    """Rules that cannot be met, in words."""
    return "; ".join(entry_of(rule).lacks(rule, slack) for rule, slack in unmet)


def percent(share: float) -> str:
    return f"{100 * share:.4g} %"
