"""Verbs for assets: `generator assets add | list | check | sheet | fetch`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from generator.assets.catalog import Asset, Card, Catalog
from generator.base.errors import AssetError, GeneratorError
from generator.cli.console import console, progress

app = typer.Typer(help="Take in, list, check and look at assets.", no_args_is_help=True)
Root = Annotated[Path, typer.Option("--to", help="The folder of assets.")]
Roots = Annotated[list[Path] | None, typer.Option("--assets", help="A folder of assets; may be given several times.")]
Pattern = Annotated[str, typer.Argument(help="A glob over ids, such as mugs/*, or over shapes, such as 'shape/mug*'.")]


class Axis(StrEnum):
    """An upward axis."""

    y = "y"
    z = "z"


@app.command()
def add(
    source: Annotated[Path, typer.Argument(help="A mesh file, a folder, or a zip or tar of them.")],
    label: Annotated[str, typer.Option(help="The class they show; also the folder they go to.")],
    to: Root = Path("assets"),
    licence: Annotated[str, typer.Option(help="Their licence, such as CC0-1.0.")] = "",
    origin: Annotated[str, typer.Option("--source", help="Where they come from.")] = "",
    up: Annotated[Axis | None, typer.Option(help="Their upward axis (default: y for glTF, else z).")] = None,
    scale: Annotated[float, typer.Option(help="Metres per unit: 0.001 for millimetres.", min=1e-9, max=1e9)] = 1.0,
    cutout: Annotated[bool, typer.Option("--cutout", help="Pictures with transparency are objects too.")] = False,
) -> None:
    """Copy meshes into the catalog, check each, and write down licence, source, hash, upward axis and unit."""
    from generator.assets.intake import take_in
    from generator.dataset.atomic import writing

    if not label.replace("_", "").replace("-", "").isalnum():
        raise GeneratorError(f"--label must be a plain name, not {label!r}")
    card = Card(label=label, licence=licence, source=origin, up=up.value if up else None, scale=scale, cutout=cutout)
    with progress() as report, writing(to):
        taken = take_in(source, to, card, lambda done, total, name: report("assets", done, total, name))
    for one in taken:
        told(one.name, one.findings.broken, one.findings.odd, one.findings.extent)
    added = sum(one.added for one in taken)
    console.print(f"{added} of {len(taken)} added to {to / label}" + ("" if licence else "; without a --licence"))
    if not added:
        raise AssetError(f"{source}: nothing could be added")


@app.command("list")
def listed(pattern: Pattern = "*", assets: Roots = None) -> None:
    """What the catalog holds: id, kind, label, licence, source."""
    table = Table("id", "kind", "label", "licence", "source", box=None, header_style="bold")
    for asset in matching(Catalog.open(*(assets or [Path("assets")])), pattern):
        licence = escape(asset.licence) or "[red]none[/]"
        table.add_row(escape(asset.id), asset.kind, escape(asset.label), licence, escape(asset.source))
    console.print(table)


@app.command()
def check(pattern: Pattern = "*", assets: Roots = None) -> None:
    """Read every asset whole: size, holes, degenerate faces, missing textures, licence."""
    from generator.assets.inspection import inspect
    from generator.assets.store import readable

    broken = 0
    for asset in matching(Catalog.open(*(assets or [Path("assets")])), pattern):
        if asset.kind == "mesh":
            found = inspect(asset.path, asset.up, asset.scale)
            fault, odd, extent = found.broken, list(found.odd), found.extent
        else:
            fault, odd, extent = readable(asset).removeprefix(f"{asset.path}: "), [], None
        told(asset.id, fault, odd + ([] if asset.licence else ["has no licence in its asset.yaml"]), extent)
        broken += bool(fault)
    if broken:
        raise AssetError(f"{broken} broken")


@app.command()
def sheet(
    pattern: Pattern = "*",
    out: Annotated[Path, typer.Option("-o", "--out", help="The picture to write.")] = Path("assets.png"),
    assets: Roots = None,
    paint: Annotated[bool, typer.Option("--paint", help="Paint with Blender, not rays.")] = False,
    side: Annotated[int, typer.Option(help="Pixels of one view.", min=32, max=1024)] = 128,
) -> None:
    """Turn every mesh around: one row of views for each."""
    from generator.assets.shapes import SHAPES
    from generator.assets.store import AssetStore
    from generator.base.scene import MeshRef
    from generator.render.painter import make_painter
    from generator.report.sheet import save
    from generator.report.sheet import sheet as tiled
    from generator.report.turntable import turntable

    catalog = Catalog.open(*(assets or [Path("assets")]))
    store = AssetStore(catalog)
    names = catalog.glob(pattern, ("mesh",)) + [f"shape/{n}" for n in SHAPES if fits(f"shape/{n}", pattern)]
    if not names:
        raise AssetError(f"no mesh in {catalog.where} matches {pattern!r}")
    painter, pictures, captions = make_painter("blender" if paint else "raycast", store, "auto"), [], []
    with progress() as report:
        for number, name in enumerate(names, 1):
            views = turntable(MeshRef(asset=name), store, painter, side)
            low, high = store.mesh(MeshRef(asset=name)).bounds
            size = " x ".join(f"{v:.3g}" for v in high - low)
            pictures.append(np.hstack(views))
            captions.append(f"{name}, {size} m")
            report("assets", number, len(names), name)
    save(tiled(pictures, columns=2, captions=captions), out)
    console.print(f"wrote {out}")


@app.command()
def fetch(pack: Annotated[str, typer.Argument(help="Name of a pack: pmndrs.")], to: Root = Path("assets")) -> None:
    """Download a pack of free assets from a package registry."""
    from generator.assets.packs import PACKS
    from generator.assets.packs import fetch as fetched

    folder = fetched(pack, to)
    console.print(f"{folder}: {PACKS[pack].what}, {PACKS[pack].licence}")


def matching(catalog: Catalog, pattern: str) -> list[Asset]:
    """Assets by id. Raises AssetError when there is none."""
    found = [catalog[name] for name in catalog.glob(pattern, ("mesh", "image", "hdri"))]
    if not found:
        raise AssetError(f"nothing in {catalog.where} matches {pattern!r}")
    return found


def fits(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern) and pattern != "*"


def told(name: str, fault: str, odd: list[str], extent: tuple[float, float, float] | None) -> None:
    """One line for one asset."""
    size = " x ".join(f"{v:.3g}" for v in extent) + " m" if extent and not fault else ""
    mark = "[red]broken[/]" if fault else "[yellow]odd[/]" if odd else "[green]ok[/]"
    what = escape("; ".join([fault, *odd] if fault else odd))
    console.print(f"{mark:<14} {escape(name)} {size}", what, highlight=False)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="assets")
