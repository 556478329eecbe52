"""Contact sheets: many labelled pictures at one glance."""

import io
from collections import defaultdict
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from generator.base.draw import Draw
from generator.base.frame import Frame
from generator.dataset.atomic import write_bytes
from generator.dataset.examples import Example
from generator.dataset.records import FrameRecord
from generator.dataset.store import Dataset
from generator.report.drawing import GREY, Canvas, Pixels, distinct, enlargement, font

GAP, CAPTION = 10, 22
INK, PAPER = (60, 60, 66), (255, 255, 255)


def draw(
    labelled: Frame | Example, classes: Sequence[str], scale: int = 0, names: bool = True, distractors: bool = False
) -> Pixels:
    """The picture with a veil, an outline of one pixel, a box and a class name for every object.

    `scale` enlarges by a whole factor (0: until masks can be judged by eye). `distractors` gives those a thin grey box;
    otherwise they stay as unmarked as they are to a detector. Ignored regions of an example are grey.
    """
    if isinstance(labelled, Frame):
        return _draw_frame(labelled, scale, names, distractors)
    return _draw_example(labelled, classes, scale, names)


def _draw_frame(frame: Frame, scale: int, names: bool, distractors: bool) -> Pixels:
    canvas = Canvas(picture_of(frame), scale or enlargement(frame.instance.shape))
    for one in frame.instances if distractors else ():
        if one.label is None and one.box is not None:
            canvas.box(one.box, GREY)
    for number, one in enumerate(frame.annotated):
        canvas.mask(frame.mask(one.id), distinct(number))
    for number, one in enumerate(frame.annotated):
        if one.box is not None:
            canvas.box(one.box, distinct(number))
            if names:
                canvas.words(one.box, one.label or "", distinct(number))
    return canvas.finish()


def _draw_example(example: Example, classes: Sequence[str], scale: int, names: bool) -> Pixels:
    canvas = Canvas(example.image, scale or enlargement(example.image.shape[:2]))
    colors = [GREY if ignored else distinct(number) for number, ignored in enumerate(example.ignore)]
    for mask, color in zip(() if example.masks is None else example.masks, colors, strict=False):
        canvas.mask(mask, color)
    for box, category, color in zip(example.boxes, example.labels, colors, strict=True):
        canvas.box(box, color, dashed=color == GREY)
        if names:
            canvas.words(box, classes[category - 1], color)
    return canvas.finish()


def picture_of(frame: Frame) -> Pixels:
    """What was painted; of labels without a picture, their normals as colours."""
    if frame.rgb is not None:
        return frame.rgb
    return np.rint(255 * (0.5 - 0.5 * np.nan_to_num(frame.normal))).astype(np.uint8)


def sheet(images: Sequence[Pixels], columns: int = 4, captions: Sequence[str] = ()) -> Image.Image:
    """Pictures in rows on white, each with its caption below. All cells are as large as the largest picture."""
    width, height = (max((image.shape[side] for image in images), default=1) for side in (1, 0))
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    step = (width + GAP, height + GAP + (CAPTION if captions else 0))
    page = Image.new("RGB", (max(1, columns * step[0] - GAP), max(1, rows * step[1] - GAP)), PAPER)
    pen = ImageDraw.Draw(page)
    for number, image in enumerate(images):
        x, y = number % columns * step[0], number // columns * step[1]
        page.paste(Image.fromarray(image), (x, y))
        if number < len(captions):
            pen.text((x, y + image.shape[0] + 4), _shortened(captions[number], width), INK, font(13))
    return page


def _shortened(text: str, width: int) -> str:
    """As much of a caption as fits."""
    while text and font(13).getlength(text) > width:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def frame_sheet(
    dataset: Dataset, n: int = 16, seed: int = 0, columns: int = 4, kept: Container[str] | None = None
) -> Image.Image:
    """`n` frames of a data set (of `kept` keys, if given) with their labels: see `chosen` for which."""
    frames = chosen([one for one in dataset.frames if kept is None or one.key in kept], n, seed)
    images = [draw(dataset.read(one)[0], dataset.manifest.classes) for one in frames]
    return sheet(images, columns, [" · ".join((one.key, *one.tags)) for one in frames])


def chosen(frames: Sequence[FrameRecord], n: int, seed: int) -> list[FrameRecord]:
    """`n` frames by key: half of them drawn evenly, the others so that every tag shows as often as every other."""
    ranked = sorted(frames, key=lambda one: (Draw(seed, one.index) / "sheet" / one.split).uniform())
    taken = {one.key: one for one in ranked[: -(-n // 2)]}
    by_tag: dict[str, list[FrameRecord]] = defaultdict(list)
    for one in ranked:
        for tag in one.tags or ("",):
            by_tag[tag].append(one)
    turns = max(map(len, by_tag.values()), default=0)
    for one in (by_tag[tag][turn] for turn in range(turns) for tag in sorted(by_tag) if turn < len(by_tag[tag])):
        if len(taken) < min(n, len(ranked)):
            taken[one.key] = one
    return [taken[key] for key in sorted(taken)]


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture, whole or not at all, in the format of its suffix (PNG where there is none)."""
    suffix = path.suffix.lower()
    file = io.BytesIO()
    picture.save(file, Image.registered_extensions().get(suffix, "PNG"))
    write_bytes(path, file.getvalue())
