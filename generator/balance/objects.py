"""Single objects of many frames as arrays, and how many each frame has in every cell of a quota."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.balance.candidates import Amounts, Candidates, Ints, flat_instances
from generator.base.errors import BalanceError, did_you_mean
from generator.spec.balancing import Balance
from generator.spec.edges import Condition
from generator.spec.known import OBJECT_FACTS
from generator.spec.quotas import NONE, Quota

COLUMNS = {"visible_pixels": "pixels"}  # facts that records call otherwise


@dataclass(frozen=True)
class Objects:
    """Annotated objects: `frame` int64 (o,) the candidate each belongs to, `label` (o,) its class's number, `facts`
    float64 (o,) by name, NaN where not known."""

    frame: Ints
    label: Ints
    facts: Mapping[str, NDArray[np.float64]]


def of_looks(objects: Sequence[Sequence[Mapping[str, Any]]], classes: Sequence[str]) -> Objects:
    """Of `Facts.objects` per frame."""
    rows = [(k, one) for k, of in enumerate(objects) for one in of if one["class"] in classes]
    facts = {name: np.array([one.get(name, np.nan) for _, one in rows], float) for name in OBJECT_FACTS}
    label = np.array([classes.index(one["class"]) for _, one in rows], np.int64)
    return Objects(np.array([k for k, _ in rows], np.int64), label, facts)


def of_records(table: pa.Table, classes: Sequence[str]) -> Objects:
    """Of the annotated instances of records."""
    frame, one = flat_instances(table)
    label = pc.fill_null(pc.index_in(pc.struct_field(one, "label"), pa.array(classes, pa.string())), -1).to_numpy()
    good = (label >= 0) & (pc.struct_field(one, "visible_pixels").to_numpy() > 0)
    names = {COLUMNS.get(name, name): name for name in one.type.names}
    facts = {
        fact: pc.struct_field(one, names[fact]).to_numpy(zero_copy_only=False)[good].astype(float)
        for fact in OBJECT_FACTS
        if fact in names
    }
    picture = pc.multiply(table["width"].cast(pa.int64()), table["height"].cast(pa.int64())).to_numpy()
    facts["share"] = facts["pixels"] / picture[frame[good]]
    return Objects(frame[good], label[good].astype(np.int64), facts)


def with_quotas(frames: Candidates, objects: Objects | None, rules: Balance) -> Candidates:
    """Candidates that also know how many objects lie in each cell of every quota, as far as that can be known."""
    extra = dict(frames.extra)
    for quota in rules.quotas:
        if objects is not None:
            extra |= {_key(quota, cell): amounts for cell, amounts in _counted(quota, rules, frames, objects)}
    return replace(frames, extra=extra)


def cells_of(quota: Quota, rules: Balance, frames: Candidates) -> Mapping[str, Amounts] | None:
    """Objects (n,) in every cell that occurs; None where the candidates do not tell."""
    prefix = _key(quota, "")
    known = {name.removeprefix(prefix): of for name, of in frames.extra.items() if name.startswith(prefix)}
    if known:
        return known
    if set(quota.by) == {"class"}:
        columns = zip(frames.labels, frames.counts.T, strict=True)
        return {label: column for label, column in columns if column.any()}
    return None


def _key(quota: Quota, cell: str) -> str:
    return f"{'*'.join(quota.by)}: {cell}"


def _counted(quota: Quota, rules: Balance, frames: Candidates, objects: Objects) -> Iterator[tuple[str, Ints]]:
    names: list[tuple[str, ...]] = []
    code = np.zeros(len(objects.frame), np.int64)
    for factor in quota.by:
        bins, which = _bins(factor, quota, rules, frames, objects)
        names.append(bins)
        code = code * len(bins) + which
    for cell in np.unique(code):
        parts, rest = list[str](), int(cell)
        for bins in reversed(names):
            rest, place = divmod(rest, len(bins))
            parts.append(bins[place])
        counts = np.bincount(objects.frame[code == cell], minlength=len(frames))
        yield "/".join(reversed(parts)), counts.astype(np.int64)


def _bins(
    factor: str, quota: Quota, rules: Balance, frames: Candidates, objects: Objects
) -> tuple[tuple[str, ...], Ints]:
    """Names of a factor's bins, and each object's."""
    if factor == "class":
        return frames.labels, objects.label
    if factor in quota.factors:
        return _by_facts(factor, quota.factors[factor], objects)
    asked = {*rules.caps, *rules.floors, *rules.prevalence, *rules.variety, *rules.instance_caps, *frames.tags}
    tags = rules.groups.get(factor) or ((factor,) if factor in asked else ())
    if not tags:
        known = ["class", *quota.factors, *rules.groups, *asked]
        raise BalanceError(f"quotas: nothing is called {factor!r}{did_you_mean(factor, known)}")
    which = np.zeros(len(objects.frame), np.int64)
    for number, tag in enumerate(tags, 1):
        which[frames.column(tag)[objects.frame] > 0] = number
    return (NONE, *tags), which


def _by_facts(
    factor: str, bins: Mapping[str, Mapping[str, Condition]], objects: Objects
) -> tuple[tuple[str, ...], Ints]:
    """The first bin whose conditions all hold; "none" where none does."""
    which = np.zeros(len(objects.frame), np.int64)
    for number, conditions in reversed(list(enumerate(bins.values(), 1))):
        met = np.ones(len(which), bool)
        for fact, condition in conditions.items():
            if fact not in objects.facts:
                raise BalanceError(
                    f"quotas: {factor} needs {fact!r} of every object, which these frames do not record"
                    f"{did_you_mean(fact, objects.facts)}"
                )
            met &= condition.holds(objects.facts[fact])
        which[met] = number
    return (NONE, *bins), which
