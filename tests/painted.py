"""Frames painted with numpy alone: layers of rings, dots and boxes whose masks are known before anything is encoded."""

from pathlib import Path

import numpy as np

from generator.base.frame import Frame, Instance
from generator.base.geometry import Camera, extent, look_at
from generator.base.scene import CameraSample, SceneSample, WorldSample
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest

CLASSES = ("mug", "bowl", "spoon")


def shape(rng: np.random.Generator, height: int, width: int, kind: int) -> np.ndarray:
    """A mask that may have a hole, be one pixel, touch the border or be empty."""
    y, x = np.mgrid[:height, :width]
    cx, cy, r = rng.uniform(-2, width + 2), rng.uniform(-2, height + 2), rng.uniform(2, height / 2)
    distance = np.hypot(x - cx, y - cy)
    masks = [
        distance < r,
        (distance < r) & (distance > 0.5 * r),
        (abs(x - cx) < r) & (abs(y - cy) < r / 3),
        (x == int(cx)) & (y == int(cy)),
    ]
    return np.asarray(masks[kind % 4])


def painted(index: int, size: tuple[int, int] = (64, 48), count: int = 8, seed: int = 0) -> tuple[Frame, SceneSample]:
    """Each later object stands before the earlier ones; every third is a distractor."""
    width, height = size
    rng = np.random.default_rng([seed, index])
    layers = [shape(rng, height, width, int(rng.integers(4))) for _ in range(count)]
    instance = np.zeros((height, width), np.uint16)
    for number, layer in enumerate(layers, 1):
        instance[layer] = number
    instances = tuple(instance_of(number, layer, instance) for number, layer in enumerate(layers, 1))
    camera = Camera(width, height, 70.5, 70.5, width / 2, height / 2, look_at(np.array([1.0, 2.0, 3.0]), np.zeros(3)))
    depth = np.where(instance > 0, rng.uniform(0.5, 3, instance.shape), np.inf).astype(np.float32)
    normal = rng.normal(size=(height, width, 3)).astype(np.float32)
    boxes = {i.id: i.amodal_box for i in instances if i.amodal_box}
    amodal = {n: layers[n - 1][b[1] : b[3], b[0] : b[2]] for n, b in boxes.items()}
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    facts = {"world.strength": float(rng.uniform(0, 1)), "one third": 1 / 3}
    return Frame(instance, depth, normal, amodal, instances, camera, rgb, facts), sample(index, size)


def instance_of(number: int, layer: np.ndarray, instance: np.ndarray) -> Instance:
    label = None if number % 3 == 0 else CLASSES[number % 2]
    visible, amodal = int((instance == number).sum()), int(layer.sum())
    return Instance(
        id=number,
        name=f"objects/{number}",
        label=label,
        category=0 if label is None else CLASSES.index(label) + 1,
        asset=f"shape/{number}",
        visible_pixels=visible,
        amodal_pixels=amodal,
        box=extent(instance == number),
        amodal_box=extent(layer),
        visible_fraction=visible / amodal if amodal else 0.0,
        truncated_fraction=0.1 * number,
        occluders={0: 3, 7: number},
        position=(0.1, 0.2, 0.3),
        distance=1 / 7,
    )


def sample(index: int, size: tuple[int, int] = (64, 48), seed: int = 0) -> SceneSample:
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    camera = CameraSample(position=(0.1, 0.2, 1 / 3), axes=axes, focal_pixels=70.5)
    fields = {"objects": (), "lights": (), "world": WorldSample(strength=0.1), "camera": camera}
    return SceneSample(scene="test", seed=seed, index=index, width=size[0], height=size[1], classes=CLASSES, **fields)


def twelve(folder: Path) -> Dataset:
    """Twelve frames to train with, the first three by night, and two to validate with, the second by night."""
    manifest = Manifest(scene="t", spec="a", assets="b", seed=0, classes=CLASSES, size=(64, 48), labels=("amodal",),
                        versions={})  # fmt: skip
    Dataset.create_or_check(folder, manifest)
    writer = ShardWriter(folder, 0, manifest.labels)
    for index in range(12):
        writer.add("train", *painted(index), facts={}, tags=("night",) * (index < 3))
    for index in range(2):
        writer.add("val", *painted(50 + index), facts={}, tags=("night",) * index)
    writer.commit()
    return Dataset.open(folder)
