"""``quotas``: shares of the annotated objects by class x size x occlusion x view, or whatever else is crossed."""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.objects import cells_of
from generator.balance.rules import OBJECTS, RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance
from generator.spec.quotas import Quota


@RULES("quotas")
class Quotas(BalanceRule):
    kinds = ("at least of", "at most of")

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        for quota in rules.quotas:
            yield from ((_name(quota, cell), of) for cell, of in (cells_of(quota, rules, frames) or {}).items())
        yield from [(OBJECTS, frames.counts.sum(1))] if rules.quotas else []

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        """Of cells that occur nowhere only those that `cells` names: others cannot be had from these frames."""
        for quota in rules.quotas:
            known = cells_of(quota, rules, frames)
            if known is None:
                continue  # a look that tells nothing of objects: the pass after painting will see to it
            for cell in sorted({*known, *quota.cells}):
                values = {_name(quota, cell): 1.0} if cell in known else {}
                least = max(quota.least, quota.cells.get(cell, 0.0))
                if least > 0:
                    yield Row(Rule("at least of", cell, least), {OBJECTS: least, **{name: -1.0 for name in values}})
                if quota.most < 1:
                    yield Row(Rule("at most of", cell, quota.most), {**values, OBJECTS: -quota.most})

    def asks(self, rule: Rule) -> str:
        bound = rule.kind.removesuffix(" of")
        return f"{rule.subject} is {bound} {percent(rule.asked)} of the annotated objects"

    def lacks(self, rule: Rule, slack: float) -> str:
        direction = "few" if rule.kind == "at least of" else "many"
        return f"quota of {rule.subject} is {rule.asked:.4g}: too {direction}, by {slack:.4g} objects per frame"


def _name(quota: Quota, cell: str) -> str:
    return f"{'*'.join(quota.by)}: {cell}"
