"""``caps: {night: 0.2}`` and ``instance_caps``: at most this share of the frames, or of the objects, is tagged so."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.balance.rules import RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance


@RULES("caps")
class Caps(BalanceRule):
    kinds = ("cap", "instance cap")

    def reads(self, rules: Balance, frames: Candidates) -> Iterator[Amounts]:
        yield from (frames.column(tag) for tag in sorted({*rules.caps, *rules.instance_caps}))
        yield from [frames.weight] if frames.sizes is not None else []
        yield from [frames.counts.sum(1)] if rules.instance_caps else []

    def rows(self, rules: Balance, frames: Candidates, at: Ints) -> Iterator[Row]:
        for tag, cap in sorted(rules.caps.items()):
            yield Row(Rule("cap", tag, cap), frames.column(tag)[at] - cap * frames.weight[at])
        for tag, cap in sorted(rules.instance_caps.items()):
            yield Row(Rule("instance cap", tag, cap), within(frames, tag, at) - cap * frames.counts[at].sum(1))

    def asks(self, rule: Rule) -> str:
        return f"{rule.subject} in at most {percent(rule.asked)} of the {unit(rule)}"

    def lacks(self, rule: Rule, slack: float) -> str:
        name, least = f"{rule.kind} of {rule.subject}", rule.asked + slack
        if rule.kind == "instance cap":
            return f"{name} is {rule.asked:.4g}, by {slack:.4g} objects per frame too low"
        return f"{name} is {rule.asked:.4g}, {least:.4g} is the least possible (raise it by {slack:.4g})"


def within(frames: Candidates, tag: str, at: Ints) -> Amounts:
    """Objects in frames with a tag; those of a scene are shared out among its frames."""
    return frames.counts[at].sum(1) * (frames.column(tag)[at] / frames.weight[at])


def unit(rule: Rule) -> str:
    return "annotated objects" if rule.kind.startswith("instance") else "frames"
