"""Verbs on detectors: train, evaluate, report."""

from pathlib import Path
from typing import Annotated

import typer

from generator.base.errors import DatasetError
from generator.cli import stages, training
from generator.cli.console import console, progress
from generator.cli.depths import evaluate_depth_on
from generator.cli.project import Project
from generator.cli.running import ConfigFile
from generator.dataset.places import Place, Url, place


def train(config: ConfigFile) -> None:
    """Train every arm of a config on its painted frames and evaluate each on real photographs."""
    project = Project.open(config)
    with progress() as report:
        stages.balance(project, report)
        training.train(project, report)
    stages.summary(project)


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A model.pt that `train` wrote.")],
    data: Annotated[Path, typer.Option(help="COCO labels of real photographs.")],
    images: Annotated[str, typer.Option(help="Their folder, or package:NAME/SUB.")] = "",
    crop: Annotated[tuple[int, int, int, int] | None, typer.Option(help="Evaluate this part: x0 y0 x1 y1.")] = None,
    depth: Annotated[Path | None, typer.Option(help="Their depth maps, for a model that tells depth.")] = None,
    depth_scale: Annotated[float, typer.Option(help="Metres per unit of its PNGs.", min=0)] = 0.001,
    threshold: Annotated[float, typer.Option(help="Score at which found and missed are counted.", min=0, max=1)] = 0.5,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the evaluation with all detections as JSON.")
    ] = None,
) -> None:
    """Average precision of a detector on labelled photographs, as COCO counts it; of a model that tells depth, its
    errors on photographs with `--depth`."""
    from generator.dataset.atomic import write_json
    from generator.dataset.imports import photo_source
    from generator.train.depthnet import DepthNet
    from generator.train.evaluate import evaluate as judge
    from generator.train.evaluate import opened

    detector = opened(checkpoint)
    if depth or isinstance(detector, DepthNet):
        return evaluate_depth_on(checkpoint, detector, data, images, crop, depth, depth_scale, out)
    source = photo_source(data, images, crop, detector.classes)
    result = judge(detector, source, threshold)
    for kind, precision, counts in (("box", result.box, result.box_counts), ("mask", result.mask, result.mask_counts)):
        if precision and counts:
            console.print(
                f"{kind}: AP {stages.shown(precision.ap)}  AP50 {stages.shown(precision.ap50)}  "
                f"AP75 {stages.shown(precision.ap75)}; "
                f"at {threshold:g}: found {counts.true_positives} of {result.objects}, {counts.false_positives} false"
            )
    if result.keypoint and result.placed:
        console.print(
            f"keypoints: AP {stages.shown(result.keypoint.ap)}  AP50 {stages.shown(result.keypoint.ap50)}  "
            f"AP75 {stages.shown(result.keypoint.ap75)}; PCK@0.1 {stages.shown(result.placed.pck)}"
        )
    if out:
        write_json(out, result.model_dump(mode="json"))


def detect(
    checkpoint: Annotated[Path, typer.Argument(help="A model.pt that `train` wrote.")],
    photographs: Annotated[Path, typer.Argument(help="A folder of pictures, or one picture.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The COCO labels to write.")] = Path("found.json"),
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet of up to 24 of them.")] = None,
    threshold: Annotated[float, typer.Option(help="The least score that is kept.", min=0.05, max=1)] = 0.5,
) -> None:
    """Find objects in photographs without labels. What is found is written as COCO labels with scores: to use as it is,
    or to correct and learn from."""
    from generator.dataset.atomic import write_json
    from generator.report.found import found_sheet
    from generator.report.sheet import save
    from generator.train import finding
    from generator.train.evaluate import opened

    detector = opened(checkpoint)
    source = finding.photographs(photographs, detector.classes)
    with progress() as report:
        found = finding.find(detector, source, threshold, lambda done, total, name: report("detect", done, total, name))
    write_json(out, finding.as_coco(source, found, detector.keypoints))
    console.print(f"wrote {out}: {sum(len(one.items) for one in found)} objects in {len(found)} photographs")
    if sheet:
        save(found_sheet(source, found), sheet)
        console.print(f"wrote {sheet}")


def onnx(
    checkpoint: Annotated[Path, typer.Argument(help="A model.pt that `train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The ONNX file to write.")] = Path("model.onnx"),
) -> None:
    """Write a detector as ONNX, after checking that it finds there what it finds in torch."""
    from generator.train.onnx import export_onnx

    console.print(f"wrote {export_onnx(checkpoint, out)}")


def report(
    runs: Annotated[list[str], typer.Argument(help="A run's folder, such as runs/demo, its config or URL.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Page of results: FOLDER/results.html.")] = None,
) -> None:
    """Write the page that says what was painted, how it was balanced and what it was worth on real photographs.

    Of a URL, it tells of the frames there, and is written beside them. Of several folders, or of one that is no run,
    the results stored in them (result.json, NAME.result.json) are compared: a table with intervals, differences in
    pairs, curves over labels and over synthetic pictures.
    """
    where = place(runs[0])
    if out or len(runs) > 1 or stores_results(where):
        return compare(runs, out)
    if isinstance(where, Url):
        from generator.report.page import write_report

        return console.print(f"wrote {write_report(where)}")
    project = Project.open(where / "config.json" if where.is_dir() else where)
    console.print(f"wrote {stages.report(project)}")


def stores_results(where: Place) -> bool:
    """Whether this is a result, or a folder that is no run."""
    if isinstance(where, Url):
        return False
    return where.name.endswith("result.json") or (where.is_dir() and not (where / "config.json").exists())


def compare(runs: list[str], out: Path | None) -> None:
    """The page about the results stored in folders, each of which must have some."""
    from generator.report.grid_page import write_grid
    from generator.train.result import NAME, read_all

    if remote := [one for one in runs if isinstance(place(one), Url)]:
        raise DatasetError(f"{remote[0]}: results are compared where they are folders; a URL has a page of its own")
    places = [Path(one) for one in runs]
    for one in places:
        if not one.exists():
            raise DatasetError(f"{one}: no such file or folder")
        if not read_all([one]):
            raise DatasetError(f"{one}: no {NAME} and no NAME.{NAME} is here; train first")
    out = out or (places[0] if places[0].is_dir() else places[0].parent) / "results.html"
    write_grid(out, read_all(places))
    console.print(f"wrote {out}")


def register(app: typer.Typer) -> None:
    for verb in (train, evaluate, detect, onnx, report):
        app.command()(verb)
