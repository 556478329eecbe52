"""Inline SVG, element by element. Everything is escaped; fonts and inks come from the page's style sheet."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Scale = Callable[[float], float]


def element(name: str, *children: str, **attributes: object) -> Markup:
    """``element("text", "hi", x=3, font_size=9)``; `class_` gives the attribute ``class``."""
    inner = Markup("").join(children)
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(_short(it))}"' for key, it in attributes.items())
    return Markup(f"<{name}{written}>{inner}</{name}>")


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def picture(width: int, height: float, title: str, *children: str) -> Markup:
    """A whole chart. It shrinks with the page but never grows beyond its natural size."""
    return element("svg", element("title", escape(title)), *children, viewBox=f"0 0 {width} {height:.0f}", role="img",
                   class_="chart", style=f"max-width:{width}px")  # fmt: skip


def text(x: float, y: float, words: object, **attributes: object) -> Markup:
    return element("text", escape(words), x=float(x), y=float(y), **attributes)


def line(x0: float, y0: float, x1: float, y1: float, **attributes: object) -> Markup:
    return element("line", x1=float(x0), y1=float(y0), x2=float(x1), y2=float(y1), **attributes)


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> Markup:
    return element("rect", x=float(x), y=float(y), width=max(0.0, float(width)), height=max(0.0, float(height)),
                   **attributes)  # fmt: skip


def path(points: Sequence[tuple[float, float]], **attributes: object) -> Markup:
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), **attributes)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers within [low, high]: steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(span / wanted))
    step = next(power * k for k in (1, 2, 5, 10) if span / (power * k) <= wanted + 1e-9)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def number(value: float, percent: bool = False) -> str:
    return f"{100 * value:g} %" if percent else f"{value:,.4g}"


@dataclass(frozen=True)
class Plot:
    """A rectangle with two axes, from data to pixels. `log` makes the upright axis logarithmic, `log_x` the other one,
    which is then marked at `marks`."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = 460
    height: int = 240
    log: bool = False
    left: int = 66
    bottom: int = 42
    log_x: bool = False
    marks: tuple[float, ...] = ()

    def across(self, value: float) -> float:
        low, high, value = (math.log10(max(v, 1e-9)) if self.log_x else v for v in (*self.x, value))
        span = (high - low) or 1.0
        return self.left + (value - low) / span * (self.width - self.left - 12)

    def up(self, value: float) -> float:
        low, high, value = (math.log10(max(v, 1e-9)) if self.log else v for v in (*self.y, value))
        return 12 + (high - value) / ((high - low) or 1.0) * (self.height - 12 - self.bottom)

    def axes(self, x_name: str, y_name: str, x_percent: bool = False, y_percent: bool = False) -> Markup:
        floor, right = self.height - self.bottom, self.width - 12
        parts = [line(self.left, floor, right, floor, class_="axis")]
        for value in self._rungs():
            y = self.up(value)
            parts += [line(self.left, y, right, y, class_="grid"),
                      text(self.left - 7, y + 4, number(value, y_percent), text_anchor="end")]  # fmt: skip
        for value in self.marks or ticks(*self.x):
            x = self.across(value)
            parts += [line(x, floor, x, floor + 4, class_="axis"),
                      text(x, floor + 17, number(value, x_percent), text_anchor="middle")]  # fmt: skip
        middle = (12 + floor) / 2
        parts += [
            text((self.left + right) / 2, self.height - 6, x_name, text_anchor="middle", class_="name"),
            text(11, middle, y_name, text_anchor="middle", class_="name", transform=f"rotate(-90 11 {middle:.0f})"),
        ]
        return Markup("").join(parts)

    def _rungs(self) -> list[float]:
        if not self.log:
            return ticks(*self.y)
        powers = range(math.floor(math.log10(self.y[0])), math.ceil(math.log10(self.y[1])) + 1)
        marks = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        return [value for value in marks if self.y[0] <= value <= self.y[1]]
