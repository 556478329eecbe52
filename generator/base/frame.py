"""`Frame`: one picture with its exact labels. numpy only."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.base.geometry import Box, Camera, extent

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Instance:
    """One object of a frame. Pixels are point samples at pixel centres.

    `box` bounds the visible pixels and `amodal_box` those the object would cover if nothing stood before it, cut to the
    image; both are half-open, and None where there are no such pixels. `visible_fraction` is visible / amodal pixels
    inside the image; `truncated_fraction` the share of the whole silhouette that lies outside the image. `occluders`
    maps the ids of what stands in front (0: the backdrop) to the pixels they take. `position` and `rotation` (w x y z)
    are the object's in the camera frame, metres.

    `extent` and `center` are the size and the middle of the object's bounding box along its own axes, after scaling,
    before rotation (metres); an `extent` of zeros means unknown. `keypoints` maps names to (u, v, visibility), pixels
    and COCO's flag: 0 not labelled, 1 labelled and hidden, 2 visible.
    """

    id: int
    name: str
    label: str | None
    category: int
    asset: str
    visible_pixels: int
    amodal_pixels: int
    box: Box | None
    amodal_box: Box | None
    visible_fraction: float
    truncated_fraction: float
    occluders: dict[int, int] = field(default_factory=dict)
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    distance: float = 0.0
    extent: tuple[float, float, float] = (0.0, 0.0, 0.0)
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    keypoints: dict[str, tuple[float, float, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A picture and everything that is true of it.

    rgb       uint8 (h, w, 3), sRGB; None for labels without a picture (a look)
    instance  uint16 (h, w), 0 where there is no instance
    depth     float32 (h, w), planar metres (negative beyond 90 degrees through a fisheye), inf where nothing is
    normal    float32 (h, w, 3), unit, camera frame, facing the camera; zero where nothing is
    amodal    per instance id: bool (h', w') over that instance's `amodal_box`
    """

    instance: NDArray[np.uint16]
    depth: NDArray[np.float32]
    normal: NDArray[np.float32]
    amodal: dict[int, Mask]
    instances: tuple[Instance, ...]
    camera: Camera
    rgb: NDArray[np.uint8] | None = None
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def annotated(self) -> list[Instance]:
        """Instances of the detector's classes that show at least one pixel."""
        return [i for i in self.instances if i.label is not None and i.visible_pixels > 0]

    def mask(self, instance_id: int) -> Mask:
        """Visible mask, bool (h, w)."""
        return self.instance == instance_id

    def amodal_mask(self, instance_id: int) -> Mask:
        """Amodal mask inside the image, bool (h, w)."""
        full = np.zeros(self.instance.shape, bool)
        box = self.instances[instance_id - 1].amodal_box
        if box is not None:
            full[box[1] : box[3], box[0] : box[2]] = self.amodal[instance_id]
        return full

    def with_rgb(self, rgb: NDArray[np.uint8]) -> "Frame":
        return replace(self, rgb=rgb)

    def faults(self) -> list[str]:
        """What contradicts itself in this frame, in words; empty when all is well. Cheap enough for every frame."""
        found = []
        if self.rgb is not None and self.rgb.shape != (*self.instance.shape, 3):
            found.append(f"picture {self.rgb.shape} and labels {self.instance.shape} differ in size")
        known = {i.id for i in self.instances}
        present = set(np.flatnonzero(np.bincount(self.instance.ravel())).tolist()) - {0}
        if not present <= known:
            found.append(f"mask holds unknown ids {sorted(present - known)}")
        if np.isnan(self.depth).any() or np.isinf(self.depth[self.instance > 0]).any():
            found.append("an instance's pixel has no finite depth")
        for one in self.instances:
            found += self._instance_faults(one)
        return found

    def _instance_faults(self, one: Instance) -> list[str]:
        mask, found = self.mask(one.id), []
        if int(mask.sum()) != one.visible_pixels:
            found.append(f"{one.name}: {one.visible_pixels} visible pixels recorded, {int(mask.sum())} in the mask")
        if extent(mask) != one.box:
            found.append(f"{one.name}: box {one.box} is not the extent {extent(mask)} of its mask")
        if (mask & ~self.amodal_mask(one.id)).any():
            found.append(f"{one.name}: visible pixels outside the amodal mask")
        return found


def as_json(instance: Instance) -> dict[str, Any]:
    """Plain data of an instance; `Instance(**...)` with tuples restored reads it back."""
    data = dict(instance.__dict__)
    data["occluders"] = {str(k): v for k, v in instance.occluders.items()}
    return data


def from_json(data: dict[str, Any]) -> Instance:
    """The inverse of `as_json`, after a trip through JSON."""
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    values["occluders"] = {int(k): v for k, v in data["occluders"].items()}
    values["keypoints"] = {name: (u, v, flag) for name, (u, v, flag) in data.get("keypoints", {}).items()}
    return Instance(**values)
