"""What a painter is, and the painters there are."""

import importlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.errors import RenderError, did_you_mean
from generator.base.scene import SceneSample

Device = Literal["auto", "cpu", "gpu"]

PAINTERS = {
    "blender": "generator.render.blender.painter:BlenderPainter",
    "raycast": "generator.render.raycast:RaycastPainter",
    "paste": "generator.render.paste:PastePainter",
    "collage": "generator.render.paste:CollagePainter",
}

BLENDER = ("blender", "paste")  # those of them that paint with Blender


@dataclass(frozen=True)
class Painted:
    """One painted picture, with what the painter itself knows of the scene.

    rgb      uint8 (h, w, 3), sRGB
    index    uint16 (h, w), instance ids at pixel centres, 0 for backdrops and nothing; None if the engine cannot tell
    depth    float32 (h, w), planar metres at pixel centres, inf where nothing is; None if the engine cannot tell
    normal   float32 (h, w, 3), or None
    seconds  wall time per stage
    device   what painted: ``cpu``, ``optix``, ``cuda``, ``hip``, ``egl``, ...
    warning  what people should know of that, in words; mostly nothing
    """

    rgb: NDArray[np.uint8]
    index: NDArray[np.uint16] | None = None
    depth: NDArray[np.float32] | None = None
    normal: NDArray[np.float32] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    device: str = "cpu"
    warning: str = ""


class Painter(Protocol):
    """The same sample gives the same picture on the same device, whatever was painted before."""

    def paint(self, sample: SceneSample) -> Painted:
        """Paint one scene. Raises RenderError when the picture cannot be made, DeviceError when the device is to
        blame for that, AssetError when an asset is broken, DatasetError when there is no room for it."""
        ...


def make_painter(name: str, store: AssetStore, device: Device = "auto") -> Painter:
    """A painter by name; its module is imported only now. Raises RenderError for an unknown name or missing device."""
    if name not in PAINTERS:
        raise RenderError(f"unknown painter {name!r}{did_you_mean(name, PAINTERS)}")
    module, _, kind = PAINTERS[name].partition(":")
    painter: Painter = getattr(importlib.import_module(module), kind)(store, device=device)
    return painter
