"""Assets as they are: each mesh from several sides, lit evenly, with its size."""

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.geometry import look_at, spherical
from generator.base.scene import (
    CameraSample,
    LightSample,
    Material,
    MeshRef,
    ObjectSample,
    Pose,
    SceneSample,
    WorldSample,
)
from generator.render.painter import Painter
from generator.sampling.scope import vector

FOCAL = 1.6  # of the picture's side: a narrow view, so that shapes are not bent by perspective
AWAY = 1.75  # metres, at which a ball of one metre across just fits


def turntable(
    ref: MeshRef, store: AssetStore, painter: Painter, side: int = 160, views: int = 6
) -> list[NDArray[np.uint8]]:
    """`views` pictures uint8 (side, side, 3) of one mesh, from all around and a little above."""
    bounds = store.mesh(ref).bounds
    middle, reach = bounds.mean(0), float(np.linalg.norm(np.ptp(bounds, axis=0))) / 2
    return [painter.paint(scene(ref, middle, reach, 2 * np.pi * k / views, side)).rgb for k in range(views)]


def scene(ref: MeshRef, middle: NDArray[np.float64], reach: float, azimuth: float, side: int) -> SceneSample:
    """The mesh scaled to one metre across, seen from `azimuth` radians."""
    scale = 0.5 / max(reach, 1e-9)
    pose = look_at(spherical(AWAY, np.radians(25), azimuth), np.zeros(3))
    right, down, forward = (vector(pose[:3, i]) for i in range(3))
    one = ObjectSample(
        name="it", label="it", mesh=ref, material=Material(keep=True),
        pose=Pose(position=vector(-middle * scale), scale=(scale, scale, scale)),
    )  # fmt: skip
    camera = CameraSample(position=vector(pose[:3, 3]), axes=(right, down, forward), focal_pixels=FOCAL * side)
    lamp = LightSample(name="key", kind="sun", position=vector(spherical(3, 0.9, azimuth + 0.6)), power=2.0)
    return SceneSample(
        scene="turntable", seed=0, index=0, width=side, height=side, classes=("it",), objects=(one,), lights=(lamp,),
        world=WorldSample(color=(0.45, 0.47, 0.5)), camera=camera,
    )  # fmt: skip
