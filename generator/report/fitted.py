"""The page of `fit-ranges`: histograms of the real set and of the scene before and after, and what was changed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from generator.dataset.atomic import write_bytes
from generator.fitting.measures import Measured, Numbers, words
from generator.fitting.rounds import Fitted, Row
from generator.report.charts import OTHER, REAL, SYNTHETIC, histogram, legend

BINS, TAIL = 24, 0.005
UNIT = ("x", "y", "overlap")  # statistics between 0 and 1


@dataclass(frozen=True)
class Pair:
    """One statistic: the scene before and after, each over the real set."""

    title: str
    row: Row
    charts: tuple[Markup, Markup]


def write_fitted(path: Path, scene: str, labels: str, fitted: Fitted) -> None:
    """Write the page; it loads nothing and runs no script."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    pairs = [pair(row, fitted) for row in fitted.rows]
    names = {"real": REAL, "before": OTHER, "after": SYNTHETIC}
    page = environment.get_template("fitted.jinja").render(
        scene=scene,
        labels=labels,
        fitted=fitted,
        pairs=pairs,
        legend=legend(names),
        mean=means(fitted.rows),
        close=sum(row.fits for row in fitted.rows),
    )
    write_bytes(path, page.encode())


def means(rows: tuple[Row, ...]) -> tuple[float, float]:
    """Mean distance before and after, of the statistics that both have."""
    both = [(row.before, row.after) for row in rows if np.isfinite(row.before)]
    before, after = np.mean(both, axis=0) if both else (np.nan, np.nan)
    return float(before), float(after)


def pair(row: Row, fitted: Fitted) -> Pair:
    sets = (fitted.real, fitted.before, fitted.after)
    edges, kind = bins(row.key, [one.get(row.key) for one in sets]), row.key.partition(".")[0]
    of = "pictures" if kind == "count" or "." not in row.key else "objects"
    drawn = [_chart(fitted.real, one, row.key, name, edges, f"share of {of}")
             for name, one in (("before", fitted.before), ("after", fitted.after))]  # fmt: skip
    return Pair(words(row.key), row, (drawn[0], drawn[1]))


def _chart(real: Measured, one: Measured, key: str, name: str, edges: Numbers, y_name: str) -> Markup:
    """What lies beyond the edges counts in the outermost bins."""
    low, high = (edges[0] + edges[1]) / 2, (edges[-2] + edges[-1]) / 2
    series = {"real": np.clip(real.get(key), low, high), name: np.clip(one.get(key), low, high)}
    colors = {"real": REAL, name: OTHER if name == "before" else SYNTHETIC}
    return histogram(series, colors, edges, f"{words(key)}: {name}", f"{words(key)} ({name})", y_name, False)


def bins(key: str, sets: list[Numbers]) -> Numbers:
    """Common edges: between whole numbers for counts, over 0 to 1 for places, else over all but the tails."""
    every = np.concatenate(sets)
    kind = key.partition(".")[0]
    if kind == "count":
        step = -(-(int(every.max(initial=0)) + 1) // BINS)
        return np.arange(0, every.max(initial=0) + 1 + step, step) - 0.5
    if kind in UNIT:
        return np.linspace(0, 1, BINS + 1)
    low, high = np.quantile(every, (TAIL, 1 - TAIL))
    return np.linspace(0 if kind == "size" else low, max(high, low + 1e-3), BINS + 1)
