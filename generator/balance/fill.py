"""What is missing: how many frames of which kind would have to be painted to give a set what its rules ask.

A selection leaves frames out; `to_fill` says which new ones would complete it, so that a farm can paint just those.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array

from generator.balance.candidates import Bools, Candidates
from generator.balance.groups import codes, compact
from generator.balance.rows import Floats
from generator.balance.rules import explain, rows_of
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance


@dataclass(frozen=True)
class Missing:
    """Frames to paint with exactly these tags, out of those that may have any."""

    tags: tuple[str, ...]
    frames: int


def to_fill(frames: Candidates, kept: Bools, rules: Balance, wanted: int) -> tuple[Missing, ...]:
    """The fewest frames, by their combination of tags, that together with the `kept` ones make `wanted` frames that
    meet the rules. Only combinations that occur among `frames` are asked for, in proportions as near to theirs as the
    rules allow. BalanceError where none would do.
    """
    short = wanted - int(kept.sum())
    if short <= 0:
        return ()
    number, example, sizes = compact(codes(frames, [*frames.bits.T.astype(bool), frames.empty.astype(bool)]))
    names, values, _ = rows_of(rules, frames, np.arange(len(frames)))
    shares = [k for k, rule in enumerate(names) if rule.kind != "some"]
    dense = values.dense()[shares]
    means = np.array([np.bincount(number, row) / sizes for row in dense]).reshape(len(shares), len(sizes))
    there = dense[:, kept].sum(1)
    counts = _fewest(means, -there, short, short * sizes / sizes.sum())
    if counts is None:
        raise BalanceError(
            f"no {short} further frames of the kinds that occur would meet the rules: "
            + explain([(names[shares[k]], float(there[k] / max(1, kept.sum()))) for k in np.flatnonzero(there > 1e-9)])
        )
    tags = [tuple(np.array(frames.tags)[frames.bits[at].astype(bool)].tolist()) for at in example]
    return tuple(Missing(tags[k], int(counts[k])) for k in np.argsort(-counts, kind="stable") if counts[k])


def per_tag(missing: tuple[Missing, ...]) -> dict[str, int]:
    """Frames to paint with each tag."""
    names = sorted({tag for one in missing for tag in one.tags})
    return {name: sum(one.frames for one in missing if name in one.tags) for name in names}


def _fewest(
    means: Floats, room: Floats, short: int, goal: Floats
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]] | None:
    """Whole frames per combination that add up to `short`: nearest to `goal`, rounded so that the rules still hold, and
    by largest remainders."""
    x = _nearest(means, room, short, goal)
    if x is None:
        return None
    whole = np.floor(x + 1e-9).astype(np.int64)
    for _ in range(short - int(whole.sum())):
        excess = np.maximum((means @ whole - room)[:, None] + means, 0).sum(0)  # with one more of each
        whole[np.lexsort((whole - x, excess.round(9)))[0]] += 1
    return whole


def _nearest(means: Floats, room: Floats, short: int, goal: Floats) -> Floats | None:
    """The least sum of distances to `goal`; of all that have it, the one whose greatest gain and greatest loss, as
    shares of their goals, are least: else whatever makes room for a rule would go to any one combination."""
    count, same, rows = len(goal), eye_array(len(goal)), csr_array(means)
    one, zero, each = np.ones(count), np.zeros(count), csr_array(goal[:, None])
    near: list[list[Any]] = [[rows, None], [same, -same], [-same, -same]]  # of the frames, then of their distances
    most = np.r_[room, goal, -goal]
    first = _solved(np.r_[zero, one], near, most, np.r_[one, zero], short)
    if first.status != 0:
        return None
    gains = [[None, csr_array(one[None]), None, None], [same, None, -each, None], [-same, None, None, -each]]
    further = [[*row, None, None] for row in near] + gains
    limit = np.r_[most, first.fun * (1 + 1e-9) + 1e-6, goal, -goal]
    even = _solved(np.r_[zero, zero, 1.0, 1.0], further, limit, np.r_[one, zero, 0.0, 0.0], short)
    return np.asarray((even if even.status == 0 else first).x)[:count]


def _solved(costs: Floats, blocks: Any, most: Floats, frames: Floats, short: int) -> Any:
    """scipy's, whose annotations lack sparse matrices."""
    matrix: Any = block_array(blocks, format="csr")
    equal: Any = csr_array(frames[None])
    return linprog(costs, matrix, most, equal, [short])
