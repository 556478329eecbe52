"""The verb that fits a scene's ranges to a real set: `generator fit-ranges`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from generator.cli.authoring import Assets, SceneFile, Seed
from generator.cli.console import console, progress
from generator.cli.project import asset_roots

if TYPE_CHECKING:
    from generator.fitting.rounds import Row

WORKERS = 4


def fit_ranges(
    real: Annotated[Path, typer.Argument(help="COCO labels of real training photographs.")],
    scene: SceneFile,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The scene to write; SCENE_fitted.yaml.")] = None,
    images: Annotated[str, typer.Option(help="Folder of the photographs, if not beside the labels.")] = "",
    n: Annotated[int, typer.Option("-n", help="Scenes looked at, before and after.", min=20)] = 200,
    pictures: Annotated[int, typer.Option(help="Pictures for the brightness; 0 leaves it as it is.", min=0)] = 32,
    rounds: Annotated[int, typer.Option(help="Rounds of looking and changing, at most.", min=1)] = 5,
    paint: Annotated[bool, typer.Option("--paint", help="Judge pictures of Blender, not of rays.")] = False,
    page: Annotated[Path | None, typer.Option("--report", help="A page of histograms to write.")] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = min(WORKERS, os.cpu_count() or 1),
    seed: Seed = 0, assets: Assets = None,
) -> None:  # fmt: skip
    """Set counts, distances, aim and exposure of a scene to the ranges of a real set, as its annotations tell them.

    Writes a copy of the scene with only those values changed. Give it training labels, never validation or test.
    """
    from generator.assets.catalog import Catalog
    from generator.dataset.atomic import write_bytes
    from generator.fitting.looks import Studio
    from generator.fitting.photographs import read_real
    from generator.fitting.rounds import Fitter
    from generator.report.fitted import write_fitted
    from generator.spec.load import load_scene

    roots = asset_roots(scene, assets or [])
    spec = load_scene(scene, Catalog.open(*roots))
    target = out or scene.with_name(f"{scene.stem}_fitted{scene.suffix}")
    with progress() as report:
        found = read_real(real, images, spec.classes, lambda done, total: report("real", done, total, "photographs"))
        with Studio(roots, found.size, seed, workers, "blender" if paint else "raycast") as studio:
            fitted = Fitter(scene, found, studio, report, n, pictures, rounds).fit()
    write_bytes(target, fitted.text.encode())
    load_scene(target, Catalog.open(*roots))
    console.print(table(fitted.rows))
    for place, old, new in fitted.changed:
        console.print(f"[bold]{escape(place)}[/]: {escape(old)} [dim]->[/] {escape(new)}", highlight=False)
    for note in fitted.notes:
        console.print(f"[yellow]note[/]: {escape(note)}", highlight=False)
    if page:
        write_fitted(page, scene.name, real.name, fitted)
        console.print(f"wrote {page}")
    console.print(f"wrote {target}" + ("" if fitted.changed else ", unchanged"))


def table(rows: "tuple[Row, ...]") -> Table:
    """Kolmogorov-Smirnov distances before and after."""
    shown = Table(
        "statistic", "before", "after", "by chance", box=None, header_style="bold", title="distance from reality"
    )
    for row in rows:
        mark = "[green]" if row.fits else "[yellow]"
        shown.add_row(row.key, f"{row.before:.3f}", f"{mark}{row.after:.3f}[/]", f"{row.chance:.3f}")
    return shown


def register(app: typer.Typer) -> None:
    app.command("fit-ranges")(fit_ranges)
