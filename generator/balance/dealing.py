"""Real or painted pictures dealt out to train, val and test: by scene and video, stratified over tags and classes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generator.balance.candidates import Candidates, Ints, from_records
from generator.balance.scenes import scenes_of, together
from generator.balance.solver import select
from generator.balance.splits import split
from generator.base.errors import BalanceError, DatasetError
from generator.dataset.selection import Counts
from generator.dataset.store import Dataset
from generator.spec.balancing import Balance

HALF = 0.5  # the cap of every tag in a balanced part, where no rule is given


@dataclass(frozen=True)
class Dealt:
    """Keys of each part by its name; `unused` are those that balancing left out of a part; what each part holds."""

    parts: dict[str, tuple[str, ...]]
    unused: tuple[str, ...]
    counts: dict[str, Counts]
    groups: int


def deal(
    frames: Candidates,
    keys: Sequence[str],
    shares: Mapping[str, float],
    scene: Ints | None = None,
    balanced: Mapping[str, Balance] | None = None,
) -> Dealt:
    """Candidates by their `keys` in `shares`; those of one `scene` (n,) stay together. Parts named in `balanced` then
    keep only what their rules allow. BalanceError where a part would be empty, or its rules cannot be met."""
    made = split(frames, shares, scene)
    groups = len(frames) if scene is None else int(scene.max(initial=-1)) + 1
    parts, counts, unused = dict[str, tuple[str, ...]](), dict[str, Counts](), list[str]()
    for name in shares:
        at = made.of(name)
        if shares[name] > 0 and not len(at):
            raise BalanceError(
                f"{name} would be empty: {groups} scenes or videos cannot be dealt out to {len(shares)} parts"
            )
        if balanced and name in balanced and len(at):
            kept = _kept(name, frames.take(at), None if scene is None else scene[at], balanced[name])
            unused += [keys[k] for k in at[~kept]]
            at = at[kept]
        parts[name] = tuple(keys[k] for k in at)
        counts[name] = frames.take(at).summary(np.ones(len(at), bool))
    return Dealt(parts, tuple(unused), counts, groups)


def _kept(name: str, frames: Candidates, scene: Ints | None, rules: Balance) -> Ints:
    """Which of a part's candidates its rules keep, scenes whole."""
    scene = np.arange(len(frames)) if scene is None else np.unique(scene, return_inverse=True)[1]
    try:
        return np.asarray(select(together(frames, scene), rules).kept[scene])
    except BalanceError as error:
        raise BalanceError(f"{name}: {error}") from error


def halves(frames: Candidates) -> Balance:
    """No tag in more than half of the pictures."""
    return Balance(caps=dict.fromkeys(frames.tags, HALF))


def painted(dataset: Dataset, seed: int) -> tuple[Candidates, list[str], Ints]:
    """All frames of a painted set, their keys and their scenes."""
    table = dataset.records.combine_chunks()
    frames = from_records(table, dataset.manifest.classes, seed, "deal")
    return frames, table["key"].to_pylist(), scenes_of(table)


def videos(keys: Sequence[str], pattern: str) -> Ints:
    """Number of the scene or video of each key: keys in which the first group of the regular expression `pattern` (all
    of it, where it has none) finds the same. DatasetError for a key without it."""
    found = [re.search(pattern, key) for key in keys]
    missed = [key for key, match in zip(keys, found, strict=True) if match is None]
    if missed:
        raise DatasetError(f"--sequence {pattern!r} is not in {missed[0]!r} ({len(missed)} pictures); change it")
    names = [match.group(1 if match.re.groups else 0) or "" for match in found if match]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
