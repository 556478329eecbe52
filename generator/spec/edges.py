"""Edge cases: tags that a scene spec defines as conditions on what is known of a frame.

edge_cases:
  night: {world.strength: {below: 0.2}}
  crowded: {visible_fraction: {below: 0.3}, annotated: {at_least: 3}}
  tiny_mug: {some: {class: mug, pixels: {below: 300}}}        # one object that meets all of it; `at_least: 2` for two
  bad_light: {any: [night, {lights.raking.elevation: {below: 10}}]}
  dusk: {world.strength: {below: 0.5}, not: [night]}           # `all`, `any`, `not` combine names and conditions
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, PlainValidator, ValidationError, field_validator, model_validator

from generator.base.errors import GeneratorError, did_you_mean
from generator.base.strict import Fault, Loc, Strict, faults, nested
from generator.spec.known import IMAGE_FACTS, KNOWN_LABEL_FACTS, OBJECT_FACTS

TOGETHER = ("all", "any", "not")
SOME = "some"


class Condition(Strict):
    """Bounds on one fact; all that are given must hold. `between` includes both ends."""

    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _some_and_satisfiable(self) -> "Condition":
        if not self.model_fields_set:
            raise ValueError("give at least one of below, above, at_least, at_most, between")
        if self.between and self.between[0] > self.between[1]:
            raise ValueError(f"between: {self.between[0]:g} is greater than {self.between[1]:g}")
        return self

    def holds(self, value: Any) -> Any:
        """Of a number, or entry by entry of an array."""
        low, high = self.between or (value, value)
        return (
            (low <= value)
            & (value <= high)
            & (self.below is None or value < self.below)
            & (self.above is None or value > self.above)
            & (self.at_least is None or value >= self.at_least)
            & (self.at_most is None or value <= self.at_most)
        )

    def reachable(self, low: float, high: float) -> bool:
        """Whether some number in [low, high] can meet the condition."""
        ends = self.between or (low, high)
        least = max(low, ends[0], self.at_least if self.at_least is not None else low)
        most = min(high, ends[1], self.at_most if self.at_most is not None else high)
        below, above = self.below is None or least < self.below, self.above is None or most > self.above
        apart = self.below is None or self.above is None or self.above < self.below
        return least <= most and below and above and apart


class Some(Strict):
    """At least `at_least` annotated objects of `class` (any, where left out) that meet every condition of `facts`."""

    class_: str | None = Field(None, alias="class")
    at_least: Annotated[int, Field(ge=1)] = 1
    facts: dict[str, Condition] = {}

    @field_validator("facts")
    @classmethod
    def _known(cls, value: dict[str, Condition]) -> dict[str, Condition]:
        for fact in value:
            if fact not in OBJECT_FACTS:
                raise ValueError(f"unknown fact {fact!r} of an object{did_you_mean(fact, OBJECT_FACTS)}")
        return value

    def holds(self, objects: Sequence[Mapping[str, Any]]) -> bool:
        met = (
            self.class_ in (None, one["class"])
            and all(fact in one and condition.holds(one[fact]) for fact, condition in self.facts.items())
            for one in objects
        )
        return sum(met) >= self.at_least


Part = Condition | Some | tuple[Any, ...]  # of a case; in the tuple, names of tags and cases


def _parsed(value: object) -> dict[str, Part]:
    """A case of plain data; every fault at its place."""
    if not isinstance(value, Mapping) or not value:
        raise nested([((), "must name at least one fact, `some`, `all`, `any` or `not`")])
    result: dict[str, Part] = {}
    found: list[Fault] = []
    for key, part in value.items():
        try:
            result[key] = _part(str(key), part)
        except ValidationError as error:
            found += [((key, *loc), text) for loc, text in faults(error)]
        except _Faulty as error:
            found += [((key, *loc), text) for loc, text in error.found]
    if found:
        raise nested(found)
    return result


class _Faulty(Exception):
    def __init__(self, found: list[Fault]) -> None:
        self.found = found


def _part(key: str, value: object) -> Part:
    if key == SOME:
        return value if isinstance(value, Some) else Some.model_validate(_facts_below(value))
    if key not in TOGETHER:
        return value if isinstance(value, Condition) else Condition.model_validate(value)
    if not isinstance(value, (list, tuple)) or not value:
        raise _Faulty([((), "must be a list of edge cases' names or conditions")])
    members: list[str | dict[str, Part]] = []
    found: list[Fault] = []
    for place, member in enumerate(value):
        try:
            members.append(member if isinstance(member, str) else _member(member))
        except _Faulty as error:
            found += [((place, *loc), text) for loc, text in error.found]
    if found:
        raise _Faulty(found)
    return tuple(members)


def _facts_below(value: object) -> object:
    """``{class: mug, pixels: {below: 300}}``: facts may stand beside the other keys."""
    if not isinstance(value, Mapping):
        return value
    beside = {key: one for key, one in value.items() if key in OBJECT_FACTS}
    rest = {key: one for key, one in value.items() if key not in beside}
    return {**rest, "facts": {**rest.get("facts", {}), **beside}} if beside else rest


def _member(value: object) -> dict[str, Part]:
    """As `_parsed`, where no pydantic stands around to collect faults."""
    try:
        return _parsed(value)
    except Exception as error:
        inner = getattr(error, "context", None)
        raise _Faulty((inner or {}).get("faults", [((), str(error))])) from None


EdgeCase = Annotated[dict[str, Any], PlainValidator(_parsed)]
"""Conditions by fact; all must hold, and one about a fact that the frame lacks never does. `all`, `any` and `not` hold
lists of other edge cases' names (in `keep` too) and of further conditions; `some` asks for objects."""


