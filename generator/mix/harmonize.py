"""Rules that make the labels of two data sets mean the same, over instance masks and semantic maps.

Poucin et al. (ICCVW 2021): Synscapes labels a rider and his bicycle as one instance, Cityscapes as two. Rules are
applied in their order, to what is trained on and to what is judged on alike, and count what they did.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.base.errors import TrainError, did_you_mean
from generator.base.geometry import extent
from generator.spec.harmonizing import Merge, Rules, SplitBySemantic
from generator.spec.load import validated
from generator.spec.yaml import read

Mask = NDArray[np.bool_]
Values = NDArray[np.integer[Any]]


def load_rules(path: Path) -> Rules:
    """Raises InputError with every fault at its place."""
    return validated(read(path), Rules)


@dataclass(frozen=True)
class Thing:
    """One instance of a picture while rules are applied. `mask` is None where there is a box only. `keypoints` (k, 3)
    stay with what is left of it; what is split off has the same."""

    name: str
    box: tuple[float, ...]
    ignore: bool
    mask: Mask | None
    keypoints: NDArray[np.float32] | None = None

    def of(self, mask: Mask) -> "Thing | None":
        """The same with other pixels, its box around them; None without any."""
        box = extent(mask)
        return replace(self, mask=mask, box=tuple(map(float, box))) if box else None


Picture = list[Thing]
Counts = Counter[str]


def harmonize(picture: Picture, rules: Rules, semantic: Values | None, counts: Counts) -> Picture:
    """Apply all rules. `semantic` (h, w) has the values that `rules.semantics` names. `counts` gathers, per rule and
    class, how many instances were changed, such as ``split_by_semantic bicycle``."""
    for rule in rules.rules:
        if rule.split_by_semantic:
            picture = _split(picture, rule.split_by_semantic, _pixels(rule.split_by_semantic, rules, semantic), counts)
        elif rule.merge:
            picture = _merge(picture, rule.merge, counts)
        elif rule.rename is not None:
            picture = _rename(picture, rule.rename, counts)
        elif rule.drop:
            picture = _drop(picture, rule.drop, counts)
        elif rule.to_ignore:
            picture = _to_ignore(picture, rule.to_ignore, counts)
    return picture


def _pixels(rule: SplitBySemantic, rules: Rules, semantic: Values | None) -> Mask:
    """Where the semantic map has the rule's class."""
    if semantic is None:
        raise TrainError("split_by_semantic needs semantic maps; give them, or take the rule away")
    values = [value for value, name in rules.semantics.items() if name == rule.semantic]
    if not values:
        hint = did_you_mean(rule.semantic, rules.semantics.values())
        raise TrainError(f"split_by_semantic: `semantics` names no {rule.semantic!r}{hint}")
    return np.isin(semantic, values)


def _split(picture: Picture, rule: SplitBySemantic, where: Mask, counts: Counts) -> Picture:
    result: Picture = []
    for thing in picture:
        mask = _mask(thing, "split_by_semantic") if thing.name in rule.classes else None
        if mask is None or not (mask & where).any():
            result.append(thing)
            continue
        counts[f"split_by_semantic {thing.name}"] += 1
        part = replace(thing, name=rule.target).of(mask & where)
        result += [one for one in (thing.of(mask & ~where), part) if one]
    return result


def _merge(picture: Picture, rule: Merge, counts: Counts) -> Picture:
    """Wholes take their parts in all at once, so that the order of the parts means nothing."""
    wholes: list[int] = [k for k, thing in enumerate(picture) if thing.name == rule.into]
    taken: dict[int, list[int]] = {}
    for k, thing in enumerate(picture):
        if thing.name == rule.part:
            own = _mask(thing, "merge")
            borders = [_border(own, _mask(picture[whole], "merge")) for whole in wholes]
            if any(borders):
                taken.setdefault(wholes[int(np.argmax(borders))], []).append(k)
    gone = {k for parts in taken.values() for k in parts}
    counts[f"merge {rule.part}"] += len(gone)
    merged = {whole: _united([picture[k] for k in (whole, *parts)]) for whole, parts in taken.items()}
    return [merged.get(k, thing) for k, thing in enumerate(picture) if k not in gone]


def _united(things: Picture) -> Thing:
    union = np.logical_or.reduce([_mask(thing, "merge") for thing in things])
    return things[0].of(union) or things[0]


def _border(a: Mask, b: Mask) -> int:
    """Pixels of b that are beside (or in) a."""
    grown: Mask = scipy.ndimage.binary_dilation(a)
    return int((grown & b).sum())


def _rename(picture: Picture, names: Mapping[str, str], counts: Counts) -> Picture:
    for thing in picture:
        counts[f"rename {thing.name}"] += renamed(thing.name, names) != thing.name
    return [replace(thing, name=renamed(thing.name, names)) for thing in picture]


def renamed(name: str, names: Mapping[str, str]) -> str:
    """The new name: of the name itself where it is listed, else of the first pattern that it fits."""
    if name in names:
        return names[name]
    return next((new for pattern, new in names.items() if fnmatchcase(name, pattern)), name)


def _drop(picture: Picture, names: Sequence[str], counts: Counts) -> Picture:
    for thing in picture:
        counts[f"drop {thing.name}"] += thing.name in names
    return [thing for thing in picture if thing.name not in names]


def _to_ignore(picture: Picture, names: Sequence[str], counts: Counts) -> Picture:
    for thing in picture:
        counts[f"to_ignore {thing.name}"] += thing.name in names
    return [replace(thing, ignore=thing.ignore or thing.name in names) for thing in picture]


def _mask(thing: Thing, rule: str) -> Mask:
    if thing.mask is None:
        raise TrainError(f"{rule} needs masks, but there is a {thing.name!r} with a box only; leave the rule out")
    return thing.mask
