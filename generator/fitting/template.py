"""A first scene for objects that nobody here has thought of: `generator new-scene`."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.assets.catalog import Catalog
from generator.assets.shapes import SHAPES, label_of
from generator.assets.shapes.words import called, meaning
from generator.assets.store import AssetStore
from generator.base.errors import AssetError, did_you_mean
from generator.base.scene import MeshRef
from generator.fitting.text import flow

ANYTHING: dict[str, Any] = {"hsv": [{"uniform": [0, 1]}, {"triangular": [0, 0, 1]}, {"uniform": [0.05, 0.95]}]}
GROUND: dict[str, Any] = {"hsv": [{"uniform": [0, 1]}, {"triangular": [0, 0, 0.7]}, {"uniform": [0.06, 0.95]}]}
FREE = 0.35  # of a fitted colour, what stays random: the next room is painted otherwise
OTHERS = 0.5  # of the colours of what is none of the classes, those that are not theirs
NEIGHBOURS = (
    "book", "bottle", "bowl", "bucket", "can", "carton", "clock", "jar", "keyboard", "lamp", "mug", "pan", "plate",
    "vase", "teapot", "chair", "stool", "hammer", "brick", "ball",
)  # fmt: skip
SMALL = 0.0015  # of the picture's pixels: an object of fewer is `small`
CAPS = {"dim": 0.2, "smeared": 0.25, "hidden": 0.3, "cut": 0.35, "small": 0.3}
FLOORS = {"hidden": 0.05, "cut": 0.05}
LOOKED = 1.5  # scenes looked at for each that is painted, within which a plan should keep its caps and floors
MEASURED = 40  # meshes of a class that are measured


@dataclass(frozen=True)
class Target:
    """One class: its `label`, the words for its assets (``{pick: [...]}`` or ``{shape: ...}``), its objects' median
    largest extent in metres, and whether its meshes bring materials of their own."""

    label: str
    asset: dict[str, Any]
    extent: float
    textured: bool


def targets(labels: Sequence[str], folder: Path | None) -> list[Target]:
    """What shows each class: the meshes of `folder` (of its sub-folder of that name, if there are several classes), or
    where there is no folder, the built-in shapes of that name. Raises AssetError naming what was looked for, or what
    would show two classes."""
    if folder is None:
        return _of_shapes(labels)
    catalog = Catalog.open(folder)
    own = {name: one for name, one in catalog.assets.items() if one.path.is_relative_to(folder) and one.kind == "mesh"}
    return [_of_meshes(label, sorted(_named(label, list(own), len(labels) == 1, folder)), catalog) for label in labels]


def _named(label: str, names: list[str], alone: bool, folder: Path) -> list[str]:
    """The meshes of a class: those below a folder of its name; all of them, if it is the only class and has none."""
    inside = [name for name in names if label in name.split("/")[:-1]]
    if not inside and alone:
        inside = names
    if not inside:
        folders = sorted({part for name in names for part in name.split("/")[:-1]})
        raise AssetError(
            f"{folder}: no mesh {'in a folder ' + repr(label) if not alone else 'at all'}"
            f"{did_you_mean(label, folders)}; put the meshes of each class into a folder of its name"
        )
    return inside


def _of_meshes(label: str, names: list[str], catalog: Catalog) -> Target:
    store = AssetStore(catalog)
    chosen = sorted({names[int(k)] for k in np.linspace(0, len(names) - 1, min(len(names), MEASURED))})
    meshes = [store.mesh(MeshRef(asset=name)) for name in chosen]
    textured = any(mesh.texture is not None for mesh in meshes)
    return Target(label, {"pick": names}, float(np.median([_extent(mesh.bounds) for mesh in meshes])), textured)


def _of_shapes(labels: Sequence[str]) -> list[Target]:
    shapes = {label: called(label) for label in labels}
    if lacking := [label for label in labels if not shapes[label]]:
        known = sorted({label_of(name) for name in SHAPES})
        hints = ", ".join(f"{label!r}{did_you_mean(label, known)}" for label in lacking)
        raise AssetError(f"no shape shows a {hints}; name a folder of meshes with --assets")
    for one, other in combinations(shapes, 2):
        if both := sorted(set(shapes[one]) & set(shapes[other])):
            raise AssetError(f"{one!r} and {other!r} are both shown by {', '.join(both)}; leave one of them out")
    extents = {name: _extent(SHAPES[name]().bounds) for found in shapes.values() for name in found}
    return [
        Target(label, {"shape": found}, float(np.median([extents[name] for name in found])), False)
        for label, found in shapes.items()
    ]


def _extent(bounds: Any) -> float:
    low, high = bounds
    return float(np.max(np.asarray(high) - np.asarray(low)))


def scene_text(
    name: str,
    classes: Sequence[Target],
    size: tuple[int, int],
    colors: Mapping[str, Any] | None = None,
    grey: float = 0.0,
) -> str:
    """The scene as YAML, everything in it measured by the median extent of the objects. `colors` are `palettes` of real
    photographs, which grounds and untextured objects then have, besides random ones; `grey` is the share of pictures
    without colours."""
    colors, labels = colors or {}, [one.label for one in classes]
    unit = float(np.median([one.extent for one in classes]))
    looks = _environment()
    looks.globals |= {
        "num": _short,
        "span": lambda low, high: f"[{_short(low * unit)}, {_short(high * unit)}]",
        "squared": lambda low, high: f"[{_short(low * unit**2)}, {_short(high * unit**2)}]",
        "surface": _surface,
        "unlike": lambda *names: f"[{', '.join(unlike(names, labels))}]",
    }
    text: str = looks.get_template("scene.jinja").render(
        name=name,
        labels=labels,
        classes=[(one.label, flow(one.asset), _colored(one, colors)) for one in classes],
        unit=unit,
        ground=flow(mixed(colors.get(""), GROUND)),
        anything=flow(_anything(labels, colors)),
        neighbours=unlike([name for name in SHAPES if label_of(name) in NEIGHBOURS], labels),
        grey=grey,
        small=SMALL,
        longest=max(size),
    )
    return text


def config_text(
    name: str,
    scene: Path,
    size: tuple[int, int],
    folder: Path | None,
    real: Path | None,
    several: bool,
    tags: Mapping[str, float] | None = None,
    images: str = "",
) -> str:
    """A config to begin with; what only the author knows stands in it as a comment. `tags` are the shares of scenes
    that are each edge case, where they are known: caps and floors are such as that scene can keep. `images` is the
    folder of the photographs, where it was named."""
    caps, floors = limits(tags)
    wider = [tag for tag in CAPS if (caps.get(tag), floors.get(tag)) != (CAPS[tag], FLOORS.get(tag))]
    text: str = (
        _environment()
        .get_template("config.jinja")
        .render(
            name=name,
            scene=scene,
            size=size,
            folder=folder,
            train=real or "photos/train.json",
            images=images,
            several=several,
            caps=caps,
            floors=floors,
            wider=wider,
        )
    )
    return text + "\n"


def _environment() -> Environment:
    found = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=False)
    found.filters |= {"yaml": flow, "key": key}
    return found


def limits(tags: Mapping[str, float] | None) -> tuple[dict[str, float], dict[str, float]]:
    """CAPS and FLOORS, or what comes next to them that a scene can keep which is an edge case as often as `tags` says:
    of LOOKED times as many scenes, enough must be one, and enough none."""
    if tags is None:
        return CAPS, FLOORS
    least = {tag: 1 - LOOKED * (1 - tags.get(tag, 0.0)) for tag in CAPS}
    most = {tag: LOOKED * tags.get(tag, 0.0) for tag in FLOORS}
    caps = {tag: max(cap, math.ceil(20 * least[tag]) / 20) for tag, cap in CAPS.items()}
    floors = {tag: min(floor, math.floor(100 * most[tag]) / 100) for tag, floor in FLOORS.items()}
    return {tag: cap for tag, cap in caps.items() if cap < 1}, {tag: floor for tag, floor in floors.items() if floor}


def key(label: str) -> str:
    """A label as a name of a group of objects."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "target"


