"""A frame as named byte strings and back. Equal labels give equal bytes on every worker."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError
from generator.base.frame import Frame, as_json, from_json
from generator.base.geometry import Camera
from generator.base.lens import Lens
from generator.base.scene import SceneSample
from generator.dataset import rle
from generator.dataset.atomic import canonical
from generator.truth.annotations import ANNOTATIONS, Shot
from generator.truth.coding import arrays, image, png

__all__ = ["FACTS", "INSTANCE", "RGB", "SAMPLE", "annotation", "decode", "encode", "image"]

RGB, INSTANCE, FACTS, SAMPLE = "rgb.png", "instance.png", "json", "sample.json"


def encode(
    frame: Frame,
    sample: SceneSample,
    labels: Iterable[str],
    audit: Mapping[str, float],
    store: AssetStore | None = None,
) -> dict[str, bytes]:
    """Parts by name: picture, instance ids, facts and scene, and the optional `labels` of `truth.annotations`. Some of
    those are measured on meshes, which `store` holds."""
    labels = set(labels)
    parts = {INSTANCE: png(frame.instance), FACTS: canonical(_facts(frame, "amodal" in labels, audit))}
    parts[SAMPLE] = canonical(sample.model_dump())
    if frame.rgb is not None:
        parts[RGB] = png(frame.rgb)
    shot = Shot(frame, sample, store)
    for kind in (ANNOTATIONS[name] for name in sorted(labels)):
        if kind.part:
            parts[kind.part] = kind.encode(kind.measure(shot))
    return parts


def annotation(parts: Mapping[str, bytes], name: str) -> Any:
    """An optional label that has a file of its own. Raises DatasetError when it was not kept, GeneratorError when there
    is none of that name."""
    kind = ANNOTATIONS[name]
    if not kind.part:
        raise DatasetError(f"label {name!r} stands among a frame's facts: read the frame")
    if kind.part not in parts:
        raise DatasetError(f"label {name!r} was not kept; paint with `labels: [{name}, ...]`")
    return kind.decode(parts[kind.part])


def decode(parts: Mapping[str, bytes]) -> tuple[Frame, SceneSample]:
    """The inverse of `encode`. Labels that were not kept come back as NaN (depth, normal) or no entries (amodal)."""
    facts = json.loads(parts[FACTS])
    instance = image(parts[INSTANCE]).astype(np.uint16)
    frame = Frame(
        instance=instance,
        depth=_array(parts.get(ANNOTATIONS["depth"].part), instance.shape),
        normal=_array(parts.get(ANNOTATIONS["normal"].part), (*instance.shape, 3)),
        amodal={int(k): rle.decode(v) for k, v in facts["amodal"].items()},
        instances=tuple(map(from_json, facts["instances"])),
        camera=_camera(facts["camera"]),
        rgb=image(parts[RGB]) if RGB in parts else None,
        facts=facts["facts"],
    )
    return frame, SceneSample.model_validate_json(parts[SAMPLE])


def _array(npz: bytes | None, shape: tuple[int, ...]) -> NDArray[np.float32]:
    if npz is None:
        return np.full(shape, np.nan, np.float32)
    array: NDArray[np.float32] = arrays(npz)
    return array


def _facts(frame: Frame, amodal: bool, audit: Mapping[str, float]) -> dict[str, Any]:
    pose, lens = frame.camera.world_from_camera.tolist(), frame.camera.lens.model_dump()
    camera = {**frame.camera.__dict__, "world_from_camera": pose, "lens": lens}
    return {
        "instances": [as_json(one) for one in frame.instances],
        "amodal": {str(k): rle.encode(mask) for k, mask in frame.amodal.items()} if amodal else {},
        "camera": {name: camera[name] for name in Camera.__dataclass_fields__},
        "facts": dict(frame.facts),
        "audit": dict(audit),
    }


def _camera(data: dict[str, Any]) -> Camera:
    pose, lens = np.array(data["world_from_camera"]), Lens(**data.get("lens", {}))
    return Camera(**{**data, "world_from_camera": pose, "lens": lens})
