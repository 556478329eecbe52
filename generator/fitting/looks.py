"""A synthetic set, measured: looks at scenes that are not painted, and quick pictures for their brightness."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.balance.tags import facts_of, tags_of
from generator.base.draw import Draw
from generator.base.errors import PlacementError, RenderError
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.fitting.measures import Picture
from generator.fitting.traits import traits
from generator.render.painter import Painter, make_painter
from generator.sampling.sampler import Sampler
from generator.sensor.camera import expose
from generator.spec.edges import holds
from generator.spec.load import load_scene
from generator.truth.labels import label

T = TypeVar("T")
SCALE, SIDE = 0.25, 240  # a look is a quarter of the size, but no smaller than so many pixels along the longer side
QUICK = 128  # pixels of the longer side of a quick picture
CHUNK = 4


@dataclass(frozen=True)
class Look:
    """A scene: its annotated boxes, the group each object is of, how many of each group (and class) were drawn, the
    focal length in shares of width and height, by how many degrees the camera looks down, and the edge cases it is.
    `rejected` scenes would never be painted."""

    picture: Picture
    groups: tuple[str, ...] = ()
    drawn: dict[tuple[str, str], int] = field(default_factory=dict)
    focal: tuple[float, float] = (1.0, 1.0)
    rejected: bool = False
    down: float = 0.0
    tags: tuple[str, ...] = ()

    def seen(self, group: str) -> int:
        """Annotated objects of a group."""
        return self.groups.count(group)


@dataclass(frozen=True)
class Shot:
    """A picture's traits, its exposure (stops) and how far it was metered."""

    traits: dict[str, float]
    exposure: float
    metering: float


class Studio(AbstractContextManager["Studio"]):
    """Looks at scene files and paints them, on `workers` processes. `roots` are folders of assets, `size` the pictures'
    (width, height). What it gives depends on file, seed and indices alone."""

    def __init__(
        self, roots: Sequence[Path], size: tuple[int, int], seed: int = 0, workers: int = 1, painter: str = "raycast",
    ) -> None:  # fmt: skip
        self.roots, self.size, self.seed, self.painter = tuple(roots), size, seed, painter
        self._pool = ProcessPoolExecutor(workers, get_context("spawn")) if workers > 1 else None

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    @property
    def paints(self) -> bool:
        """Whether pictures are painted at full size, texture, shadows and all."""
        return self.painter != "raycast"

    def looks(self, scene: Path, indices: Sequence[int], report: Callable[[int, int], None]) -> list[Look]:
        return self._all(partial(_looks, str(scene), self.roots, self.size, self.seed), indices, report)

    def shots(self, scene: Path, indices: Sequence[int], report: Callable[[int, int], None]) -> list[Shot]:
        largest = max(self.size)
        share = 1.0 if self.paints else min(1.0, QUICK / largest)
        size = (max(1, round(self.size[0] * share)), max(1, round(self.size[1] * share)))
        return self._all(partial(_shots, str(scene), self.roots, size, self.seed, self.painter), indices, report)

    def _all(
        self, work: Callable[[list[int]], list[T]], indices: Sequence[int], report: Callable[[int, int], None]
    ) -> list[T]:
        chunks = [list(indices[k : k + CHUNK]) for k in range(0, len(indices), CHUNK)]
        found: list[T] = []
        try:
            for done, part in enumerate(self._pool.map(work, chunks) if self._pool else map(work, chunks), 1):
                found += part
                report(min(len(indices), done * CHUNK), len(indices))
        except BrokenProcessPool as error:
            raise RenderError("a process that looks at scenes died (no memory left?); try --workers 1") from error
        return found


@lru_cache(maxsize=2)
def _sampler(scene: str, roots: tuple[Path, ...], size: tuple[int, int]) -> Sampler:
    catalog = Catalog.open(*roots)
    return Sampler(load_scene(Path(scene), catalog), AssetStore(catalog), size)


@lru_cache(maxsize=1)
def _painter(name: str, roots: tuple[Path, ...]) -> Painter:
    return make_painter(name, AssetStore(Catalog.open(*roots)), "auto")


def _looks(scene: str, roots: tuple[Path, ...], size: tuple[int, int], seed: int, indices: list[int]) -> list[Look]:
    sampler = _sampler(scene, roots, size)
    return [_look(sampler, seed, index) for index in indices]


def _look(sampler: Sampler, seed: int, index: int) -> Look:
    """As a farm looks: `keep` rejects, and so does a scene that cannot be filled."""
    try:
        sample = sampler(seed, index)
    except PlacementError:
        return Look(Picture((), np.zeros((0, 4))), rejected=True)
    scale = min(1.0, max(SCALE, SIDE / max(sampler.size)))  # coarser, sizes come in steps
    frame = label(sample, sampler.store, scale, normals=False)
    facts = facts_of(frame, sampler.spec.classes, scale=1 / scale)
    rejected = not all(holds(case, facts) for case in sampler.spec.keep)
    return replace(look_of(sample, frame, rejected), tags=tags_of(facts, sampler.spec.edge_cases))


def look_of(sample: SceneSample, frame: Frame, rejected: bool = False) -> Look:
    """The look of a labelled scene."""
    height, width = frame.instance.shape
    boxes = np.array([one.box for one in frame.annotated], float).reshape(-1, 4) / (width, height, width, height)
    drawn: dict[tuple[str, str], int] = {}
    for one in sample.instances:
        if one.label is not None:
            key = (one.name.split("/")[0], one.label)
            drawn[key] = drawn.get(key, 0) + 1
    camera = sample.camera
    return Look(
        Picture(tuple(str(one.label) for one in frame.annotated), boxes, sample.width / sample.height),
        tuple(one.name.split("/")[0] for one in frame.annotated), drawn,
        (camera.focal_pixels / sample.width, camera.focal_pixels * camera.aspect / sample.height), rejected,
        math.degrees(-math.asin(np.clip(camera.axes[2][2], -1, 1))),
    )  # fmt: skip


def _shots(
    scene: str, roots: tuple[Path, ...], size: tuple[int, int], seed: int, painter: str, indices: list[int]
) -> list[Shot]:
    sampler, found = _sampler(scene, roots, size), []
    for index in indices:
        try:
            sample: Any = sampler(seed, index)
        except PlacementError:
            continue
        rgb = expose(_painter(painter, roots).paint(sample).rgb, sample.sensor, Draw(seed, index) / "sensor")
        found.append(Shot(traits(rgb), sample.render.exposure, sample.render.metering))
    return found
