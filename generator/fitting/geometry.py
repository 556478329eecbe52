"""Counts, sizes and places of a scene: every lever that a look can judge."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.base.strict import Loc
from generator.fitting import distances
from generator.fitting.counts import Counts, fittable
from generator.fitting.edges import Edges, surplus
from generator.fitting.looks import Look
from generator.fitting.measures import Measured, Numbers, by_chance, distance, measured
from generator.fitting.text import at
from generator.fitting.turns import Turns
from generator.fitting.views import Favours, Views
from generator.spec.optics import PRESETS
from generator.spec.scene import SceneSpec

LEVERS = ("count", "size", "aspect", "x", "y", "cut", "overlap")
GAIN, TAIL = 0.8, 0.05
APART = 0.12  # logarithm of sizes; by more than this, classes differ in what distance cannot explain
FREE_ROLL = 90.0  # degrees
FEW = 10  # fewer whole objects tell too little of their sizes
ENOUGH = 0.9  # of the objects in a photograph; where fewer are seen, they are not brought closer together
THERE = 0.25  # logarithm of the median size; by less than this, the camera is about where it is to be


class Geometry:
    """What counts, sizes and places are now, as changes of a scene's `data`. Each `update` goes one step further, and
    only where a statistic is farther from the real set's than chance explains."""

    def __init__(self, spec: SceneSpec, data: Any, real: Measured, classes: Sequence[str]) -> None:
        self.spec, self.data, self.real, self.classes = spec, data, real, tuple(classes)
        self.preset = PRESETS.get(str(at(data, ("camera", "preset"))), {})
        self.position = at(data, distances.HERE) or self.preset.get("position")
        radii = [radius for _, radius in distances.shells(self.position)]
        self.camera, self.turns = distances.Ends(distances.width(radii)), Turns()
        self.views, self.edges = Views(), Edges()
        floating = {g: group.place.depth for g, group in spec.objects.items() if group.place.in_ == "frustum"}
        self.depths = {g: distances.Ends(distances.width([list(depth)])) for g, depth in floating.items()}
        self.scales = dict.fromkeys(self.classes, 0.0)
        self.counts: dict[str, Counts] = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.notes: dict[str, None] = {}

    @property
    def keys(self) -> list[str]:
        """The statistics that are fitted."""
        return [f"{lever}.{name}" for name in self.classes for lever in LEVERS]

    def of(self, looks: Sequence[Look]) -> Measured:
        kept = [one.picture for one in looks if not one.rejected]
        return measured("looks", kept, self.classes)

    def score(self, looks: Sequence[Look]) -> float:
        """Mean distance from the real set, plus the share of scenes that could not be filled. Lower is better."""
        now = self.of(looks)
        found = [distance(self.real.get(key), now.get(key)) for key in self.keys]
        failed = np.mean([one.rejected and not one.drawn for one in looks])
        return float(np.mean(np.nan_to_num(found, nan=1.0)) + failed)

    def open(self, now: Measured, lever: str) -> list[str]:
        """Classes for which a statistic is farther off than by chance."""
        return [
            name
            for name in self.classes
            if len(b := now.get(f"{lever}.{name}"))
            and distance(a := self.real.get(f"{lever}.{name}"), b) > by_chance(a, b)
        ]

    def update(self, looks: Sequence[Look]) -> bool:
        """One step; False when nothing is left to do."""
        now = self.of(looks)
        sampled = [one for one in looks if one.drawn or not one.rejected]
        self._find_groups(sampled)
        todo = {lever: self.open(now, lever) for lever in LEVERS}
        favours = self._views(looks, todo["aspect"])
        for name in sorted(self.counts.keys() | todo["count"] | favours.keys()):
            self._count(name, sampled, name in todo["count"], favours.get(name, {}))
        standing = [c for c in self.classes if any(g not in self.depths for g in self.groups[c])]
        if todo["size"]:
            self._sizes(now, todo["size"], standing)
        if todo["x"] or todo["y"]:
            self._places(now, sampled, standing)
        self._edges(now, sampled, todo["overlap"])
        return any(todo.values())

    def changes(self) -> dict[Loc, Any]:
        """All levers as changes of the file."""
        result = distances.camera(self.data, self.position, self.camera)
        for group, ends in sorted(self.depths.items()):
            result |= distances.frustum(self.data, group, ends)
        for name, shift in self.scales.items():
            for group in self.groups.get(name, ()):
                result |= distances.scaled(self.data, group, shift) if group not in self.depths else {}
        result |= self.turns.changes(self.data, self.preset) | self.edges.changes(self.data)
        result |= self.views.changes(self.data)
        for one in self.counts.values():
            result |= one.changes()
        return result

    def _find_groups(self, looks: Sequence[Look]) -> None:
        """Groups by class, from the spec and from what was drawn."""
        pairs = {(g, label) for one in looks for g, label in one.drawn}
        pairs |= {(name, group.label) for name, group in self.spec.objects.items() if group.label}
        self.groups = {c: tuple(sorted(g for g, label in pairs if label == c)) for c in self.classes}
        self.labels = {g: {label for h, label in pairs if h == g} for g in self.spec.objects}

    def _views(self, looks: Sequence[Look], todo: Sequence[str]) -> Favours:
        standing = {g for name in todo for g in self.groups[name] if g not in self.depths}
        whole = {name: self.real.get(f"aspect.{name}")[self.real.get(f"cut.{name}") == 0] for name in todo}
        return self.views.update(looks, whole, sorted(standing))

    def _count(self, name: str, looks: Sequence[Look], missed: bool, favours: Mapping[str, float]) -> None:
        refused = {g: fittable(self.data, g, self.labels[g]) for g in self.groups[name]}
        self.notes |= dict.fromkeys(f"{why}: left as it was" for why in refused.values() if why)
        free = tuple(g for g, why in refused.items() if not why)
        if free:
            counts = self.counts.setdefault(name, Counts(name, free, self.real.get(f"count.{name}")))
            counts.update(looks, missed, favours)

    def _ends(self, now: Measured, name: str) -> tuple[float, float, float]:
        """By how much (logarithm) the class looks too large: its largest, its smallest, its median. The latter two of
        whole ones, where there are enough: pieces are small however near they are."""
        real, got = (np.log(np.maximum(v.get(f"size.{name}"), 1e-4)) for v in (self.real, now))
        high = np.quantile(got, 1 - TAIL) - np.quantile(real, 1 - TAIL)
        chosen = whole_ones(self.real, name), whole_ones(now, name)
        if min(np.count_nonzero(one) for one in chosen) >= FEW:
            real, got = real[chosen[0]], got[chosen[1]]
        low, half = (np.quantile(got, q) - np.quantile(real, q) for q in (TAIL, 0.5))
        return float(high), float(low), float(half)

    def _sizes(self, now: Measured, todo: Sequence[str], standing: Sequence[str]) -> None:
        """What is too large must go farther away: the largest from the near end, the smallest from the far end."""
        found = {name: self._ends(now, name) for name in self.classes if len(now.get(f"size.{name}")) > 4}
        for name in (c for c in todo if c in found):
            for group in self.groups[name]:
                if group in self.depths and at(self.data, ("objects", group, "curriculum")) is None:
                    self.depths[group].move(*(GAIN * off for off in found[name]))
        shown = {name: ends for name, ends in found.items() if name in standing}
        if not shown or not set(todo) & set(shown):
            return
        weights = [len(self.real.get(f"size.{name}")) for name in shown]
        high, low, half = np.average(list(shown.values()), axis=0, weights=weights)
        self.camera.move(GAIN * high, GAIN * low, GAIN * half)
        for name, ends in shown.items():
            if abs(ends[2] - half) > APART:
                self.scales[name] -= GAIN * (ends[2] - half)

    def _places(self, now: Measured, looks: Sequence[Look], standing: Sequence[str]) -> None:
        if not standing:
            self.notes[
                "objects that float in the frustum lie anywhere in the picture: their places are left as they were"
            ] = None
            return
        real, got = ({a: pooled(v, a, standing) for a in "xy"} for v in (self.real, now))
        if min(len(v) for v in (*real.values(), *got.values())) > 4:
            roll = self.spec.camera.roll.support() or (0.0, 360.0)
            self.turns.update(looks, real, got, askew=roll[1] - roll[0] > FREE_ROLL)

    def _edges(self, now: Measured, looks: Sequence[Look], crowded: Sequence[str]) -> None:
        """Floating ones are kept in the picture and apart; standing ones in it, once the camera is where it shall."""
        groups = {group for name in self.classes for group in self.groups[name]}
        self.edges.together(sorted(groups - self.depths.keys()), looks, math.exp(self.camera.middle))
        for name in self.classes:
            floating = [g for g in self.groups[name] if g in self.depths]
            real, got = self.real.get(f"cut.{name}"), now.get(f"cut.{name}")
            if excess := surplus(real, got, by_chance(real, got)):
                free = abs(self._ends(now, name)[2]) < THERE and self._filled(now, name)
                self.edges.whole([g for g in self.groups[name] if g not in self.depths and free], floating, excess)
            across = [float(np.mean(one.get(f"overlap.{name}") > 0)) for one in (self.real, now)]
            if name in crowded and across[1] > across[0]:
                self.edges.clear(floating)

    def _filled(self, now: Measured, name: str) -> bool:
        """Whether about as many are seen as in photographs: on too small an area there would be no room for them."""
        seen, real = (float(one.get(f"count.{name}").mean()) for one in (now, self.real))
        return seen > ENOUGH * real


def whole_ones(one: Measured, name: str) -> NDArray[np.bool_]:
    """Which of the n objects of a class others and the picture's edge can hardly have made smaller, (n,)."""
    found: NDArray[np.bool_] = (one.get(f"overlap.{name}") == 0) & (one.get(f"cut.{name}") == 0)
    return found


def pooled(one: Measured, statistic: str, classes: Sequence[str]) -> Numbers:
    return np.concatenate([one.get(f"{statistic}.{name}") for name in classes])
