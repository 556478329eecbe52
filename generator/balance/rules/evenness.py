"""``evenness: 2`` and ``image_evenness``: no class has more than twice, or less than half, the mean class's share."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.rules import RULES, BalanceRule, Row, Rule
from generator.spec.balancing import Balance


@RULES("evenness")
class Evenness(BalanceRule):
    kinds = ("most", "least", "most images with", "least images with")

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        for suffix, _, amounts in asked(rules, frames):
            yield from zip(_names(suffix, frames), amounts.T, strict=True)

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        for suffix, factor, _ in asked(rules, frames):
            names = _names(suffix, frames)
            for label, name in zip(frames.labels, names, strict=True):
                mean = dict.fromkeys(names, 1 / len(names))
                most = {each: -factor * share for each, share in mean.items()}
                least = {each: share / factor for each, share in mean.items()}
                yield Row(Rule(f"most{suffix}", label, factor), {**most, name: most[name] + 1})
                yield Row(Rule(f"least{suffix}", label, factor), {**least, name: least[name] - 1})

    def asks(self, rule: Rule) -> str:
        what, most = ("images" if "images" in rule.kind else "objects"), rule.kind.startswith("most")
        bound = f"at most {rule.asked:.4g} times" if most else f"at least 1/{rule.asked:.4g} of"
        return f"{what} of {rule.subject}: {bound} the mean class's"

    def lacks(self, rule: Rule, slack: float) -> str:
        direction = "too many" if rule.kind.startswith("most") else "too few"
        what = "images" if "images" in rule.kind else "instances"
        return f"evenness {rule.asked:.4g}: {direction} {rule.subject}, by {slack:.4g} {what} per frame"


def _names(suffix: str, frames: Candidates) -> list[str]:
    return [f"objects{suffix} of {label}" for label in frames.labels]


def asked(rules: Balance, frames: Candidates) -> Iterator[tuple[str, float, Amounts]]:
    """What must be even: the rows' suffix, the factor, amounts (n, C)."""
    if rules.evenness is not None:
        yield "", rules.evenness, frames.counts
    if rules.image_evenness is not None:
        yield " images with", rules.image_evenness, frames.images
