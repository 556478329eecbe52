"""`RaycastPainter`: a quick picture from the label rays, for previews and tests. No bpy, no shadows, no chance."""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.scene import ObjectSample, SceneSample
from generator.render.painter import Device, Painted
from generator.render.patterns import Look, Spots, dirt, grime_of, surface_color
from generator.render.shading import background, glow_of, irradiance, look_of, sky, spots_of
from generator.render.tone import develop
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
        light = background(sample.world, frame, self.store)
        for number, one in enumerate(sample.objects, start=1):
            where = frame.instance == number
            if where.any():
                through = one.material.transmission * (1 - one.material.metallic)
                light[where] = through * light[where] + (1 - through) * self._surface(sample, frame, one, where)
        return light.astype(np.float32)

    def _surface(self, sample: SceneSample, frame: Frame, one: ObjectSample, where: NDArray[np.bool_]) -> Points:
        camera = frame.camera.world_from_camera
        world = frame.camera.points(frame.depth)[where] @ camera[:3, :3].T + camera[:3, 3]
        normal = frame.normal[where] @ camera[:3, :3].T
        glowing = (glow_of(other, self.store.mesh(other.mesh)) for other in sample.objects if other is not one)
        lamps = (*sample.lights, *(lamp for lamp in glowing if lamp))
        spots = spots_of(one, self.store, world, normal, camera[:3, 3])
        spots = replace(spots, grime=grime_of(sample, one.name))
        return self._shine(sample, one, spots, irradiance(lamps, world, normal) + sky(sample.world, normal))

    def _shine(self, sample: SceneSample, one: ObjectSample, spots: Spots, arriving: Points) -> Points:
        """What a surface sends on of the light that arrives, and of its own; dirt lies over both."""
        mesh = self.store.mesh(one.mesh)
        own, material = Look(mesh.color, mesh.texture), one.material
        color = surface_color(material, spots, own, lambda texture: look_of(texture, self.store))
        soiled = dirt(material, spots)
        clean = color * (arriving + material.emission)
        return (1 - soiled) * clean + soiled * np.array(material.dirt_color) * arriving
