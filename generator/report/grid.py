"""A section about many results: a table with intervals, paired differences, and curves over the number of pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from generator.report import charts
from generator.report.statistics import Figure
from generator.report.trends import Span, Trend, shown, spans, trends
from generator.train.grid import Cell, Estimate, Grid
from generator.train.result import Result, Where
from generator.train.saving import Growth, Saved, growth, label_curve, savings

NONE = "–"
ENOUGH = 10  # scenes from which on percentile intervals can be believed
COLORS = {**charts.COLORS, "finetune": "#2563a8", "replay": "#a8325e"}
ORDER = ("real", "synthetic", "mixed", "finetune", "replay")
TESTS: dict[Where, str] = {"real": "real test photographs", "synthetic": "painted validation frames"}


@dataclass(frozen=True)
class Row:
    """One cell of the table, as text."""

    arm: str
    color: str
    real: str
    synthetic: str
    seeds: int
    ap: str
    interval: str
    spread: str
    others: tuple[str, ...]


def grid(results: Sequence[Result], where: Where = "real", times: int = 500) -> Markup:
    """The section as HTML; one table for each run among the results. Empty markup where nothing was judged there.

    `times` is the number of resamples. DatasetError for results of one run that were judged on different pictures.
    """
    runs = sorted({one.run for one in results if where in one.scores})
    made = [Grid.of([one for one in results if one.run == run], where, times=times) for run in runs]
    if not made:
        return Markup("")
    tables = [_table(name, one) for name, one in zip(runs, made, strict=True)]
    return Markup(environment().get_template("grid.jinja").render(tables=tables))


def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters["count"] = lambda value: f"{value:,.0f}"
    return found


def _table(name: str, one: Grid) -> dict[str, Any]:
    cells = ordered(one.cells)
    known = [] if np.isnan(one.values(cells[0])).any() else cells  # there is nothing to find: no number of any cell
    saved = [row for arm in dict.fromkeys(cell.arm for cell in known) for row in savings(one, arm)]
    grown = [found for arm in dict.fromkeys(cell.arm for cell in known) if (found := growth(one, arm))]
    pairs = [(better, than) for better, than in compared(known)]
    gains = [(f"{better.arm} − {than.arm}", color(better.arm), one.gain(better, than)) for better, than in pairs]
    return {
        "name": name,
        "kind": "box" if one.kind == "bbox" else "mask",
        "test": TESTS[one.where],
        "pictures": one.judged(cells[0]).images,
        "scenes": one.scenes,
        "rows": [_row(one, cell) for cell in cells],
        "chart": _bars(one, known) if known else None,
        "gains": spans([Span(*gain) for gain in gains], "Differences of arms", "difference of AP", 0.0)
        if gains
        else None,
        "curves": [*(_label_curves(one) if known else []), *map(_growth, grown)],
        "savings": [_saved(row) for row in saved],
        "findings": [*_warned(one), *(_found(*gain) for gain in gains), *map(_worth, _telling(saved)),
                     *(f"{found.arm}: {found.verdict}" for found in grown)],
    }  # fmt: skip


def ordered(cells: dict[Cell, list[int]]) -> list[Cell]:
    """Arms in the order of a story, each from the least it was given to the most."""
    place = {arm: k for k, arm in enumerate(ORDER)}
    return sorted(cells, key=lambda cell: (place.get(cell.arm, len(place)), cell.arm, cell.real, cell.synthetic))


def color(arm: str) -> str:
    return COLORS.get(arm, charts.OTHER)


def compared(cells: Sequence[Cell]) -> Iterator[tuple[Cell, Cell]]:
    """Every arm against the real one, and those that use both against the synthetic one, with all they can get."""
    whole = [cell for cell in cells if cell.real == cell.synthetic == 1]
    for than in ("real", "synthetic"):
        for base in (cell for cell in whole if cell.arm == than):
            yield from (
                (cell, base) for cell in whole if cell.arm != than and (than, cell.arm) != ("synthetic", "real")
            )


def _row(one: Grid, cell: Cell) -> Row:
    values, estimate = one.values(cell), one.ap(cell)
    found = [one.results[k].scores[one.where].box for k in one.cells[cell]]
    others = [[p.ap50 for p in found], *([p.sizes.get(size) for p in found] for size in ("small", "medium", "large"))]
    return Row(
        arm=cell.arm,
        color=color(cell.arm),
        real=_used(one, cell, "real"),
        synthetic=_used(one, cell, "synthetic"),
        seeds=len(values),
        ap=_number(estimate.value),
        interval=NONE if np.isnan(estimate.low) else f"{estimate.low:.3f} – {estimate.high:.3f}",
        spread=f"{stdev(values):.3f}" if len(values) > 1 else NONE,
        others=tuple(_number(_mean(some)) for some in others),
    )


def _used(one: Grid, cell: Cell, source: str) -> str:
    count = one.size(cell, source)
    share = cell.real if source == "real" else cell.synthetic
    return "none" if not count else f"{count:,}" if share == 1 else f"{count:,} ({share:.0%})"


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return fmean(known) if known else float("nan")


def _number(value: float) -> str:
    return NONE if np.isnan(value) else f"{value:.3f}"


def _bars(one: Grid, cells: Sequence[Cell]) -> Markup:
    rows = [Span(_named(one, cell), color(cell.arm), one.ap(cell), one.values(cell)) for cell in cells]
    return spans(rows, "Average precision with intervals", "average precision")


def _named(one: Grid, cell: Cell) -> str:
    part = f", {one.size(cell, 'real')} real" if cell.real < 1 else ""
    return cell.arm + part + (f", {one.size(cell, 'synthetic')} synth." if cell.synthetic < 1 else "")


def _label_curves(one: Grid) -> list[Figure]:
    """One chart over the number of labelled photographs; what uses none of them is a level line."""
    curves = {arm: label_curve(one, arm) for arm in ORDER if arm != "synthetic"}
    curves = {arm: cells for arm, cells in curves.items() if len(cells) > 1}
    if not curves:
        return []
    drawn = [
        Trend(arm, color(arm), [one.size(cell, "real") for cell in cells], [one.ap(cell) for cell in cells])
        for arm, cells in curves.items()
    ]
    ends = [min(min(trend.x) for trend in drawn), max(max(trend.x) for trend in drawn)]
    if Cell("synthetic") in one.cells:
        alone = one.ap(Cell("synthetic"))
        drawn.append(Trend("synthetic alone", color("synthetic"), ends, [alone, alone], dashed=True))
    return [
        Figure(
            "How many labels the synthetic pictures save",
            trends(drawn, "AP over labelled photographs", "labelled real photographs", "AP"),
            "Average precision against the number of labelled photographs that an arm was given; veils are 95 % "
            "intervals. How far a curve lies to the left of the real one is what it saves.",
            charts.legend({trend.name: trend.color for trend in drawn}),
        )
    ]


def _growth(found: Growth) -> Figure:
    """Errors over the number of synthetic pictures, and the fit beyond them."""
    sizes = np.geomspace(found.sizes[0], 4 * found.sizes[-1], 30).tolist()
    level = Estimate(found.law.floor, float("nan"), float("nan"))
    fit = [Estimate(found.law(n), float("nan"), float("nan")) for n in sizes]
    drawn = [
        Trend(f"{found.arm}, measured", color(found.arm), found.sizes, found.errors),
        Trend("fit", "#1b1f24", sizes, fit, dashed=True),
        Trend("floor", charts.OTHER, [sizes[0], sizes[-1]], [level, level], dashed=True),
    ]
    return Figure(
        f"Would more synthetic pictures help? ({found.arm})",
        trends(drawn, "Error over synthetic pictures", "synthetic pictures", "error, 1 − AP", None),
        f"Error {found.law.scale:.3g} · n^−{found.law.exponent:.2f} + {found.law.floor:.3f}, fitted to the points and "
        "drawn to four times the largest number. The floor is what more of the same pictures cannot take away."
        + ("" if found.law.determined else " The points do not determine the exponent: more sizes are needed."),
        charts.legend({trend.name: trend.color for trend in drawn}),
    )


def _saved(row: Saved) -> dict[str, str]:
    signs = {">": "more than ", "<": "fewer than ", "": ""}
    return {
        "arm": row.arm,
        "color": color(row.arm),
        "pictures": f"{row.pictures:,}",
        "equal": f"{signs[row.bound]}{row.equal.value:,.0f}",
        "interval": NONE if np.isnan(row.equal.low) else _between(row.equal.low, row.equal.high, row.most),
        "gain": shown(row.gain, True) if row.gain else NONE,
    }


def _between(low: float, high: float, most: int) -> str:
    """Numbers of pictures; the curve ends at `most`, so that an end there says no more than that it lies beyond."""
    above = f"more than {most:,}" if high >= most else f"{high:,.0f}"
    return above if low >= most else f"{low:,.0f} – {above}"


def _telling(saved: Sequence[Saved]) -> list[Saved]:
    """Of each arm the point with the fewest photographs."""
    least: dict[str, Saved] = {}
    for row in saved:
        least.setdefault(row.arm, row)
    return list(least.values())


def _worth(row: Saved) -> str:
    text = _saved(row)
    sure = "" if text["interval"] == NONE else f" (95 %: {text['interval']})"
    return (
        f"{row.arm}: with {text['pictures']} labelled photographs it does as well as the real arm with "
        f"{text['equal']}{sure}."
    )


def _warned(one: Grid) -> list[str]:
    """What makes intervals too narrow. In simulated runs whose seeds differ by 0.03 AP, those of one seed and 40 scenes
    held the truth in 7 of 10, those of three seeds in 9."""
    said = []
    if 2 <= one.scenes < ENOUGH:
        said.append(f"Beware: only {one.scenes} test scenes. Intervals from so few are too narrow themselves.")
    lone = [_named(one, cell) for cell in ordered(one.cells) if len(one.cells[cell]) == 1]
    if lone and one.scenes > 1:
        told = "every arm" if len(lone) == len(one.cells) else "; ".join(lone)
        said.append(
            f"Beware: one seed alone of {told}. Such intervals tell of other test scenes only; another seed may move "
            "the number, and its differences, further."
        )
    return said


def _found(name: str, _: str, gain: Estimate) -> str:
    if np.isnan(gain.low):
        return f"{name}: {shown(gain, True)} AP; one test scene cannot say how sure that is."
    if gain.sure:
        return f"{name}: {shown(gain, True)} AP, a difference that other test scenes would very likely show too."
    return f"{name}: {shown(gain, True)} AP: the interval holds zero, so this test set does not tell them apart."
