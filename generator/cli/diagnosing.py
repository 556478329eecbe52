"""The verb that looks for differences between synthetic and real pictures: `generator gap`."""

from pathlib import Path
from typing import Annotated

import typer

from generator.cli.console import console
from generator.dataset.examples import Source
from generator.dataset.sources import SyntheticSource


def gap(
    real: Annotated[Path, typer.Option(help="Labels of real training photographs.")],
    synthetic: Annotated[Path, typer.Option(help="A run's folder, a data set, or labels of synthetic pictures.")],
    images: Annotated[str, typer.Option(help="Folder of the photographs, if not beside their labels.")] = "",
    sequence: Annotated[str, typer.Option(help="Regular expression that finds a photograph's video in its key.")] = "",
    block: Annotated[int, typer.Option(help="Neighbours of a video that count as one scene.", min=1)] = 20,
    seed: Annotated[int, typer.Option(help="Of halvings, crops and resamples.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for gap.json and gap.html.")] = None,
) -> None:
    """Say how surely a classifier tells synthetic from real pictures, beside how surely it tells real ones apart.

    It looks at crops of objects and of backgrounds (through a network that has seen ImageNet), at the labels' numbers,
    the light and the spectrum. Written into a run's folder, the result is part of its report, too.
    """
    from generator.dataset.atomic import write_json
    from generator.dataset.imports import photo_source
    from generator.dataset.subset import keys_of
    from generator.report.gap import NAME, conclusion, write_gap
    from generator.train.features import features
    from generator.train.gap import gap as measured
    from generator.train.slices import scenes_of

    painted = opened(synthetic)
    photographs = photo_source(real, images, classes=painted.classes)
    found = measured(photographs, painted, scenes_of(keys_of(photographs), sequence, block), features, seed)
    for name, view in found.views.items():
        spread = f"[{view.real.low:.2f}, {view.real.high:.2f}]"
        console.print(
            f"{name:<12} synthetic {view.synthetic.value:.3f} [{view.synthetic.low:.2f}, {view.synthetic.high:.2f}], "
            f"halves of the real set {view.real.value:.3f} {spread}",
            highlight=False, markup=False,
        )  # fmt: skip
    for said in conclusion(found):
        console.print(said, highlight=False, markup=False)
    folder = out or (synthetic if synthetic.is_dir() else synthetic.parent)
    write_json(folder / NAME, found.model_dump(mode="json"))
    write_gap(folder / "gap.html", found)
    console.print(f"wrote {folder / 'gap.html'}")


def opened(place: Path) -> Source:
    """A run's kept training frames, or pictures with labels of any format."""
    from generator.dataset.imports import class_names, photo_source
    from generator.dataset.selection import SELECTION, Selection
    from generator.dataset.store import Dataset

    folder = place / "dataset" if (place / "dataset" / "manifest.json").exists() else place
    if not (folder / "manifest.json").exists():
        return photo_source(place, classes=tuple(class_names(place)))
    chosen = folder / SELECTION
    return SyntheticSource(Dataset.open(folder), "train", Selection.load(chosen) if chosen.exists() else None)


def register(app: typer.Typer) -> None:
    app.command()(gap)