class Facts(dict[str, float]):
    """Facts of a frame by name; `objects` holds those of each annotated object (`OBJECT_FACTS` and its "class")."""

    objects: tuple[Mapping[str, Any], ...] = ()


def holds(case: Mapping[str, Part], facts: Mapping[str, float], tags: Mapping[str, bool] | None = None) -> bool:
    """Whether a frame with these facts is the edge case. `tags` says of other edge cases whether they hold."""
    return all(_part_holds(key, part, facts, tags or {}) for key, part in case.items())


def _part_holds(key: str, part: Part, facts: Mapping[str, float], tags: Mapping[str, bool]) -> bool:
    if isinstance(part, Condition):
        return key in facts and bool(part.holds(facts[key]))
    if isinstance(part, Some):
        return part.holds(getattr(facts, "objects", ()))
    met = [_named(one, tags) if isinstance(one, str) else holds(one, facts, tags) for one in part]
    return {"all": all, "any": any, "not": lambda of: not any(of)}[key](met)


def _named(name: str, tags: Mapping[str, bool]) -> bool:
    if name not in tags:
        raise GeneratorError(f"no edge case {name!r} is known here{did_you_mean(name, tags)}")
    return tags[name]


def names_in(case: Mapping[str, Part]) -> Iterator[str]:
    """Other edge cases that a case is made of."""
    for key in TOGETHER:
        part = case.get(key, ())
        for member in part if isinstance(part, tuple) else ():
            if isinstance(member, str):
                yield member
            else:
                yield from names_in(member)


def in_order(cases: Mapping[str, Mapping[str, Part]]) -> list[str]:
    """Names such that each comes after those it is made of. Raises GeneratorError for circles and unknown names."""
    if found := reference_faults(cases):
        loc, text = found[0]
        raise GeneratorError(f"edge_cases.{'.'.join(map(str, loc))}: {text}")
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        for other in sorted(set(names_in(cases[name]))):
            visit(other)
        done.setdefault(name)

    for name in sorted(cases):
        visit(name)
    return list(done)


def reference_faults(cases: Mapping[str, Mapping[str, Part]]) -> list[Fault]:
    """Names of edge cases that do not exist, and cases that are made of themselves."""
    found: list[Fault] = []
    for tag, case in sorted(cases.items()):
        unknown = sorted(set(names_in(case)) - set(cases))
        found += [((tag,), f"no edge case {name!r}{did_you_mean(name, cases)}") for name in unknown]
        if tag in _reached(tag, cases):
            found.append(((tag,), "is made of itself"))
    return found


def _reached(tag: str, cases: Mapping[str, Mapping[str, Part]]) -> set[str]:
    reached: set[str] = set()
    todo = set(names_in(cases[tag]))
    while todo:
        name = todo.pop()
        reached.add(name)
        todo |= set(names_in(cases.get(name, {}))) - reached
    return reached


def check_facts(case: Mapping[str, Part], known: Mapping[str, tuple[float, float] | None]) -> list[Fault]:
    """Facts that no frame has, and conditions that none can meet. `known` gives the range of each scene fact, or None.

    ``count.LABEL`` is accepted for any label; whether it is a class is for the scene to say.
    """
    names = {**dict.fromkeys((*KNOWN_LABEL_FACTS, *IMAGE_FACTS)), **known}
    found: list[Fault] = []
    for loc, fact, condition in conditions(case):
        text = _fault(fact, condition, names, never="not" not in loc)
        if text and not fact.startswith("count."):
            found.append(((*loc, fact), text))
    return found


def conditions(case: Mapping[str, Part], loc: Loc = ()) -> Iterator[tuple[Loc, str, Condition]]:
    """Every condition on a frame's facts, with the place of what holds it."""
    for deeper, key, part in _parts(case, loc):
        if isinstance(part, Condition):
            yield deeper, key, part


def objects_asked(case: Mapping[str, Part]) -> Iterator[tuple[Loc, Some]]:
    """Every `some` of a case, with the place of what holds it."""
    for loc, _, part in _parts(case, ()):
        if isinstance(part, Some):
            yield loc, part


def _parts(case: Mapping[str, Part], loc: Loc) -> Iterator[tuple[Loc, str, Part]]:
    for key, part in case.items():
        yield loc, key, part
        for place, member in enumerate(part if isinstance(part, tuple) else ()):
            if not isinstance(member, str):
                yield from _parts(member, (*loc, key, place))


def _fault(fact: str, condition: Condition, names: Mapping[str, tuple[float, float] | None], never: bool) -> str:
    if fact not in names:
        return f"unknown fact {fact!r}{did_you_mean(fact, names)}"
    support = names[fact]
    if never and support is not None and not condition.reachable(*support):
        return f"never holds: the scene draws {fact} from {support[0]:g} to {support[1]:g}"
    return ""
