"""Train, val and test so that nothing leaks and every tag is in each: by scene and asset, stratified over tags.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML 2011):
the rarest label is dealt out first, each time to the part that still wants it most.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.balance.candidates import Amounts, Candidates, Ints
from generator.balance.scenes import together
from generator.base.errors import BalanceError


@dataclass(frozen=True)
class Split:
    """Part of each candidate, int64 (n,), an index into `names`."""

    names: tuple[str, ...]
    part: Ints

    def of(self, name: str) -> Ints:
        """Positions of the candidates of one part."""
        return np.flatnonzero(self.part == self.names.index(name))


def linked(*keys: Sequence[Sequence[Hashable]]) -> Ints:
    """Groups, int64 (n,) from 0, of candidates that share something: each of `keys` says what every candidate has,
    such as its scene, or the assets it shows. Those that share through others are in one group too."""
    count = len(keys[0]) if keys else 0
    parent = list(range(count))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for kind in keys:
        first: dict[Hashable, int] = {}
        for at, having in enumerate(kind):
            for thing in having:
                one, other = root(at), root(first.setdefault(thing, at))
                parent[max(one, other)] = min(one, other)
    return np.unique([root(at) for at in range(count)], return_inverse=True)[1].astype(np.int64)


def split(frames: Candidates, shares: Mapping[str, float], group: Ints | None = None) -> Split:
    """Deal out frames in `shares` so that every part has its share of every tag and class, as nearly as can be.

    Frames with the same number in `group` stay together. Ties go by rank, so the same seed gives the same split.
    """
    if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
        raise BalanceError("shares of the splits must not be negative and not all be 0")
    names, parts = tuple(shares), np.array(list(shares.values()), float)
    units = frames if group is None else together(frames, group)
    labels = np.column_stack([units.bits, units.images, units.empty]).astype(float)
    part = _dealt(labels, units.weight.astype(float), parts / parts.sum(), np.argsort(units.rank, kind="stable"))
    return Split(names, part if group is None or units is frames else part[group])


def _dealt(labels: Amounts, weight: Amounts, shares: Amounts, order: Ints) -> Ints:
    """Part of each unit. `labels` (n, L) amounts, `weight` (n,) frames, `order` in which equals are dealt."""
    wants = labels.sum(0)[:, None] * shares  # (L, parts) still wanted
    room = weight.sum() * shares
    part = np.full(len(labels), -1, np.int64)
    left = labels.sum(0)
    while (part < 0).any():
        label = int(np.argmin(np.where(left > 1e-9, left, np.inf))) if (left > 1e-9).any() else -1
        waiting = order[part[order] < 0]
        chosen = waiting[labels[waiting, label] > 0] if label >= 0 else waiting
        for at in chosen[np.argsort(-weight[chosen], kind="stable")]:
            here = wants[label] if label >= 0 else room
            best = max(range(len(shares)), key=lambda k: (here[k], room[k], shares[k]))
            part[at] = best
            wants[:, best] -= labels[at]
            room[best] -= weight[at]
        left = labels[part < 0].sum(0)
    return part
