"""``variety: {night: 0.6}``: no combination of the other tags makes up more than 60 % of the night frames.

A bound on the commonest combination is linear, and it bounds what is wanted from below: the entropy of the other tags
given the edge case is at least -log2 of the greatest share (the min-entropy).
"""

from collections.abc import Iterator, Mapping

import numpy as np

from generator.balance.candidates import Amounts, Bools, Candidates, Ints
from generator.balance.rules import RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance

MOST_ROWS = 64  # the commonest combinations; one that is rarer than all of these would have to be kept almost alone


@RULES("variety")
class Variety(BalanceRule):
    kinds = ("variety of",)

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        for tag in sorted(rules.variety):
            yield f"tag {tag}", frames.column(tag)
            for number, alike in enumerate(commonest(rules, frames, tag)):
                yield f"kind {number} of {tag}", alike

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        for tag, most in sorted(rules.variety.items()):
            for number, _ in enumerate(commonest(rules, frames, tag)):
                yield Row(Rule("variety of", tag, most), {f"kind {number} of {tag}": 1, f"tag {tag}": -most})

    def asks(self, rule: Rule) -> str:
        return f"no combination of other tags in more than {percent(rule.asked)} of the {rule.subject} frames"

    def lacks(self, rule: Rule, slack: float) -> str:
        return f"variety of {rule.subject} is {rule.asked:.4g}: too few different frames have it, by {slack:.4g}"


def commonest(rules: Balance, frames: Candidates, tag: str) -> Iterator[Amounts]:
    """Frames (n,) with the tag in each of its commonest combinations with other tags."""
    having = frames.column(tag)
    kind = kinds_of(frames, tag, *others(rules, frames, tag))
    for number in range(min(int(kind.max(initial=-1)) + 1, MOST_ROWS)):
        yield np.where(kind == number, having, 0)


def others(rules: Balance, frames: Candidates, tag: str) -> tuple[str, ...]:
    """Tags that vary within an edge case: all but itself and those of its exclusive group."""
    own = {name for tags in rules.groups.values() if tag in tags for name in tags} | {tag}
    return tuple(name for name in frames.tags if name not in own)


def kinds_of(frames: Candidates, tag: str, *names: str) -> Ints:
    """Per candidate the combination of the tags `names`, numbered from the commonest down; -1 without `tag`."""
    from generator.balance.groups import codes, compact

    having = frames.column(tag).astype(bool)
    result = np.full(len(frames), -1, np.int64)
    inside = frames.take(having)
    number, _, _ = compact(codes(inside, [inside.column(name).astype(bool) for name in names]))
    amount = np.bincount(number, inside.column(tag)) if len(number) else np.zeros(0)
    place = np.empty(len(amount), np.int64)
    place[np.argsort(-amount, kind="stable")] = np.arange(len(amount))
    result[having] = place[number]
    return result


def conditional_entropy(frames: Candidates, kept: Bools, tag: str, names: tuple[str, ...]) -> float:
    """H(`names` | `tag`) in bits over what is kept; 0 where no kept frame has the tag."""
    chosen = frames.take(kept)
    kind = kinds_of(chosen, tag, *names)
    amount = np.bincount(kind[kind >= 0], chosen.column(tag)[kind >= 0])
    share = amount[amount > 0] / max(amount.sum(), 1)
    return float(-(share * np.log2(share)).sum()) + 0.0


def varieties(rules: Balance, frames: Candidates, kept: Bools) -> Mapping[str, float]:
    """Conditional entropy in bits within every tag that a rule is about."""
    asked = sorted({*rules.variety, *rules.caps, *rules.prevalence} & set(frames.tags))
    return {tag: conditional_entropy(frames, kept, tag, others(rules, frames, tag)) for tag in asked}
