"""Shares of objects mean nothing where none are kept: at least one is."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.rules import OBJECTS, RULES, BalanceRule, Row, Rule
from generator.spec.balancing import Balance


@RULES("some_objects")
class SomeObjects(BalanceRule):
    """Its row alone has a top other than 0."""

    kinds = ("some",)

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        if concerned(rules, frames):
            yield OBJECTS, frames.counts.sum(1)

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        if concerned(rules, frames):
            yield Row(Rule("some", "objects", 1), {OBJECTS: -1}, -1.0)

    def asks(self, rule: Rule) -> str:
        return "some annotated objects: one at least"

    def lacks(self, rule: Rule, slack: float) -> str:
        return "no annotated object can be kept"


def concerned(rules: Balance, frames: Candidates) -> bool:
    about = rules.evenness, rules.image_evenness, rules.quotas or None, rules.instance_floors or None
    return any(one is not None for one in about) and bool(frames.counts.any())
