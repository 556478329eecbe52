"""What is missing: how many frames of which kind would have to be painted to give a set what its rules ask.

A selection leaves frames out; `to_fill` says which new ones would complete it, so that a farm can paint just those.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

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
    count = len(goal)
    costs = np.r_[np.zeros(count), np.ones(count)]
    same = np.eye(count)
    upper = np.vstack([np.hstack([means, np.zeros_like(means)]), np.hstack([same, -same]), np.hstack([-same, -same])])
    found = linprog(costs, upper, np.r_[room, goal, -goal], np.r_[np.ones(count), np.zeros(count)][None], [short])
    if found.status != 0:
        return None
    x = np.asarray(found.x)[:count]
    whole = np.floor(x + 1e-9).astype(np.int64)
    for _ in range(short - int(whole.sum())):
        excess = np.maximum((means @ whole - room)[:, None] + means, 0).sum(0)  # with one more of each
        whole[np.lexsort((whole - x, excess.round(9)))[0]] += 1
    return whole
