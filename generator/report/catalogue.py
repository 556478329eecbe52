"""The catalogue: every word of the scene language with a picture of what it does. One self-contained page."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from generator.assets.catalog import Catalog
from generator.assets.shapes import SHAPES
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.scene import MeshRef
from generator.dataset.atomic import write_bytes
from generator.render.painter import Painter, make_painter
from generator.render.picture import take
from generator.report.catalogue_values import Word, words
from generator.report.page import embedded
from generator.report.turntable import turntable
from generator.sampling.sampler import Sampler
from generator.sensor.camera import expose
from generator.spec.scene import SceneSpec
from generator.spec.yaml import read

HERE = Path(__file__).parent
Pixels = NDArray[np.uint8]
Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Shown:
    """One value of a key, as it stands in YAML, and what it looks like."""

    value: str
    picture: str


@dataclass(frozen=True)
class Entry:
    """One key with some of its values."""

    key: str
    shown: list[Shown]


@dataclass(frozen=True)
class Section:
    title: str
    about: str
    entries: list[Entry]


def write_catalogue(out: Path, paint: bool, size: tuple[int, int], progress: Progress) -> None:
    """Paint all examples, with Blender or with rays alone, and write the page."""
    data = read(HERE / "catalogue_examples.yaml").data
    store = AssetStore(Catalog.open())
    painter = make_painter("blender" if paint else "raycast", store, "auto")
    total = sum(len(entry["values"]) for section in data["sections"] for entry in section["entries"])
    done = iter(range(1, total + 1))

    def shot(spec: dict[str, Any], key: str) -> str:
        progress("pictures", next(done), total, key)
        return embedded(picture(spec, store, painter, size))

    sections = [
        Section(s["title"], s["about"], [entry(data["base"], one, shot) for one in s["entries"]])
        for s in data["sections"]
    ]
    looks = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    kinds: dict[str, list[Word]] = {}
    for word in words():
        kinds.setdefault(word.kind, []).append(word)
    page = looks.get_template("catalogue.jinja").render(sections=sections, kinds=kinds, shapes=list(shapes(progress)))
    write_bytes(out, page.encode())


def entry(base: dict[str, Any], one: dict[str, Any], shot: Callable[[dict[str, Any], str], str]) -> Entry:
    """A key's values side by side."""
    beside = one.get("each", [{}] * len(one["values"]))
    shown = []
    for value, more in zip(one["values"], beside, strict=True):
        spec = changed(base, {**one.get("with", {}), **more, one["key"]: value})
        text = yaml.safe_dump(value, default_flow_style=True, width=200, sort_keys=False).strip()
        shown.append(Shown(text.removesuffix("...").strip(), shot(spec, one["key"])))
    return Entry(one["key"], shown)


def changed(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The base scene with values set at dotted paths."""
    spec = copy.deepcopy(base)
    for path, value in values.items():
        *steps, last = path.split(".")
        node = spec
        for step in steps:
            node = node.setdefault(step, {})
        node[last] = copy.deepcopy(value)
    return spec


def picture(spec: dict[str, Any], store: AssetStore, painter: Painter, size: tuple[int, int]) -> Pixels:
    """The first scene of a spec, as its sensor takes it."""
    sample = Sampler(SceneSpec.model_validate(spec), store, size)(0, 0)
    frame = take(sample, painter, store).frame
    assert frame.rgb is not None
    return expose(frame.rgb, sample.sensor, Draw(0, 0) / "sensor")


def shapes(progress: Progress) -> Iterator[tuple[str, str]]:
    """Every shape from two sides."""
    store = AssetStore(Catalog.open())
    painter, names = make_painter("raycast", store), list(SHAPES)
    for number, name in enumerate(names, 1):
        progress("shapes", number, len(names), name)
        views = turntable(MeshRef(asset=f"shape/{name}"), store, painter, side=96, views=3)
        yield name, embedded(np.hstack(views[:2]))
