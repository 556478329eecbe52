"""Completing a painted set: which further scenes to paint so that enough frames meet the rules, as measured.

What is measured on painted frames is not quite what their looks foresaw, and some frames fail their audit: after the
pass over painted frames some may be missing. `complete` looks on where the plan stopped, and chooses the fewest scenes
that, with those that are painted, hold as many frames as were wanted.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import linprog

from generator.balance.candidates import Amounts, Bools, Candidates, Ints, from_records
from generator.balance.check import checked_table
from generator.balance.groups import codes, compact
from generator.balance.looks import Looks
from generator.balance.objects import of_records, with_quotas
from generator.balance.plan import Look, Plan, inside, units
from generator.balance.refill import added, onward
from generator.balance.rules import rows_of
from generator.balance.scenes import scenes_of, together
from generator.balance.solver import expressible, select
from generator.balance.tickets import Tickets
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance

PROPOSALS = 50.0  # scenes that may be looked at per missing frame


@dataclass(frozen=True)
class Lack:
    """Of one split: frames that were wanted, that meet the rules as measured, and what stands in the way of more."""

    split: str
    wanted: int
    kept: int
    why: str = ""

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        return f"{self.split}: {self.kept} of {self.wanted} frames meet the rules{why}"


def lack(table: pa.Table, split: str, wanted: int, rules: Balance, classes: Sequence[str], seed: int) -> Lack:
    """From the records of the split's good frames."""
    try:
        found = checked_table(table, tuple(classes), rules, seed, split)
        return Lack(split, wanted, int(found.kept.sum()))
    except BalanceError as error:
        return Lack(split, wanted, 0, str(error))


def complete(
    head: Plan, table: pa.Table, missing: Lack, look: Look, rules: Balance, classes: Sequence[str], views: int = 1
) -> tuple[Plan, Lack]:
    """The plan with tickets for what is missing, none where nothing would do; then `Lack.why` says what stands in the
    way. A function of its input alone.

    `head` is the plan as far as scenes were looked at, `table` the records of the split's good frames.
    """
    seen, start = Looks(classes, bool(rules.quotas)), onward(head, views)
    short = max(1, missing.wanted - missing.kept)
    budget, block = math.ceil(PROPOSALS * short), math.ceil(max(16, 2 * short) / views) * views
    asked, chosen = expressible(inside(rules), missing.wanted), np.empty(0, np.int64)
    painted = painted_units(table, asked, classes, head)
    while not len(chosen) and len(seen) < budget:
        begin = start + len(seen)
        seen.extend(look(range(begin, begin + block)))
        if len(rows := seen.good):
            further = units(seen, rows, asked, head.seed, head.split)[1]
            picked = fewest(painted, further, asked, missing.wanted - views + 1, short)
            chosen = rows[np.isin(seen.scenes(rows), picked)]
    made = head.model_copy(
        update={
            "looked": start + len(seen) - head.first - head.passed,
            "rejected": dict(Counter(head.rejected) + Counter(seen.rejected())),
            "before": added(head.before, seen.candidates(seen.good, 0, "")),
            "tickets": seen.tickets(head.split, chosen) if len(chosen) else Tickets.of(head.split, ()),
        }
    )
    if len(chosen):
        return made, missing
    obstacle = missing.why or _obstacle(painted, seen, asked, head, missing.wanted)
    return made, replace(missing, why=f"no {short} more were found in {len(seen)} further scenes; {obstacle}")


def painted_units(table: pa.Table, rules: Balance, classes: Sequence[str], head: Plan) -> Candidates:
    """Painted frames, or their scenes, as measured."""
    frames = from_records(table, classes, head.seed, head.split)
    return together(with_quotas(frames, of_records(table, classes) if rules.quotas else None, rules), scenes_of(table))


