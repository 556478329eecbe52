"""A scene of everything that can be painted, a lamp, and the rays of a camera."""

from typing import Any

import numpy as np
from conftest import scene, thing

from generator.base.geometry import Camera
from generator.base.scene import LightSample, Material, RenderSample, SceneSample, Texture, WorldSample

DARK = WorldSample(color=(0, 0, 0), strength=0)
PLAIN = RenderSample(samples=1, denoise=False)


def world_rays(camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    v, u = np.mgrid[: camera.height, : camera.width] + 0.5
    local = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(u)], -1)
    return camera.world_from_camera[:3, 3], local @ camera.world_from_camera[:3, :3].T


def busy(index: int) -> SceneSample:
    """Every kind of lamp, texture and shape, some metal, bump, a panorama."""
    rng = np.random.Generator(np.random.Philox(index))
    kinds = ["noise", "voronoi", "checker", "stripes", "gradient", "image"]
    things = [thing("plane", backdrop=True, x=3, y=3)]
    for kind, shape in zip(kinds, ["sphere", "box", "cone", "torus", "cylinder", "prism"], strict=True):
        texture = Texture(kind=kind, color=tuple(rng.random(3)), scale=0.1, image="texture/brick")  # type: ignore[arg-type]
        paint = Material(color=tuple(rng.random(3)), textures=(texture,), metallic=float(rng.random()), bump=0.5)
        one = thing(shape, rng.uniform(-0.6, 0.6, 3), np.full(3, 0.4), rng.normal(size=4))
        things.append(one.model_copy(update={"material": paint}))
    lamps = tuple(lamp(kind, (*rng.uniform(-1, 1, 2), 2.0)) for kind in ("point", "area", "spot", "sun"))
    world = WorldSample(environment="hdri/city", strength=0.5, rotation=1)
    render = RenderSample(samples=2)
    return scene(*things, size=(64, 48), focal=60, lights=lamps, world=world, render=render, index=index)


def lamp(kind: Any, position: Any = (0, 0, 1), power: float = 5.0, size: float = 0.05) -> LightSample:
    return LightSample(name=kind, kind=kind, position=position, power=power, size=size)
