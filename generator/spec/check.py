"""What can be wrong with a spec whose every value is well formed: unreachable edge cases, globs that match nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel

from generator.assets.catalog import Catalog, Kind
from generator.assets.pools import pool
from generator.base.errors import did_you_mean
from generator.base.splits import Split
from generator.base.strict import Fault, Loc
from generator.spec.assets import Files
from generator.spec.balancing import Balance
from generator.spec.edges import (
    SOME,
    EdgeCase,
    Part,
    check_facts,
    conditions,
    names_in,
    objects_asked,
)
from generator.spec.edges import reference_faults as tag_faults
from generator.spec.facts import scene_facts
from generator.spec.known import IMAGE_FACTS, OBJECT_FACTS
from generator.spec.quotas import NONE, Quota
from generator.spec.scene import SceneSpec

KINDS: dict[str, tuple[Kind, ...]] = {
    "asset": ("mesh",), "of": ("mesh",), "environment": ("hdri",), "image": ("image",), "photo": ("image",)
}  # fmt: skip


def scene_faults(spec: SceneSpec, catalog: Catalog | None) -> list[Fault]:
    """Faults of a scene, each at its path."""
    known = scene_facts(spec)
    found = []
    for tag, case in spec.edge_cases.items():
        found += [(("edge_cases", tag, *loc), text) for loc, text in check_facts(case, known)]
        found += [(("edge_cases", tag, *loc), text) for loc, text in class_faults(case, spec.classes)]
    found += [(("edge_cases", *loc), text) for loc, text in tag_faults(spec.edge_cases)]
    for k, condition in enumerate(spec.keep):
        found += [(("keep", k, *loc), text) for loc, text in check_facts(condition, known)]
        found += [(("keep", k, *loc), text) for loc, text in picture_faults(condition)]
        found += [(("keep", k, *loc), text) for loc, text in class_faults(condition, spec.classes)]
        unknown = sorted(set(names_in(condition)) - set(spec.edge_cases))
        found += [(("keep", k), f"no edge case {name!r}{did_you_mean(name, spec.edge_cases)}") for name in unknown]
    return found + (glob_faults(spec, catalog) if catalog else [])


def glob_faults(spec: SceneSpec, catalog: Catalog) -> list[Fault]:
    """Globs that match nothing, in the whole catalog or in the pool of a split."""
    pools = {split: pool(catalog, spec.pools, split) for split in get_args(Split) if spec.pools.get(split)}
    found: list[Fault] = []
    for loc, files in globs(spec, ()):
        kinds = KINDS[str(loc[-1])]
        found += (mistaken := [(loc, text) for text in files.problems(catalog, kinds)])
        for split, part in pools.items() if not mistaken else ():
            short = f"; the pool of {split} has too few files"
            found += [(loc, text.partition(" (did you")[0] + short) for text in files.problems(part, kinds)]
    return found


def class_faults(case: Mapping[str, Part], classes: Sequence[str]) -> list[Fault]:
    """``count.NAME`` and ``some: {class: NAME}`` of a class that the scene does not have."""
    counts = [(loc, fact) for loc, fact, _ in conditions(case) if fact.startswith("count.")]
    named = [((*loc, fact), fact.removeprefix("count.")) for loc, fact in counts]
    named += [((*loc, SOME, "class"), one.class_) for loc, one in objects_asked(case) if one.class_ is not None]
    return [(loc, f"no class {name!r}{did_you_mean(name, classes)}") for loc, name in named if name not in classes]


def picture_faults(case: EdgeCase) -> list[Fault]:
    """Facts of the picture in `keep`, which is decided before there is one."""
    text = "is known of painted frames alone; make it an edge case, and cap that to 0 in the config"
    return [((*loc, fact), text) for loc, fact, _ in conditions(case) if fact in IMAGE_FACTS]


def globs(value: object, loc: Loc) -> Iterator[tuple[Loc, Files]]:
    """Every choice of files below a value, with its path."""
    if isinstance(value, Files):
        yield loc, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from globs(getattr(value, name), (*loc, field.alias or name))
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from globs(child, (*loc, key))
    elif isinstance(value, (list, tuple)):
        for k, child in enumerate(value):
            yield from globs(child, (*loc, k))


def balance_faults(balance: Balance, spec: SceneSpec) -> list[Fault]:
    """Rules on tags that the scene does not declare, floors that cannot hold together, and faults of quotas."""
    rules: dict[str, Iterable[str]] = {
        name: getattr(balance, name)
        for name in ("caps", "floors", "instance_caps", "instance_floors", "prevalence", "variety")
    }
    rules |= {f"groups.{name}": tags for name, tags in balance.groups.items()}
    found: list[Fault] = [
        (("balance", *kind.split("."), tag), f"no edge case {tag!r} in the scene{did_you_mean(tag, spec.edge_cases)}")
        for kind, tags in rules.items()
        for tag in tags
        if tag not in spec.edge_cases
    ]
    for k, quota in enumerate(balance.quotas):
        found += [(("balance", "quotas", k, *loc), text) for loc, text in quota_faults(quota, balance, spec)]
    return found


def quota_faults(quota: Quota, balance: Balance, spec: SceneSpec) -> Iterator[Fault]:
    """Factors, bins, facts and cells that do not exist, and floors of cells that add up to more than 1."""
    for factor, bins in quota.bins.items():
        for name, asked in bins.items():
            for fact in set(asked) - set(OBJECT_FACTS):
                yield (
                    ("bins", factor, name, fact),
                    f"unknown fact {fact!r} of an object{did_you_mean(fact, OBJECT_FACTS)}",
                )
    names: dict[str, Iterable[str]] = {tag: (NONE, tag) for tag in spec.edge_cases}
    names |= {group: (NONE, *tags) for group, tags in balance.groups.items()}
    names |= {factor: (NONE, *bins) for factor, bins in quota.factors.items()} | {"class": spec.classes}
    for place, factor in enumerate(quota.by):
        if factor not in names:
            yield ("by", place), f"nothing is called {factor!r}{did_you_mean(factor, names)}"
    for cell in quota.cells:
        for factor, part in zip(quota.by, cell.split("/"), strict=True):
            if part not in names.get(factor, (part,)):
                yield ("cells", cell), f"{factor} is never {part!r}{did_you_mean(part, names[factor])}"
    if (total := sum(quota.cells.values())) > 1 + 1e-9:
        yield ("cells",), f"floors add up to {total:g}: no object is in two cells, so they must not exceed 1"


def pool_faults(frames: Mapping[str, int], spec: SceneSpec) -> list[Fault]:
    """Splits (`frames` of each) that are to be painted of a scene whose `pools` leave them no files to pick."""
    if not spec.pools or not any(globs(spec, ())):
        return []
    cure = "give it a share there, or ask for no frames of it"
    return [
        (("frames", split), f"the scene's `pools` leave no files for {split}: {cure}")
        for split, count in frames.items()
        if count and not spec.pools.get(split)
    ]
