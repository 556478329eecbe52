"""Asset pools: no file is in two splits, so that a detector is never tested on what it has seen."""

import hashlib
from collections.abc import Mapping
from itertools import groupby

import numpy as np

from generator.assets.catalog import Asset, Catalog
from generator.base.splits import FIRST, Split


def pool(catalog: Catalog, shares: Mapping[str, float], split: Split) -> Catalog:
    """The assets of one split; all of them where `shares` is empty.

    Each folder is divided by itself, by largest remainders, in an order given by the files' contents: the same on every
    machine, equal files together. Every share above 0 gets at least one file where a folder has that many.
    """
    if not shares:
        return catalog
    chosen: list[str] = []
    folders = sorted(catalog.assets.values(), key=lambda a: (a.id.rpartition("/")[0], a.kind, a.content, a.id))
    for _, assets in groupby(folders, lambda a: (a.id.rpartition("/")[0], a.kind)):
        chosen += divided(list(assets), shares)[split]
    return catalog.only(sorted(chosen))


def divided(assets: list[Asset], shares: Mapping[str, float]) -> dict[str, list[str]]:
    """Ids by split. Files of equal content count as one and stay together."""
    contents = sorted({a.content for a in assets}, key=lambda sha: hashlib.sha256(b"pool" + sha.encode()).digest())
    cuts = np.cumsum(apportioned(len(contents), [shares.get(name, 0.0) for name in FIRST]))
    of = {sha: int(np.searchsorted(cuts, rank, side="right")) for rank, sha in enumerate(contents)}
    names = list(FIRST)
    return {name: [a.id for a in assets if names[of[a.content]] == name] for name in names}


def apportioned(count: int, shares: list[float]) -> list[int]:
    """Whole numbers that add up to `count`, near to the shares, at least 1 for each share above 0 while they last."""
    weights = np.array(shares) / sum(shares)
    wanted = [i for i in np.argsort(-weights, kind="stable") if weights[i] > 0]
    result = np.zeros(len(shares), int)
    result[wanted[:count]] = 1
    while result.sum() < count:
        result[int(np.argmax(weights * count - result))] += 1
    return [int(n) for n in result]
