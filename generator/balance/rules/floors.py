"""``floors: {night: 0.05}`` and ``instance_floors``: at least this share of the frames, or of the objects."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.rules import FRAMES, OBJECTS, RULES, BalanceRule, Row, Rule, percent
from generator.balance.rules.caps import shared, unit
from generator.spec.balancing import Balance


@RULES("floors")
class Floors(BalanceRule):
    kinds = ("floor", "instance floor")

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        yield from shared(frames, rules.floors, rules.instance_floors)

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        for tag, floor in sorted(rules.floors.items()):
            yield Row(Rule("floor", tag, floor), {FRAMES: floor, f"tag {tag}": -1})
        for tag, floor in sorted(rules.instance_floors.items()):
            yield Row(Rule("instance floor", tag, floor), {OBJECTS: floor, f"objects with {tag}": -1})

    def asks(self, rule: Rule) -> str:
        return f"{rule.subject} in at least {percent(rule.asked)} of the {unit(rule)}"

    def lacks(self, rule: Rule, slack: float) -> str:
        name, most = f"{rule.kind} of {rule.subject}", max(rule.asked - slack, 0.0)
        if rule.kind == "instance floor":
            return f"{name} is {rule.asked:.4g}, by {slack:.4g} objects per frame too high"
        return f"{name} is {rule.asked:.4g}, {most:.4g} is the most possible (lower it by {slack:.4g})"
