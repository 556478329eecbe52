"""Look, compare, change; again until it helps no more. The author's file is never written to."""

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from generator.base.strict import Loc
from generator.fitting.geometry import Geometry
from generator.fitting.light import SENSOR, Light
from generator.fitting.looks import Look, Shot, Studio
from generator.fitting.measures import TRAITS, Measured, Series, apart, by_chance, distance, measured
from generator.fitting.photographs import Real
from generator.fitting.text import Changes, Unchangeable, at, changed, filled, flow
from generator.spec.load import load_scene
from generator.spec.yaml import read, shown

Report = Callable[[str, int, int, str], None]
BETTER = 0.008  # of the mean distance; less is no progress
PATIENCE = 2
LIGHT_ROUNDS = 3
REMEDIES = {
    "count": "what is drawn is hidden, cut off or rejected by `keep`",
    "size": "the objects' own sizes, `place.area` and `camera.elevation` widen what is seen",
    "x": "see `place.area` and the camera's aim",
    "y": "see the camera's elevation and aim",
    "aspect": "shapes are not fitted, elevations only of a shell with two numbers, poses only where groups of a class "
    "differ in them",
    "cut": "see `place.area`, `place.crop` and the camera's aim",
    "overlap": "of what floats, `place.overlap`; else it follows from counts, `place.area`, `gap` and the camera's "
    "elevation",
    "brightness": "lamps and `world.strength` spread it",
    "contrast": "see lamps, `world.strength` and `sensor.contrast`",
    "warmth": "see the lamps' and the sensor's `temperature`, and the colours of what is drawn",
    "sharpness": "see `sensor.blur`, `motion` and `sharpen`",
    "noise": "see `sensor.noise`, `shot` and `jpeg`",
}


@dataclass(frozen=True)
class Row:
    """A statistic: its distance from the real set's before and after, and what chance explains."""

    key: str
    before: float
    after: float
    chance: float

    @property
    def fits(self) -> bool:
        return self.after <= self.chance


@dataclass(frozen=True)
class Fitted:
    """A fitted scene: its `text`, what was `changed` (place, old, new), `notes` on what could not be, and all sets."""

    text: str
    rows: tuple[Row, ...]
    changed: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    real: Measured
    before: Measured
    after: Measured
    rounds: int


