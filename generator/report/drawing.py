"""Drawing labels into pictures: masks, outlines, boxes, words."""

import colorsys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from generator.base.frame import Mask
from generator.base.geometry import extent

Color = tuple[int, int, int]
Pixels = NDArray[np.uint8]
GREEN, RED, ORANGE, GREY = (40, 220, 90), (255, 55, 60), (255, 165, 0), (150, 150, 150)
PLENTY, MOST = 480, 4  # pixels of the longer side that suffice to judge a mask by eye; the greatest enlargement
DASH = 5


def enlargement(size: tuple[int, ...], enough: int = PLENTY) -> int:
    """The smallest whole factor that makes the longer side at least `enough` pixels, but no more than 4."""
    return min(MOST, -(-enough // max(size)))


def distinct(number: int) -> Color:
    """Bright colours; neighbours in the sequence are far apart in hue (steps of the golden ratio)."""
    red, green, blue = colorsys.hsv_to_rgb((0.04 + number * 0.6180339887) % 1, 0.78, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def rim(mask: Mask) -> Mask:
    """Pixels of a mask with a neighbour (left, right, above, below) that is not: one pixel wide, inside."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, :-2] & padded[1:-1, 2:] & padded[:-2, 1:-1] & padded[2:, 1:-1]
    return mask & ~inner


class Canvas:
    """A picture enlarged by a whole factor. Masks and boxes are given in the pixels of the small picture; boxes are
    half-open, and their lines lie inside. Words stay above everything else."""

    def __init__(self, image: Pixels, scale: int = 1) -> None:
        self.scale = scale
        height, width = image.shape[:2]
        size = (width * scale, height * scale)
        self.pixels = np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS) if scale > 1 else image)
        self._words: list[tuple[tuple[int, int, int, int], str, Color]] = []

    def mask(self, mask: Mask, color: Color, alpha: float = 0.2, line: bool = True) -> None:
        """A veil over a mask, bool (h, w), and its outline."""
        box = extent(mask)
        if box is None:
            return
        x0, y0, x1, y1 = box
        large = mask[y0:y1, x0:x1].repeat(self.scale, 0).repeat(self.scale, 1)
        s = self.scale
        part = self.pixels[y0 * s : y1 * s, x0 * s : x1 * s]
        part[large] = np.rint((1 - alpha) * part[large] + alpha * np.array(color))
        if line:
            part[rim(large)] = color

    def box(self, box: Sequence[float], color: Color, width: int = 1, dashed: bool = False) -> None:
        """The outermost `width` pixels inside a box, dashed or not."""
        x0, y0, x1, y1 = self._place(box)
        height, length = y1 - y0, x1 - x0
        if height <= 0 or length <= 0:
            return
        frame = np.ones((height, length), bool)
        frame[width : height - width, width : length - width] = False
        if dashed:
            rows, columns = np.ogrid[:height, :length]
            upright = (columns < width) | (columns >= length - width)
            frame &= np.where(upright, rows, columns) // DASH % 2 == 0
        self.pixels[y0:y1, x0:x1][frame] = color

    def words(self, box: Sequence[float], text: str, color: Color) -> None:
        """Words on a ground of `color`: above the box where there is room, else in its upper left corner."""
        self._words.append((self._place(box), text, color))

    def finish(self) -> Pixels:
        """The picture, uint8 (h, w, 3)."""
        if not self._words:
            return self.pixels
        picture = Image.fromarray(self.pixels)
        pen = ImageDraw.Draw(picture)
        for box, text, color in self._words:
            _write(pen, box, text, color, picture.width, 8 + 2 * self.scale)
        return np.array(picture)

    def _place(self, box: Sequence[float]) -> tuple[int, int, int, int]:
        """A box in the pixels of the large picture, cut to it."""
        height, width = self.pixels.shape[:2]
        x0, y0, x1, y1 = (round(side * self.scale) for side in box)
        return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)


@lru_cache(maxsize=16)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow."""
    return ImageFont.load_default(size)


def _write(
    pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], text: str, color: Color, right: int, size: int
) -> None:
    face, height = font(size), size + 2
    width = int(pen.textlength(text, face)) + 6
    x = max(0, min(box[0], right - width))
    y = box[1] - height if box[1] >= height else box[1] + 1
    bright = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2] > 130
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=color)
    pen.text((x + 3, y + height / 2), text, (0, 0, 0) if bright else (255, 255, 255), face, anchor="lm")
