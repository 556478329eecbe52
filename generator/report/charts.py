"""The charts of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from generator.report.svg import Plot, element, line, number, path, picture, rect, text, ticks

SYNTHETIC, REAL, MIXED, OTHER = "#0f766e", "#c2571a", "#6d4bb0", "#64748b"
COLORS = {"synthetic": SYNTHETIC, "mixed": MIXED, "real": REAL}
PALETTE = ("#0f766e", "#c2571a", "#6d4bb0", "#b8860b", "#2563a8", "#a8325e", "#5b7f2b", "#64748b", "#8d5a3b")
Numbers = NDArray[np.float64]
FEW, WIDE = 150, 1060


@dataclass(frozen=True)
class Curve:
    """One line of a chart: what it is called, its colour, its points; and the one of them to mark, if any."""

    name: str
    color: str
    x: Sequence[float]
    y: Sequence[float]
    marked: tuple[float, float] | None = None


def curves(drawn: Sequence[Curve], title: str, x_name: str, y_name: str, log: bool = False) -> Markup:
    """Lines over common axes."""
    heights = [y for curve in drawn for y in curve.y]
    low = max(min(heights) * 0.9, 1e-6) if log else 0.0
    last = max(x for curve in drawn for x in curve.x)
    plot = Plot((0, last), (low, max(heights) * 1.05 or 1.0), log=log)
    lines = [
        path([(plot.across(x), plot.up(y)) for x, y in zip(curve.x, curve.y, strict=True)], fill="none",
             stroke=curve.color, stroke_width=1.6, stroke_opacity=0.8,
             stroke_linejoin="round")
        for curve in drawn
    ]  # fmt: skip
    marks = [
        element("circle", cx=plot.across(x), cy=plot.up(y), r=4.5, fill=curve.color, stroke="#fff")
        for curve in drawn if curve.marked for x, y in [curve.marked]
    ]  # fmt: skip
    return picture(plot.width, plot.height, title, plot.axes(x_name, y_name), *lines, *marks)


def smoothed(values: Sequence[float], points: int = 150) -> tuple[list[float], list[float]]:
    """Means over at most `points` equal stretches, and the step in the middle of each."""
    size = max(1, -(-len(values) // points))
    stretches = [values[k : k + size] for k in range(0, len(values), size)]
    middles = [k * size + (len(part) + 1) / 2 for k, part in enumerate(stretches)]
    return middles, [float(np.mean(part)) for part in stretches]


def histogram(
    series: Mapping[str, Numbers], colors: Mapping[str, str], edges: Numbers, title: str, x_name: str, y_name: str,
    percent: bool = True,
) -> Markup:  # fmt: skip
    """Shares per bin, overlaid: each series adds up to 100 %, so sets of different sizes can be compared."""
    shares = {name: np.histogram(values, edges)[0] / max(len(values), 1) for name, values in series.items()}
    top = max(float(share.max(initial=0)) for share in shares.values()) * 1.08 or 1.0
    plot = Plot((float(edges[0]), float(edges[-1])), (0.0, top))
    parts = [plot.axes(x_name, y_name, percent, True)]
    for name, share in shares.items():
        corners = [(plot.across(float(edges[0])), plot.up(0))]
        for k, value in enumerate(share):
            corners += [(plot.across(float(edge)), plot.up(float(value))) for edge in edges[k : k + 2]]
        corners.append((plot.across(float(edges[-1])), plot.up(0)))
        parts.append(path(corners, fill=colors[name], fill_opacity=0.16, stroke=colors[name], stroke_width=1.5))
    return picture(plot.width, plot.height, title, *parts)


def places(points: Numbers, aspect: float, color: str, title: str, width: int = 300) -> Markup:
    """Where points (n, 2), as shares of width and height, lie on a picture: dots, or a map of counts where there are
    many. `aspect` is height / width."""
    height = width * aspect
    frame = rect(0.5, 0.5, width - 1, height - 1, fill="none", class_="axis")
    if len(points) <= FEW:
        spots = [element("circle", cx=x * width, cy=y * height, r=4.0, fill=color, fill_opacity=0.6) for x, y in points]
        return picture(width, height, title, *spots, frame)
    columns = int(np.clip(np.sqrt(len(points) / (8 * aspect)), 6, 24))
    rows = max(1, round(columns * aspect))
    counts = np.histogram2d(points[:, 1], points[:, 0], (rows, columns), ((0, 1), (0, 1)))[0]
    across, down = width / columns, height / rows
    cells = [
        rect(column * across, row * down, across + 0.3, down + 0.3, fill=color,
             fill_opacity=float(counts[row, column] / counts.max()))
        for row, column in np.argwhere(counts > 0)
    ]  # fmt: skip
    return picture(width, height, title, *cells, frame)


@dataclass(frozen=True)
class TagShares:
    """How often a tag occurs, as shares of the frames at each stage (None: not known), and its limits."""

    tag: str
    shares: Mapping[str, float | None]
    cap: float | None = None
    floor: float | None = None


TAG_COLORS = {"looked": "#cbd5e1", "planned": "#94a3b8", "painted": "#5eb5ab", "kept": SYNTHETIC}


def tags(rows: Sequence[TagShares], title: str) -> Markup:
    """Per tag one bar for each stage, with the cap (solid line) and the floor (dashed line) that it must keep."""
    left, width, bar, gap = 150, WIDE, 9, 20
    known = [value for row in rows for value in (*row.shares.values(), row.cap, row.floor) if value is not None]
    top = min(1.0, max([0.05, *known]) * 1.08)
    reach = (width - left - 60) / top
    height = sum(len(row.shares) * (bar + 2) + gap for row in rows)
    parts, y = [], 8.0
    for value in ticks(0, top, 8):
        x = left + value * reach
        parts += [line(x, 4, x, height, class_="grid"),
                  text(x, height + 16, number(value, True), text_anchor="middle")]  # fmt: skip
    for row in rows:
        parts.append(_tag(row, y, left, bar, reach))
        y += len(row.shares) * (bar + 2) + gap
    return picture(width, height + 24, title, *parts)


def _tag(row: TagShares, y: float, left: int, bar: int, reach: float) -> Markup:
    tall = len(row.shares) * (bar + 2)
    parts = [text(left - 12, y + tall / 2 + 4, row.tag, text_anchor="end", class_="name")]
    for order, (stage, share) in enumerate(row.shares.items()):
        at = y + order * (bar + 2)
        if share is not None:
            parts += [rect(left, at, max(share * reach, 1), bar, fill=TAG_COLORS[stage], rx=1.5),
                      text(left + share * reach + 6, at + bar - 0.5, f"{share:.1%}", class_="small")]  # fmt: skip
    for limit, name in ((row.cap, "cap"), (row.floor, "floor")):
        if limit is not None:
            x = left + limit * reach
            parts += [line(x, y - 4, x, y + tall + 2, class_=name),
                      text(x + (4 if name == "cap" else -4), y - 1, f"{name} {limit:.0%}", class_=f"small {name}",
                           text_anchor="start" if name == "cap" else "end")]  # fmt: skip
    return Markup("").join(parts)


def stages(seconds: Mapping[str, float], title: str) -> Markup:
    """One bar per stage, longest first, and the seconds beside it."""
    width, left, bar = WIDE, 150, 20
    ordered = sorted(seconds.items(), key=lambda pair: -pair[1])
    total, reach = sum(seconds.values()) or 1.0, (width - left - 150) / (max(seconds.values(), default=0) or 1.0)
    parts = []
    for k, (stage, spent) in enumerate(ordered):
        y = k * (bar + 8) + 4
        parts += [
            text(left - 12, y + 15, stage, text_anchor="end", class_="name"),
            rect(left, y, max(spent * reach, 1), bar, fill=SYNTHETIC, rx=2),
            text(left + spent * reach + 8, y + 15, f"{spent:.3g} s ({spent / total:.0%})"),
        ]
    return picture(width, len(ordered) * (bar + 8) + 6, title, *parts)


def dots(rows: Sequence[tuple[str, str, Sequence[float]]], title: str, x_name: str) -> Markup:
    """Per row (name, colour, values) a point for each seed and a bar at their mean, on a scale from 0 to 1."""
    width, left, step = WIDE, 150, 34
    height = len(rows) * step + 6
    reach = width - left - 60
    parts = []
    for value in ticks(0, 1, 10):
        x = left + value * reach
        parts += [line(x, 0, x, height, class_="grid"),
                  text(x, height + 16, number(value), text_anchor="middle")]  # fmt: skip
    for k, (name, color, values) in enumerate(rows):
        y = k * step + step / 2
        mean = left + float(np.mean(values)) * reach
        parts += [text(left - 12, y + 4, name, text_anchor="end", class_="name"),
                  line(left, y, mean, y, stroke=color, stroke_opacity=0.35, stroke_width=10),
                  line(mean, y - 9, mean, y + 9, stroke=color, stroke_width=2.5)]  # fmt: skip
        places = [left + float(value) * reach for value in values]
        parts += [element("circle", cx=x, cy=y, r=4.5, fill=color, fill_opacity=0.75, stroke="#fff") for x in places]
    parts.append(text(left + reach / 2, height + 36, x_name, text_anchor="middle", class_="name"))
    return picture(width, height + 42, title, *parts)


def legend(entries: Mapping[str, str]) -> Markup:
    """Names with their colours, as HTML."""
    items = [
        element("span", element("i", style=f"background:{color}"), escape(name)) for name, color in entries.items()
    ]
    return element("span", *items, class_="legend")
