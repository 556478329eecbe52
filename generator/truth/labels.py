"""From a `SceneSample` to exact labels: one point sample at every pixel centre.

Each object is cast alone, in its own space, inside its projected box; the layers are composited by nearest depth. A
layer alone is the amodal mask; what is left of it is the visible one; who took the rest is the occluder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.frame import Frame, Instance, Mask
from generator.base.geometry import Array, Box, Camera, extent, intersect
from generator.base.scene import ObjectSample, Quaternion, SceneSample, Vector
from generator.truth.bounds import NEAR, projected_box
from generator.truth.rays import Target
from generator.truth.sight import with_keypoints


@dataclass(frozen=True)
class Layer:
    """One object alone: the ray parameter (planar depth; through a fisheye the distance; inf: not hit) and the triangle
    over `box`, which may reach outside the image."""

    box: Box
    depth: NDArray[np.float32]
    triangle: NDArray[np.int32]


def label(sample: SceneSample, store: AssetStore, scale: float = 1.0, normals: bool = True) -> Frame:
    """The labels of a scene, without a picture.

    `scale` < 1 gives a look: the same camera at a smaller size. 24 spheres of 20,480 triangles at 304x192 take 0.05 s
    on one core, and 0.03 s at a quarter of the size.
    """
    width, height = max(1, round(sample.width * scale)), max(1, round(sample.height * scale))
    camera = sample.camera.at(sample.width, sample.height).scaled(width, height)
    canvas = _Canvas(camera, normals)
    for number, one in numbered(sample):
        mesh = store.mesh(one.mesh)
        canvas.bounds[number] = mesh.bounds
        canvas.add(number, one, cast(mesh, one.pose.matrix(), camera, clip=one.backdrop), Target.of(mesh))
    return with_keypoints(canvas.frame(sample), sample, store)


def numbered(sample: SceneSample) -> list[tuple[int, ObjectSample]]:
    """Objects with their instance ids; backdrops have 0."""
    ids = iter(range(1, len(sample.objects) + 1))
    return [(0 if one.backdrop else next(ids), one) for one in sample.objects]


def cast(mesh: Mesh, world_from_object: NDArray[np.float64], camera: Camera, clip: bool = False) -> Layer | None:
    """The object alone at pixel centres, over its projected box within one image size around the image (within the
    image itself with `clip`); None when that box is empty.

    What the lens cannot see counts nowhere: neither inside nor outside the image.
    """
    box = projected_box(mesh, world_from_object, camera, margin=0.0 if clip else 1.0)
    if box is None:
        return None
    rays = camera.rays(box)
    depth, triangle = shoot(mesh, world_from_object, camera, rays.reshape(-1, 3))
    return Layer(box, depth.reshape(rays.shape[:2]), triangle.reshape(rays.shape[:2]))


def shoot(
    mesh: Mesh, world_from_object: Array, camera: Camera, rays: Array
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """First hits on one object of rays (n, 3) from the camera, in its frame: ray parameters (n,) and triangles (n,);
    inf and -1 where nothing is hit or the ray is NaN."""
    object_from_camera = np.linalg.inv(world_from_object) @ camera.world_from_camera
    directions = rays @ object_from_camera[:3, :3].T
    seen = np.isfinite(directions[:, 0]) if camera.lens.kind != "pinhole" else None
    if seen is None or seen.all():
        return _first(Target.of(mesh), object_from_camera[:3, 3], directions)
    depth, triangle = np.full(len(seen), np.inf, np.float32), np.full(len(seen), -1, np.int32)
    depth[seen], triangle[seen] = _first(Target.of(mesh), object_from_camera[:3, 3], directions[seen])
    return depth, triangle


def _first(target: Target, origin: Array, directions: Array) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """First hits beyond the near plane (a fisheye's near sphere): what lies before it hides nothing."""
    depth, triangle = target.hit(origin, directions)
    near = depth < NEAR
    if near.any():
        depth[near], triangle[near] = target.hit(origin + NEAR * directions[near], directions[near])
        depth[near] += np.float32(NEAR)
    return depth, triangle


class _Canvas:
    """Layers composited so far."""

    def __init__(self, camera: Camera, normals: bool) -> None:
        shape = (camera.height, camera.width)
        self.camera, self.normals = camera, normals
        self.instance = np.zeros(shape, np.uint16)
        self.depth = np.full(shape, np.inf, np.float32)
        self.normal = np.zeros((*shape, 3), np.float32)
        self.alone: dict[int, tuple[Box | None, Mask, int]] = {}
        self.bounds: dict[int, Array] = {}

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
        shown = [one for number, one in numbered(sample) if number]
        places = in_camera(shown, self.camera)
        ones = tuple(
            self._instance(number, one, sample.category(one.label), *place)
            for number, (one, place) in enumerate(zip(shown, places, strict=True), 1)
        )
        amodal = {number: mask for number, (box, mask, _) in self.alone.items() if box is not None}
        return Frame(
            self.instance, self.camera.planar(self.depth), self.normal, amodal, ones, self.camera, facts=sample.facts
        )

    def _instance(
        self, number: int, one: ObjectSample, category: int, position: Vector, rotation: Quaternion
    ) -> Instance:
        box, mask, total = self.alone[number]
        amodal, visible, occluders, seen = int(mask.sum()), 0, {}, None
        if box is not None:
            ids = self.instance[box[1] : box[3], box[0] : box[2]]
            counts = np.bincount(ids[mask])
            occluders = {int(k): int(counts[k]) for k in np.flatnonzero(counts) if k != number}
            visible = amodal - sum(occluders.values())
            inner = extent(mask & (ids == number))
            seen = inner and (inner[0] + box[0], inner[1] + box[1], inner[2] + box[0], inner[3] + box[1])
        size, center = measure(self.bounds[number], one)
        return Instance(
            id=number, name=one.name, label=one.label, category=category, asset=one.mesh.asset,
            visible_pixels=visible, amodal_pixels=amodal, box=seen, amodal_box=box,
            visible_fraction=visible / amodal if amodal else 0.0,
            truncated_fraction=1 - amodal / total if total else 0.0,
            occluders=occluders, position=position, rotation=rotation, distance=float(np.linalg.norm(position)),
            extent=size, center=center,
        )  # fmt: skip


def _window(box: Box, inside: Box | None) -> tuple[slice, slice]:
    """The part of an array over `box` that lies in `inside`."""
    if inside is None:
        return slice(0, 0), slice(0, 0)
    return slice(inside[1] - box[1], inside[3] - box[1]), slice(inside[0] - box[0], inside[2] - box[0])


def measure(bounds: Array, one: ObjectSample) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Size and middle (m) of a mesh's bounds along the object's own axes, after its scale."""
    low, high = bounds * np.array(one.pose.scale)
    x, y, z = (float(v) for v in abs(high - low))
    u, v, w = (float(v) for v in (low + high) / 2)
    return (x, y, z), (u, v, w)


def in_camera(ones: Sequence[ObjectSample], camera: Camera) -> list[tuple[Vector, Quaternion]]:
    """Position (m) and rotation (w x y z) of objects in the camera frame."""
    if not ones:
        return []
    rotation = scipy.spatial.transform.Rotation
    own = rotation.from_quat(np.array([one.pose.rotation for one in ones]), scalar_first=True)
    turned = rotation.from_matrix(camera.camera_from_world[:3, :3]) * own
    places = np.array([one.pose.position for one in ones]) @ camera.camera_from_world[:3, :3].T
    places += camera.camera_from_world[:3, 3]
    turns = turned.as_quat(canonical=True, scalar_first=True)
    return [((x, y, z), (w, i, j, k)) for (x, y, z), (w, i, j, k) in zip(places.tolist(), turns.tolist(), strict=True)]
