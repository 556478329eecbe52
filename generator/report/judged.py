"""What stored results say beyond one number: by tag, by class, across domains, what was seen and what forgotten."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from pydantic import ValidationError

from generator.base.errors import DatasetError
from generator.dataset.examples import Source
from generator.dataset.subset import keys_of
from generator.report import charts
from generator.report.depths import depth_rows
from generator.report.gap import NAME as GAP
from generator.report.gap import gap_section, read_gap
from generator.report.grid import TESTS, color, grid, ordered
from generator.report.statistics import Figure
from generator.report.trends import Span, spans
from generator.report.worst import Worst, worst
from generator.train.comparing import Matrix
from generator.train.forgetting import Forgetting
from generator.train.grid import Cell, Grid
from generator.train.matching import RECALLS
from generator.train.result import Judged, Result, read_all
from generator.train.score import Evaluation

TIMES, MOST_TAGS = 300, 12


@dataclass(frozen=True)
class Confusion:
    """Counts of one detector; `shares` of each row, for the colour of the cells."""

    arm: str
    threshold: float
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Seen:
    """How often the examples of a source were shown in one training."""

    name: str
    source: str
    pictures: int
    least: int
    median: float
    most: int
    never: int


def judgements(run: Path | None, test: Source | None) -> dict[str, Any]:
    """Everything the template `judged.jinja` shows; parts are empty where there is nothing to tell. `run` is None where
    its detectors are not at hand."""
    folder = run or Path()
    results = read_all([folder / "train"]) if run and (folder / "train").is_dir() else []
    whole = [one for one in results if one.real_share == one.synthetic_share == 1 and "real" in one.scores]
    made = Grid.of(whole, times=TIMES) if whole else None
    first = firsts(whole)
    return {
        "grid": grid(results),
        "depths": depth_rows(results, run),
        "matrix": domains(results),
        "tags": by_tag(made) if made else None,
        "classes": by_class(first),
        "confusions": [_confusion(one) for one in first],
        "curves": precision_recall(first),
        "worst": [(one.arm, found) for one in first if (found := _worst(folder, one, test))],
        "forgotten": _forgotten(folder, results),
        "seen": _seen(folder, results),
        "gap": gap_section(looked) if run and (looked := read_gap(folder / GAP)) else None,
    }


def firsts(results: Sequence[Result]) -> list[Result]:
    """Of every arm the first seed: never the one that did best."""
    found: dict[str, Result] = {}
    for one in sorted(results, key=lambda one: one.seed):
        found.setdefault(one.arm, one)
    place = [cell.arm for cell in ordered({Cell(arm): [] for arm in found})]
    return [found[arm] for arm in place]


def domains(results: Sequence[Result]) -> Matrix | None:
    """Mean box AP of every arm (rows) on photographs and on painted frames; None unless it was judged on both."""
    found: dict[str, dict[str, list[float]]] = {}
    for one in results:
        if one.real_share == one.synthetic_share == 1:
            for where, judged in one.scores.items():
                if judged.box.ap is not None:
                    found.setdefault(one.arm, {}).setdefault(where, []).append(judged.box.ap)
    if not any(len(row) > 1 for row in found.values()):
        return None
    rows = ordered({Cell(arm): [] for arm in found})
    return Matrix(
        ap={
            cell.arm: {where: float(np.mean(found[cell.arm][where])) if where in found[cell.arm] else None
                       for where in TESTS}
            for cell in rows
        }
    )  # fmt: skip


def by_tag(made: Grid) -> dict[str, Any] | None:
    """A chart of every arm on every tag's pictures, and the mean over tags; None without tags."""
    counts = {tag: len(some) for tag, some in made.results[0].scores[made.where].tags.items() if some}
    tags = sorted(counts, key=lambda tag: (-counts[tag], tag))[:MOST_TAGS]
    if not tags:
        return None
    cells, parts = ordered(made.cells), {tag: made.only(tag) for tag in tags}
    rows = [
        Span(f"{tag} ({counts[tag]}): {cell.arm}", color(cell.arm), parts[tag].ap(cell))
        for tag in tags for cell in cells
    ]  # fmt: skip
    known = [row for row in rows if not np.isnan(row.estimate.value)]
    macro = {cell.arm: shown_mean([parts[tag].ap(cell).value for tag in tags]) for cell in cells}
    chart = spans(known, "Average precision by tag", "average precision") if known else Markup("")
    return {"chart": chart, "macro": macro, "legend": charts.legend({cell.arm: color(cell.arm) for cell in cells})}


