"""What the edge of the picture cuts or leaves out, and what lies across what: how far about objects lie, how much of
one may be outside, or before another."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generator.base.strict import Loc
from generator.fitting.looks import Look
from generator.fitting.measures import Numbers
from generator.fitting.text import at
from generator.fitting.values import is_number, is_numbers

STEP, LEAST = 0.6, 0.05  # a factor at a time, and the least that remains of areas and of overlaps
WHOLE = 0.5  # the least that remains of crops: of what turns freely, only what is seen edge-on would be whole
SEEN = 0.6  # of the objects that are drawn; a scene that shows fewer draws the others for nothing


@dataclass
class Edges:
    """Factors by group: of `place.area` (m) of what stands, of `place.crop` and `place.overlap` (shares of a box) of
    what floats. Laws, and areas that are not given, are left as they are."""

    areas: dict[str, float] = field(default_factory=dict)
    crops: dict[str, float] = field(default_factory=dict)
    overlaps: dict[str, float] = field(default_factory=dict)

    def together(self, groups: Iterable[str], looks: Sequence[Look], nearer: float) -> None:
        """Bring groups closer of which most lie outside of the picture: a camera that went to a `nearer` share of its
        distance, to show them as large as they are in photographs, sees less of what is around."""
        for group in groups:
            drawn = sum(n for one in looks for (name, _), n in one.drawn.items() if name == group)
            if sum(one.seen(group) for one in looks) < SEEN * drawn:
                factor = self.areas.get(group, 1.0)
                self.areas[group] = max(min(nearer, factor * STEP), LEAST)

    def whole(self, standing: Iterable[str], floating: Iterable[str], excess: float) -> None:
        """Groups of which the picture's edge cuts too many, by that share of them (`excess`): the rest lie on about so
        much of the area."""
        factor = max(STEP, math.sqrt(max(1 - excess, 0.0)))
        self.areas |= {group: max(self.areas.get(group, 1.0) * factor, LEAST) for group in standing}
        self.crops |= {group: max(self.crops.get(group, 1.0) * STEP, WHOLE) for group in floating}

    def clear(self, floating: Iterable[str]) -> None:
        """Keep groups from lying across others, of which too many do."""
        self.overlaps |= {group: max(self.overlaps.get(group, 1.0) * STEP, LEAST) for group in floating}

    def changes(self, data: Any) -> dict[Loc, Any]:
        result: dict[Loc, Any] = {}
        for group, factor in self.areas.items():
            loc = ("objects", group, "place", "area")
            if is_numbers(area := at(data, loc)):
                result[loc] = [float(factor * side) for side in area]
        for key, factors in (("crop", self.crops), ("overlap", self.overlaps)):
            for group, factor in factors.items():
                loc = ("objects", group, "place", key)
                share = at(data, loc)
                if share is None or is_number(share):
                    result[loc] = float(factor * (1.0 if share is None else share))
        return result


def surplus(real: Numbers, now: Numbers, chance: float) -> float:
    """The share that is cut beyond that of photographs; 0 where chance explains it."""
    excess = float(np.mean(now) - np.mean(real)) if len(real) and len(now) else 0.0
    return excess if excess > chance else 0.0
