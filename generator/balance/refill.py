"""Tickets that come back: frames that could not be painted are replaced by frames of the same kind.

Hard scenes fail more often. Were their tickets just dropped, or given to whatever comes next, a data set would hold
fewer of them than planned.
"""

import math
from collections import Counter, deque
from collections.abc import Collection, Sequence

from generator.balance.candidates import Candidates, candidates
from generator.balance.plan import Look, Looked, Plan, Ticket
from generator.dataset.selection import Counts


def refilled(
    plan: Plan, failed: Collection[int], look: Look, classes: Sequence[str], proposals: float = 50.0
) -> tuple[Plan, tuple[Ticket, ...]]:
    """The plan with every ticket whose index is in `failed` replaced by the next scene with the same tags, and those
    for which none was found among ``proposals * len(failed)`` further scenes. A function of its input alone."""
    lost = [one for one in plan.tickets if one.index in failed]
    wanted: dict[tuple[str, ...], deque[Ticket]] = {}
    for one in lost:
        wanted.setdefault(one.tags, deque()).append(one)
    found, seen = list[Looked](), list[Looked]()
    budget = math.ceil(proposals * len(lost))
    while len(found) < len(lost) and len(seen) < budget:
        start = plan.first + plan.looked + len(seen)
        seen += look(range(start, start + min(max(16, 2 * len(lost)), budget - len(seen))))
        found = _matched(seen, wanted)
    used = Counter(one.tags for one in found)
    missing = tuple(one for tags, queue in sorted(wanted.items()) for one in list(queue)[used[tags] :])
    return _replaced(plan, lost, found, missing, seen, classes), missing


def _matched(seen: Sequence[Looked], wanted: dict[tuple[str, ...], deque[Ticket]]) -> list[Looked]:
    """The first scenes of each wanted kind."""
    taken: Counter[tuple[str, ...]] = Counter()
    found = []
    for one in seen:
        if not one.rejected and taken[one.tags] < len(wanted.get(one.tags, ())):
            taken[one.tags] += 1
            found.append(one)
    return found


def _replaced(
    plan: Plan, lost: Sequence[Ticket], found: Sequence[Looked], missing: Sequence[Ticket], seen: Sequence[Looked],
    classes: Sequence[str],
) -> Plan:  # fmt: skip
    """Counts of classes after planning stay as they were planned: tickets do not know theirs."""
    gone = {one.index for one in lost}
    kept = tuple(one for one in plan.tickets if one.index not in gone)
    new = tuple(Ticket(plan.split, one.index, one.tags) for one in found)
    rejected = Counter(plan.rejected) + Counter(one.rejected for one in seen if one.rejected)
    frames = candidates([(one.index, one.tags, one.classes) for one in seen if not one.rejected], classes, 0, "")
    return plan.model_copy(
        update={
            "looked": plan.looked + len(seen),
            "rejected": dict(rejected),
            "before": added(plan.before, frames),
            "after": without(plan.after, missing),
            "tickets": kept + new,
        }
    )


def added(counts: Counts, frames: Candidates) -> Counts:
    """Counts with those of further frames."""
    more = frames.summary(frames.rank == frames.rank)
    return Counts(
        frames=counts.frames + more.frames,
        empty=counts.empty + more.empty,
        tags=dict(sorted((Counter(counts.tags) + Counter(more.tags)).items())),
        classes=dict(sorted((Counter(counts.classes) + Counter(more.classes)).items())),
    )


def without(counts: Counts, missing: Sequence[Ticket]) -> Counts:
    """Counts without frames that could not be replaced."""
    tags = {tag: count - sum(tag in one.tags for one in missing) for tag, count in counts.tags.items()}
    return counts.model_copy(update={"frames": counts.frames - len(missing), "tags": tags})
