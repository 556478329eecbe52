"""A page to browse a data set in: pictures with their labels laid over them, found by class, tag, size and visibility.

Works from a folder, without a server: pictures and labels lie beside the page, one set of files a frame, and are loaded
when they are looked at, so that it bears a hundred thousand frames.
"""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from generator.base.frame import Frame, Instance
from generator.dataset.atomic import canonical, write_bytes
from generator.dataset.records import FrameRecord, InstanceRecord
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.store import Dataset
from generator.report.drawing import Pixels, distinct, rim
from generator.report.layers import LAYERS
from generator.report.sheet import picture_of
from generator.truth.annotations.boxes3d import corners

HERE = Path(__file__).parent
SIZES = ("small (below 32² pixels)", "medium", "large (from 96² pixels)")
SEEN = ("less than 25 %", "25 to 75 %", "more than 75 %")
FOLDER = 500  # frames in one folder of files
Progress = Callable[[str, int, int, str], None]


def write_pages(dataset: Dataset, out: Path, progress: Progress = lambda *_: None) -> None:
    """``out/index.html``, ``out/index.js`` (what is searched) and ``out/frames/`` (what is shown)."""
    chosen = dataset.folder / SELECTION
    kept = set(Selection.load(chosen).kept) if chosen.exists() else None
    rasters = ["masks", *(name for name in dataset.manifest.labels if name in LAYERS)]
    for number, record in enumerate(dataset.frames):
        place = out / "frames" / f"{number // FOLDER:04d}"
        place.mkdir(parents=True, exist_ok=True)
        for name, data in files(dataset, record, rasters):
            (place / name).write_bytes(data)  # not synced one by one: the page itself comes last
        progress("page", number + 1, len(dataset), record.key)
    table = {**found(dataset, kept), "rasters": rasters, "folder": FOLDER}
    write_bytes(out / "index.js", b"const DATA=" + canonical(table) + b";\n")
    looks = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    page = looks.get_template("browse.jinja").render(scene=dataset.manifest.scene, total=len(dataset))
    write_bytes(out / "index.html", page.encode())


def found(dataset: Dataset, kept: set[str] | None) -> dict[str, Any]:
    """What frames are searched by: columns of keys, splits, tags, and kinds of annotated objects they show. A kind is
    9 class + 3 size + visibility, so that all three are asked of one and the same object."""
    frames, classes = dataset.frames, list(dataset.manifest.classes)
    tags = sorted({tag for one in frames for tag in one.tags})
    splits = sorted({one.split for one in frames})
    return {
        "classes": classes, "tags": tags, "splits": splits, "sizes": SIZES, "seen": SEEN,
        "width": dataset.manifest.size[0], "height": dataset.manifest.size[1],
        "key": [one.key for one in frames],
        "split": [splits.index(one.split) for one in frames],
        "tag": [sorted(tags.index(tag) for tag in one.tags) for one in frames],
        "kind": [sorted({kind(i, classes.index(i.label or "")) for i in one.annotated}) for one in frames],
        "kept": None if kept is None else [int(one.key in kept) for one in frames],
    }  # fmt: skip


def kind(one: InstanceRecord, label: int) -> int:
    size = 0 if one.visible_pixels < 32**2 else 1 if one.visible_pixels < 96**2 else 2
    seen = 0 if one.visible_fraction < 0.25 else 1 if one.visible_fraction <= 0.75 else 2
    return 9 * label + 3 * size + seen


def files(dataset: Dataset, record: FrameRecord, rasters: list[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of a frame's files: picture, one transparent or opaque picture a label, and what is drawn."""
    frame, _ = dataset.read(record)
    yield f"{record.key}.jpg", encoded(picture_of(frame), "JPEG")
    yield f"{record.key}.masks.png", encoded(veils(frame), "PNG")
    for name in rasters:
        if name in LAYERS:
            value = frame.amodal if name == "amodal" else dataset.annotation(record, name)
            yield f"{record.key}.{name}.png", encoded(LAYERS[name](frame, value), "PNG")
    text = json.dumps(record.key) + "," + canonical(drawn(frame, record)).decode()
    yield f"{record.key}.js", f"shown({text});\n".encode()


def encoded(pixels: Pixels, kind: str) -> bytes:
    file = io.BytesIO()
    more: dict[str, Any] = {"quality": 88} if kind == "JPEG" else {"compress_level": 6}
    Image.fromarray(pixels).save(file, kind, **more)
    return file.getvalue()


def veils(frame: Frame) -> Pixels:
    """Visible masks of annotated objects as colours, uint8 (h, w, 4): a veil, and an outline of one pixel."""
    colors = np.zeros((len(frame.instances) + 1, 4), np.uint8)
    outline = np.zeros(frame.instance.shape, bool)
    for number, one in enumerate(frame.annotated):
        colors[one.id] = (*distinct(number), 90)
        x0, y0, x1, y1 = one.box or (0, 0, 0, 0)
        outline[y0:y1, x0:x1] |= rim(frame.instance[y0:y1, x0:x1] == one.id)
    shown = colors[frame.instance]
    shown[outline, 3] = 255
    return shown


def drawn(frame: Frame, record: FrameRecord) -> dict[str, Any]:
    """What the page draws itself, of annotated objects: boxes, boxes in space, keypoints, and their facts."""
    objects = [thing(frame, one, number) for number, one in enumerate(frame.annotated)]
    return {"tags": list(record.tags), "objects": objects}


def thing(frame: Frame, one: Instance, number: int) -> dict[str, Any]:
    ends = frame.camera.pixels(corners(one)) if any(one.extent) else np.full((8, 2), np.nan)
    return {
        "name": one.name, "label": one.label, "color": "#{:02x}{:02x}{:02x}".format(*distinct(number)),
        "box": one.box, "pixels": one.visible_pixels, "visible": round(one.visible_fraction, 4),
        "truncated": round(one.truncated_fraction, 4), "distance": round(one.distance, 4),
        "corners": [[round(float(v), 2) for v in p] if np.isfinite(p).all() else None for p in ends],
        "keypoints": [[name, round(u, 2), round(v, 2), flag] for name, (u, v, flag) in sorted(one.keypoints.items())],
    }  # fmt: skip
