"""``floors: {night: 0.05}`` and ``instance_floors``: at least this share of the frames, or of the objects."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.balance.rules import RULES, BalanceRule, Row, Rule, percent
from generator.balance.rules.caps import unit, within
from generator.spec.balancing import Balance


@RULES("floors")
class Floors(BalanceRule):
    kinds = ("floor", "instance floor")

    def reads(self, rules: Balance, frames: Candidates) -> Iterator[Amounts]:
        yield from (frames.column(tag) for tag in sorted({*rules.floors, *rules.instance_floors}))
        yield from [frames.weight] if frames.sizes is not None else []
        yield from [frames.counts.sum(1)] if rules.instance_floors else []

    def rows(self, rules: Balance, frames: Candidates, at: Ints) -> Iterator[Row]:
        for tag, floor in sorted(rules.floors.items()):
            yield Row(Rule("floor", tag, floor), floor * frames.weight[at] - frames.column(tag)[at])
        for tag, floor in sorted(rules.instance_floors.items()):
            yield Row(Rule("instance floor", tag, floor), floor * frames.counts[at].sum(1) - within(frames, tag, at))

    def asks(self, rule: Rule) -> str:
        return f"{rule.subject} in at least {percent(rule.asked)} of the {unit(rule)}"

    def lacks(self, rule: Rule, slack: float) -> str:
        name, most = f"{rule.kind} of {rule.subject}", max(rule.asked - slack, 0.0)
        if rule.kind == "instance floor":
            return f"{name} is {rule.asked:.4g}, by {slack:.4g} objects per frame too high"
        return f"{name} is {rule.asked:.4g}, {most:.4g} is the most possible (lower it by {slack:.4g})"
