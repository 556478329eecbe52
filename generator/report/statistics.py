"""How objects are distributed, in painted frames and in real photographs, in measures that both have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from generator.dataset.examples import Source
from generator.dataset.records import FrameRecord
from generator.report.charts import REAL, SYNTHETIC, histogram, legend, places

Numbers = NDArray[np.float64]
MOST_PHOTOS = 500


@dataclass(frozen=True)
class Shapes:
    """Of one set. Per object: `size` (square root of the box's share of the picture's area) and `place` (n, 2), the
    box's centre as shares of width and height; per picture: `count`. `visible` and `truncated` only where known."""

    name: str
    pictures: int
    size: Numbers
    place: Numbers
    count: Numbers
    visible: Numbers | None = None
    truncated: Numbers | None = None


@dataclass(frozen=True)
class Figure:
    """A chart or picture with the one sentence that explains it."""

    title: str
    chart: Markup
    sentence: str
    legend: Markup


def of_frames(frames: Sequence[FrameRecord], name: str) -> Shapes:
    objects = [one for frame in frames for one in frame.annotated]
    sizes = [(frame.width, frame.height) for frame in frames for _ in frame.annotated]
    return _shapes(
        name,
        [one.box for one in objects if one.box],
        sizes,
        [len(frame.annotated) for frame in frames],
        np.array([one.visible_fraction for one in objects]),
        np.array([one.truncated_fraction for one in objects]),
    )


def of_source(source: Source, name: str) -> Shapes:
    """Of the first photographs; ignored regions do not count."""
    boxes: list[Sequence[float]] = []
    sizes, counts = [], []
    for example in (source[index] for index in range(min(len(source), MOST_PHOTOS))):
        real = example.boxes[~example.ignore].tolist()
        boxes += real
        sizes += [(example.image.shape[1], example.image.shape[0])] * len(real)
        counts.append(len(real))
    return _shapes(name, boxes, sizes, counts)


def _shapes(
    name: str,
    boxes: Sequence[Sequence[float]],
    sizes: Sequence[tuple[int, int]],
    counts: Sequence[int],
    visible: Numbers | None = None,
    truncated: Numbers | None = None,
) -> Shapes:
    corners, extent = np.array(boxes, float).reshape(-1, 4), np.array(sizes, float).reshape(-1, 2)
    sides = (corners[:, 2:] - corners[:, :2]) / extent
    place = (corners[:, :2] + corners[:, 2:]) / 2 / extent
    return Shapes(name, len(counts), np.sqrt(sides.prod(1)), place, np.array(counts, float), visible, truncated)


def figures(painted: Shapes, real: Shapes | None, aspect: float) -> list[Figure]:
    """Charts of one data set, with real photographs laid over where there are any. `aspect` is height / width."""
    sets = [painted] + ([real] if real and len(real.size) else [])
    colors = dict(zip([one.name for one in sets], (SYNTHETIC, REAL), strict=False))
    key = legend({_counted(one): colors[one.name] for one in sets})
    largest = max([0.05, *(float(one.size.max(initial=0)) for one in sets)])
    most = max(float(one.count.max(initial=0)) for one in sets)
    result = [
        Figure("Size of objects",
               histogram({one.name: one.size for one in sets}, colors, np.linspace(0, largest * 1.02, 25),
                         "Histogram of object sizes", "side of the box, share of the picture", "share of objects"),
               "The square root of box area over picture area: how large an object appears.", key),
        Figure("Objects in a picture",
               histogram({one.name: one.count for one in sets}, colors, _edges(int(most)),
                         "Histogram of objects in a picture", "objects in a picture", "share of pictures", False),
               "How many annotated objects show at once.", key),
    ]  # fmt: skip
    if painted.visible is not None and painted.truncated is not None and len(painted.visible):
        result += [
            _rest(painted.visible, 1.0, "Visible part", "visible fraction", "are covered by nothing", painted.name),
            _rest(painted.truncated, 0.0, "Cut by the border", "truncated fraction", "lie whole in the picture",
                  painted.name),
        ]  # fmt: skip
    return result + [_places(one, colors[one.name], aspect) for one in sets]


def _rest(values: Numbers, plain: float, title: str, axis: str, words: str, name: str) -> Figure:
    """A histogram of what differs from the plain case, whose share the sentence tells."""
    rest = values[values != plain]
    chart = histogram({name: rest}, {name: SYNTHETIC}, np.linspace(0, 1, 21), title, axis, "share of the others")
    sentence = f"{1 - len(rest) / len(values):.1%} of the objects {words}; the chart shows the others."
    return Figure(title, chart, sentence + " Photographs carry no such label.", legend({name: SYNTHETIC}))


def _counted(one: Shapes) -> str:
    return f"{one.name}: {one.pictures:,} picture{'' if one.pictures == 1 else 's'}, {len(one.size):,} objects"


def _edges(most: int) -> Numbers:
    """Edges between whole numbers, from 0 to `most`, for at most 30 bins."""
    step = -(-(most + 1) // 30)
    return np.arange(0, most + 1 + step, step) - 0.5


def _places(one: Shapes, color: str, aspect: float) -> Figure:
    return Figure(
        f"Where objects lie: {one.name}",
        places(one.place, aspect, color, f"Box centres, {one.name}", 320 if aspect <= 1.2 else 240),
        "Box centres over the picture; the darker, the more.",
        legend({_counted(one): color}),
    )
