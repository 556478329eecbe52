"""Verbs on data sets: render, inspect, verify, export."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from generator.base.errors import DatasetError, GeneratorError
from generator.cli import stages
from generator.cli.console import console, progress
from generator.cli.running import Address, ConfigFile, Workers, opened

FORMATS = "bop, cityscapes, coco, huggingface, kitti, voc, webdataset or yolo"
Folder = Annotated[Path, typer.Argument(help="A data set: a run's folder, or the dataset/ folder in it.")]


def dataset_folder(folder: Path) -> Path:
    """The data set itself, when a run's folder is named."""
    return folder / "dataset" if (folder / "dataset" / "manifest.json").exists() else folder


def render(config: ConfigFile, address: Address = None, workers: Workers = None) -> None:
    """Plan and paint the frames of a config: only what is missing, on this machine or a Ray cluster."""
    project = opened(config, address, workers)
    with progress() as report:
        result = stages.paint(project, report)
    console.print(
        f"{result.frames} frames in {project.job.folder}: {result.painted} painted now, {result.finished} before, "
        f"{len(result.quarantined)} quarantined"
    )


def inspect(
    dataset: Folder,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Also write a contact sheet with masks and boxes.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="Frames on the sheet.", min=1)] = 16,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="List the frames that failed their audit; with -o, show them.")
    ] = False,
    page: Annotated[Path | None, typer.Option("--page", help="Folder for a page to browse all frames in.")] = None,
) -> None:
    """Show what is in a data set: frames, classes, tags, audit; a contact sheet to look at; a page to browse."""
    from generator.dataset.store import Dataset

    opened_set = Dataset.open(dataset_folder(dataset))
    frames = opened_set.frames
    table = Table("what", "count", "share", title=f"{opened_set.folder}: {opened_set.manifest.scene}")
    table.add_row("frames", str(len(frames)), "")
    for name in opened_set.manifest.classes:
        table.add_row(f"class {name}", str(sum(i.label == name for f in frames for i in f.annotated)), "instances")
    for tag in sorted({tag for f in frames for tag in f.tags}):
        count = sum(tag in f.tags for f in frames)
        table.add_row(f"tag {tag}", str(count), f"{count / len(frames):.1%}")
    compared, differ = (sum(f.audit.get(key, 0) for f in frames) for key in ("compared", "disagree"))
    if compared:
        table.add_row("pixels where rays and passes disagree", f"{differ:.0f}", f"{differ / compared:.4%}")
    table.add_row("quarantined", str(len(opened_set.quarantined)), "")
    console.print(table)
    for frame in opened_set.quarantined if quarantine else ():
        console.print(f"{frame.key}: {frame.quarantine}", highlight=False, markup=False)
    if out:
        from generator.report.failures import failure_sheet
        from generator.report.sheet import frame_sheet, save

        save(failure_sheet(opened_set, n) if quarantine else frame_sheet(opened_set, n), out)
        console.print(f"wrote {out}")
    if page:
        from generator.report.browse import write_pages

        with progress() as report:
            write_pages(opened_set, page, report)
        console.print(f"wrote {page / 'index.html'}")


def verify(dataset: Folder) -> None:
    """Read every byte of a data set: finds changed bits, and files that are missing or do not belong to it."""
    from generator.dataset.verify import verify as look

    folder = dataset_folder(dataset)
    with progress() as report:
        verdict = look(folder, report)
    if verdict.faults:
        raise DatasetError("\n".join(verdict.faults))
    console.print(
        f"{folder}: {verdict.frames} frames and {verdict.quarantined} in quarantine, {verdict.files} files: all as "
        "they were painted"
    )


def shares(pairs: list[str] | None) -> dict[str, float]:
    """``["night=0.2"]`` to numbers. Raises GeneratorError."""
    result = {}
    for pair in pairs or []:
        tag, _, share = pair.partition("=")
        try:
            result[tag] = float(share)
        except ValueError:
            raise GeneratorError(f"{pair!r}: must be TAG=SHARE, such as night=0.2") from None
        if not 0 <= result[tag] <= 1:
            raise GeneratorError(f"{pair!r}: a share lies between 0 and 1")
    return result


def options(pairs: list[str] | None) -> dict[str, str]:
    """``["masks=polygon"]`` to names and values. Raises GeneratorError."""
    for pair in pairs or []:
        if "=" not in pair:
            raise GeneratorError(f"{pair!r}: must be NAME=VALUE, such as masks=polygon")
    return dict(pair.split("=", 1) for pair in pairs or [])


def export(
    dataset: Folder,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    format: Annotated[str, typer.Option("--format", help=FORMATS)] = "coco",
    option: Annotated[list[str] | None, typer.Option("--option", help="NAME=VALUE of the format.")] = None,
    assets: Annotated[list[Path] | None, typer.Option(help="Folders of assets, for BOP's models.")] = None,
    all_frames: Annotated[bool, typer.Option("--all", help="Export dropped frames as well.")] = False,
) -> None:
    """Write a data set in another format, with what the balancing pass kept."""
    from generator.assets.catalog import Catalog
    from generator.assets.store import AssetStore
    from generator.dataset.export import export as write
    from generator.dataset.selection import SELECTION, Selection
    from generator.dataset.store import Dataset

    opened_set = Dataset.open(dataset_folder(dataset))
    chosen = opened_set.folder / SELECTION
    selection = Selection.load(chosen) if chosen.exists() and not all_frames else None
    with progress() as report:
        write(
            opened_set, out, format, selection, lambda split, done, total: report(split, done, total, ""),
            store=AssetStore(Catalog.open(*(assets or []))), options=options(option),
        )  # fmt: skip
    console.print(f"wrote {out}")


def register(app: typer.Typer) -> None:
    for verb in (render, inspect, verify, export):
        app.command()(verb)
