"""The section and the page of `generator gap`: how far synthetic pictures are from real ones."""

from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from pydantic import ValidationError

from generator.base.errors import DatasetError
from generator.dataset.atomic import write_bytes
from generator.report import charts
from generator.report.grid import environment
from generator.report.trends import Span, spans
from generator.train.gap import VIEWS, Fact, Gap
from generator.train.grid import Estimate
from generator.train.spectrum import EDGES

NAME = "gap.json"
MOST_FACTS = 12


def read_gap(path: Path) -> Gap | None:
    """None where there is none. DatasetError for a damaged file."""
    try:
        return Gap.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); delete it and run `generator gap` again") from error


def gap_section(found: Gap) -> Markup:
    """As HTML."""
    return Markup(environment().get_template("gap.jinja").render(told(found)))


def write_gap(path: Path, found: Gap) -> None:
    """Write a page of its own; it loads nothing and runs no script."""
    page = environment().get_template("gap_page.jinja").render(section=gap_section(found), gap=found)
    write_bytes(path, page.encode())


def told(found: Gap) -> dict[str, Any]:
    rows = []
    for name, view in found.views.items():
        for who, color, one in (
            ("synthetic", charts.SYNTHETIC, view.synthetic),
            ("real halves", charts.REAL, view.real),
        ):
            rows.append(Span(f"{name}: {who}", color, Estimate(one.value, one.low, one.high)))
    curves = [
        charts.Curve(
            name, color, np.sqrt(EDGES[:-1] * EDGES[1:]).tolist(), [value + 8 for value in found.spectra[name]]
        )
        for name, color in (("real", charts.REAL), ("synthetic", charts.SYNTHETIC))
    ]
    return {
        "gap": found,
        "chart": spans(
            rows, "How surely a classifier tells the sets apart", "area under the ROC curve", 0.5, (0.0, 1.0)
        ),
        "meanings": {name: VIEWS[name] for name in found.views},
        "conclusion": conclusion(found),
        "facts": found.facts[:MOST_FACTS],
        "spectrum": charts.curves(curves, "Mean power spectrum", "cycles per pixel", "log10 of power, shifted"),
        "legend": charts.legend({"real": charts.REAL, "synthetic": charts.SYNTHETIC}),
    }


def conclusion(found: Gap) -> list[str]:
    """What follows, in words."""
    apart = [name for name, view in found.views.items() if view.differs]
    alike = [name for name in found.views if name not in apart]
    said = []
    if apart:
        said.append(f"Told apart more surely than real scenes are from each other: {', '.join(apart)}.")
    if alike:
        said.append(
            f"Not told apart more surely than real scenes are from each other: {', '.join(alike)}. There the gap, if "
            "there is one, is within what real scenes differ by."
        )
    strange = [fact for fact in found.facts if excess(fact) > 0.15]
    if strange:
        said.append(
            "Numbers that differ most beyond that: "
            + "; ".join(
                f"{fact.name}, {fact.synthetic:.3g} on average against {fact.real:.3g} in reality"
                for fact in strange[:4]
            )
            + ". The verb fit-ranges can set counts, sizes, places and exposure."
        )
    return said


def excess(fact: Fact) -> float:
    return fact.distance - fact.baseline
