"""What can be wrong with a spec whose every value is well formed: unreachable edge cases, globs that match nothing."""

from collections.abc import Iterator

from pydantic import BaseModel

from generator.assets.catalog import Catalog, Kind
from generator.base.errors import did_you_mean
from generator.base.strict import Fault, Loc
from generator.spec.assets import Files
from generator.spec.config import Balance
from generator.spec.edges import EdgeCase, check_facts
from generator.spec.facts import scene_facts
from generator.spec.scene import SceneSpec

KINDS: dict[str, tuple[Kind, ...]] = {"asset": ("mesh",), "environment": ("hdri",), "image": ("image",)}


def scene_faults(spec: SceneSpec, catalog: Catalog | None) -> list[Fault]:
    """Faults of a scene, each at its path."""
    known = scene_facts(spec)
    found = []
    for tag, case in spec.edge_cases.items():
        found += [(("edge_cases", tag, *loc), text) for loc, text in check_facts(case, known)]
        found += class_faults(tag, case, spec)
    for k, condition in enumerate(spec.keep):
        found += [(("keep", k, *loc), text) for loc, text in check_facts(condition, known)]
    for loc, files in globs(spec, ()) if catalog else ():
        found += [(loc, text) for text in files.problems(catalog, KINDS[str(loc[-1])])]  # type: ignore[arg-type]
    return found


def class_faults(tag: str, case: EdgeCase, spec: SceneSpec) -> list[Fault]:
    """``count.NAME`` of a class that the scene does not have."""
    names = [fact.removeprefix("count.") for fact in case if fact.startswith("count.")]
    return [
        (("edge_cases", tag, f"count.{name}"), f"no class {name!r}{did_you_mean(name, spec.classes)}")
        for name in names
        if name not in spec.classes
    ]


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
    """Caps and floors on tags that the scene does not declare."""
    return [
        (("balance", kind, tag), f"no edge case {tag!r} in the scene{did_you_mean(tag, spec.edge_cases)}")
        for kind, rules in (("caps", balance.caps), ("floors", balance.floors))
        for tag in rules
        if tag not in spec.edge_cases
    ]
