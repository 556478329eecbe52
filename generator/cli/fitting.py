"""The verbs that write scenes: `generator new-scene` a first one, `generator fit-ranges` one like a real set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from generator.base.errors import GeneratorError
from generator.base.processes import cores
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
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = min(WORKERS, cores()),
    seed: Seed = 0, assets: Assets = None,
) -> None:  # fmt: skip
    """Set counts, distances, elevations, aim and exposure of a scene to the ranges of a real set's annotations.

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


def new_scene(
    name: Annotated[str, typer.Argument(help="Its name: scenes/NAME.yaml and configs/NAME.yaml are written.")],
    label: Annotated[list[str] | None, typer.Option(help="A class, once or more; all of --like's.")] = None,
    assets: Annotated[Path | None, typer.Option(help="Folder of meshes, with a folder for each class.")] = None,
    like: Annotated[Path | None, typer.Option(help="Labels of real training photographs, to be like.")] = None,
    images: Annotated[str, typer.Option(help="Folder of the photographs, if not beside the labels.")] = "",
    paint: Annotated[bool, typer.Option("--paint", help="Fit blur and noise, too, by painting with Blender.")] = False,
    rounds: Annotated[int, typer.Option(help="Rounds of fitting, at most; 0 leaves ranges wide.", min=0)] = 8,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
) -> None:  # fmt: skip
    """Write a first scene and config for your objects: sizes, counts, distances, elevations, poses, exposure and
    colours as in --like.

    Without --like everything is wide. Give it training labels, never validation or test.
    """
    from generator.dataset.atomic import write_bytes
    from generator.fitting.beginning import Beginning

    begun = Beginning.of(name, tuple(label or ()), assets, like, images)
    scene, config = Path("scenes") / f"{name}.yaml", Path("configs") / f"{name}.yaml"
    if taken := [str(path) for path in (scene, config) if path.exists() and not force]:
        raise GeneratorError(f"{' and '.join(taken)} exist already; choose another name, or --force")
    with progress() as report:
        fitted = begun.fitted(scene, rounds, paint, min(WORKERS, cores()), report)
    write_bytes(scene, (fitted.text if fitted else begun.text).encode())
    write_bytes(config, begun.config(scene, fitted).encode())
    if fitted:
        console.print(table(fitted.rows))
        for note in fitted.notes:
            console.print(f"[yellow]note[/]: {escape(note)}", highlight=False)
    console.print(
        f"wrote {scene} and {config}; now look: [bold]generator preview {scene} -o sheet.png{begun.option}[/]"
    )


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
    app.command("new-scene")(new_scene)
