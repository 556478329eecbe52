"""Pictures of distributions: what a thousand draws look like."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from markupsafe import Markup

from generator.base.draw import Draw
from generator.base.geometry import rotation_matrix
from generator.distributions.base import KINDS, Distribution, Kind, Value, named
from generator.render.tone import encode
from generator.report.charts import SYNTHETIC, histogram
from generator.report.svg import element, picture, rect, text

DRAWS = 1000
SIDE = 180


@dataclass(frozen=True)
class Word:
    """A distribution of one kind of value: its docstring, and each example with its picture."""

    name: str
    kind: Kind
    about: str
    examples: list[tuple[str, Markup]]


def words() -> Iterator[Word]:
    """All distributions, by kind and name; those for every kind of value stand where their examples are."""
    for kind in KINDS:
        for name, cls in sorted(named(kind).items()):
            if shown := list(examples(kind, cls)):
                yield Word(name, kind, inspect.getdoc(cls) or "", shown)


def examples(kind: Kind, cls: type[Distribution]) -> Iterator[tuple[str, Markup]]:
    """The examples that are of this kind, each drawn a thousand times, once per scene."""
    for example in cls.EXAMPLES:
        try:
            value = Value(kind).parse(example)
        except ValueError:  # an example of another kind: `pick` has several
            continue
        drawn = [value.sample(Draw(0, index) / "catalogue") for index in range(DRAWS)]
        yield yaml.safe_dump(example, default_flow_style=True, width=200).strip(), PICTURES[kind](drawn)


def _scalar(drawn: list[Any]) -> Markup:
    values = np.array(drawn, float)
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low - 0.5, high + 0.5, 20) if high - low < 1e-9 else np.linspace(low, high, 33)
    return histogram({"draws": values}, {"draws": SYNTHETIC}, edges, "draws", "value", "share")


def _choice(drawn: list[Any]) -> Markup:
    counts = sorted(Counter(map(str, drawn)).items())
    bars = [
        part
        for row, (name, count) in enumerate(counts)
        for part in (
            rect(90, 8 + 22 * row, 240 * count / len(drawn), 16, fill=SYNTHETIC),
            text(84, 21 + 22 * row, name, text_anchor="end"),
        )
    ]
    return picture(360, 16 + 22 * len(counts), "shares of names", *bars)


def _color(drawn: list[Any]) -> Markup:
    tiles = []
    for number, color in enumerate(drawn[:240]):
        r, g, b = (round(255 * float(c)) for c in encode(np.clip(np.array(color, np.float32), 0, 1)))
        tiles.append(rect(15 * (number % 24), 15 * (number // 24), 15, 15, fill=f"#{r:02x}{g:02x}{b:02x}"))
    return picture(360, 150, "colours drawn", *tiles)


def _position(drawn: list[Any]) -> Markup:
    return scatter(np.array(drawn, float), ("seen from above", "seen from the front"))


def _rotation(drawn: list[Any]) -> Markup:
    tips = np.array([rotation_matrix(one)[:, 0] for one in drawn])
    return scatter(tips, ("where +x goes, from above", "from the front"))


def scatter(points: np.ndarray[Any, np.dtype[np.float64]], names: tuple[str, str]) -> Markup:
    """Points (n, 3) from above (x right, y up) and from the front (x right, z up), at one scale."""
    middle = (points.max(0) + points.min(0)) / 2
    scale = (SIDE - 20) / max(float(np.ptp(points, axis=0).max()), 1e-9)
    parts = []
    for panel, (axis, name) in enumerate(zip((1, 2), names, strict=True)):
        left = panel * (SIDE + 20)
        for point in (points - middle) * scale:
            x, y = left + SIDE / 2 + point[0], SIDE / 2 - point[axis]
            parts.append(element("circle", cx=float(x), cy=float(y), r=1.4, fill=SYNTHETIC, fill_opacity=0.5))
        parts.append(text(left + SIDE / 2, SIDE + 14, name, text_anchor="middle"))
    return picture(2 * SIDE + 20, SIDE + 22, names[0], *parts)


PICTURES: dict[Kind, Callable[[list[Any]], Markup]] = {
    "scalar": _scalar, "choice": _choice, "color": _color, "position": _position, "rotation": _rotation,
}  # fmt: skip
