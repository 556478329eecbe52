"""`select`: the largest set of frames under caps, floors and evenness that keeps some of every combination of tags."""

from dataclasses import dataclass

import numpy as np

from generator.balance.candidates import Bools, Candidates, Ints
from generator.balance.groups import Groups, compact, group, position
from generator.balance.program import Program, Whole, least_slack
from generator.balance.rounding import whole
from generator.balance.rows import Floats
from generator.balance.rules import FRAMES, Rule, amounts_of, entries, explain, rows_of
from generator.balance.rules.combinations import Promise, Promised
from generator.balance.rules.edge_rule import limits
from generator.balance.sifting import Optimum
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance


@dataclass(frozen=True)
class Choice:
    """What to keep.

    kept               bool (n,)
    why                per candidate (n,) an entry of `reasons`; -1 for kept ones
    bound              frames that no selection under the rules exceeds (with the shares of combinations below)
    size               frames kept
    combinations       share kept of every combination of tags with at least `combination_size` frames
    binding            rules that cost frames, and `prices`: frames that one unit of slack would bring back
    best               a candidate of the kind that is wanted most, and the `worth` of one more of its kind: itself,
                       and the dropped frames that it would allow back
    """

    kept: Bools
    why: Ints
    reasons: tuple[str, ...]
    bound: float
    size: int
    combinations: float
    combination_size: int
    binding: tuple[Rule, ...]
    prices: tuple[float, ...]
    best: int = 0
    worth: float = 1.0

    @property
    def gap(self) -> float:
        return max(self.bound - float(self.size), 0.0)


def select(frames: Candidates, rules: Balance, limit: int | None = None) -> Choice:
    """Chooses at most `limit` frames. BalanceError names the rules that no choice can meet and by how much.

    Within a group of frames that the rules cannot tell apart, those of lowest rank are kept, so that frames that come
    later change few earlier choices.
    """
    if not len(frames):
        raise BalanceError("no frame to choose from: paint some first")
    for entry in entries():
        entry.refuse(rules, frames)
    groups, program = _posed(frames, rules, limit)
    liking = program.liking()
    if liking is None:
        raise _impossible(program)
    solve = Promised(program, groups, liking)
    for promise in solve.strongest(rules.combinations):
        found = solve(promise)
        if found is None:
            continue
        counts = whole(solve.program(promise), found)
        if counts.any():
            return _choice(frames, groups, program, found, counts, solve, promise)
    if solve((0.0, 0)) is None:
        raise _impossible(program)
    raise BalanceError(
        f"{frames.frames} frames are too few to meet the rules in whole frames: paint more, or relax them"
    )


def expressible(rules: Balance, frames: int) -> Balance:
    """The rules that mean something for so few frames: a cap or floor of less than one whole frame is left out."""
    names = ("caps", "floors")
    parts = {name: {t: v for t, v in getattr(rules, name).items() if v * frames >= 1 or v == 0} for name in names}
    real = {tag: share for tag, share in rules.prevalence.items() if limits(rules)[tag][0] * frames >= 1 or share == 0}
    return rules.model_copy(update={**parts, "prevalence": real})


def _posed(frames: Candidates, rules: Balance, limit: int | None) -> tuple[Groups, Program]:
    """Frames in groups, and the program over them."""
    amounts = amounts_of(rules, frames)
    varying = (of for name, of in amounts.items() if name != FRAMES or frames.sizes is not None)
    groups = group(frames, varying)
    names, rows, tops = rows_of(rules, frames, groups.example, amounts)
    most = np.inf if limit is None else float(limit)
    weight = frames.weight[groups.example]
    return groups, Program(names, rows, tops, np.zeros_like(groups.sizes), groups.sizes, weight, most)


def _impossible(program: Program) -> BalanceError:
    shares = [k for k, rule in enumerate(program.rules) if rule.kind != "some"]
    rows = program.rows.dense()
    objects = (rows[np.setdiff1d(range(len(rows)), shares)] < 0).all(0)
    if unmet := least_slack([program.rules[k] for k in shares], rows[shares][:, objects], program.weight[objects]):
        return BalanceError(f"no selection meets the rules: {explain(unmet)}")
    frames = int(program.frames(program.high))
    return BalanceError(f"{frames} frames are too few to meet the rules: paint more, or relax them")


def _choice(
    frames: Candidates, groups: Groups, program: Program, found: Optimum, counts: Whole, solve: Promised,
    promise: Promise,
) -> Choice:  # fmt: skip
    kept = _taken(frames, groups, solve.cells(promise), counts)
    prices = found.prices[: len(program.rules)]
    reasons, why = _reasons(program, groups, prices, kept)
    binding = [(rule, float(price)) for rule, price in zip(program.rules, prices, strict=True) if price > 1e-7]
    left = (program.weight - program.rows.priced(prices)) / program.weight
    best = int(left.argmax())
    return Choice(
        kept, why, reasons, solve.bound(promise, found), int(frames.weight[kept].sum()), *promise,
        tuple(rule for rule, _ in binding), tuple(price for _, price in binding), int(groups.example[best]),
        float(left[best]),
    )  # fmt: skip


def _taken(frames: Candidates, groups: Groups, cells: Ints, counts: Whole) -> Bools:
    """First what each cell is promised, then whatever has the lowest rank in its column."""
    kept = np.asarray((counts > 0)[groups.column])
    some = np.flatnonzero(((counts > 0) & (counts < groups.sizes))[groups.column])  # of the other columns all or none
    cell, column, rank = groups.cell[some], groups.column[some], frames.rank[some]
    promised = position(cell, rank) < cells[cell] if cells.any() else np.zeros(len(some), bool)
    kept[some] = position(column, ~promised, rank) < counts[column]
    return kept


def _reasons(program: Program, groups: Groups, prices: Floats, kept: Bools) -> tuple[tuple[str, ...], Ints]:
    """Why candidates are dropped: the rules that have a price and that one more such candidate would strain."""
    rows_called: dict[str, list[int]] = {}
    for row in np.flatnonzero(prices > 1e-7).tolist():
        rows_called.setdefault(str(program.rules[row]), []).append(row)
    called = list(rows_called)[:62]
    strained = np.zeros(len(groups.sizes), np.int64)
    for place, name in enumerate(called):
        for row in rows_called[name]:
            strained |= (program.rows.row(row) > 0).astype(np.int64) << place
    dropped = np.flatnonzero(~kept)
    masks = strained[groups.column[dropped]]
    which, first, _ = compact(masks)
    found = masks[first]
    other = "not needed" if np.isfinite(program.limit) else "rounding"
    why = np.full(len(kept), -1, np.int64)
    why[dropped] = which
    bits = [(1 << place, name) for place, name in enumerate(called)]
    return tuple(", ".join([name for bit, name in bits if one & bit]) or other for one in found.tolist()), why
