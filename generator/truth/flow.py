"""Where every pixel goes: optical flow between two moments or two views of the same scene, by geometry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.frame import Mask
from generator.base.geometry import Array, Camera
from generator.base.scene import ObjectSample, SceneSample, Vector
from generator.truth.bounds import NEAR
from generator.truth.labels import cast
from generator.truth.sight import clear, inside

CLOSE = 1e-4  # of the distance: a surface so little nearer is the point itself


@dataclass(frozen=True)
class Flow:
    """From the pixel centres of one picture to another.

    offset   float32 (h, w, 2), pixels right and down; NaN where the other lens does not see, or nothing corresponds
    visible  bool (h, w): whether the same point is seen in the other picture, inside it and not hidden
    """

    offset: NDArray[np.float32]
    visible: Mask


def flow(first: SceneSample, second: SceneSample, store: AssetStore) -> Flow:
    """Forward flow: the surface point behind each pixel centre of `first`, carried along by its object, as the camera
    of `second` sees it. Where there is no surface, the flow of a point infinitely far away.

    Objects correspond by name; one that is missing in `second`, or has another mesh there, has no flow.
    """
    camera = first.camera.at(first.width, first.height)
    points, bound = _surface(first, camera, store)
    partners = {one.name: one for one in second.objects}
    moved = points.copy()
    for number, one in enumerate(first.objects):
        where, partner = bound == number, partners.get(one.name)
        moved[where] = np.nan if partner is None or partner.mesh != one.mesh else _carried(points[where], one, partner)
    eye = second.camera.at(second.width, second.height)
    local = moved @ eye.camera_from_world[:3, :3].T
    local[bound >= 0] += eye.camera_from_world[:3, 3]
    pixels = eye.pixels(local)
    offset = pixels - _centres(camera)
    visible = inside(pixels, eye)
    visible[visible] = _unhidden(local[visible], bound[visible] < 0, second, eye, store)
    return Flow(offset.astype(np.float32), visible)


def shutter(sample: SceneSample, store: AssetStore) -> Flow:
    """How far (pixels) what is seen at each pixel centre at mid-shutter moves while the shutter is open: along this its
    picture is smeared. Visible where it is in both the first and the last moment."""
    opening, closing = (flow(sample, moment(sample, at), store) for at in (-0.5, 0.5))
    return Flow(closing.offset - opening.offset, opening.visible & closing.visible)


def moment(sample: SceneSample, at: float) -> SceneSample:
    """The scene at rest at a moment of the exposure: `at` -0.5 where the shutter opens, 0.5 where it closes."""

    def moved(position: Vector, motion: Vector) -> Vector:
        x, y, z = (p + at * d for p, d in zip(position, motion, strict=True))
        return x, y, z

    def rested(one: ObjectSample) -> ObjectSample:
        pose = one.pose.model_copy(update={"position": moved(one.pose.position, one.motion)})
        return one.model_copy(update={"pose": pose, "motion": (0.0, 0.0, 0.0)})

    shot = sample.camera
    still = {"position": moved(shot.position, shot.motion), "motion": (0.0, 0.0, 0.0)}
    objects = tuple(rested(one) for one in sample.objects)
    return sample.model_copy(update={"objects": objects, "camera": shot.model_copy(update=still)})


def _surface(sample: SceneSample, camera: Camera, store: AssetStore) -> tuple[Array, NDArray[np.int32]]:
    """World points (h, w, 3) of the nearest surface and whose it is (h, w): an index into the objects. Where nothing is
    (-1), the direction instead."""
    h, w = camera.height, camera.width
    reach, bound = np.full((h, w), np.inf, np.float32), np.full((h, w), -1, np.int32)
    for number, one in enumerate(sample.objects):
        layer = cast(store.mesh(one.mesh), one.pose.matrix(), camera, clip=True)
        if layer is None:
            continue
        x0, y0, x1, y1 = layer.box
        nearer = layer.depth < reach[y0:y1, x0:x1]
        reach[y0:y1, x0:x1][nearer], bound[y0:y1, x0:x1][nearer] = layer.depth[nearer], number
    world = camera.rays((0, 0, w, h)) @ camera.world_from_camera[:3, :3].T
    hit = bound >= 0
    world[hit] = world[hit] * reach[hit][:, None] + camera.world_from_camera[:3, 3]
    return world, bound


def _carried(points: Array, one: ObjectSample, partner: ObjectSample) -> Array:
    """World points of an object to where they are once it stands as its partner does."""
    move = partner.pose.matrix() @ np.linalg.inv(one.pose.matrix())
    return points @ move[:3, :3].T + move[:3, 3]


def _centres(camera: Camera) -> Array:
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return np.stack([u, v], -1)


def _unhidden(local: Array, infinite: Mask, sample: SceneSample, camera: Camera, store: AssetStore) -> Mask:
    """Whether nothing lies between the camera and points (n, 3) of its frame, all of them beyond the near plane."""
    ahead = np.linalg.norm(local, axis=1) if camera.lens.fisheye else local[:, 2]
    ahead = np.where(infinite, np.inf, ahead)
    rays = local / np.where(infinite, 1.0, ahead)[:, None]
    return (ahead >= NEAR) & clear(rays, ahead * (1 - CLOSE), sample, camera, store)
