"""``caps: {night: 0.2}`` and ``instance_caps``: at most this share of the frames, or of the objects, is tagged so."""

from collections.abc import Collection, Iterable, Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.rules import FRAMES, OBJECTS, RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance


@RULES("caps")
class Caps(BalanceRule):
    kinds = ("cap", "instance cap")

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        yield from shared(frames, rules.caps, rules.instance_caps)

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        for tag, cap in sorted(rules.caps.items()):
            yield Row(Rule("cap", tag, cap), {f"tag {tag}": 1, FRAMES: -cap})
        for tag, cap in sorted(rules.instance_caps.items()):
            yield Row(Rule("instance cap", tag, cap), {f"objects with {tag}": 1, OBJECTS: -cap})

    def asks(self, rule: Rule) -> str:
        return f"{rule.subject} in at most {percent(rule.asked)} of the {unit(rule)}"

    def lacks(self, rule: Rule, slack: float) -> str:
        name, least = f"{rule.kind} of {rule.subject}", rule.asked + slack
        if rule.kind == "instance cap":
            return f"{name} is {rule.asked:.4g}, by {slack:.4g} objects per frame too low"
        return f"{name} is {rule.asked:.4g}, {least:.4g} is the least possible (raise it by {slack:.4g})"


def shared(frames: Candidates, tags: Iterable[str], of_objects: Collection[str]) -> Iterator[tuple[str, Amounts]]:
    """Amounts that shares of frames, and of objects, with a tag are made of."""
    yield from ((f"tag {tag}", frames.column(tag)) for tag in tags)
    yield from ((f"objects with {tag}", within(frames, tag)) for tag in of_objects)
    yield from [(OBJECTS, frames.counts.sum(1))] if of_objects else []


def within(frames: Candidates, tag: str) -> Amounts:
    """Objects in frames with a tag; those of a scene are shared out among its frames."""
    total, having = frames.counts.sum(1), frames.column(tag)
    return total * having if frames.sizes is None else total * (having / frames.weight)


def unit(rule: Rule) -> str:
    return "annotated objects" if rule.kind.startswith("instance") else "frames"
