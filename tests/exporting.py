"""A small data set of true labels, cast by rays and shaded by hand, for exporters and importers."""

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from conftest import scene, thing, turn
from pycocotools.coco import COCO

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.frame import Frame, Instance
from generator.base.scene import SceneSample
from generator.dataset.records import key_of
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.truth.labels import label

CLASSES = ("ball", "crate & box", "can")
SIZE = (96, 72)
SHAPES = ("sphere", "box", "cylinder")
FRAMES = {"train": range(5), "val": range(10_000_000, 10_000_002)}
LABELS = ("amodal", "depth")


@lru_cache
def meshes() -> AssetStore:
    return AssetStore(Catalog.open())


def drawn(index: int) -> SceneSample:
    """Objects of three classes and two distractors over a floor: near, far, hidden, and cut by the image's border."""
    rng = np.random.default_rng(index)
    objects = [thing("box", (0, 0, -0.6), (2, 1.4, 0.1), label=None, backdrop=True)]
    for number in range(9):
        kind = int(rng.integers(3))
        where, size = rng.uniform([-0.9, -0.7, -0.4], [0.9, 0.7, 0.5]), rng.choice([0.25, 0.4, 0.5], 3)
        axis, name = rng.normal(size=3), CLASSES[kind] if number % 4 else None
        objects.append(thing(SHAPES[kind], where, size, turn(axis, float(rng.uniform(0, 180))), label=name))
    objects.append(thing("sphere", (0.1, 0.1, -0.5), (0.02, 0.02, 0.02), label="ball"))
    return scene(*objects, size=SIZE, focal=90.0, index=index, classes=CLASSES)


@lru_cache
def shot(index: int) -> tuple[Frame, SceneSample]:
    """Labels and picture. Balls have keypoints: one in sight, one outside the image, and one on every second only."""
    sample = drawn(index)
    frame = label(sample, meshes())
    instances = tuple(replace(one, keypoints=points(one)) for one in frame.instances)
    return replace(frame, rgb=shaded(frame), instances=instances), sample


def shaded(frame: Frame) -> np.ndarray:
    """A colour per object, darker where it turns away."""
    colors = np.random.default_rng(0).uniform(60, 255, (len(frame.instances) + 1, 3))
    return (colors[frame.instance] * abs(frame.normal[..., 2:])).astype(np.uint8)


def points(one: Instance) -> dict[str, tuple[float, float, int]]:
    if one.label != "ball":
        return {}
    found: dict[str, tuple[float, float, int]] = {"pole": (20.25, 30.5 + one.id, 2), "away": (-3.0, 5.0, 1)}
    return {**found, "rim": (50.0, 7.125, 1)} if one.id % 2 else found


def built(
    folder: Path,
    frames: dict[str, Any] = FRAMES,
    make: Callable[[int], tuple[Frame, SceneSample]] = shot,
    labels: tuple[str, ...] = LABELS,
    per_shard: int = 2,
    classes: tuple[str, ...] = CLASSES,
) -> Dataset:
    """Those frames of those splits in small shards; the last shard also has a frame in quarantine."""
    size = make(frames["train"][0])[0].instance.shape[::-1]
    manifest = Manifest(scene="my scene", spec="a", assets="b", seed=0, classes=classes, size=size, labels=labels)
    Dataset.create_or_check(folder, manifest)
    order = [(split, index) for split, indices in frames.items() for index in indices]
    for shard in range(0, len(order), per_shard):
        writer = ShardWriter(folder, shard // per_shard, labels)
        for split, index in order[shard : shard + per_shard]:
            frame, sample = make(index)
            writer.add(split, frame, sample, facts={}, tags=("night",) * (index % 2))
        if shard + per_shard >= len(order):
            writer.reject("train", make(order[0][1])[1].model_copy(update={"index": 777}), "differs")
        writer.commit()
    return Dataset.open(folder)


def expected(split: str) -> list[tuple[str, Frame, SceneSample]]:
    """Key, labels and scene of every frame of a split, as they were before anything was stored."""
    return [(key_of(split, index), *shot(index)) for index in FRAMES[split]]


def loaded(path: Path) -> COCO:
    """An exported label file, as pycocotools reads it."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))
