"""The stages of a run. Each finds what is finished, does the rest, and leaves files that the next one reads."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from generator.assets.catalog import Catalog
from generator.balance.check import check
from generator.cli.console import Report, console
from generator.cli.depths import depth_summary
from generator.cli.project import Project
from generator.dataset.atomic import write_json
from generator.dataset.selection import SELECTION

if TYPE_CHECKING:  # Ray and torch are slow to import, and --help need not wait for them
    from generator.farm.painting import Painting


def paint(project: Project, report: Report, fill: bool = False) -> "Painting":
    """Frames and labels, under ``dataset/``; with `fill`, also what balancing them finds missing."""
    from generator.farm.paint import paint as paint_frames
    from generator.farm.painting import Painting

    notes = [folder / "config.json" for folder in {project.folder, project.data.parent}]
    told = project.config.model_dump(mode="json")
    for note in notes:
        if not note.exists():  # a config that the data set there refuses must not take its place
            write_json(note, told)
    result = paint_frames(project.config, project.job, report, filling=fill)
    for note in notes:
        write_json(note, told)
    if result.painted or result.quarantined:
        log = project.data / "painting.json"
        earlier = Painting(**json.loads(log.read_text())) if log.exists() else Painting()
        write_json(log, vars(result.after(earlier)))
    return result


def balance(project: Project, report: Report) -> None:
    """The selection, under ``dataset/selection.json``: made anew each time, since it must fit the data."""
    selection = check(project.dataset, project.config.balance, project.config.seed)
    selection.save(project.data / SELECTION)
    total = len(selection.kept) + len(selection.dropped)
    report("balance", len(selection.kept), total, f"{len(selection.dropped)} dropped")


def report(project: Project) -> Path:
    """The page, ``report.html``."""
    from generator.report.page import write_report

    real = project.config.real
    test, mixed = (project.real(real.test), project.real(real.train)) if real else (None, None)
    return write_report(project.folder, test, mixed, Catalog.open(*project.roots), project.data)


def summary(project: Project) -> None:
    """The result in a table: every arm on the real test photographs."""
    told = {done.parent.name: json.loads(done.read_text())
            for done in sorted(project.folder.glob("train/*/evaluation.json"))}  # fmt: skip
    placed = ["PCK@0.1"] if any(data.get("placed") for data in told.values()) else []
    table = Table("arm", "box AP", "AP50", "mask AP", *placed, "found", "false", "missed", title="on real photographs")
    for name, data in told.items():
        counts, mask = data["box_counts"], data["mask"]
        table.add_row(
            name, shown(data["box"]["ap"]), shown(data["box"]["ap50"]), shown(mask["ap"] if mask else None),
            *(shown((data.get("placed") or {}).get("pck")) for _ in placed),
            f"{counts['true_positives']} of {data['objects']}", str(counts["false_positives"]), str(counts["missed"]),
        )  # fmt: skip
    if table.row_count:
        console.print(table)
    depth_summary(project.folder)


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
