"""Charts of numbers with their intervals: curves over the number of pictures, and one bar per thing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from generator.report.charts import WIDE
from generator.report.svg import Plot, element, line, number, path, picture, text, ticks
from generator.train.grid import Estimate

NEAR = 26  # pixels below which two marks of an axis would run into each other


@dataclass(frozen=True)
class Trend:
    """One curve: its colour, and at each place the number with its interval. `dashed` is for what was fitted."""

    name: str
    color: str
    x: Sequence[float]
    y: Sequence[Estimate]
    dashed: bool = False


def trends(drawn: Sequence[Trend], title: str, x_name: str, y_name: str, floor: float | None = 0.0) -> Markup:
    """Curves over a logarithmic axis, with a veil over their intervals. `floor` is where the upright axis begins; None:
    a little below the least number."""
    places = sorted({x for one in drawn for x in one.x if x > 0})
    ends = [v for one in drawn for e in one.y for v in e if not np.isnan(v)]
    low = max(0.0, min(ends) - 0.1 * (max(ends) - min(ends))) if floor is None else floor
    high = max(ends) + 0.06 * (max(ends) - low or 1.0)
    plot = Plot((places[0] / 1.12, places[-1] * 1.12), (low, high), width=520, height=300, log_x=True)
    marked = [x for one in drawn if not one.dashed for x in one.x]
    plot = Plot(plot.x, plot.y, 520, 300, log_x=True, marks=_apart(sorted(set(marked)), plot))
    parts = [part for one in drawn for part in _trend(plot, one)]
    return picture(plot.width, plot.height, title, plot.axes(x_name, y_name), *parts)


def _apart(places: Sequence[float], plot: Plot) -> tuple[float, ...]:
    kept: list[float] = []
    for place in reversed(places):
        if not kept or plot.across(kept[-1]) - plot.across(place) > NEAR:
            kept.append(place)
    return tuple(reversed(kept))


def _trend(plot: Plot, one: Trend) -> list[Markup]:
    known = [(x, y) for x, y in zip(one.x, one.y, strict=True) if not np.isnan(y.value)]
    middle = [(plot.across(x), plot.up(y.value)) for x, y in known]
    sure = [(plot.across(x), plot.up(y.low), plot.up(y.high)) for x, y in known if not np.isnan(y.low)]
    parts = []
    if len(sure) > 1:
        around = [(x, high) for x, _, high in sure] + [(x, low) for x, low, _ in reversed(sure)]
        parts.append(path(around, fill=one.color, fill_opacity=0.12, stroke="none"))
    dashes = {"stroke_dasharray": "5 4"} if one.dashed else {}
    parts.append(path(middle, fill="none", stroke=one.color, stroke_width=1.8, stroke_linejoin="round", **dashes))
    if not one.dashed:
        parts += [line(x, low, x, high, stroke=one.color, stroke_width=1.2) for x, low, high in sure]
        parts += [element("circle", cx=x, cy=y, r=3.6, fill=one.color, stroke="#fff") for x, y in middle]
    return parts


@dataclass(frozen=True)
class Span:
    """One row of `spans`: a number with its interval and the single values that it is the mean of."""

    name: str
    color: str
    estimate: Estimate
    values: Sequence[float] = ()
    note: str = ""


def spans(
    rows: Sequence[Span], title: str, x_name: str, zero: float | None = None, bounds: tuple[float, float] | None = None
) -> Markup:
    """Per row a thick line over the interval, an upright one at the number, and small points for the single values.
    `zero` draws a line to compare with."""
    ends = [
        v for row in rows for v in (*row.estimate, *row.values, *([] if zero is None else [zero])) if not np.isnan(v)
    ]
    room = 0.08 * ((max(ends) - min(ends)) or 0.1)
    low, high = bounds or (min(ends) - room, max(ends) + room)
    left, step, width = 190, 30, WIDE
    reach = (width - left - 190) / ((high - low) or 1.0)

    def at(value: float) -> float:
        return left + (min(max(value, low), high) - low) * reach

    height = len(rows) * step + 6
    parts = [part for value in ticks(low, high, 8) for part in (
        line(at(value), 0, at(value), height, class_="grid"),
        text(at(value), height + 16, number(value), text_anchor="middle"))]  # fmt: skip
    if zero is not None:
        parts.append(line(at(zero), 0, at(zero), height, class_="axis"))
    for k, row in enumerate(rows):
        y = k * step + step / 2
        value, below, above = row.estimate
        parts.append(text(left - 12, y + 4, row.name, text_anchor="end", class_="name"))
        if not np.isnan(below):
            parts.append(line(at(below), y, at(above), y, stroke=row.color, stroke_opacity=0.35, stroke_width=10))
        parts.append(line(at(value), y - 9, at(value), y + 9, stroke=row.color, stroke_width=2.5))
        parts += [element("circle", cx=at(v), cy=y, r=3.2, fill=row.color, stroke="#fff") for v in row.values]
        parts.append(text(left + (high - low) * reach + 14, y + 4, f"{shown(row.estimate)}{row.note}"))
    parts.append(text(left + (high - low) * reach / 2, height + 34, x_name, text_anchor="middle", class_="name"))
    return picture(width, height + 40, title, *parts)


def shown(one: Estimate, sign: bool = False, digits: int = 3) -> str:
    """``0.312 [0.290, 0.334]``; the number alone where there is no interval; a dash where there is no number."""
    if np.isnan(one.value):
        return "–"
    form = f"{'+' if sign else ''}.{digits}f"
    return f"{one.value:{form}}" + ("" if np.isnan(one.low) else f" [{one.low:{form}}, {one.high:{form}}]")
