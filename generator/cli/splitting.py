"""The verb split: train, val and test of photographs or of a painted set."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from generator.base.errors import GeneratorError
from generator.cli.console import console
from generator.cli.data import dataset_folder, shares

if TYPE_CHECKING:
    from generator.balance.candidates import Candidates, Ints
    from generator.balance.dealing import Dealt
    from generator.spec.edges import EdgeCase

NAMES = ("train", "val", "test")
MANIFEST = "split.json"


def split(
    source: Annotated[Path, typer.Argument(help="A painted data set, or labels: COCO .json, YOLO, VOC, Cityscapes.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for split.json and a file for each part.")],
    wanted: Annotated[
        str, typer.Option("--shares", help="Of train, val and test (or train and test, where two).")
    ] = "0.7,0.15,0.15",
    images: Annotated[str, typer.Option(help="Folder of the pictures, where it is not named as the labels.")] = "",
    tags: Annotated[
        Path | None, typer.Option(help="CSV: columns image,tag, or image and a 0/1 column for each tag.")
    ] = None,
    scene: Annotated[Path | None, typer.Option(help="Scene file whose edge cases are looked for, too.")] = None,
    sequence: Annotated[
        str, typer.Option(help="Regular expression: what it finds in a picture's name is its scene or video.")
    ] = "",
    balanced_test: Annotated[
        bool, typer.Option("--balanced-test", help="Leave out test pictures until --cap and --floor hold there.")
    ] = False,
    cap: Annotated[list[str] | None, typer.Option(help="TAG=SHARE; without any, every tag at most half.")] = None,
    floor: Annotated[list[str] | None, typer.Option(help="TAG=SHARE")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another split.")] = 0,
) -> None:
    """Deal pictures out to train, val and test: stratified over tags and classes, scenes and videos kept whole."""
    from generator.balance.dealing import deal, halves
    from generator.spec.balancing import Balance

    parts = _shares(wanted)
    if balanced_test and "test" not in parts:
        raise GeneratorError("--balanced-test: there is no test part; give --shares for one")
    frames, keys, groups = _candidates(source, images, tags, scene, sequence, seed)
    bounds = {"caps": shares(cap), "floors": shares(floor)}
    rules = Balance.model_validate(bounds) if any(bounds.values()) else halves(frames)
    dealt = deal(frames, keys, parts, groups, {"test": rules} if balanced_test else None)
    _write(source, out, dealt, seed, parts)
    _show(source, frames, dealt)
    console.print(f"wrote {out / MANIFEST}", highlight=False)


def _shares(text: str) -> dict[str, float]:
    """``"0.7,0.15,0.15"`` by part. Raises GeneratorError."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        raise GeneratorError(f"--shares {text!r}: must be numbers with commas between, such as 0.7,0.15,0.15") from None
    names = NAMES if len(numbers) == 3 else ("train", "test")
    if len(numbers) not in (2, 3) or min(numbers) < 0 or abs(sum(numbers) - 1) > 1e-6:
        raise GeneratorError(f"--shares {text!r}: must be two or three shares that add up to 1")
    return dict(zip(names, numbers, strict=True))


def _candidates(
    source: Path, images: str, tags: Path | None, scene: Path | None, sequence: str, seed: int
) -> "tuple[Candidates, list[str], Ints | None]":
    """Pictures, their keys, and the scene or video of each."""
    from generator.balance.dealing import painted, videos
    from generator.balance.real import read_tags, tagged
    from generator.dataset.imports import class_names, photo_source
    from generator.dataset.places import Url
    from generator.dataset.store import Dataset
    from generator.dataset.subset import keys_of

    folder = dataset_folder(source)
    if not isinstance(folder, Url) and (folder / "manifest.json").exists():
        if tags or scene or sequence or images:
            raise GeneratorError(f"{source} is a painted set: it knows its tags and scenes; leave the rest out")
        return painted(Dataset.open(folder), seed)
    _readable(sequence)
    photographs = photo_source(source, images, classes=class_names(source))
    table = read_tags(tags) if tags else None
    frames, keys = tagged(photographs, _edge_cases(scene), table, seed), keys_of(photographs)
    return frames, keys, videos(keys, sequence) if sequence else None


def _readable(sequence: str) -> None:
    """Raises GeneratorError for what is no regular expression, before pictures are read."""
    try:
        re.compile(sequence)
    except re.error as error:
        raise GeneratorError(f"--sequence {sequence!r} is no regular expression: {error}") from None


def _edge_cases(scene: Path | None) -> "Mapping[str, EdgeCase]":
    from generator.spec.load import load_scene

    return load_scene(scene).edge_cases if scene else {}


def _write(source: Path, out: Path, dealt: "Dealt", seed: int, parts: Mapping[str, float]) -> None:
    """A file for each part, and last the manifest, which says that all is there."""
    from generator.dataset.atomic import write_bytes, write_json
    from generator.dataset.coco_part import write_part

    coco = source.suffix.lower() == ".json"
    for name, keys in dealt.parts.items():
        if coco:
            write_part(source, keys, out / f"{name}.json")
        else:
            write_bytes(out / f"{name}.txt", "".join(f"{key}\n" for key in keys).encode())
    counts = {name: one.model_dump() for name, one in dealt.counts.items()}
    write_json(
        out / MANIFEST,
        {"format": 1, "source": str(source), "seed": seed, "shares": dict(parts), "parts": dealt.parts,
         "unused": dealt.unused, "counts": counts},
    )  # fmt: skip


def _show(source: Path, frames: "Candidates", dealt: "Dealt") -> None:
    """Pictures, tags and classes of each part."""
    title = f"{source}: {len(frames)} pictures, {dealt.groups} scenes or videos"
    table = Table("", *dealt.parts, title=title)
    table.add_row("pictures", *(str(one.frames) for one in dealt.counts.values()))
    for tag in frames.tags:
        table.add_row(tag, *(f"{one.tags[tag] / max(1, one.frames):.1%}" for one in dealt.counts.values()))
    for label in frames.labels:
        table.add_row(f"objects of {label}", *(str(one.classes[label]) for one in dealt.counts.values()))
    console.print(table)
    if dealt.unused:
        console.print(f"{len(dealt.unused)} pictures are in no part: they would unbalance the test", highlight=False)


def register(app: typer.Typer) -> None:
    app.command()(split)
