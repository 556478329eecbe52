"""`run`: all stages in order, each doing only what is missing."""

from pathlib import Path
from typing import Annotated

import typer

from generator.balance.pictured import told
from generator.cli import stages, training
from generator.cli.console import console, progress
from generator.cli.project import Project
from generator.spec.config import Farm

ConfigFile = Annotated[Path, typer.Argument(help="A run config, such as configs/demo.yaml.")]
Address = Annotated[str | None, typer.Option(help="Join this Ray cluster instead of starting one here.")]
Workers = Annotated[int | None, typer.Option(help="How many painting processes.", min=1)]


def opened(config: Path, address: str | None, workers: int | None) -> Project:
    """The project of a config, with the command line's word on the farm."""
    project = Project.open(config)
    changes = {k: v for k, v in (("address", address), ("workers", workers)) if v is not None}
    if later := told(project.config.balance, project.spec.edge_cases):
        console.print(later, style="dim", highlight=False, markup=False, soft_wrap=True)
    return Project.open(config, Farm(**{**project.config.farm.model_dump(), **changes})) if changes else project


def run(config: ConfigFile, address: Address = None, workers: Workers = None) -> None:
    """Paint, balance, train, evaluate, report. Interrupted at any point, the same command goes on from there."""
    project = opened(config, address, workers)
    with progress() as report:
        stages.paint(project, report)
        stages.balance(project, report)
        if project.config.train:
            training.train(project, report)
        report("report", 0, 1, "")
        page = stages.report(project)
        report("report", 1, 1, "")
    stages.summary(project)
    console.print(f"report: {page}")


def register(app: typer.Typer) -> None:
    app.command()(run)
