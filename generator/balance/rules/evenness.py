"""``evenness: 2`` and ``image_evenness``: no class has more than twice, or less than half, the mean class's share."""

from collections.abc import Iterator

import numpy as np

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.balance.rules import RULES, BalanceRule, Row, Rule
from generator.spec.balancing import Balance


@RULES("evenness")
class Evenness(BalanceRule):
    kinds = ("most", "least", "most images with", "least images with")

    def reads(self, rules: Balance, frames: Candidates) -> Iterator[Amounts]:
        for _, _, amounts in asked(rules, frames):
            yield from amounts.T

    def rows(self, rules: Balance, frames: Candidates, at: Ints) -> Iterator[Row]:
        for suffix, factor, amounts in asked(rules, frames):
            values = np.ascontiguousarray(amounts[at].T, float)
            mean = values.mean(0)
            for label, count in zip(frames.labels, values, strict=True):
                yield Row(Rule(f"most{suffix}", label, factor), count - factor * mean)
                yield Row(Rule(f"least{suffix}", label, factor), mean / factor - count)

    def asks(self, rule: Rule) -> str:
        what, most = ("images" if "images" in rule.kind else "objects"), rule.kind.startswith("most")
        bound = f"at most {rule.asked:.4g} times" if most else f"at least 1/{rule.asked:.4g} of"
        return f"{what} of {rule.subject}: {bound} the mean class's"

    def lacks(self, rule: Rule, slack: float) -> str:
        direction = "too many" if rule.kind.startswith("most") else "too few"
        what = "images" if "images" in rule.kind else "instances"
        return f"evenness {rule.asked:.4g}: {direction} {rule.subject}, by {slack:.4g} {what} per frame"


def asked(rules: Balance, frames: Candidates) -> Iterator[tuple[str, float, Amounts]]:
    """What must be even: the rows' suffix, the factor, amounts (n, C)."""
    if rules.evenness is not None:
        yield "", rules.evenness, frames.counts
    if rules.image_evenness is not None:
        yield " images with", rules.image_evenness, frames.images
