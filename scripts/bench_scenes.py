"""Scenes for benchmarks: plain data, the same on every machine."""

from pathlib import Path
from typing import Any

import numpy as np

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.geometry import look_at
from generator.base.scene import (
    CameraSample,
    LightSample,
    Material,
    MeshRef,
    ObjectSample,
    Pose,
    RenderSample,
    SceneSample,
    Texture,
    WorldSample,
)  # fmt: skip
from generator.sampling.scope import vector

SHAPES = ("mug", "sphere", "torus", "bottle", "traffic_cone", "box", "cone", "bowl")
PATTERNS = ("noise", "voronoi", "checker", "stripes", "image")
LAMP = LightSample(name="lamp", kind="area", position=(1, -1, 3), power=80, size=1)


def store(*roots: Path) -> AssetStore:
    return AssetStore(Catalog.open(*roots))


def camera(width: int, eye: Any = (0.0, -1.6, 1.6), focal: float = 1.1) -> CameraSample:
    pose = look_at(np.array(eye), np.array([0.0, 0.0, 0.2]))
    axes = tuple(vector(pose[:3, k]) for k in range(3))
    return CameraSample(position=vector(pose[:3, 3]), axes=axes, focal_pixels=focal * width)


def spheres(
    count: int, subdivisions: int, size: tuple[int, int], render: RenderSample, index: int = 0, shot: int = 0
) -> SceneSample:
    """Spheres of 20 * 4**subdivisions triangles over a floor, under one area lamp. `index` moves and paints them,
    `shot` moves the camera."""
    rng = (Draw(0, index) / "spheres").rng()
    things = [floor(Material(color=(0.4, 0.4, 0.4)))]
    for k in range(count):
        mesh = MeshRef(asset="shape/sphere", params={"radius": 0.12, "subdivisions": subdivisions})
        pose = Pose(position=vector(rng.uniform((-0.7, -0.5, 0.12), (0.7, 0.5, 0.5))))
        color = Material(color=vector(rng.uniform(0.1, 0.9, 3)), roughness=0.5)
        things.append(ObjectSample(name=f"thing {k}", label="thing", mesh=mesh, pose=pose, material=color))
    eye = np.array((0.0, -1.6, 1.6)) + (Draw(0, shot) / "eye").rng().uniform(-0.3, 0.3, 3) * (shot > 0)
    return scene(things, size, render, index, lights=(LAMP,), camera=camera(size[0], eye))


def textured(
    index: int, objects: int, size: tuple[int, int], render: RenderSample, assets: AssetStore, world: str = "hdri/city"
) -> SceneSample:
    """Objects in patterns and photographs, some of metal, on a textured floor under a panorama."""
    rng = (Draw(0, index) / "textured").rng()
    things = [floor(Material(textures=(texture(rng, 0),), bump=0.2))]
    for k in range(objects):
        mesh = MeshRef(asset=f"shape/{SHAPES[k % len(SHAPES)]}")
        scale = 0.3 / float(np.ptp(assets.mesh(mesh).bounds, axis=0).max())
        place, turn = vector(rng.uniform((-0.8, -0.6, 0.1), (0.8, 0.6, 0.5))), rng.normal(size=4)
        pose = Pose(position=place, rotation=tuple(turn / np.linalg.norm(turn)), scale=(scale,) * 3)
        surface = Material(
            color=vector(rng.uniform(0.1, 0.9, 3)), roughness=float(rng.uniform(0.2, 0.9)), bump=0.3 * (k % 2),
            metallic=float(k % 4 == 0), textures=(texture(rng, k),),
        )  # fmt: skip
        things.append(ObjectSample(name=f"thing {k}", label="thing", mesh=mesh, pose=pose, material=surface))
    around = WorldSample(environment=world, rotation=float(rng.uniform(0, 6)), strength=0.25)  # middle grey
    return scene(things, size, render, index, lights=(), camera=camera(size[0]), world=around)


def texture(rng: np.random.Generator, k: int) -> Texture:
    kind: Any = PATTERNS[k % len(PATTERNS)]
    image = "texture/brick" if kind == "image" else ""
    return Texture(kind=kind, color=vector(rng.random(3)), scale=float(rng.uniform(0.03, 0.15)), image=image)


def floor(material: Material) -> ObjectSample:
    mesh = MeshRef(asset="shape/plane", params={"x": 9, "y": 9})
    return ObjectSample(name="floor", label=None, mesh=mesh, material=material, backdrop=True)


def scene(
    things: list[ObjectSample], size: tuple[int, int], render: RenderSample, index: int, **more: Any
) -> SceneSample:
    fields = {"world": WorldSample(color=(0.3, 0.3, 0.3))} | more
    return SceneSample(
        scene="bench", seed=0, index=index, width=size[0], height=size[1], classes=("thing",), objects=tuple(things),
        render=render, **fields,
    )  # fmt: skip
