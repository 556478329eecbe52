"""What a page shows of one frame: its picture, its labels as layers, and what the page draws itself."""

import io
import json
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from generator.base.frame import Frame, Instance
from generator.dataset.records import FrameRecord
from generator.report.browse_rows import Rows
from generator.report.drawing import Pixels, distinct, rim
from generator.report.layers import LAYERS
from generator.report.sheet import picture_of
from generator.truth.annotations.boxes3d import corners

THUMB: dict[str, Any] = {"kind": "WEBP", "most": 420, "quality": 80, "method": 2}  # pixels of its longer side
SMALL = "small.webp"
RECENT = 16  # frames that are kept decoded: a page asks for several layers of each


class Views:
    """Files of frames, made when they are asked for, by several threads at once if need be.

    ``KEY.jpg`` is the picture, ``KEY.LAYER.png`` a label to lay over it, ``KEY.small.webp`` and
    ``KEY.LAYER.small.webp`` are thumbnails of both, ``KEY.js`` is what the page draws itself. `names` are what follows
    the key and its dot.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.layers = ("masks", *(name for name in rows.dataset.manifest.labels if name in LAYERS))
        layered = (f"{layer}.{kind}" for layer in self.layers for kind in ("png", SMALL))
        self.names = ("js", "jpg", SMALL, *layered)
        self._decoded = lru_cache(RECENT)(self._read)

    def _read(self, key: str) -> tuple[FrameRecord, Frame]:
        record = self.rows.record(key)
        return record, self.rows.dataset.read(record)[0]

    def file(self, key: str, name: str) -> bytes:
        """The content of one of the `names`. Raises KeyError for a frame or name that there is not, DatasetError for a
        damaged frame."""
        if name not in self.names:
            raise KeyError(name)
        record, frame = self._decoded(key)
        if name == "js":
            return f"shown({json.dumps(key)},{json.dumps(drawn(frame, record), allow_nan=False)});\n".encode()
        picture = name in ("jpg", SMALL)
        shown = picture_of(frame) if picture else self._layer(frame, record, name.partition(".")[0])
        if name.endswith(SMALL):
            return encoded(shown, **THUMB)
        return encoded(shown, "JPEG", quality=90) if picture else encoded(shown, "PNG")

    def _layer(self, frame: Frame, record: FrameRecord, name: str) -> Pixels:
        if name == "masks":
            return veils(frame)
        return LAYERS[name](frame, frame.amodal if name == "amodal" else self.rows.dataset.annotation(record, name))


def encoded(pixels: Pixels, kind: str, most: int = 0, **options: Any) -> bytes:
    """A picture file; with `most` made smaller until its longer side has no more pixels than that."""
    picture, file = Image.fromarray(pixels), io.BytesIO()
    if most:
        picture.thumbnail((most, most), Image.Resampling.BOX)
    picture.save(file, kind, **options)
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