def mixed(fitted: Any, free: Any, share: float = FREE) -> Any:
    """What was fitted, and in that share of cases something else."""
    if not fitted:
        return free
    whole = sum(part["weight"] for part in fitted["mixture"])
    weights = [{**part, "weight": round(part["weight"] * (1 - share), 1)} for part in fitted["mixture"]]
    return {"mixture": [*weights, {"weight": round(whole * share), "of": free}]}


def _anything(labels: Sequence[str], colors: Mapping[str, Any]) -> Any:
    """The colours of what is none of the classes: as often theirs, where they are known, as others.

    For fewer false alarms: cones and cubes, synthetic pictures alone, 350 steps, at score 0.5 on 44 photographs of
    another room: 133 with furniture and tools so coloured, 198 with nothing but cones and cubes (one seed). AP is the
    same.
    """
    parts = [part for label in labels if label in colors for part in colors[label]["mixture"]]
    return mixed(parts and {"mixture": parts}, ANYTHING, OTHERS)


def _colored(target: Target, colors: Mapping[str, Any]) -> str:
    """The words of a class's colour, or none where its meshes have their own."""
    return "" if target.textured else flow(mixed(colors.get(target.label), ANYTHING))


def _surface(color: str) -> str:
    """The material of targets: their own with small changes, or colours and relief at random."""
    if not color:
        return (
            "material:\n  keep: 1\n  shift: {hue: {normal: [0, 0.015]}, saturation: {normal: [0, 0.08]}, "
            "value: {normal: [0, 0.08]}}"
        )
    return (
        f"material:\n  color: {color}\n  roughness: {{uniform: [0.1, 0.9]}}\n"
        "  bump: {pick: [0, {uniform: [0, 0.3]}]}\n  coat: {pick: [0, {uniform: [0, 1]}]}\n"
        "  dirt: {pick: [0, {uniform: [0, 0.3]}], weights: [3, 1]}"
    )


def unlike(names: Iterable[str], labels: Sequence[str]) -> list[str]:
    """Those of some shapes that show none of the classes: what is seen and never annotated must not be one of them."""
    words = {word for label in labels for word in (*key(label).split("_"), *meaning(label))}
    return [name for name in names if not words & set(name.split("_"))] or ["polyhedron"]


def _short(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
