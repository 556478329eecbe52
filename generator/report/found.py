"""A contact sheet of what a detector found in photographs."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from generator.dataset.examples import Source
from generator.report.drawing import Canvas, Pixels, distinct, enlargement
from generator.report.sheet import sheet
from generator.train.detections import Detection, Detections

MOST, WIDEST = 24, 640  # pictures, and pixels of a picture's longer side


def found_sheet(source: Source, found: Sequence[Detections], most: int = MOST) -> Image.Image:
    """Up to `most` photographs, evenly from all of them, with a colour for each class."""
    chosen = np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)).tolist()
    pictures = [draw_found(source[k].image, found[k].items, source.classes) for k in chosen]
    return sheet(pictures, captions=[f"{found[k].key} · {len(found[k].items)}" for k in chosen])


def draw_found(image: Pixels, items: Sequence[Detection], classes: Sequence[str]) -> Pixels:
    """Boxes, masks and scores over a picture, uint8 (h, w, 3), that is made smaller first where it is a large one."""
    height, width = image.shape[:2]
    factor = min(1.0, WIDEST / max(height, width))
    small = (max(round(width * factor), 1), max(round(height * factor), 1))
    picture = np.array(Image.fromarray(image).resize(small, Image.Resampling.BOX)) if factor < 1 else image
    canvas = Canvas(picture, enlargement(picture.shape[:2]))
    shrink = np.array([*small, *small]) / np.array([width, height, width, height])
    for item in items:
        if (mask := item.mask()) is not None:
            nearest = Image.fromarray(mask).resize(small, Image.Resampling.NEAREST)
            canvas.mask(np.array(nearest), distinct(item.label - 1))
    for item in items:
        box, color = (np.array(item.box) * shrink).tolist(), distinct(item.label - 1)
        canvas.box(box, color, width=2)
        canvas.words(box, f"{classes[item.label - 1]} {item.score:.2f}", color)
    return canvas.finish()
