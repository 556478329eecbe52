"""Shares of objects mean nothing where none are kept: at least one is."""

from collections.abc import Iterator

from generator.balance.candidates import Candidates, Ints
from generator.balance.rules import RULES, BalanceRule, Row, Rule
from generator.spec.balancing import Balance


@RULES("some_objects")
class SomeObjects(BalanceRule):
    """Its row alone has a top other than 0."""

    kinds = ("some",)

    def rows(self, rules: Balance, frames: Candidates, at: Ints) -> Iterator[Row]:
        about = rules.evenness, rules.image_evenness, rules.quotas or None, rules.instance_floors or None
        if any(one is not None for one in about) and frames.counts.any():
            yield Row(Rule("some", "objects", 1), -frames.counts[at].sum(1), -1.0)

    def asks(self, rule: Rule) -> str:
        return "some annotated objects: one at least"

    def lacks(self, rule: Rule, slack: float) -> str:
        return "no annotated object can be kept"
