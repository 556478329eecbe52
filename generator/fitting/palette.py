"""Which colours photographs have, on their labelled objects and around them, as a value of the scene language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from skimage.color import rgb2lab

from generator.base.draw import Draw
from generator.dataset.examples import Example
from generator.dataset.imports import photo_source

PHOTOS, PIXELS, TONES = 60, 150, 6
GREY = 2.0  # of 255, by which channels differ in a picture without colours that JPEG has been at
SHADE, TINT = 12.0, 3.0  # light moves lightness more than hue: deviations of CIELAB added to what is measured
LEAST = 0.03  # share of the pixels below which a tone is left out
Pixels = NDArray[np.uint8]


def monochrome(labels: Path, images: str) -> float:
    """The share of photographs without colours, of at most PHOTOS, evenly chosen."""
    source = photo_source(labels, images)
    pictures = (source[k].image.astype(float) for k in _chosen(len(source)))
    return float(np.mean([np.abs(one - one.mean(2, keepdims=True)).mean() < GREY for one in pictures]))


def palettes(labels: Path, images: str, classes: tuple[str, ...]) -> dict[str, Any]:
    """Colours by class, from the middle of its boxes, and under ``""`` those of everything outside of all boxes.

    Of at most PHOTOS pictures, evenly chosen, PIXELS pixels each. Values are `palette`s; a class that shows nothing has
    none.
    """
    source = photo_source(labels, images, classes=classes)
    found: dict[str, list[Pixels]] = {}
    for index in _chosen(len(source)):
        for name, pixels in _sampled(source[index], classes, Draw(0, index)).items():
            found.setdefault(name, []).append(pixels)
    return {name: palette(np.concatenate(some), Draw(0) / name) for name, some in sorted(found.items())}


def _chosen(n: int) -> list[int]:
    return sorted({int(k) for k in np.linspace(0, n - 1, min(n, PHOTOS))})


def _sampled(example: Example, classes: Sequence[str], draw: Draw) -> Mapping[str, Pixels]:
    """Some pixels of the surroundings, and of the middle half of every box, by class."""
    outside = np.ones(example.image.shape[:2], bool)
    found: dict[str, Pixels] = {}
    for number, (box, label) in enumerate(zip(example.boxes, example.labels, strict=True)):
        x0, y0, x1, y1 = box
        outside[max(int(y0), 0) : int(np.ceil(y1)), max(int(x0), 0) : int(np.ceil(x1))] = False
        x, y, w, h = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 4, (y1 - y0) / 4
        middle = example.image[max(int(y - h), 0) : int(y + h) + 1, max(int(x - w), 0) : int(x + w) + 1]
        if middle.size:
            name = classes[int(label) - 1]
            some = _some(middle.reshape(-1, 3), draw / name / number)
            found[name] = np.concatenate([found[name], some]) if name in found else some
    if outside.any():
        found[""] = _some(example.image[outside], draw / "around")
    return found


def _some(pixels: Pixels, draw: Draw) -> Pixels:
    chosen: Pixels = pixels[draw.rng().integers(0, len(pixels), PIXELS)]
    return chosen


def palette(pixels: Pixels, draw: Draw) -> dict[str, Any]:
    """YAML data of a law of colours like those of `pixels` (n, 3), sRGB: a mixture of normal laws in CIELAB, one for
    each of at most TONES clusters (k-means++; Arthur & Vassilvitskii 2007), each a little wider than it was, since the
    light that will fall on it is not the one that is in the photograph already."""
    colors = rgb2lab(pixels[None] / 255)[0]
    tones = min(TONES, len(np.unique(pixels, axis=0)))
    _, member = kmeans2(colors, tones, minit="++", seed=draw.rng())
    parts = []
    for tone in range(tones):
        inside = colors[member == tone]
        if len(inside) < LEAST * len(colors):
            continue
        (lightness, a, b), spread = inside.mean(0), inside.std(0)
        law = [
            _normal(lightness, np.hypot(spread[0], SHADE), (2.0, 98.0)),
            _normal(a, np.hypot(spread[1], TINT)),
            _normal(b, np.hypot(spread[2], TINT)),
        ]
        parts.append({"weight": round(100 * len(inside) / len(colors)), "of": {"lab": law}})
    return {"mixture": parts}


def _normal(mean: float, deviation: float, clip: tuple[float, float] = (-100.0, 100.0)) -> dict[str, Any]:
    low, high = (round(float(np.clip(mean + side * 2.5 * deviation, *clip)), 1) for side in (-1, 1))
    return {"normal": [round(float(np.clip(mean, low, high)), 1), round(float(deviation), 1)], "clip": [low, high]}
