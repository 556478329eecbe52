"""Whether points are seen, and where: lines of sight, and keypoints along them."""

from dataclasses import replace

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.frame import Frame, Mask
from generator.base.geometry import Array, Camera
from generator.base.scene import ObjectSample, SceneSample
from generator.truth.bounds import NEAR, projected_box
from generator.truth.rays import Target

BURIED = 0.01  # of its object's largest side: how deep a keypoint may lie below the surface and still be seen


def inside(pixels: Array, camera: Camera) -> Mask:
    """Whether pixels (..., 2) lie in the image; NaN does not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((pixels >= 0) & (pixels < [camera.width, camera.height])).all(-1))


def clear(rays: Array, reach: Array, sample: SceneSample, camera: Camera, store: AssetStore) -> Mask:
    """Whether nothing lies on rays (n, 3) from the camera, in its frame, between the near plane and the parameters
    `reach` (n,). All of them must lead through the image."""
    found = np.ones(len(rays), bool)
    pixels = camera.pixels(rays)
    for one in sample.objects:
        mesh = store.mesh(one.mesh)
        box = projected_box(mesh, one.pose.matrix(), camera, margin=0.0)
        if box is None:
            continue
        near = np.flatnonzero(found & (pixels >= box[:2]).all(1) & (pixels < box[2:]).all(1))
        object_from_camera = np.linalg.inv(one.pose.matrix()) @ camera.world_from_camera
        directions = rays[near] @ object_from_camera[:3, :3].T
        hit, _ = Target.of(mesh).hit(object_from_camera[:3, 3] + NEAR * directions, directions)
        found[near] = hit + NEAR >= reach[near]
    return found


def with_keypoints(frame: Frame, sample: SceneSample, store: AssetStore) -> Frame:
    """The frame with the keypoints of its labelled objects: pixels, and COCO's flag: 2 in the image and in sight, 1
    hidden or outside the image, 0 where the lens does not see."""
    marked = [(k, one, store.mesh(one.mesh)) for k, one in enumerate(sample.instances)]
    marked = [(k, one, mesh) for k, one, mesh in marked if mesh.keypoints and one.label is not None]
    if not marked:
        return frame
    owner = np.repeat([k for k, _, _ in marked], [len(mesh.keypoints) for _, _, mesh in marked])
    local = np.concatenate([_in_camera(one, mesh, frame.camera) for _, one, mesh in marked])
    slack = np.array([BURIED * max(one.extent) for one in frame.instances])[owner]
    pixels, flags = _flagged(local, slack, sample, frame.camera, store)
    names = [name for _, _, mesh in marked for name in sorted(mesh.keypoints)]
    found: dict[int, dict[str, tuple[float, float, int]]] = {}
    for k, name, (u, v), flag in zip(owner.tolist(), names, pixels.tolist(), flags.tolist(), strict=True):
        found.setdefault(k, {})[name] = (u, v, flag)
    return replace(frame, instances=tuple(replace(i, keypoints=found.get(i.id - 1, {})) for i in frame.instances))


def _in_camera(one: ObjectSample, mesh: Mesh, camera: Camera) -> Array:
    """Keypoints (k, 3) in the camera frame, by name."""
    move = camera.camera_from_world @ one.pose.matrix()
    points = mesh.vertices[[mesh.keypoints[name] for name in sorted(mesh.keypoints)]].astype(float)
    return np.asarray(points @ move[:3, :3].T + move[:3, 3])


def _flagged(
    local: Array, slack: Array, sample: SceneSample, camera: Camera, store: AssetStore
) -> tuple[Array, np.ndarray]:  # type: ignore[type-arg]
    pixels = camera.pixels(local)
    flags = np.where(np.isnan(pixels).any(1), 0, 1)
    distance = np.linalg.norm(local, axis=1)
    ahead = distance if camera.lens.fisheye else local[:, 2]
    shown = np.flatnonzero(inside(pixels, camera) & (ahead >= NEAR))
    rays = local[shown] / ahead[shown][:, None]
    short = slack[shown] * ahead[shown] / distance[shown]
    flags[shown] += clear(rays, ahead[shown] - short, sample, camera, store)
    return np.where(flags[:, None] > 0, pixels, 0.0), flags
