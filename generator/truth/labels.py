"""From a `SceneSample` to exact labels: one point sample at every pixel centre.

Each object is cast alone, in its own space, inside its projected box; the layers are composited by nearest depth. A
layer alone is the amodal mask; what is left of it is the visible one; who took the rest is the occluder.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.frame import Frame, Instance, Mask
from generator.base.geometry import Box, Camera, extent, intersect
from generator.base.scene import ObjectSample, SceneSample
from generator.truth.rays import Target

NEAR = 0.01  # metres; nothing nearer is seen, by rays or painter


@dataclass(frozen=True)
class Layer:
    """One object alone: depth (inf: not hit) and triangle over `box`, which may reach outside the image."""

    box: Box
    depth: NDArray[np.float32]
    triangle: NDArray[np.int32]


def label(sample: SceneSample, store: AssetStore, scale: float = 1.0, normals: bool = True) -> Frame:
    """The labels of a scene, without a picture.

    `scale` < 1 gives a look: the same camera at a smaller size. 24 spheres of 20,480 triangles at 304x192 take 0.05 s
    on one core, and 0.03 s at a quarter of the size.
    """
    width, height = max(1, round(sample.width * scale)), max(1, round(sample.height * scale))
    camera = sample.camera.at(sample.width, sample.height)
    camera = Camera(width, height, camera.fx * width / sample.width, camera.fy * height / sample.height,
                    width / 2, height / 2, camera.world_from_camera)  # fmt: skip
    canvas = _Canvas(camera, normals)
    for number, one in _numbered(sample):
        mesh = store.mesh(one.mesh)
        canvas.add(number, one, cast(mesh, one.pose.matrix(), camera, clip=one.backdrop), Target.of(mesh))
    return canvas.frame(sample)


def _numbered(sample: SceneSample) -> list[tuple[int, ObjectSample]]:
    """Objects with their instance ids; backdrops have 0."""
    ids = iter(range(1, len(sample.objects) + 1))
    return [(0 if one.backdrop else next(ids), one) for one in sample.objects]


def cast(mesh: Mesh, world_from_object: NDArray[np.float64], camera: Camera, clip: bool = False) -> Layer | None:
    """The object alone at pixel centres, over its projected box within one image size around the image (within the
    image itself with `clip`); None when that box is empty."""
    box = projected_box(mesh, world_from_object, camera, margin=0.0 if clip else 1.0)
    if box is None:
        return None
    object_from_camera = np.linalg.inv(world_from_object) @ camera.world_from_camera
    rays = camera.rays(box)
    directions = rays.reshape(-1, 3) @ object_from_camera[:3, :3].T
    depth, triangle = Target.of(mesh).hit(object_from_camera[:3, 3], directions)
    depth = np.where(depth >= NEAR, depth, np.float32(np.inf))
    return Layer(box, depth.reshape(rays.shape[:2]), np.where(np.isfinite(depth), triangle, -1).reshape(rays.shape[:2]))


def projected_box(mesh: Mesh, world_from_object: NDArray[np.float64], camera: Camera, margin: float) -> Box | None:
    """A half-open box that holds every pixel centre the mesh can cover, or None.

    A mesh that reaches behind the near plane may cover anything, unless all of it lies behind.
    """
    points = mesh.vertices @ world_from_object[:3, :3].T + world_from_object[:3, 3]
    pixels, depth = camera.project(points)
    if depth.max() < NEAR:
        return None
    w, h = camera.width, camera.height
    window = (-round(margin * w), -round(margin * h), w + round(margin * w), h + round(margin * h))
    if depth.min() < NEAR:
        return window
    low, high = np.floor(pixels.min(0) - 0.5), np.ceil(pixels.max(0) + 0.5)
    low, high = np.clip(low, -1e6, 1e6).astype(int), np.clip(high, -1e6, 1e6).astype(int)
    return intersect((int(low[0]), int(low[1]), int(high[0]), int(high[1])), window)


class _Canvas:
    """Layers composited so far."""

    def __init__(self, camera: Camera, normals: bool) -> None:
        shape = (camera.height, camera.width)
        self.camera, self.normals = camera, normals
        self.instance = np.zeros(shape, np.uint16)
        self.depth = np.full(shape, np.inf, np.float32)
        self.normal = np.zeros((*shape, 3), np.float32)
        self.alone: dict[int, tuple[Box | None, Mask, int]] = {}

    def add(self, number: int, one: ObjectSample, layer: Layer | None, target: Target) -> None:
        if layer is None:
            if number:
                self.alone[number] = (None, np.zeros((0, 0), bool), 0)
            return
        hit = np.isfinite(layer.depth)
        inside = intersect(layer.box, (0, 0, self.camera.width, self.camera.height))
        part = _window(layer.box, inside)
        if number:
            self._remember(number, hit, part, inside)
        if inside is None:
            return
        here = (slice(inside[1], inside[3]), slice(inside[0], inside[2]))
        nearer = layer.depth[part] < self.depth[here]
        self.depth[here][nearer] = layer.depth[part][nearer]
        self.instance[here][nearer] = number
        if self.normals:
            self.normal[here][nearer] = self._normals(one, target, layer.triangle[part][nearer], inside, nearer)

    def _remember(self, number: int, hit: Mask, part: tuple[slice, slice], inside: Box | None) -> None:
        box = extent(hit[part]) if inside is not None else None
        if box is None or inside is None:
            self.alone[number] = (None, np.zeros((0, 0), bool), int(hit.sum()))
            return
        shifted = (box[0] + inside[0], box[1] + inside[1], box[2] + inside[0], box[3] + inside[1])
        self.alone[number] = (shifted, hit[part][box[1] : box[3], box[0] : box[2]], int(hit.sum()))

    def _normals(
        self, one: ObjectSample, target: Target, triangle: NDArray[np.int32], inside: Box, where: Mask
    ) -> NDArray[np.float32]:
        to_camera = self.camera.camera_from_world[:3, :3] @ np.linalg.inv(one.pose.matrix()[:3, :3]).T
        normal = target.normals[triangle] @ to_camera.T
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        away = (normal * self.camera.rays(inside)[where]).sum(1) > 0
        normal[away] *= -1
        return normal.astype(np.float32)

    def frame(self, sample: SceneSample) -> Frame:
        ones = tuple(self._instance(number, one, sample) for number, one in _numbered(sample) if number)
        amodal = {number: mask for number, (box, mask, _) in self.alone.items() if box is not None}
        return Frame(self.instance, self.depth, self.normal, amodal, ones, self.camera, facts=sample.facts)

    def _instance(self, number: int, one: ObjectSample, sample: SceneSample) -> Instance:
        box, mask, total = self.alone[number]
        amodal, visible, occluders, seen = int(mask.sum()), 0, {}, None
        if box is not None:
            ids = self.instance[box[1] : box[3], box[0] : box[2]]
            over, counts = np.unique(ids[mask], return_counts=True)
            occluders = {int(k): int(n) for k, n in zip(over, counts, strict=True) if k != number}
            visible = amodal - sum(occluders.values())
            inner = extent(mask & (ids == number))
            seen = inner and (inner[0] + box[0], inner[1] + box[1], inner[2] + box[0], inner[3] + box[1])
        position, rotation = in_camera(one, self.camera)
        return Instance(
            id=number, name=one.name, label=one.label, category=sample.category(one.label), asset=one.mesh.asset,
            visible_pixels=visible, amodal_pixels=amodal, box=seen, amodal_box=box,
            visible_fraction=visible / amodal if amodal else 0.0,
            truncated_fraction=1 - amodal / total if total else 0.0,
            occluders=occluders, position=position, rotation=rotation, distance=float(np.linalg.norm(position)),
        )  # fmt: skip


def _window(box: Box, inside: Box | None) -> tuple[slice, slice]:
    """The part of an array over `box` that lies in `inside`."""
    if inside is None:
        return slice(0, 0), slice(0, 0)
    return slice(inside[1] - box[1], inside[3] - box[1]), slice(inside[0] - box[0], inside[2] - box[0])


def in_camera(
    one: ObjectSample, camera: Camera
) -> tuple[tuple[float, float, float], tuple[float, float, float, float]]:
    """Position (m) and rotation (w x y z) of an object in the camera frame."""
    from scipy.spatial.transform import Rotation

    position = camera.camera_from_world[:3, :3] @ np.array(one.pose.position) + camera.camera_from_world[:3, 3]
    turned = Rotation.from_matrix(camera.camera_from_world[:3, :3]) * Rotation.from_quat(
        one.pose.rotation, scalar_first=True
    )
    x, y, z = (float(v) for v in position)
    w, i, j, k = (float(v) for v in turned.as_quat(canonical=True, scalar_first=True))
    return (x, y, z), (w, i, j, k)
