"""`status`: what a running farm is doing, seen from another shell."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from generator.base.errors import DatasetError
from generator.cli.console import console
from generator.dataset.places import Place, place
from generator.farm.status import STATUS, read_status

Run = Annotated[str, typer.Argument(help="A run's folder or URL, or dataset/ in it.")]


def status(
    run: Run, as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for programs.")] = False
) -> None:
    """Show how far a painting run is: frames, rate, time left, failures, quarantine, stages, workers."""
    folder = painted_in(place(run))
    facts = read_status(folder)
    if facts is None:
        raise DatasetError(f"{folder}: no painting run has been here; start one with `generator run` or `render`")
    if as_json:
        console.print_json(json.dumps(facts))
        return
    for table in (overview(facts), workers(facts)):
        if table.row_count:
            console.print(table)
    for warning in facts.get("warnings", []):
        console.print(f"warning: {warning}", highlight=False, markup=False)
    for name, reason in facts.get("reasons", {}).items():
        console.print(f"{name}: {reason}", highlight=False, markup=False)


def painted_in(run: Place) -> Place:
    """The folder of the data set that was painted last below a run's folder: its own, or one for staging."""
    if isinstance(run, Path) and not (run / STATUS).exists():
        found = [path for path in run.glob(f"*/{STATUS}") if path.parent.name.startswith(("dataset", "staging-"))]
        return max(found, key=lambda path: path.stat().st_mtime).parent if found else run
    return run / "dataset" if (run / "dataset" / STATUS).exists() else run


def overview(facts: dict[str, Any]) -> Table:
    table = Table("what", "value", title=f"{facts['state']}, as of {time.time() - facts['time']:.0f} s ago")
    done, total = facts.get("done", 0), facts.get("total", 0)
    table.add_row(facts.get("stage", "starting"), f"{done} of {total} ({done / max(1, total):.1%})")
    if facts.get("rate"):
        table.add_row("rate", f"{facts['rate']:.3g} frames/s")
    if facts.get("eta") is not None and facts["alive"]:
        table.add_row("time left", str(timedelta(seconds=round(facts["eta"]))))
    for name, key in (
        ("workers that died", "deaths"),
        ("workers recycled", "recycled"),
        ("quarantined", "quarantined"),
    ):
        table.add_row(name, str(facts.get(key, 0)))
    if facts.get("refilled"):
        table.add_row("planned in their place", str(facts["refilled"]))
    for stage, seconds in sorted(facts.get("seconds", {}).items(), key=lambda pair: -pair[1]):
        table.add_row(f"stage {stage}", f"{seconds:.1f} s")
    return table


def workers(facts: dict[str, Any]) -> Table:
    """Those that were there at the last word; none are when the driver is gone."""
    table = Table("worker", "host", "GPU", "does", "for", "frames", "MB")
    for one in facts.get("workers", []) if facts["alive"] else []:
        table.add_row(
            str(one.get("pid", "")), one.get("host", ""), ",".join(one.get("gpus", [])), one["state"],
            f"{one['seconds']:.0f} s", str(one.get("done", "")), str(one.get("memory", "")),
        )  # fmt: skip
    return table


def register(app: typer.Typer) -> None:
    app.command()(status)
