"""A photograph, and what was found in it: two hits, a double, a false alarm."""

import numpy as np
from conftest import scene, thing

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.dataset import rle
from generator.dataset.examples import Example
from generator.train.score import Detection

LABEL = "<i>thing & co</i>"


def labelled(store: AssetStore, index: int = 0, count: int = 2) -> tuple[Frame, SceneSample]:
    """A scene of spheres and a distractor; its normals are its picture."""
    from generator.truth.labels import label

    balls = [thing("sphere", (0.3 * k - 0.3, 0.02 * index, 0), (0.2, 0.2, 0.2), label=LABEL) for k in range(count)]
    one = scene(*balls, thing("box", (0, 0.5, 0), (0.2, 0.2, 0.2), label=None), classes=(LABEL,), index=index)
    frame = label(one, store)
    return frame.with_rgb(np.rint(255 * (0.5 + 0.5 * frame.normal)).astype(np.uint8)), one


def photograph() -> Example:
    """Three objects of 20 x 20 pixels and an ignored region."""
    boxes = np.array([[10, 10, 30, 30], [50, 10, 70, 30], [90, 10, 110, 30], [10, 50, 40, 80]], np.float32)
    masks = np.zeros((4, 100, 120), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(int), strict=True):
        mask[y0:y1, x0:x1] = True
    image = np.full((100, 120, 3), 90, np.uint8)
    return Example(image, boxes, np.ones(4, np.int64), masks, np.array([False, False, False, True]), "photo <1>")


def detection(x: float, y: float, side: float = 20, sure: float = 0.9) -> Detection:
    mask = np.zeros((100, 120), bool)
    mask[int(y) : int(y + side), int(x) : int(x + side)] = True
    counts = rle.encode(mask)["counts"]
    return Detection(box=(x, y, x + side, y + side), label=1, score=sure, size=(100, 120), counts=counts)


FOUND = (detection(11, 10), detection(12, 10, sure=0.8), detection(52, 11, sure=0.7), detection(90, 60, sure=0.6),
         detection(12, 52, 26, sure=0.55))  # fmt: skip


class Photographs:
    name, classes, masks = "photos/test.json", (LABEL,), True

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Example:
        return photograph()
