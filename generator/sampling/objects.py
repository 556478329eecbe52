"""Objects drawn and placed: on the stage without overlap, floating in the frustum, or at a given point."""

from dataclasses import dataclass

import numpy as np

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.errors import AssetError, PlacementError
from generator.base.geometry import Array, Camera, rotation_matrix
from generator.base.scene import MeshRef, Pose
from generator.sampling.scope import Scope, vector
from generator.spec.assets import Files
from generator.spec.scene import ObjectGroup, SceneSpec

TRIES = 200


@dataclass(frozen=True)
class Placed:
    """An object with its pose; `draw` is where its material comes from."""

    name: str
    label: str | None
    ref: MeshRef
    pose: Pose
    group: ObjectGroup
    draw: Draw


def objects(spec: SceneSpec, store: AssetStore, scope: Scope, camera: Camera) -> list[Placed]:
    """Every object of a scene, groups in order of name. Raises PlacementError and AssetError."""
    taken: list[tuple[Array, float]] = []
    placed = []
    for name, group in sorted(spec.objects.items()):
        count = round(scope.number(f"objects.{name}.count", group.count))
        area = stage_area(spec, group, scope, name)
        for k in range(count):
            draw = scope.draw / "objects" / name / k
            placed.append(one_object(group, f"{name}/{k}", draw, spec, store, camera, area, taken))
    return placed


def stage_area(spec: SceneSpec, group: ObjectGroup, scope: Scope, name: str) -> tuple[float, float]:
    """Width and depth (m) of the part of the stage this group may stand on; without a stage, nothing."""
    if group.place.area:
        x, y = (scope.number(f"objects.{name}.area.{a}", v) for a, v in zip("xy", group.place.area, strict=True))
        return x, y
    if spec.stage is None:
        return 0.0, 0.0
    return scope.number("stage.size.x", spec.stage.size[0]), scope.number("stage.size.y", spec.stage.size[1])


def one_object(
    group: ObjectGroup, name: str, draw: Draw, spec: SceneSpec, store: AssetStore, camera: Camera,
    area: tuple[float, float], taken: list[tuple[Array, float]],
) -> Placed:  # fmt: skip
    """Draw one object and find it a place that no other takes. Appends to `taken`."""
    ref = mesh_ref(group, draw / "asset", store.catalog)
    rotation = np.asarray(group.rotation.sample(draw / "rotation"), float)
    scale = scale_of(group, draw / "scale")
    body = (store.mesh(ref).vertices * scale) @ rotation_matrix(rotation).T
    position = np.asarray(find_place(group, body, draw / "place", camera, area, taken))
    w, x, y, z = map(float, rotation)
    pose = Pose(position=vector(position), rotation=(w, x, y, z), scale=vector(scale))
    return Placed(name, label_of(group, ref, spec, store.catalog), ref, pose, group, draw)


def mesh_ref(group: ObjectGroup, draw: Draw, catalog: Catalog) -> MeshRef:
    """Which mesh, with its content's hash."""
    if isinstance(group.asset, Files):
        name = group.asset.sample(draw, catalog, ("mesh",))
        return MeshRef(asset=name, sha256=catalog[name].sha256)
    ref: MeshRef = group.asset.sample(draw)
    return ref


def label_of(group: ObjectGroup, ref: MeshRef, spec: SceneSpec, catalog: Catalog) -> str | None:
    """The object's class: the group's, or else the asset's own. Raises AssetError when the scene has no such class."""
    if group.label is not None:
        return None if group.label == "none" else group.label
    own = catalog[ref.asset].label if not ref.asset.startswith("shape/") else ""
    if own not in spec.classes:
        raise AssetError(
            f"{ref.asset}: its label {own!r} is no class of the scene; give the group a `label:` (or none)"
        )
    return own


def scale_of(group: ObjectGroup, draw: Draw) -> Array:
    """Scale along the object's three axes."""
    if isinstance(group.scale, tuple):
        return np.array([v.sample(draw / axis) for v, axis in zip(group.scale, "xyz", strict=True)])
    return np.full(3, float(group.scale.sample(draw)))


def find_place(
    group: ObjectGroup,
    body: Array,
    draw: Draw,
    camera: Camera,
    area: tuple[float, float],
    taken: list[tuple[Array, float]],
) -> Array:
    """A position for a turned and scaled body (n, 3): at most 200 tries, each a draw of its own.

    Bodies are kept apart by their bounding circles on the stage, and bounding spheres in the air.
    """
    place = group.place
    if place.at is not None:
        return np.asarray(place.at.sample(draw / "at"), float)
    if place.on:
        sink = float(place.sink.sample(draw / "sink"))
        middle = (body[:, :2].max(0) + body[:, :2].min(0)) / 2
        reach = float(np.linalg.norm(body[:, :2] - middle, axis=1).max())
        lift = -float(body[:, 2].min()) - sink
        offset = np.array([-middle[0], -middle[1], lift])
        spots = ((np.array([(u - 0.5) * area[0], (v - 0.5) * area[1], 0.0]), offset) for u, v in tries(draw, 2))
    else:
        middle = (body.max(0) + body.min(0)) / 2
        reach = float(np.linalg.norm(body - middle, axis=1).max())
        spots = ((frustum_point(camera, uvw, place.depth), -middle) for uvw in tries(draw, 3))
    for spot, offset in spots:
        if clear(spot, reach, place.gap, taken):
            taken.append((spot, reach))
            return np.asarray(spot + offset)
    raise PlacementError(
        f"no room for another object {2 * reach:.3g} m across after {TRIES} tries with {len(taken)} placed; "
        "enlarge `area` or the stage, or lower `count`, `scale` or `gap`"
    )


def tries(draw: Draw, size: int) -> Array:
    """Numbers in [0, 1) for every try (TRIES, size)."""
    return (draw / "tries").rng().random((TRIES, size))


def clear(spot: Array, reach: float, gap: float, taken: list[tuple[Array, float]]) -> bool:
    """Whether a ball about `spot` keeps `gap` from all that are taken."""
    return all(np.linalg.norm(spot - other) >= reach + r + gap for other, r in taken)


def frustum_point(camera: Camera, at: Array, depths: tuple[float, float]) -> Array:
    """A point of the view, uniform over the image and over planar depth, for `at` (3,) uniform in [0, 1)."""
    u, v, w = at
    depth = depths[0] + (depths[1] - depths[0]) * w
    x = (u * camera.width - camera.cx) / camera.fx * depth
    y = (v * camera.height - camera.cy) / camera.fy * depth
    return camera.world_from_camera[:3, :3] @ np.array([x, y, depth]) + camera.world_from_camera[:3, 3]