class Fitter:
    """Fits one scene file to a real set. `n` looks and `pictures` pictures measure; half as many looks decide, others
    than those, so that before and after are judged on scenes that no decision has seen."""

    def __init__(
        self, scene: Path, real: Real, studio: Studio, report: Report, n: int = 200, pictures: int = 32,
        rounds: int = 5,
    ) -> None:  # fmt: skip
        self.scene, self.real, self.studio, self.report = scene, real, studio, report
        self.n, self.pictures, self.rounds = n, pictures, rounds
        self.data = read(scene).data
        self.notes: dict[str, None] = dict.fromkeys(real.notes)
        found = real.measured
        self.note = f"fitted to {found.pictures} images, {found.objects} objects of {found.name}"

    def fit(self) -> Fitted:
        """Raises InputError where the scene is wrong, and RenderError where pictures cannot be painted."""
        with tempfile.TemporaryDirectory() as folder:
            self.folder = Path(folder)
            before = self._measure("before", self.scene)
            geometry, rounds = self._geometry()
            changes = {**geometry, **self._light(geometry)}
            path, changes = self._written("after", changes)
            after = self._measure("after", path) if changes else before
            text = path.read_text(encoding="utf-8")
        rows = self._rows(before, after)
        return Fitted(text, rows, self._told(changes), self._remaining(rows), self.real.measured, before, after, rounds)

    def _geometry(self) -> tuple[dict[Loc, Any], int]:
        """The best changes of counts, sizes and places, and how many rounds that took."""
        if not self.real.fit:
            return {}, 0
        levers = Geometry(load_scene(self.scene), self.data, self.real.aim, self.real.fit)
        looks = self._looks("round 0", self.scene, self._fit)
        best: dict[Loc, Any] = {}
        tried: dict[Loc, Any] = {}
        least, since = levers.score(looks), 0
        for turn in range(1, self.rounds + 1):
            if since == PATIENCE or not levers.update(looks) or levers.changes() == tried:
                break
            tried = levers.changes()
            path, changes = self._written(f"round {turn}", tried)
            looks = self._looks(f"round {turn}", path, self._fit)
            score, since = levers.score(looks), since + 1
            if score < least - BETTER:
                best, least, since = changes, score, 0
        else:
            turn = self.rounds + 1
        self.notes |= levers.notes
        return best, turn - 1 if self.rounds else 0

    def _light(self, geometry: Changes) -> dict[Loc, Any]:
        """The best changes of exposure and, where pictures are painted, of blur and noise."""
        if not self.pictures or not self.real.aim.series.keys() & TRAITS.keys():
            return {}
        real = self.real.aim.series
        keys = ["brightness", *(trait for trait, _ in SENSOR.values() if self.studio.paints)]
        path, _ = self._written("light", geometry)
        shots = self._shots("light 0", path, range(self.pictures))
        light, best = Light.of(shots), dict[Loc, Any]()
        least = gap(real, shots, keys)
        for turn in range(1, LIGHT_ROUNDS + 1):
            if all(distance(real[k], b := traits_of(shots)[k]) <= by_chance(real[k], b) for k in keys):
                break
            light.update(shots, real["brightness"])
            if self.studio.paints:
                light.blurred(shots, real)
            changes = light.changes(self.data)
            path, _ = self._written("light", {**geometry, **changes}, turn)
            shots = self._shots(f"light {turn}", path, range(self.pictures))
            if gap(real, shots, keys) < least - BETTER:
                best, least = changes, gap(real, shots, keys)
        return best

    @property
    def _fit(self) -> Sequence[int]:
        return range(max(1, self.n // 2))

    def _measure(self, name: str, path: Path) -> Measured:
        """On scenes that the fit does not look at."""
        first = max(len(self._fit), self.pictures)
        looks = self._looks(name, path, range(first, first + self.n))
        shots = self._shots(name, path, range(first, first + self.pictures)) if self.pictures else []
        traits = traits_of(shots) if shots else {}
        if not self.studio.paints:
            traits = {key: traits[key] for key in ("brightness", "contrast", "warmth") if key in traits}
        kept = [one for one in looks if not one.rejected]
        tags = Counter(tag for one in kept for tag in one.tags)
        classes = [key.removeprefix("count.") for key in self.real.measured.series if key.startswith("count.")]
        found = measured(name, [one.picture for one in kept], classes, traits)
        return replace(found, tags={tag: n / len(kept) for tag, n in tags.items()})

    def _looks(self, name: str, path: Path, indices: Sequence[int]) -> list[Look]:
        return self.studio.looks(path, indices, lambda done, total: self.report(name, done, total, "scenes looked at"))

    def _shots(self, name: str, path: Path, indices: Sequence[int]) -> list[Shot]:
        return self.studio.shots(
            path, indices, lambda done, total: self.report(f"{name}, light", done, total, "pictures")
        )

    def _written(self, name: str, changes: Changes, turn: int = 0) -> tuple[Path, dict[Loc, Any]]:
        """A candidate's file, and the changes that could be made."""
        left = dict(changes)
        while True:
            try:
                text = changed(self.scene, left, self.note)
                break
            except Unchangeable as error:
                self.notes[f"{error}: left as it was"] = None
                left = {loc: v for loc, v in left.items() if loc[: len(error.loc)] != error.loc}
        path = self.folder / f"{name.replace(' ', '-')}-{turn}" / self.scene.name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        return path, left

    def _rows(self, before: Measured, after: Measured) -> tuple[Row, ...]:
        real = self.real.measured
        gaps = [apart(real, one, real.series) for one in (before, after)]
        return tuple(
            Row(key, gaps[0].get(key, float("nan")), gaps[1][key], by_chance(real.get(key), after.get(key)))
            for key in gaps[1]
        )

    def _told(self, changes: Changes) -> tuple[tuple[str, str, str], ...]:
        result = []
        for loc, value in sorted(changes.items(), key=lambda pair: shown(list(pair[0]))):
            old = at(self.data, loc)
            new = flow(filled(value, old))
            result.append((shown(list(loc)), "not given" if old is None else flow(old), new))
        return tuple(result)

    def _remaining(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Everything that was refused, and every statistic that still differs."""
        found = dict(self.notes)
        for row in (r for r in rows if not r.fits):
            kind, _, name = row.key.partition(".")
            of = f"{kind} of {name}" if name else kind
            found[f"{of} still differs ({row.after:.2f}, by chance {row.chance:.2f}): {REMEDIES[kind]}"] = None
        if not self.studio.paints and self.pictures:
            found["brightness was judged on ray-cast pictures without shadows; with --paint, Blender's are judged, and "
                  "blur and noise are fitted too"] = None  # fmt: skip
        return tuple(found)


def traits_of(shots: Sequence[Shot]) -> Series:
    return {key: np.array([one.traits[key] for one in shots]) for key in TRAITS}


def gap(real: Series, shots: Sequence[Shot], keys: Sequence[str]) -> float:
    """Mean distance of the traits."""
    found = traits_of(shots)
    return float(np.mean([distance(real[key], found[key]) for key in keys]))
