"""What the arms are mixed from: painted frames and photographs, their labels made to mean the same, the smallest
instances removed; and a note of all that was done to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.balance.real import read_tags
from generator.base.errors import DatasetError, InputError, Problem, TrainError, did_you_mean
from generator.cli.depths import painted_frames
from generator.dataset.examples import Source
from generator.dataset.imports import class_names, photo_source
from generator.dataset.keypoints import agreed
from generator.dataset.selection import Selection
from generator.dataset.store import Dataset
from generator.dataset.subset import keys_of
from generator.mix.harmonized import Harmonized
from generator.mix.pruning import Pruned, matching, sizes_of, tally, thresholds
from generator.mix.recipes import phases, sources_of
from generator.mix.semantics import SemanticMaps
from generator.mix.traits import Tagged, traits_of
from generator.spec.harmonizing import Rules
from generator.spec.load import near
from generator.spec.training import RealSource, Train

PREPARATION = "preparation.json"
Note = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """`sources` by name, and per source what was done to its labels, as plain data."""

    sources: dict[str, Source]
    notes: dict[str, Note] = field(default_factory=dict)

    def told(self) -> list[str]:
        """What was done to labels, a line each."""
        lines = []
        for name, note in self.notes.items():
            if changes := note.get("harmonized"):
                lines.append(f"{name}: " + ", ".join(f"{rule} {count}" for rule, count in changes.items()))
            if absent := [label for label, count in note["shown"].items() if not count]:
                lines.append(f"{name}: no picture shows {', '.join(absent)}; only other sources can teach it")
            for label, row in note.get("removed", {}).get("classes", {}).items():
                whole = row["kept"] + row["removed"]
                lines.append(f"{name}: {row['removed']} of {whole} {label} below {row['pixels']} pixels removed")
        return lines


def prepare(
    dataset: Dataset, selection: Selection | None, real: Source | None, spec: Train, where: Path,
    classes: Sequence[str] = (), noting: bool = True,
) -> Prepared:  # fmt: skip
    """The training sources; `noting` also notes what was done to them, for which those with rules are read once.
    TrainError where an arm needs real photographs and there are none, or keypoints that its sources do not have or name
    differently; `where` is the config that it names. `classes` are what the rules for painted frames lead to, where
    these are not those of the photographs to learn from."""
    wanted = classes or (real.classes if real else ())
    painted = harmonized(painted_frames(spec, dataset, "train", selection), spec, wanted)
    if real is None and (set(spec.arms) - {"synthetic"} or spec.smallest == "match"):
        raise TrainError(
            f"{where}: the arms {', '.join(spec.arms)} and `smallest: {spec.smallest}` need real photographs; give "
            "`real.train`, or keep only the synthetic arm and a share"
        )
    boxes = spec.smallest == "match" and real is not None and not real.masks  # what photographs cannot tell of masks
    sizes = sizes_of(painted, boxes) if spec.smallest else []
    if spec.smallest == "match" and real is not None:
        cuts = matching(sizes, sizes_of(real, boxes))
    else:
        cuts = thresholds([(one.name, one.pixels) for one in sizes], spec.smallest if spec.smallest != "match" else 0)
    pruned: Source = Pruned(painted, cuts, spec.smallest_becomes, boxes) if cuts else painted
    found = {"synthetic": pruned} if real is None else {"synthetic": pruned, "real": real}
    for arm in spec.arms if spec.model == "keypoint_rcnn" else ():
        agreed({name: found[name] for name in sources_of(phases(arm, spec))})
    if not noting:
        return Prepared(found)
    notes = {name: _note(source) for name, source in (found | {"synthetic": painted}).items()}
    if spec.smallest:
        rule = {"smallest": spec.smallest, "becomes": spec.smallest_becomes, "classes": tally(sizes, cuts)}
        notes["synthetic"]["removed"] = rule
    return Prepared(found, notes)


def harmonized(painted: Source, spec: Train, classes: Sequence[str]) -> Source:
    """Painted frames after the rules for them, with the labels of `classes` (none: their own)."""
    rules = spec.harmonize.synthetic
    return Harmonized(painted, rules, classes or painted.classes) if rules.rules else painted


def with_tags(photos: Source, said: RealSource, config: Path) -> Source:
    """Photographs with the tags of their table. DatasetError for one that cannot be read, or that names others."""
    table = read_tags(near(config, said.tags)) if said.tags else {}
    if unknown := sorted(set(table) - set(keys := keys_of(photos))):
        hint = did_you_mean(unknown[0], keys)
        raise DatasetError(f"{said.tags}: {said.labels} has no picture {unknown[0]!r}{hint} (of {len(unknown)} keys)")
    return Tagged(photos, table) if table else photos


def refuse_other_classes(spec: Train, found: Mapping[str, Source], test: Source | None = None) -> None:
    """TrainError for arms that mix, or are judged by, other classes than they learned."""
    real = found.get("real", test)
    if real is None or real.classes == found["synthetic"].classes:
        return
    if unfit := [arm for arm in spec.arms if arm not in ("real", "finetune")]:
        own, other = (", ".join(source.classes) for source in (found["synthetic"], real))
        raise TrainError(
            f"synthetic frames have the classes {own}, real photographs {other}: the arms {', '.join(unfit)} need the "
            "same in both; keep finetune and real, or give rules under `train.harmonize`"
        )


def _note(source: Source) -> Note:
    if not isinstance(source, Harmonized):
        return _counted(source, [one.classes for one in traits_of(source)])
    counts, shown = source.told()
    return _counted(source, shown) | {"read": list(source.source.classes), "harmonized": dict(sorted(counts.items()))}


def _counted(source: Source, shown: Sequence[frozenset[str]]) -> Note:
    """Its pictures, and how many show each class."""
    each = Counter(name for classes in shown for name in classes)
    return {"images": len(source), "shown": {name: each[name] for name in source.classes}}


def photographs(config: Path, source: RealSource, classes: Sequence[str], rules: Rules) -> Source:
    """Real photographs of a config with the labels of `classes`, after the rules. Raises GeneratorError for what is
    wrong with them."""
    labels, images = near(config, source.labels), source.images
    if images and not images.startswith("package:"):
        images = str(near(config, images))
    if not rules.rules:
        return photo_source(labels, images, source.crop, tuple(classes))
    found = photo_source(labels, images, source.crop, read_for(labels, classes, rules))
    semantics = SemanticMaps(found.photos, near(config, source.semantic), source.crop) if source.semantic else None
    return Harmonized(found, rules, classes, semantics)


def read_for(labels: Path, classes: Sequence[str], rules: Rules) -> tuple[str, ...]:
    """Of the classes that labels name, those that are wanted or that a rule changes. InputError with every wanted class
    that is not named and that no rule makes, and every name in a rule that is neither."""
    named = class_names(labels)
    problems = [
        f"class {name!r} is not labelled here, and no rule makes it{did_you_mean(name, named)}"
        for name in classes
        if name not in named and name not in rules.makes
    ] + [
        f"a rule changes {name!r}, which is not labelled here{did_you_mean(name, named)}"
        for name in _idle(rules, named)
    ]
    if problems:
        raise InputError([Problem(str(labels), 0, 0, "", text) for text in problems])
    return tuple(name for name in named if name in classes or rules.reads(name))


def _idle(rules: Rules, named: Sequence[str]) -> list[str]:
    """Names in rules that no label has and no rule makes, but that are spelt much like one. Others may be absent from
    one split, and patterns may fit nothing."""
    known = {*named, *rules.makes}
    names = {name for rule in rules.rules for name in rule.reads if name not in known and not _pattern(name)}
    return sorted(name for name in names if "did you mean" in did_you_mean(name, named))


def _pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")


def noted(prepared: Prepared, used: Sequence[str], budget: str, data: Mapping[str, str]) -> Note:
    """What stands in an arm's ``preparation.json``: of the sources that it learns from."""
    sources = {name: note | {"hash": data[name]} for name, note in prepared.notes.items() if name in used}
    return {"sources": sources, "budget": budget}
