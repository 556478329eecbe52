"""Tickets that come back: frames that could not be painted are replaced by frames of the same kind.

Hard scenes fail more often. Were their tickets just dropped, or given to whatever comes next, a data set would hold
fewer of them than planned. Where scenes have several views, a scene is replaced by a scene.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from generator.balance.candidates import Candidates, Ints
from generator.balance.looks import Looks
from generator.balance.plan import Look, Plan
from generator.balance.tickets import Tags, Ticket, Tickets
from generator.dataset.selection import Counts

Kind = tuple[int, tuple[tuple[str, int], ...]]  # frames of a scene, and how many of them have each tag


def refilled(
    plan: Plan, failed: Collection[int], look: Look, classes: Sequence[str], proposals: float = 50.0, views: int = 1
) -> tuple[Plan, tuple[Ticket, ...]]:
    """The plan with every ticket whose index is in `failed` replaced by the next scene with the same tags, and those
    for which none was found among ``proposals * len(failed)`` further scenes. A function of its input alone.

    Where a scene has `views` frames, those of its failed ones are replaced together, by as many frames of one other
    scene with each tag on as many of them.
    """
    gone = plan.tickets.among(failed)
    lost = plan.tickets.take(gone)
    wanted: dict[Kind, deque[Ints]] = defaultdict(deque)
    for rows, kind in by_scene(lost, views):
        wanted[kind].append(rows)
    seen, start, budget = Looks(classes), onward(plan, views), math.ceil(proposals * len(lost))
    new, block = np.empty(0, np.int64), math.ceil(max(16, 2 * len(lost)) / views) * views
    while any(wanted.values()) and len(seen) < budget:
        before = len(seen)
        seen.extend(look(range(start + before, start + before + block)))
        rows = seen.good
        new = np.concatenate([new, _matched(seen, rows[rows >= before], wanted, views)])
    left = np.concatenate([np.empty(0, np.int64), *(rows for queue in wanted.values() for rows in queue)])
    missing = lost.take(np.sort(left))
    mended = plan.tickets.take(~gone) + seen.tickets(plan.split, new)
    return _replaced(plan, mended, missing, seen, start), tuple(missing)


def onward(plan: Plan, views: int) -> int:
    """The first frame of the first scene that the plan has not looked at."""
    return math.ceil((plan.first + plan.looked + plan.passed) / views) * views


def by_scene(tickets: Tickets, views: int) -> Iterator[tuple[Ints, Kind]]:
    """Positions of the frames of each scene, and their kind."""
    scenes: NDArray[np.int64] = tickets.index // views
    for _, rows in groupby(np.argsort(scenes, kind="stable").tolist(), key=lambda row: scenes[row]):
        here = np.array(list(rows), np.int64)
        yield here, kind_of([tickets.kinds[k] for k in tickets.kind[here]])


def kind_of(frames: Sequence[Tags]) -> Kind:
    return len(frames), tuple(sorted(Counter(tag for tags in frames for tag in tags).items()))


def _matched(seen: Looks, rows: Ints, wanted: dict[Kind, deque[Ints]], views: int) -> Ints:
    """Rows of the first scenes of each wanted kind, which is then wanted less."""
    found = list[Ints]()
    for here, kind in by_scene(seen.tickets("", rows), views):
        if wanted.get(kind):
            wanted[kind].popleft()
            found.append(rows[here])
    return np.concatenate([np.empty(0, np.int64), *found])


def _replaced(plan: Plan, tickets: Tickets, missing: Tickets, seen: Looks, start: int) -> Plan:
    """Counts of classes after planning stay as they were planned: tickets do not know theirs."""
    return plan.model_copy(
        update={
            "looked": start + len(seen) - plan.first - plan.passed,
            "rejected": dict(Counter(plan.rejected) + Counter(seen.rejected())),
            "before": added(plan.before, seen.candidates(seen.good, 0, "")),
            "after": without(plan.after, missing),
            "tickets": tickets,
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


def without(counts: Counts, missing: Tickets) -> Counts:
    """Counts without frames that could not be replaced."""
    lacking = Counter(tag for one in missing for tag in one.tags)
    tags = {tag: count - lacking[tag] for tag, count in counts.tags.items()}
    return counts.model_copy(update={"frames": counts.frames - len(missing), "tags": tags})
