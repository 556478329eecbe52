"""``empty: 0.05``: at most this share of the frames shows no annotated object."""

from collections.abc import Iterator

from generator.balance.candidates import Candidates
from generator.balance.rules import FRAMES, RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance


@RULES("empty")
class Empty(BalanceRule):
    kinds = ("empty",)

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        if rules.empty < 1:
            yield Row(Rule("empty", "", rules.empty), {"empty": 1, FRAMES: -rules.empty})

    def asks(self, rule: Rule) -> str:
        return f"no object in at most {percent(rule.asked)} of the frames"

    def lacks(self, rule: Rule, slack: float) -> str:
        least = rule.asked + slack
        return f"cap of empty frames is {rule.asked:.4g}, {least:.4g} is the least possible (raise it by {slack:.4g})"