def fewest(painted: Candidates, further: Candidates, rules: Balance, wanted: int, least: int) -> Ints:
    """Positions in `further` of the fewest candidates that, with some of `painted`, make `wanted` frames under the
    rules; at least `least` frames, since the pass over whole frames may do a little worse than this linear program.
    Empty where there are not enough.

    Of all choices of that size the one that takes the smallest greatest share of every kind; those of lowest rank of
    each, so that more scenes to choose from change few choices.
    """
    frames = joined(painted, further)
    new = np.arange(len(frames)) >= len(painted)
    number, example, sizes = compact(codes(frames, [*frames.bits.T, frames.empty, frames.weight, new]))
    weight, fresh = frames.weight[example].astype(float), new[example]
    names, rows, tops = rows_of(rules, frames, np.arange(len(frames)))
    shares = [k for k, rule in enumerate(names) if rule.kind != "some"]
    means = np.array([np.bincount(number, amount.astype(float)) for amount in rows.amounts]).reshape(-1, len(sizes))
    matrix = np.vstack([rows.terms[shares] @ (means / sizes), -weight, -weight * fresh])
    for extra in range(0, 3 * least + 1, least):
        most = np.r_[tops[shares], -(wanted + extra), -float(least)]
        counts = _spread(matrix, most, weight * fresh, sizes * 1.0, fresh)
        if counts is not None:
            return _lowest(counts, number[new], further)
    return np.empty(0, np.int64)


def _spread(matrix: Amounts, most: Amounts, costs: Amounts, sizes: Amounts, fresh: Bools) -> Ints | None:
    """How many of each kind; None where there are not enough."""
    first: Any = linprog(costs, matrix, most, bounds=[(0.0, float(size)) for size in sizes])
    if first.status != 0:
        return None
    # one variable more: the greatest share of a kind, no kind of new ones to exceed it
    share = np.column_stack([np.diag(1 / sizes)[fresh], -np.ones(int(fresh.sum()))])
    upper = np.vstack([np.column_stack([matrix, np.zeros(len(matrix))]), np.r_[costs, 0.0], share])
    limit = np.r_[most, first.fun * (1 + 1e-9) + 1e-6, np.zeros(len(share))]
    even: Any = linprog(
        np.r_[np.zeros(len(sizes)), 1.0], upper, limit, bounds=[*((0.0, float(size)) for size in sizes), (0.0, 1.0)]
    )
    x = np.asarray(even.x if even.status == 0 else first.x)[: len(sizes)] * fresh
    whole = np.floor(x + 1e-9).astype(np.int64)
    room = np.argsort(whole - x, kind="stable")[: math.ceil(float((x - whole).sum()) - 1e-6)]
    whole[room] += (whole < sizes)[room]
    return whole


def _lowest(counts: Ints, kind: Ints, further: Candidates) -> Ints:
    """So many of each kind, those of lowest rank."""
    order = np.lexsort((further.rank, kind))
    ordered = kind[order]
    begins = np.searchsorted(ordered, ordered)
    return np.sort(order[np.arange(len(order)) - begins < counts[ordered]])


def joined(a: Candidates, b: Candidates) -> Candidates:
    """Both, one after the other, with the tags and quota amounts of either."""
    tags, extras = tuple(sorted({*a.tags, *b.tags})), sorted({*a.extra, *b.extra})

    def columns(of: Candidates) -> Amounts:
        return np.column_stack([np.zeros((len(of), 0), np.int64), *(of.column(tag).astype(np.int64) for tag in tags)])

    def both(name: str) -> Amounts:
        return np.concatenate([getattr(one, name).astype(np.int64) for one in (a, b)])

    extra = {k: np.concatenate([one.extra.get(k, np.zeros(len(one), np.int64)) for one in (a, b)]) for k in extras}
    return Candidates(
        tags, np.vstack([columns(a), columns(b)]), a.labels, both("counts"), np.concatenate([a.rank, b.rank]),
        sizes=both("weight"), blank=both("empty"), shown=both("images"), extra=extra,
    )  # fmt: skip


def _obstacle(painted: Candidates, seen: Looks, rules: Balance, head: Plan, wanted: int) -> str:
    """What the solver says of all there is."""
    rows = seen.good
    further = units(seen, rows, rules, head.seed, head.split)[1] if len(rows) else painted.take(np.empty(0, np.int64))
    try:
        found = select(joined(painted, further), rules, wanted)
    except BalanceError as error:
        return str(error)
    return f"the rules that cost the most frames: {', '.join(dict.fromkeys(map(str, found.binding))) or 'none'}"
