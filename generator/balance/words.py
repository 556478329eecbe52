"""What balancing did, in words."""

import math

import numpy as np

from generator.balance.candidates import Candidates
from generator.balance.rules import Rule, entry_of
from generator.balance.solver import Choice, expressible, select
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance

FURTHER = 0.1  # the advice is about at most this share more frames


def in_words(frames: Candidates, choice: Choice, rules: Balance) -> tuple[str, ...]:
    """What each rule that costs frames left out, and what would bring some of them back."""
    lines = [_left_out(frames, choice, rule) for rule in dict.fromkeys(choice.binding)]
    if choice.combinations < rules.combinations and choice.combination_size != 1:
        lines.append(_combinations(choice, rules))
    elif choice.combinations < rules.combinations:
        lines.append(
            f"of every combination of tags {choice.combinations:.2%} are kept, not the {rules.combinations:.2%} asked: "
            "the other rules leave no more"
        )
    return (*lines, *_advice(frames, choice, rules))


def _left_out(frames: Candidates, choice: Choice, rule: Rule) -> str:
    asked = entry_of(rule).asks(rule)
    if rule.subject in frames.tags and "cap" in rule.kind:
        having = frames.column(rule.subject)
        lost, of = int(having[~choice.kept].sum()), int(having.sum())
        return f"to keep {asked}, {lost:,} of {of:,} {rule.subject} frames are left out"
    concerned = np.array([str(rule) in reason.split(", ") for reason in (*choice.reasons, "")])[choice.why]
    lost = int(frames.weight[concerned & ~choice.kept].sum())
    return f"to keep {asked}, {lost:,} frames are left out"


def _combinations(choice: Choice, rules: Balance) -> str:
    if choice.combination_size == 0:
        return "the rules leave no room to keep some of every combination of tags"
    return (
        f"only combinations of tags with at least {choice.combination_size} frames are sure to keep one; the "
        f"{rules.combinations:.2%} asked of each leave no room for the other rules"
    )


def _advice(frames: Candidates, choice: Choice, rules: Balance) -> list[str]:
    """Chosen again with so many more: prices tell which kind is wanted, but with several caps not how far that goes."""
    lost, gain = frames.frames - choice.size, choice.worth - 1
    if not lost or gain < 0.01:
        return []
    each = int(frames.weight[choice.best])
    copies = max(1, math.ceil(min(lost / gain, FURTHER * choice.size) / each))
    back = _chosen(frames, choice.best, copies, rules) - choice.size - copies * each
    if back < 1:
        return []
    kind = kind_of(frames, choice)
    return [f"{copies * each:,} more frames {kind} would allow about {back:,} of those left out back"]


def _chosen(frames: Candidates, best: int, copies: int, rules: Balance) -> int:
    """Frames that are kept where there are so many more of one candidate."""
    more = frames.take(np.r_[np.arange(len(frames)), np.full(copies, best)])
    try:
        return select(more, expressible(rules, more.frames)).size
    except BalanceError:  # whole frames may not be found where a mixture is
        return 0


def kind_of(frames: Candidates, choice: Choice) -> str:
    """The most wanted kind of frame: its tags, the absent ones that cost, and its classes where those matter."""
    having = {tag for tag in frames.tags if frames.column(tag)[choice.best]}
    costly = {rule.subject for rule in choice.binding if "cap" in rule.kind} - having
    helpful = {rule.subject for rule in choice.binding if "floor" in rule.kind} & having
    words = [f"with {_listed(helpful)}"] if helpful else []
    words += [f"without {_listed(costly)}"] if costly else []
    if any(rule.kind.startswith(("most", "least")) for rule in choice.binding):
        counts = zip(frames.labels, frames.counts[choice.best].tolist(), strict=True)
        words.append(f"showing {', '.join(f'{count} {label}' for label, count in counts if count) or 'no object'}")
    return " and ".join(words) or "like the best of these"


def _listed(tags: set[str]) -> str:
    return " and ".join(sorted(tags))
