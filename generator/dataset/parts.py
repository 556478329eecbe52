"""A frame as named byte strings and back. Equal labels give equal bytes on every worker."""

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.base.frame import Frame, as_json, from_json
from generator.base.geometry import Camera
from generator.base.scene import SceneSample
from generator.dataset import rle
from generator.dataset.atomic import canonical

RGB, INSTANCE, DEPTH, NORMAL = "rgb.png", "instance.png", "depth.npz", "normal.npz"
FACTS, SAMPLE = "json", "sample.json"


def encode(frame: Frame, sample: SceneSample, labels: Iterable[str], audit: Mapping[str, float]) -> dict[str, bytes]:
    """Parts by name. `labels` says which of "amodal", "depth" and "normal" are kept; the rest always is."""
    labels = set(labels)
    parts = {INSTANCE: _png(frame.instance), FACTS: canonical(_facts(frame, "amodal" in labels, audit))}
    parts[SAMPLE] = canonical(sample.model_dump())
    if frame.rgb is not None:
        parts[RGB] = _png(frame.rgb)
    if "depth" in labels:
        parts[DEPTH] = _npz(frame.depth)
    if "normal" in labels:
        parts[NORMAL] = _npz(frame.normal)
    return parts


def decode(parts: Mapping[str, bytes]) -> tuple[Frame, SceneSample]:
    """The inverse of `encode`. Labels that were not kept come back as NaN (depth, normal) or no entries (amodal)."""
    facts = json.loads(parts[FACTS])
    instance = image(parts[INSTANCE]).astype(np.uint16)
    frame = Frame(
        instance=instance,
        depth=_array(parts.get(DEPTH), instance.shape),
        normal=_array(parts.get(NORMAL), (*instance.shape, 3)),
        amodal={int(k): rle.decode(v) for k, v in facts["amodal"].items()},
        instances=tuple(map(from_json, facts["instances"])),
        camera=_camera(facts["camera"]),
        rgb=image(parts[RGB]) if RGB in parts else None,
        facts=facts["facts"],
    )
    return frame, SceneSample.model_validate_json(parts[SAMPLE])


def image(png: bytes) -> NDArray[Any]:
    """Pixels of a PNG, in the type they were written in."""
    with Image.open(io.BytesIO(png)) as opened:
        return np.array(opened)


def _png(pixels: NDArray[Any]) -> bytes:
    """8-bit colour or 16-bit grey. Level 3 of zlib: half the time of the usual 6, a few per cent more bytes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=3)
    return file.getvalue()


def _npz(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, array)
    return file.getvalue()


def _array(npz: bytes | None, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if npz is None:
        return np.full(shape, np.nan, np.float32)
    with np.load(io.BytesIO(npz)) as arrays:
        array: NDArray[np.float32] = arrays["arr_0"]
        return array


def _facts(frame: Frame, amodal: bool, audit: Mapping[str, float]) -> dict[str, Any]:
    camera = {**frame.camera.__dict__, "world_from_camera": frame.camera.world_from_camera.tolist()}
    return {
        "instances": [as_json(one) for one in frame.instances],
        "amodal": {str(k): rle.encode(mask) for k, mask in frame.amodal.items()} if amodal else {},
        "camera": {name: camera[name] for name in Camera.__dataclass_fields__},
        "facts": dict(frame.facts),
        "audit": dict(audit),
    }


def _camera(data: dict[str, Any]) -> Camera:
    return Camera(**{**data, "world_from_camera": np.array(data["world_from_camera"])})
