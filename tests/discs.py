"""Tiny pictures of discs, and a training on them."""

from pathlib import Path

import numpy as np

from generator.base.draw import Draw
from generator.dataset.examples import Example
from generator.spec.training import Train
from generator.train.augment import boxes_of
from generator.train.loop import train

TINY = Train(backbone="efficientnet_lite0", steps=6, batch=2, size=64, checkpoint_every=3)


class Discs:
    """Bright discs on dark ground, of class 1 or, squashed, 2."""

    def __init__(self, count: int = 6, masks: bool = True, classes: tuple[str, ...] = ("disc", "ellipse")) -> None:
        self.count, self.masks, self.classes, self.name = count, masks, classes, "discs"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        rng = (Draw(0, index) / "discs").rng()
        y, x = np.mgrid[:64, :80] + 0.5
        labels = rng.integers(1, 3, 3)
        places = zip(labels, ((16, 16), (60, 20), (36, 46)), rng.uniform(9, 14, 3), strict=True)
        found = np.stack([np.hypot(x - u, (y - v) * label) < radius for label, (u, v), radius in places])
        image = np.where(found.any(0)[..., None], rng.uniform(150, 250, 3), rng.uniform(0, 80, 3))
        image = (image + rng.uniform(-5, 5, image.shape)).clip(0, 255).astype(np.uint8)
        masks = found if self.masks else None
        return Example(image, boxes_of(found), labels, masks, np.zeros(3, bool), f"disc{index}")


def run(folder: Path, spec: Train = TINY, **kwargs: object) -> Path:
    return train({"synthetic": Discs()}, {"synthetic": 1.0}, spec, folder, 0, **kwargs)
