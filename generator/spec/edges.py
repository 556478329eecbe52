"""Edge cases: tags that a scene spec defines as conditions on facts about a frame.

edge_cases:
  night: {world.strength: {below: 0.2}}
  crowded: {visible_fraction: {below: 0.3}, annotated: {at_least: 3}}
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from generator.base.errors import did_you_mean
from generator.base.strict import Fault, Strict

KNOWN_LABEL_FACTS = {
    "annotated": "objects of the detector's classes that show at least one pixel",
    "visible_fraction": "least visible fraction of the labelled objects in the image, hidden ones included",
    "truncated_fraction": "greatest share of a labelled object's silhouette that lies outside the image",
    "pixels": "least count of visible pixels of an annotated object, at the painted size",
    "coverage": "share of the image that annotated objects cover",
    "occluded_share": "share of the labelled objects in the image that are less than 90 % visible",
    "crowding": "greatest count of other labelled objects whose boxes overlap one's box",
}


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

    def holds(self, value: float) -> bool:
        low, high = self.between or (value, value)
        return (
            low <= value <= high
            and (self.below is None or value < self.below)
            and (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
        )

    def reachable(self, low: float, high: float) -> bool:
        """Whether some number in [low, high] can meet the condition."""
        ends = self.between or (low, high)
        least = max(low, ends[0], self.at_least if self.at_least is not None else low)
        most = min(high, ends[1], self.at_most if self.at_most is not None else high)
        below, above = self.below is None or least < self.below, self.above is None or most > self.above
        apart = self.below is None or self.above is None or self.above < self.below
        return least <= most and below and above and apart


EdgeCase = Annotated[dict[str, Condition], Field(min_length=1)]
"""Conditions by fact. All must hold; one about a fact that the frame lacks never does."""


def holds(case: Mapping[str, Condition], facts: Mapping[str, float]) -> bool:
    """Whether a frame with these facts is the edge case."""
    return all(fact in facts and condition.holds(facts[fact]) for fact, condition in case.items())


def check_facts(case: Mapping[str, Condition], known: Mapping[str, tuple[float, float] | None]) -> list[Fault]:
    """Facts that no frame has, and conditions that none can meet. `known` gives the range of each scene fact, or None.

    ``count.LABEL`` is accepted for any label; whether it is a class is for the scene to say.
    """
    names = {**dict.fromkeys(KNOWN_LABEL_FACTS), **known}
    return [
        ((fact,), message)
        for fact, condition in case.items()
        if (message := _fault(fact, condition, names)) and not fact.startswith("count.")
    ]


def _fault(fact: str, condition: Condition, names: Mapping[str, tuple[float, float] | None]) -> str:
    if fact not in names:
        return f"unknown fact {fact!r}{did_you_mean(fact, names)}"
    support = names[fact]
    if support is not None and not condition.reachable(*support):
        return f"never holds: the scene draws {fact} from {support[0]:g} to {support[1]:g}"
    return ""
