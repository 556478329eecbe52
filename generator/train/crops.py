"""Crops of objects and of backgrounds, made alike from every set: no codec, size or place gives the set away."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import linear_sum_assignment

from generator.base.draw import Draw
from generator.dataset.examples import Example

SIDE, QUALITY, SMALLEST, TRIES = 64, 88, 16.0, 12
MARGIN = 1.1
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Crop:
    """`pixels` (64, 64, 3); `scene` of its picture; of an object, its class and the logarithm of its size in pixels."""

    pixels: Pixels
    scene: str
    label: int = 0
    size: float = 0.0


def shrunk(example: Example, short: int) -> tuple[Pixels, NDArray[np.float32]]:
    """Picture and boxes with a shorter side of `short` pixels at most, through a JPEG file."""
    picture, boxes = Image.fromarray(example.image), example.boxes
    factor = short / min(picture.size)
    if factor < 1:
        size = round(picture.width * factor), round(picture.height * factor)
        picture, boxes = picture.resize(size, Image.Resampling.BOX), boxes * np.float32(factor)
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=QUALITY, subsampling=0)
    return np.array(Image.open(file)), boxes


def objects(example: Example, picture: Pixels, boxes: NDArray[np.float32], scene: str) -> list[Crop]:
    """A square around every object of at least 16 pixels that lies in the picture as a whole."""
    found = []
    height, width = picture.shape[:2]
    for box, label, ignore in zip(boxes.tolist(), example.labels.tolist(), example.ignore, strict=True):
        size = max(box[2] - box[0], box[3] - box[1])
        whole = box[0] > 0 and box[1] > 0 and box[2] < width and box[3] < height
        if not ignore and whole and size >= SMALLEST:
            middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            found.append(Crop(_cut(picture, middle, MARGIN * size), scene, label, float(np.log(size))))
    return found


def background(picture: Pixels, boxes: NDArray[np.float32], scene: str, draw: Draw) -> Crop | None:
    """A square of a fifth to two fifths of the shorter side that touches no label; None where none was found."""
    height, width = picture.shape[:2]
    rng = draw.rng()
    for _ in range(TRIES):
        side = rng.uniform(0.2, 0.4) * min(width, height)
        x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
        apart = (boxes[:, 0] >= x + side) | (boxes[:, 2] <= x) | (boxes[:, 1] >= y + side) | (boxes[:, 3] <= y)
        if apart.all():
            return Crop(_cut(picture, (x + side / 2, y + side / 2), side), scene)
    return None


def _cut(picture: Pixels, middle: tuple[float, float], side: float) -> Pixels:
    """Moved into the picture where it would leave it."""
    height, width = picture.shape[:2]
    side = min(side, width, height)
    x = min(max(middle[0] - side / 2, 0), width - side)
    y = min(max(middle[1] - side / 2, 0), height - side)
    made = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR, (x, y, x + side, y + side))
    return np.array(made)


def matched(wanted: Sequence[Crop], pool: Sequence[Crop]) -> list[int]:
    """Numbers in `pool` of different crops, of the same classes and the nearest sizes, one for each that is wanted (as
    far as they go): the assignment with the least sum of differences of logarithms."""
    if not wanted or not pool:
        return []
    sizes = [np.array([one.size for one in some]) for some in (wanted, pool)]
    labels = [np.array([one.label for one in some]) for some in (wanted, pool)]
    cost = np.abs(sizes[0][:, None] - sizes[1]) + 1e3 * (labels[0][:, None] != labels[1])
    rows, columns = linear_sum_assignment(cost)
    return [int(column) for row, column in zip(rows, columns, strict=True) if cost[row, column] < 1e3]
