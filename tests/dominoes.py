"""Small pictures of blocks, each with three coloured dots that are its keypoints."""

import numpy as np

from generator.base.draw import Draw
from generator.dataset.examples import Example

NAMES = ("bottom", "left_ear", "right_ear")
COLORS = ((255, 255, 0), (255, 60, 60), (60, 255, 60))
PLACES = np.array([[15, 26], [5, 4], [25, 4]])  # in a block of 30 x 30 pixels


class Dominoes:
    """One block per picture. Its dots lie within 3 pixels of their places; `names` says which are told, in order."""

    masks, classes, name = False, ("domino",), "dominoes"

    def __init__(self, count: int = 12, names: tuple[str, ...] = NAMES) -> None:
        self.count, self.keypoints = count, names

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        rng = (Draw(0, index) / "domino").rng()
        image = np.full((64, 80, 3), 30, np.uint8) + rng.integers(0, 10, (64, 80, 3), dtype=np.uint8)
        x, y = rng.integers(4, 44), rng.integers(4, 28)
        image[y : y + 30, x : x + 30] = (90, 90, 160)
        dots = np.floor(PLACES + np.array([x, y]) + rng.uniform(-3, 3, (3, 2))).astype(int)
        for (u, v), color in zip(dots, COLORS, strict=True):
            image[v - 2 : v + 3, u - 2 : u + 3] = color
        box = np.array([[x, y, x + 30, y + 30]], np.float32)
        told = dict(zip(NAMES, np.column_stack([dots + 0.5, [2, 1, 2]]), strict=True))
        points = np.array([[told[name] for name in self.keypoints]], np.float32).reshape(1, -1, 3)
        one = np.ones(1, np.int64)
        return Example(image, box, one, None, np.zeros(1, bool), f"{self.name}{index}", keypoints=points)
