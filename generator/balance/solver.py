"""`select`: the largest set of frames under caps, floors and evenness that keeps some of every combination of tags."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from generator.balance.candidates import Bools, Candidates, Ints
from generator.balance.groups import Groups, group, position
from generator.balance.program import Floats, Program, Rule, Whole, least_slack
from generator.base.errors import BalanceError
from generator.spec.config import Balance

STEPS = 16  # of relaxing the share of every combination


@dataclass(frozen=True)
class Choice:
    """What to keep.

    kept               bool (n,)
    why                per frame (n,) an entry of `reasons`; -1 for kept ones
    bound              frames that no selection under the rules exceeds (with the shares of combinations below)
    combinations       share kept of every combination of tags with at least `combination_size` frames
    binding            rules that cost frames
    """

    kept: Bools
    why: Ints
    reasons: tuple[str, ...]
    bound: float
    combinations: float
    combination_size: int
    binding: tuple[Rule, ...]

    @property
    def gap(self) -> float:
        return max(self.bound - float(self.kept.sum()), 0.0)


def select(frames: Candidates, rules: Balance, limit: int | None = None) -> Choice:
    """Chooses at most `limit` frames. BalanceError names the rules that no choice can meet and by how much.

    Within a group of frames that the rules cannot tell apart, those of lowest rank are kept, so that frames that come
    later change few earlier choices.
    """
    if not len(frames):
        raise BalanceError("no frame to choose from: paint some first")
    groups = group(frames, rules)
    program = _program(frames, groups, rules, limit)
    _refuse_impossible(program)
    for share, least in _promises(program, groups, rules.combinations):
        cells = groups.lows(share, least)
        promised = replace(program, low=_per_column(groups, cells))
        solution, prices = promised.relaxed() or _impossible(program)
        kept = _settled(frames, groups, rules, promised, cells, solution)
        if kept is not None:
            reasons, why = _reasons(program, groups, prices, kept)
            binding = tuple(rule for rule, price in zip(program.rules, prices, strict=True) if price > 1e-7)
            return Choice(kept, why, reasons, float(solution.sum()), share, least, binding)
    raise BalanceError(f"{len(frames)} frames are too few to meet the rules in whole frames: paint more, or relax them")


def expressible(rules: Balance, frames: int) -> Balance:
    """The rules that mean something for so few frames: a cap or floor of less than one whole frame is left out."""
    caps, floors = ({t: v for t, v in part.items() if v * frames >= 1 or v == 0} for part in (rules.caps, rules.floors))
    return rules.model_copy(update={"caps": caps, "floors": floors})


def rows_of(rules: Balance, frames: Candidates, at: Ints, counts: Floats) -> tuple[tuple[Rule, ...], Floats]:
    """One row per rule; entry k is what one more frame like `at[k]`, with `counts[k]` instances, adds."""
    named: list[tuple[Rule, Floats]] = []
    for tag, cap in sorted(rules.caps.items()):
        named.append((Rule("cap", tag, cap), frames.column(tag)[at] - cap))
    for tag, floor in sorted(rules.floors.items()):
        named.append((Rule("floor", tag, floor), floor - frames.column(tag)[at].astype(float)))
    if rules.empty < 1:
        named.append((Rule("empty", "", rules.empty), frames.empty[at] - rules.empty))
    if rules.evenness is not None:
        mean = counts.mean(1)
        for label, count in zip(frames.labels, counts.T, strict=True):
            named.append((Rule("most", label, rules.evenness), count - rules.evenness * mean))
            named.append((Rule("least", label, rules.evenness), mean / rules.evenness - count))
        if frames.counts.any():
            named.append((Rule("some", "objects", 1), -counts.sum(1)))
    rows = np.array([row for _, row in named], float).reshape(len(named), len(at))
    return tuple(rule for rule, _ in named), rows


def explain(unmet: Sequence[tuple[Rule, float]]) -> str:
    """The rules that cannot be met, in words."""
    return "; ".join(_words(rule, slack) for rule, slack in unmet)


def _words(rule: Rule, slack: float) -> str:
    if rule.kind in ("cap", "empty"):
        name = rule.subject or "empty frames"
        least = rule.asked + slack
        return f"cap of {name} is {rule.asked:.4g}, {least:.4g} is the least possible (raise it by {slack:.4g})"
    if rule.kind == "floor":
        most = rule.asked - slack
        return f"floor of {rule.subject} is {rule.asked:.4g}, {most:.4g} is the most possible (lower it by {slack:.4g})"
    direction = "too many" if rule.kind == "most" else "too few"
    return f"evenness {rule.asked:.4g}: {direction} {rule.subject}, by {slack:.4g} instances per frame"


def _program(frames: Candidates, groups: Groups, rules: Balance, limit: int | None) -> Program:
    counts = frames.counts[groups.example].astype(float)
    if not groups.exact:
        sums = [np.bincount(groups.column, of) for of in frames.counts.T]
        counts = np.column_stack(sums) / groups.sizes[:, None]
    names, rows = rows_of(rules, frames, groups.example, counts)
    most = np.inf if limit is None else float(limit)
    tops = np.array([-float(rule.kind == "some") for rule in names])
    return Program(names, rows, tops, np.zeros_like(groups.sizes), groups.sizes, most)


def _refuse_impossible(program: Program) -> None:
    found = program.relaxed()
    if found is None or found[0].sum() < 1 - 1e-9:
        _impossible(program)


def _impossible(program: Program) -> tuple[Floats, Floats]:
    shares = [k for k, rule in enumerate(program.rules) if rule.kind != "some"]
    objects = (program.rows[np.setdiff1d(range(len(program.rows)), shares)] < 0).all(0)
    if unmet := least_slack([program.rules[k] for k in shares], program.rows[shares][:, objects]):
        raise BalanceError(f"no selection meets the rules: {explain(unmet)}")
    raise BalanceError(f"{int(program.high.sum())} frames are too few to meet the rules: paint more, or relax them")


def _promises(program: Program, groups: Groups, asked: float) -> Iterator[tuple[float, int]]:
    """Shares to keep of every combination of at least so many frames: the strongest that the rules allow, then weaker
    ones, for when rounding fails.

    In order: the asked share, ever smaller shares, one frame of each, one of those with 2, 4, 8, ... frames, nothing.
    """
    levels = [(asked * step / STEPS, 1) for step in range(STEPS, 0, -1)] if asked > 0 else []
    largest = int(groups.sizes.max())
    levels += [(1 / (largest + 1), 2**power) for power in range(largest.bit_length())] if asked > 0 else []
    first, last = 0, len(levels)
    while first < last:
        middle = (first + last) // 2
        if _feasible(program, groups, *levels[middle]):
            last = middle
        else:
            first = middle + 1
    yield from levels[first:]
    yield 0.0, 0


def _feasible(program: Program, groups: Groups, share: float, least: int) -> bool:
    low = _per_column(groups, groups.lows(share, least))
    return low.sum() <= program.limit and replace(program, low=low).relaxed() is not None


def _per_column(groups: Groups, cells: Ints) -> Whole:
    return np.bincount(groups.column_of, cells, len(groups.sizes)).astype(np.int64)


def _settled(
    frames: Candidates, groups: Groups, rules: Balance, program: Program, cells: Ints, solution: Floats
) -> Bools | None:
    """Frames for a solution; None where rounding to whole frames fails.

    Where columns average instances, evenness is asked ever more strictly until it holds on what is really kept."""
    tighter = program
    for _ in range(30):
        kept = _taken(frames, groups, cells, tighter.whole(solution))
        if kept.any() and (groups.exact or _holds(frames, rules, kept)):
            return kept
        if groups.exact or rules.evenness is None:
            break
        rules_now = rules.model_copy(update={"evenness": 1 + 0.8 * (_evenness(tighter) - 1)})
        tighter = replace(_program(frames, groups, rules_now, None), low=program.low, limit=program.limit)
        found = tighter.relaxed()
        if found is None:
            break
        solution = found[0]
    return None


def _evenness(program: Program) -> float:
    return next(rule.asked for rule in program.rules if rule.kind == "most")


def _holds(frames: Candidates, rules: Balance, kept: Bools) -> bool:
    """Whether the rules hold on what is really kept."""
    at = np.flatnonzero(kept)
    names, rows = rows_of(rules, frames, at, frames.counts[at].astype(float))
    totals = rows.sum(1)
    return bool((totals[[rule.kind != "some" for rule in names]] <= 1e-9 * (1 + len(at))).all())


def _taken(frames: Candidates, groups: Groups, cells: Ints, counts: Whole) -> Bools:
    """First what each cell is promised, then whatever has the lowest rank in its column."""
    promised = position(groups.cell, frames.rank) < cells[groups.cell]
    return position(groups.column, ~promised, frames.rank) < counts[groups.column]


def _reasons(program: Program, groups: Groups, prices: Floats, kept: Bools) -> tuple[tuple[str, ...], Ints]:
    """Why frames are dropped: the rules that have a price and that one more such frame would strain."""
    strained = (prices[:, None] > 1e-7) & (program.rows > 0)
    other = "not needed" if np.isfinite(program.limit) else "rounding"
    texts = [", ".join(str(r) for r, s in zip(program.rules, of, strict=True) if s) or other for of in strained.T]
    names = tuple(sorted(set(texts)))
    column = np.array([names.index(text) for text in texts], np.int64)
    return names, np.where(kept, -1, column[groups.column])
