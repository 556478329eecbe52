"""Edge cases: tags that a scene earns by its facts, declared in the spec.

``crowded: {visible_fraction: {below: 0.3}, annotated: {at_least: 5}}`` - all conditions of a tag must hold.
"""

from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, ValidationError, model_validator
from pydantic_core import CoreSchema, core_schema

from generator.base.errors import did_you_mean
from generator.base.strict import Fault, Strict, faults, nested

LABEL_FACTS = {
    "annotated": "objects of the detector's classes that show at least one pixel",
    "visible_fraction": "the least visible share among them",
    "truncated_fraction": "the greatest share of one that lies outside the image",
    "pixels": "visible pixels of the smallest of them",
    "coverage": "share of the image they cover",
    "occluded_share": "share of them of which less than 90 % is visible",
}


class Condition(Strict):
    """A bound on one fact; several bounds must all hold."""

    below: float | None = None
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _some(self) -> "Condition":
        if not self.model_fields_set:
            raise ValueError("needs one of below, above, at_least, at_most, between")
        return self

    def holds(self, value: float) -> bool:
        """Whether a fact's value meets every bound."""
        return (
            (self.below is None or value < self.below)
            and (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.between is None or self.between[0] <= value <= self.between[1])
        )

    def reachable(self, low: float, high: float) -> bool:
        """Whether some value in [low, high] meets every bound."""
        floor = max(v for v in (low, self.at_least, self.between and self.between[0]) if v is not None)
        ceiling = min(v for v in (high, self.at_most, self.between and self.between[1]) if v is not None)
        if self.above is not None and ceiling <= self.above or self.below is not None and floor >= self.below:
            return False
        strict = self.above is not None and self.below is not None and self.above >= self.below
        return floor <= ceiling and not strict


class _EdgeCaseType:
    """A mapping from facts to conditions, every problem reported."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def dump(value: dict[str, Condition]) -> Any:
            return {k: v.model_dump(mode="json", exclude_none=True) for k, v in value.items()}

        return core_schema.no_info_plain_validator_function(
            self.parse, serialization=core_schema.plain_serializer_function_ser_schema(dump)
        )

    def parse(self, raw: Any) -> dict[str, Condition]:
        if not isinstance(raw, dict) or not raw:
            raise nested([((), f"must be a mapping from facts to conditions, not {raw!r}")])
        result: dict[str, Condition] = {}
        found: list[Fault] = []
        for fact, condition in raw.items():
            try:
                result[fact] = Condition.model_validate(condition)
            except ValidationError as error:
                found += [((fact, *loc), text) for loc, text in faults(error)]
        if found:
            raise nested(found)
        return result


EdgeCase = Annotated[dict[str, Condition], _EdgeCaseType()]


def check_facts(case: dict[str, Condition], known: dict[str, tuple[float, float] | None]) -> list[Fault]:
    """Problems of one edge case: facts that nothing supplies, and bounds that no scene can meet.

    `known` maps the scene's own facts to their supports (None: not known).
    """
    found: list[Fault] = []
    for fact, condition in case.items():
        if fact in LABEL_FACTS or fact.startswith("count."):
            continue
        if fact not in known:
            found.append(((fact,), f"unknown fact{did_you_mean(fact, [*known, *LABEL_FACTS])}"))
        elif (support := known[fact]) is not None and not condition.reachable(*support):
            found.append(((fact,), f"no scene can meet this: {fact} lies in {support[0]:g}..{support[1]:g}"))
    return found
