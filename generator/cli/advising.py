"""The verb on recipes: advise."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from generator.base.errors import InputError
from generator.cli.console import console
from generator.cli.data import dataset_folder

if TYPE_CHECKING:
    from generator.mix.advisor import Advice


def advise(
    real: Annotated[Path, typer.Option(help="Labels of the real training photographs.")],
    synthetic: Annotated[str, typer.Option(help="A run's folder or URL, or dataset/ in it.")],
    images: Annotated[str, typer.Option(help="The photographs' folder, or package:NAME/SUB.")] = "",
    rare: Annotated[bool, typer.Option("--rare", help="The synthetic set was made for rare cases.")] = False,
    unaligned: Annotated[bool, typer.Option("--unaligned", help="Same names do not mean the same here.")] = False,
    steps: Annotated[int, typer.Option(help="Steps of training.", min=1)] = 1000,
    batch: Annotated[int, typer.Option(help="Pictures per step.", min=1)] = 4,
) -> None:
    """Say how to train with these real and synthetic data: recipe, ratio, sampling, and why."""
    from generator.dataset.imports import photo_source
    from generator.dataset.store import Dataset
    from generator.mix.advisor import Situation
    from generator.mix.advisor import advise as advised

    painted = Dataset.open(dataset_folder(synthetic))
    photographs = len(photo_source(real, images))
    frames = sum(frame.split == "train" and not frame.quarantine for frame in painted.frames)
    missing = [name for name in painted.manifest.classes if not _labelled(real, images, name)]
    if missing:
        console.print(f"{real} does not label {', '.join(missing)}: the labels are not aligned", style="yellow")
    aligned = not missing and not unaligned
    _show(advised(Situation(photographs, frames, aligned, "rare" if rare else "general"), steps, batch))


def _labelled(labels: Path, images: str, name: str) -> bool:
    """Whether labels that can be read have a class of this name."""
    from generator.dataset.imports import photo_source

    try:
        photo_source(labels, images, None, (name,))
    except InputError:
        return False
    return True


def _show(found: "Advice") -> None:
    here, row = found.situation, found.row
    labels = "aligned labels" if here.aligned else "labels that differ"
    console.print(f"{here.real} real and {here.synthetic} synthetic examples: {here.sizes}, {here.kind}, {labels}")
    for warning in found.warnings:
        console.print(warning, style="bold red" if "NOT RECOMMENDED" in warning else "yellow", highlight=False)
    console.print(f"row {found.number} of 7: {row.recipe}; data sampling: {row.drawing}", style="bold", highlight=False)
    ratio = "" if row.real_share is None else f"{row.real_share:.0%} real, {1 - row.real_share:.0%} synthetic samples"
    console.print(f"ratio: {ratio or 'synthetic first, then real (replay: half of each)'}", highlight=False)
    console.print(f"why: {row.why}", highlight=False)
    console.print(f"budget: {found.budget}", highlight=False)
    console.print(yaml.safe_dump({"train": found.settings}, sort_keys=False).rstrip(), highlight=False, markup=False)


def register(app: typer.Typer) -> None:
    app.command()(advise)
