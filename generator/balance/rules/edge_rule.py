"""``prevalence: {night: 0.02}``: an edge case several times as often as in reality, never in all frames.

Floor ``min(edge_cap, edge_factor * prevalence)`` and cap `edge_cap` (the rule for edge cases of Parallel Domain's guide
to training with synthetic data: five times the real share or more, with frames that lack it). Explicit caps and
floors of the same tag win.
"""

from collections.abc import Iterator

from generator.balance.candidates import Amounts, Candidates
from generator.balance.rules import FRAMES, RULES, BalanceRule, Row, Rule, percent
from generator.spec.balancing import Balance


@RULES("edge_rule")
class EdgeRule(BalanceRule):
    kinds = ("edge floor", "edge cap")

    def amounts(self, rules: Balance, frames: Candidates) -> Iterator[tuple[str, Amounts]]:
        yield from ((f"tag {tag}", frames.column(tag)) for tag in sorted(rules.prevalence))

    def rows(self, rules: Balance, frames: Candidates) -> Iterator[Row]:
        for tag, (floor, cap) in limits(rules).items():
            if tag not in rules.floors:
                yield Row(Rule("edge floor", tag, floor), {FRAMES: floor, f"tag {tag}": -1})
            if tag not in rules.caps:
                yield Row(Rule("edge cap", tag, cap), {f"tag {tag}": 1, FRAMES: -cap})

    def asks(self, rule: Rule) -> str:
        bound = "at most" if rule.kind == "edge cap" else "at least"
        return f"edge case {rule.subject} in {bound} {percent(rule.asked)} of the frames"

    def lacks(self, rule: Rule, slack: float) -> str:
        if rule.kind == "edge cap":
            return f"edge_cap {rule.asked:.4g} of {rule.subject}: {rule.asked + slack:.4g} is the least possible"
        most = max(rule.asked - slack, 0.0)
        return (
            f"edge floor of {rule.subject} is {rule.asked:.4g}, {most:.4g} is the most possible (lower `edge_factor`)"
        )


def limits(rules: Balance) -> dict[str, tuple[float, float]]:
    """Floor and cap of every edge case whose real prevalence is given."""
    found = {}
    for tag, real in sorted(rules.prevalence.items()):
        cap = rules.caps.get(tag, rules.edge_cap)
        found[tag] = min(cap, rules.edge_factor * real), cap
    return found


def bounds(rules: Balance) -> dict[str, tuple[float | None, float | None]]:
    """Floor and cap of every tag that has one, from explicit rules and from this one."""
    edges: dict[str, tuple[float | None, float | None]] = {**limits(rules)}
    none = (None, None)
    return {
        tag: (rules.floors.get(tag, edges.get(tag, none)[0]), rules.caps.get(tag, edges.get(tag, none)[1]))
        for tag in sorted({*rules.caps, *rules.floors, *edges})
    }
