"""Names in a scene that refer to other names in it, checked on the plain data: so that they are told together with
whatever else is wrong."""

from collections.abc import Iterator, Mapping
from typing import Any

from generator.base.errors import did_you_mean
from generator.base.strict import Fault
from generator.spec import edges


def reference_faults(scene: dict[Any, Any]) -> list[Fault]:
    """Labels that are no class, groups that are not there or go round in circles, a stage that is missing."""
    groups = {name: g for name, g in mapping(scene.get("objects")).items() if isinstance(g, dict)}
    found: list[Fault] = []
    for name, group in groups.items():
        found += [(("objects", name, *loc), text) for loc, text in _label_faults(scene, group)]
        found += [(("objects", name, "place", *loc), text) for loc, text in _place_faults(scene, groups, name)]
    physics = mapping(scene.get("physics"))
    drop = physics.get("drop")
    for k, name in enumerate(drop if isinstance(drop, list) else []):
        if isinstance(name, str) and name not in groups:
            found.append((("physics", "drop", k), f"no group {name!r}{did_you_mean(name, groups)}"))
    if physics and scene.get("stage") is None:
        found.append((("physics",), "needs a `stage:` to fall on"))
    return found


def spelled_out(case: Mapping[str, edges.Part], cases: Mapping[str, Mapping[str, edges.Part]]) -> dict[str, edges.Part]:
    """A case whose names of edge cases are replaced by what they stand for. Names that are none of `cases` stay."""

    def member(one: Any) -> Any:
        if isinstance(one, str) and one not in cases:
            return one
        return spelled_out(cases[one] if isinstance(one, str) else one, cases)

    return {key: tuple(map(member, part)) if isinstance(part, tuple) else part for key, part in case.items()}


def mapping(value: object) -> dict[Any, Any]:
    """The value if it is a mapping, else an empty one: other rules say what it must be."""
    return value if isinstance(value, dict) else {}


def _label_faults(scene: dict[Any, Any], group: dict[Any, Any]) -> Iterator[Fault]:
    label, classes = group.get("label"), scene.get("classes")
    if isinstance(label, str) and isinstance(classes, list) and label not in ("none", *classes):
        yield ("label",), f"unknown class {label!r}{did_you_mean(label, [*map(str, classes), 'none'])}"


def _place_faults(scene: dict[Any, Any], groups: dict[Any, Any], name: str) -> Iterator[Fault]:
    key, other = refers(groups[name])
    if other == "stage" and key == "on":
        if scene.get("stage") is None:
            yield (), "`on: stage` needs a `stage:`"
    elif other is not None and other not in groups:
        yield (key,), f"no group {other!r}{did_you_mean(other, [*map(str, groups), 'stage'])}"
    elif other is not None and name in _chain(groups, other):
        yield (key,), f"{name!r} would rest on or hide itself, through {other!r}"


def refers(group: object) -> tuple[str, str | None]:
    """Key and name of what a group's place refers to (``on: stage``, ``on: GROUP``, ``before: GROUP``)."""
    place = mapping(mapping(group).get("place"))
    for key in ("on", "before"):
        if isinstance(place.get(key), str):
            return key, place[key]
    return "on", None


def _chain(groups: dict[Any, Any], first: str) -> list[str]:
    """`first`, the group it refers to, the one that refers to, ...: in order, each once."""
    seen: list[str] = []
    name: str | None = first
    while name is not None and name in groups and name not in seen:
        seen.append(name)
        name = refers(groups[name])[1]
    return seen