def shown_mean(values: Sequence[float]) -> str:
    known = [value for value in values if not np.isnan(value)]
    return f"{np.mean(known):.3f}" if known else "–"


def by_class(first: Sequence[Result]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Per class the AP of every arm's first seed."""
    if not first:
        return []
    names = first[0].scores["real"].classes
    return [
        (name, [(one.arm, _number(one.scores["real"].box.classes.get(name))) for one in first]) for name in names
    ]  # fmt: skip


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _confusion(one: Result) -> Confusion:
    judged = one.scores["real"]
    counts = np.array(judged.confusion, float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return Confusion(one.arm, judged.threshold, judged.classes, judged.confusion, tuple(map(tuple, shares.tolist())))


def precision_recall(first: Sequence[Result]) -> list[Figure]:
    """A chart per class of the curves at an overlap of 0.5."""
    if not first:
        return []
    figures = []
    for k, name in enumerate(first[0].scores["real"].classes):
        drawn = [
            charts.Curve(one.arm, color(one.arm), RECALLS.tolist(), curve)
            for one in first
            if (curve := _curve(one.scores["real"], k))
        ]
        if drawn:
            figures.append(Figure(
                name, charts.curves(drawn, f"Precision over recall of {name}", "recall", "precision"),
                "Precision at each share of the objects found, at an overlap of at least 0.5.",
                charts.legend({one.name: one.color for one in drawn}),
            ))  # fmt: skip
    return figures


def _curve(judged: Judged, k: int) -> list[float]:
    """Precision at recalls 0:0.01:1; empty where there is nothing to find."""
    cell = judged.matches["bbox"].matches().cells["all"][k]
    precision = cell.precision(np.ones(judged.images))[0]
    return [] if (precision < 0).any() else precision.tolist()


def _worst(folder: Path, one: Result, test: Source | None) -> list[Worst]:
    path = folder / "train" / one.name / "evaluation.json"
    if test is None or not path.exists():
        return []
    try:
        evaluation = Evaluation.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); delete the damaged file and evaluate again") from error
    if keys_of(test) != [found.key for found in evaluation.detections]:
        raise DatasetError(f"{path}: is of other pictures than `real.test` names now; run `train` again, to judge them")
    return worst(test, evaluation, one.scores["real"].scenes)


def _forgotten(folder: Path, results: Sequence[Result]) -> list[tuple[str, Forgetting]]:
    """Of every detector that was fine-tuned: per source and class, AP before and after."""
    found = []
    for one in results:
        path = folder / "train" / one.name / "forgetting.json"
        if path.exists():
            found.append((one.name, _read(path)))
    return found


def _read(path: Path) -> Forgetting:
    try:
        return Forgetting.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); delete it and train again") from error


def _seen(folder: Path, results: Sequence[Result]) -> list[Seen]:
    """Of every detector's file ``seen.json``."""
    found = []
    for one in results:
        path = folder / "train" / one.name / "seen.json"
        if not path.exists():
            continue
        try:
            told: dict[str, list[int]] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: cannot be read ({error}); delete the folder and train again") from error
        for source, times in told.items():
            values = np.array(times)
            never = int((values == 0).sum())
            found.append(
                Seen(
                    one.name, source, len(values), int(values.min()), float(np.median(values)), int(values.max()), never
                )
            )
    return found
