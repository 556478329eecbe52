"""`RaycastPainter`: a quick picture from the label rays, for previews and tests. No bpy, no shadows, no chance."""

import time

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.scene import LightSample, ObjectSample, SceneSample, WorldSample
from generator.render.painter import Device, Painted
from generator.render.patterns import surface_color
from generator.render.tone import decode, develop
from generator.truth.labels import label

Points = NDArray[np.float64]


class RaycastPainter:
    """Lambert shading of the first hit under the lamps of the scene and an even sky.

    Its index and depth are the label rays themselves, so its audit proves nothing.
    """

    def __init__(self, store: AssetStore, device: Device = "auto") -> None:
        self.store, self.device = store, "cpu"

    def paint(self, sample: SceneSample) -> Painted:
        start = time.perf_counter()
        shown = [one.model_copy(update={"backdrop": False}) for one in sample.objects]
        frame = label(sample.model_copy(update={"objects": tuple(shown)}), self.store)
        middle = time.perf_counter()
        rgb = develop(self._shade(sample, frame), sample.render.exposure, sample.render.metering)
        ids = np.cumsum([0, *(not one.backdrop for one in sample.objects)])
        ids[1:][[one.backdrop for one in sample.objects]] = 0
        seconds = {"paint": middle - start, "read": time.perf_counter() - middle}
        return Painted(rgb, ids.astype(np.uint16)[frame.instance], frame.depth, frame.normal, seconds, self.device)

    def _shade(self, sample: SceneSample, frame: Frame) -> NDArray[np.float32]:
        light = background(sample.world, frame)
        for number, one in enumerate(sample.objects, start=1):
            where = frame.instance == number
            if where.any():
                light[where] = self._surface(sample, frame, one, where)
        return light.astype(np.float32)

    def _surface(self, sample: SceneSample, frame: Frame, one: ObjectSample, where: NDArray[np.bool_]) -> Points:
        camera = frame.camera.world_from_camera
        rays = frame.camera.rays((0, 0, frame.camera.width, frame.camera.height))[where]
        world = (rays * frame.depth[where][:, None]) @ camera[:3, :3].T + camera[:3, 3]
        normal = frame.normal[where] @ camera[:3, :3].T
        color = self._color(one, world, normal)
        return color * (irradiance(sample.lights, world, normal) + sky(sample.world, normal) + one.material.emission)

    def _color(self, one: ObjectSample, world: Points, normal: Points) -> Points:
        if one.material.keep:
            mesh = self.store.mesh(one.mesh)
            flat = np.array(mesh.color)
            if mesh.texture is not None:
                flat = decode(mesh.texture[..., :3].astype(np.float32) / 255).mean((0, 1))
            return np.broadcast_to(flat, world.shape)
        pose = one.pose.matrix()
        local = np.linalg.inv(pose)
        metres = (world @ local[:3, :3].T + local[:3, 3]) * np.array(one.pose.scale)
        return surface_color(one.material, metres, normal @ pose[:3, :3], self.store.image)


def background(world: WorldSample, frame: Frame) -> Points:
    """Darker below the horizon, lighter above, where no object is."""
    camera = frame.camera
    rays = camera.rays((0, 0, camera.width, camera.height)) @ camera.world_from_camera[:3, :3].T
    height = rays[..., 2] / np.linalg.norm(rays, axis=-1)
    return tint(world) * (1 + 0.5 * height[..., None])


def sky(world: WorldSample, normal: Points) -> Points:
    """What an even surrounding gives to a surface, a little more from above."""
    return tint(world) * (0.8 + 0.2 * normal[:, 2:])


def tint(world: WorldSample) -> Points:
    """Colour times strength; an environment map counts as mid-grey."""
    return np.array((0.5, 0.5, 0.5) if world.environment else world.color) * world.strength


def irradiance(lights: tuple[LightSample, ...], world: Points, normal: Points) -> Points:
    """Diffuse light (n, 3) over pi, without shadows; area lamps count as points that shine to one side."""
    total = np.zeros(world.shape)
    for lamp in lights:
        away = np.array(lamp.position) - (np.array(lamp.target) if lamp.kind == "sun" else world)
        distance = np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 0.01)
        cosine = np.clip((away / distance * normal).sum(-1, keepdims=True), 0, 1)
        strength = lamp.power / np.pi if lamp.kind == "sun" else lamp.power / (4 * np.pi**2 * distance**2)
        total += cosine * strength * np.array(lamp.color) * (4 if lamp.kind == "area" else 1)
    return total
