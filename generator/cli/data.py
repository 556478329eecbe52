"""Verbs on data sets: render, inspect, verify, export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from generator.base.errors import DatasetError, GeneratorError
from generator.cli import stages
from generator.cli.console import console, progress
from generator.cli.running import Address, ConfigFile, Workers, opened
from generator.dataset.places import Place, place

if TYPE_CHECKING:
    from generator.assets.store import AssetStore
    from generator.dataset.store import Dataset
    from generator.farm.painting import Painting

FORMATS = "bop, cityscapes, coco, huggingface, kitti, voc, webdataset or yolo"
Folder = Annotated[str, typer.Argument(help="A data set: a run's folder or URL (s3://bucket/run), or dataset/ in it.")]


def dataset_folder(name: Path | str) -> Place:
    """The data set itself, when a run's folder is named."""
    folder = place(name)
    return folder / "dataset" if (folder / "dataset" / "manifest.json").exists() else folder


def render(
    config: ConfigFile,
    address: Address = None,
    workers: Workers = None,
    fill: Annotated[
        bool, typer.Option("--fill", help="Then paint what balancing finds missing, until it keeps what was wanted.")
    ] = False,
) -> None:
    """Plan and paint the frames of a config: only what is missing, on this machine or a Ray cluster."""
    project = opened(config, address, workers)
    with progress() as report:
        result = stages.paint(project, report, fill)
        if fill:
            stages.balance(project, report)
    quarantined = result.frames - result.painted - result.finished
    console.print(
        f"{result.frames} frames in {project.data}: {result.painted} painted now, {result.finished} before, "
        f"{quarantined} quarantined"
    )
    for line in told_of_filling(result) if fill else ():
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def told_of_filling(result: "Painting") -> list[str]:
    """What filling up did, and what is missing still."""
    more = f"{result.filled} frames beyond the plan fill up what balancing left out" if result.filled else ""
    return [line for line in (more, *result.lacking.values()) if line] or ["nothing is missing after balancing"]


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
    serve: Annotated[
        bool, typer.Option("--serve", help="Browse any number of frames, read from the shards: nothing is unpacked.")
    ] = False,
    port: Annotated[int, typer.Option("--port", help="Where to serve; 0 is any port that is free.", min=0)] = 0,
) -> None:
    """Show what is in a data set: frames, classes, tags, audit; a contact sheet to look at; a page to browse."""
    from generator.dataset.store import Dataset

    opened_set = Dataset.open(dataset_folder(dataset))
    console.print(counted(opened_set))
    for frame in opened_set.quarantined if quarantine else ():
        console.print(f"{frame.key}: {frame.quarantine}", highlight=False, markup=False)
    if out:
        from generator.report.failures import failure_sheet
        from generator.report.sheet import frame_sheet, save

        save(failure_sheet(opened_set, n) if quarantine else frame_sheet(opened_set, n), out)
        console.print(f"wrote {out}")
    if page:
        from generator.report.browse import MANY, write_pages

        if len(opened_set) > MANY:
            console.print(f"{len(opened_set)} frames make many files; `--serve` shows them without any")
        with progress() as report:
            write_pages(opened_set, page, report)
        console.print(f"wrote {page / 'index.html'}")
    if serve:
        browse(opened_set, port)


def counted(dataset: "Dataset") -> Table:
    """What there is, in numbers."""
    from generator.dataset.census import census

    found = census(dataset)
    table = Table("what", "count", "share", title=f"{dataset.folder}: {dataset.manifest.scene}")
    table.add_row("frames", str(found.frames), "")
    for name in dataset.manifest.classes:
        table.add_row(f"class {name}", str(found.objects[name]), "instances")
    for tag, count in sorted(found.tags.items()):
        table.add_row(f"tag {tag}", str(count), f"{count / found.frames:.1%}")
    if found.compared:
        share = f"{found.disagree / found.compared:.4%}"
        table.add_row("pixels where rays and passes disagree", f"{found.disagree:.0f}", share)
    table.add_row("quarantined", str(found.quarantined), "")
    return table


def browse(dataset: "Dataset", port: int) -> None:
    """Serve the page until interrupted."""
    from generator.report.browse_server import address, server

    with server(dataset, port) as serving:
        console.print(f"browse at {address(serving)} (on this machine only; stop with Ctrl-C)", soft_wrap=True)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            console.print("stopped")


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
    from generator.dataset.export import export as write
    from generator.dataset.selection import SELECTION, Selection
    from generator.dataset.store import Dataset

    opened_set = Dataset.open(dataset_folder(dataset))
    chosen = opened_set.folder / SELECTION
    selection = Selection.load(chosen) if chosen.exists() and not all_frames else None
    with progress() as report:
        write(
            opened_set, out, format, selection, lambda split, done, total: report(split, done, total, ""),
            store=models(opened_set, assets or []), options=options(option),
        )  # fmt: skip
    console.print(f"wrote {out}")


def models(dataset: "Dataset", assets: list[Path]) -> "AssetStore | None":
    """The meshes of all objects with a class; None where they are in files and no folder of assets is named."""
    import pyarrow.compute as pc

    from generator.assets.catalog import Catalog
    from generator.assets.store import AssetStore

    objects = pc.list_flatten(dataset.records["instances"])
    names = pc.struct_field(objects, "asset").filter(pc.is_valid(pc.struct_field(objects, "label")))
    if not assets and not all(name.startswith("shape/") for name in pc.unique(names).to_pylist()):
        return None
    return AssetStore(Catalog.open(*assets))


def register(app: typer.Typer) -> None:
    for verb in (render, inspect, verify, export):
        app.command()(verb)
