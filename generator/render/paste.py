"""Cut and paste: objects pasted on photographs, the baseline that every rendered scene must beat.

`PastePainter` cuts what Blender paints, `CollagePainter` cuts what stands in the meshes' own textures (photographed
cut-outs), flat and unlit, without Blender. Both paste far objects first, each with the scene's blending.
"""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.color import encode
from generator.base.frame import Frame
from generator.base.scene import ObjectSample, SceneSample
from generator.render.blending import FILTERS, blend
from generator.render.painter import Device, Painted, Painter, make_painter
from generator.render.photo import cover
from generator.render.texels import own_colors
from generator.truth.labels import label
from generator.truth.rays import Target

Float = NDArray[np.float64]
MARGIN = 8  # pixels around an object that its blending may look at


class PastePainter:
    """What Blender paints of the objects, pasted on the photograph (or the plain colour) of the world."""

    def __init__(self, store: AssetStore, device: Device = "auto") -> None:
        self.store, self.device = store, "cpu"
        self._painter: Painter = make_painter("blender", store, device)

    def paint(self, sample: SceneSample) -> Painted:
        painted = self._painter.paint(sample)
        start = time.perf_counter()
        picture = pasted(sample, label(sample, self.store, normals=False), painted.rgb.astype(float), self.store)
        seconds = painted.seconds | {"paste": time.perf_counter() - start}
        return replace(painted, rgb=picture, seconds=seconds)


class CollagePainter:
    """The objects' own textures, pasted. Its index and depth are the label rays themselves."""

    def __init__(self, store: AssetStore, device: Device = "auto") -> None:
        self.store, self.device = store, "cpu"

    def paint(self, sample: SceneSample) -> Painted:
        start = time.perf_counter()
        frame = label(sample, self.store, normals=False)
        if sample.render.blending in FILTERS:
            return self._painted(stacked(sample, frame, self.store), frame, start)
        above = np.zeros((sample.height, sample.width, 3))
        for number, one in enumerate(sample.instances, start=1):
            where = frame.mask(number)
            if where.any():
                above[where] = colors(one, frame, where, self.store)
        return self._painted(pasted(sample, frame, above, self.store), frame, start)

    def _painted(self, rgb: NDArray[np.uint8], frame: Frame, start: float) -> Painted:
        return Painted(rgb, frame.instance, frame.depth, None, {"paint": time.perf_counter() - start}, self.device)


def colors(one: ObjectSample, frame: Frame, where: NDArray[np.bool_], store: AssetStore) -> Float:
    """The object's own look (n, 3), sRGB 0..255, at the pixels where it is seen; its material's colour unless kept."""
    if not one.material.keep:
        srgb = encode(np.array(one.material.color))
        return np.broadcast_to(255 * srgb, (int(where.sum()), 3))
    camera, mesh = frame.camera, store.mesh(one.mesh)
    local = np.linalg.inv(one.pose.matrix()) @ camera.world_from_camera
    rays = camera.rays((0, 0, camera.width, camera.height))[where] @ local[:3, :3].T
    reach, triangle = Target.of(mesh).hit(local[:3, 3], rays)
    points = local[:3, 3] + np.where(np.isfinite(reach), reach, 0)[:, None] * rays
    return own_colors(mesh, np.maximum(triangle, 0), points)


def pasted(sample: SceneSample, frame: Frame, above: Float, store: AssetStore) -> NDArray[np.uint8]:
    """`above` (h, w, 3), sRGB 0..255, cut along the visible masks and pasted on the background, far objects first."""
    canvas = background(sample, store)
    boxes = {one.id: one.box for one in frame.instances if one.box is not None}
    far_first = sorted(boxes, key=lambda number: (-float(np.median(frame.depth[frame.mask(number)])), number))
    for number in far_first:
        x0, y0, x1, y1 = boxes[number]
        window = np.s_[max(0, y0 - MARGIN) : y1 + MARGIN, max(0, x0 - MARGIN) : x1 + MARGIN]
        mask = frame.mask(number)[window]
        canvas[window] = blend(canvas[window], above[window], mask, sample.render.blending)
    return (np.clip(canvas, 0, 255) + 0.5).astype(np.uint8)


def stacked(sample: SceneSample, frame: Frame, store: AssetStore) -> NDArray[np.uint8]:
    """Every object as a filter over its whole amodal mask, hidden or not, and the background seen through them all."""
    light, filter_ = np.full((sample.height, sample.width, 3), 255.0), np.zeros((sample.height, sample.width, 3))
    for number, one in enumerate(sample.instances, start=1):
        where = frame.amodal_mask(number)
        if where.any():
            filter_[where] = colors(one, frame, where, store)
            light = blend(light, filter_, where, sample.render.blending)
    return (np.clip(background(sample, store) * light / 255, 0, 255) + 0.5).astype(np.uint8)


def background(sample: SceneSample, store: AssetStore) -> Float:
    """The world's photograph over the whole picture, or its colour; sRGB 0..255, (h, w, 3)."""
    world = sample.world
    if not world.photo:
        flat = 255 * encode(np.array(world.color) * world.strength)
        return np.broadcast_to(flat, (sample.height, sample.width, 3)).copy()
    return cover(store.image(world.photo), sample.width, sample.height, world.mirror).astype(float)
