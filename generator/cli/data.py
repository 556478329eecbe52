"""Verbs on data sets: render, inspect, balance, export."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from generator.base.errors import GeneratorError
from generator.cli import stages
from generator.cli.console import console, progress
from generator.cli.running import Address, ConfigFile, Workers, opened

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
    quarantine: Annotated[bool, typer.Option("--quarantine", help="List the frames that failed their audit.")] = False,
) -> None:
    """Show what is in a data set: frames, classes, tags, audit; and a contact sheet to look at."""
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
        from generator.report.sheet import frame_sheet, save

        save(frame_sheet(opened_set, n), out)
        console.print(f"wrote {out}")


def balance(
    dataset: Folder,
    cap: Annotated[list[str] | None, typer.Option(help="TAG=SHARE: at most this share of the kept frames.")] = None,
    floor: Annotated[list[str] | None, typer.Option(help="TAG=SHARE: at least this share.")] = None,
    config: Annotated[Path | None, typer.Option(help="Take the rules of this config.")] = None,
) -> None:
    """Choose which frames to keep under caps and floors. Writes selection.json; deletes nothing."""
    from generator.balance.check import check
    from generator.dataset.selection import SELECTION
    from generator.dataset.store import Dataset
    from generator.spec.config import Balance
    from generator.spec.load import load_config

    rules = load_config(config).balance if config else Balance()
    changed = {"caps": {**rules.caps, **shares(cap)}, "floors": {**rules.floors, **shares(floor)}}
    opened_set = Dataset.open(dataset_folder(dataset))
    selection = check(opened_set, Balance(**{**rules.model_dump(), **changed}), opened_set.manifest.seed)
    selection.save(opened_set.folder / SELECTION)
    for split, one in selection.splits.items():
        table = Table("tag", "before", "after", title=f"{split}: {one.after.frames} of {one.before.frames} frames kept")
        for tag, count in sorted(one.before.tags.items()):
            kept = one.after.tags.get(tag, 0)
            table.add_row(tag, f"{count / max(1, one.before.frames):.1%}", f"{kept / max(1, one.after.frames):.1%}")
        console.print(table)


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


def export(
    dataset: Folder,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write to.")],
    format: Annotated[str, typer.Option("--format", help="coco")] = "coco",
    all_frames: Annotated[bool, typer.Option("--all", help="Export dropped frames as well.")] = False,
) -> None:
    """Write a data set in another format, with what the balancing pass kept."""
    from generator.dataset.export import export as write
    from generator.dataset.selection import SELECTION, Selection
    from generator.dataset.store import Dataset

    opened_set = Dataset.open(dataset_folder(dataset))
    chosen = opened_set.folder / SELECTION
    selection = Selection.load(chosen) if chosen.exists() and not all_frames else None
    with progress() as report:
        write(opened_set, out, format, selection, lambda split, done, total: report(split, done, total, ""))
    console.print(f"wrote {out}")


def register(app: typer.Typer) -> None:
    for verb in (render, inspect, balance, export):
        app.command()(verb)
