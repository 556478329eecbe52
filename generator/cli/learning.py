"""Verbs on detectors: train, evaluate, report."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli import stages
from generator.cli.console import console, progress
from generator.cli.project import Project
from generator.cli.running import ConfigFile


def train(config: ConfigFile) -> None:
    """Train every arm of a config on its painted frames and evaluate each on real photographs."""
    project = Project.open(config)
    with progress() as report:
        stages.balance(project, report)
        stages.train(project, report)
    stages.summary(project)


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A model.pt that `train` wrote.")],
    data: Annotated[Path, typer.Option(help="COCO labels of real photographs.")],
    images: Annotated[str, typer.Option(help="Their folder, or package:NAME/SUB.")] = "",
    crop: Annotated[tuple[int, int, int, int] | None, typer.Option(help="Evaluate this part: x0 y0 x1 y1.")] = None,
    threshold: Annotated[float, typer.Option(help="Score at which found and missed are counted.", min=0, max=1)] = 0.5,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the evaluation with all detections as JSON.")
    ] = None,
) -> None:
    """Average precision of a detector on labelled photographs, as COCO counts it."""
    from generator.dataset.atomic import write_json
    from generator.dataset.imports import photo_source
    from generator.train import checkpoint as checkpoints
    from generator.train.evaluate import evaluate as judge

    source = photo_source(data, images, crop, tuple(checkpoints.load(checkpoint)["classes"]))
    result = judge(checkpoint, source, threshold)
    for kind, precision, counts in (("box", result.box, result.box_counts), ("mask", result.mask, result.mask_counts)):
        if precision and counts:
            console.print(
                f"{kind}: AP {stages.shown(precision.ap)}  AP50 {stages.shown(precision.ap50)}  "
                f"AP75 {stages.shown(precision.ap75)}; "
                f"at {threshold:g}: found {counts.true_positives} of {result.objects}, {counts.false_positives} false"
            )
    if out:
        write_json(out, result.model_dump(mode="json"))


def onnx(
    checkpoint: Annotated[Path, typer.Argument(help="A model.pt that `train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The ONNX file to write.")] = Path("model.onnx"),
) -> None:
    """Write a detector as ONNX, after checking that it finds there what it finds in torch."""
    from generator.train.onnx import export_onnx

    console.print(f"wrote {export_onnx(checkpoint, out)}")


def report(run: Annotated[Path, typer.Argument(help="A run's folder, such as runs/demo, or its config.")]) -> None:
    """Write the page that says what was painted, how it was balanced and what it was worth on real photographs."""
    project = Project.open(run / "config.json" if run.is_dir() else run)
    console.print(f"wrote {stages.report(project)}")


def register(app: typer.Typer) -> None:
    for verb in (train, evaluate, onnx, report):
        app.command()(verb)
