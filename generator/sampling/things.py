"""Things that look for a place: which mesh, how large, how turned; and what a scene holds so far."""

import math
from dataclasses import dataclass, field

import numpy as np
import scipy

from generator.assets.catalog import Catalog
from generator.assets.shapes import label_of as shape_label
from generator.base.draw import Draw
from generator.base.errors import AssetError, PlacementError
from generator.base.geometry import Array, Camera, multiply
from generator.base.scene import Deform, MeshRef
from generator.sampling.collisions import Crowd
from generator.sampling.curriculum import Lesson, lesson, number_of
from generator.sampling.meshes import Body, Solids
from generator.sampling.resting import stable_poses
from generator.sampling.scope import Scope, happens
from generator.sampling.views import Picture
from generator.spec.assets import Files
from generator.spec.materials import DeformSpec
from generator.spec.scene import ObjectGroup, SceneSpec


@dataclass(frozen=True)
class Thing:
    """An object without a place: `scale` (3,) along its own axes, `rotation` (w x y z). `draw` is its stream, `lesson`
    what the curriculum asks of it."""

    name: str
    label: str | None
    ref: MeshRef
    scale: Array
    rotation: Array
    group: ObjectGroup
    draw: Draw
    lesson: Lesson | None = None


@dataclass
class Filling:
    """A scene while it is filled: where its objects stand, by group, and which of them are in others' way."""

    spec: SceneSpec
    scope: Scope
    solids: Solids
    camera: Camera
    crowd: Crowd = field(default_factory=Crowd)
    groups: dict[str, list[Body]] = field(default_factory=dict)
    areas: dict[str, tuple[Array, Array]] = field(default_factory=dict)  # size and middle of what it may stand on

    def __post_init__(self) -> None:
        self.picture = Picture(self.camera)

    def body(self, thing: Thing, factor: float = 1.0, rotation: Array | None = None) -> Body:
        """The thing at the origin, `factor` times as large, under its own or another rotation."""
        solid = self.solids(thing.ref, thing.scale * factor)
        turn = thing.rotation if rotation is None else rotation
        return Body(thing.name, solid, turn, np.zeros(3), thing.group.place.gap)

    def add(self, thing: Thing, body: Body) -> None:
        """It stands there."""
        place = thing.group.place
        self.groups.setdefault(thing.name.split("/")[0], []).append(body)
        if place.collide and place.in_ != "background":
            self.crowd.add(body)
        floats = place.in_ == "frustum"
        if self._limited and (floats or (thing.label is not None and place.in_ != "background")):
            self.picture.add(body, place.overlap if floats else None)

    @property
    def _limited(self) -> bool:
        return any(group.place.overlap < 1 for group in self.spec.objects.values())

    def sunk(self, body: Body, other: Body) -> bool:
        """Whether a body reaches below the stage that another stands on or above."""
        return self.spec.stage is not None and bool(body.bounds[0, 2] < 0 <= other.bounds[0, 2] + 1e-3)

    def contents(self) -> str:
        """What has been placed, in words."""
        return ", ".join(f"{len(bodies)} {name}" for name, bodies in sorted(self.groups.items())) or "nothing"


def thing(name: str, k: int, filling: Filling) -> Thing:
    """Object `k` of a group with everything drawn but its place. Raises AssetError."""
    group, scope = filling.spec.objects[name], filling.scope
    draw = scope.draw / "objects" / name / k
    taught = _lesson(group, k, draw, filling)
    ref = mesh_ref(group, draw / "asset", scope.catalog, taught)
    scale = scale_of(group, draw / "scale")
    rotation = np.asarray(group.rotation.sample(draw / "rotation"), float)
    if group.place.pose == "stable":
        poses, shares = stable_poses(filling.solids(ref, scale))
        which = int(np.searchsorted(np.cumsum(shares), (draw / "pose").uniform(), side="right"))
        rotation = multiply(rotation, poses[min(which, len(poses) - 1)])
    elif group.place.pose == "facing":
        rotation = multiply(facing(filling.camera), rotation)
    label = label_of(group, ref, filling.spec, scope.catalog)
    return Thing(f"{name}/{k}", label, ref, scale, rotation, group, draw, taught)


def facing(camera: Camera) -> Array:
    """The rotation (w x y z) that turns -y against the camera's view and z up in its picture."""
    right, down, forward = camera.world_from_camera[:3, :3].T
    turn = scipy.spatial.transform.Rotation.from_matrix(np.stack([right, forward, -down], 1))
    return np.asarray(turn.as_quat(canonical=True, scalar_first=True))


def _lesson(group: ObjectGroup, k: int, draw: Draw, filling: Filling) -> Lesson | None:
    if group.curriculum is None:
        return None
    count = len(every_asset(group, filling.scope.catalog))
    return lesson(group.curriculum, count, number_of(filling.spec, group, draw, k))


def every_asset(group: ObjectGroup, catalog: Catalog) -> list[str]:
    """All assets that a group may choose from, sorted. Raises AssetError when there is none."""
    if not isinstance(group.asset, Files):
        return list(group.asset.every())
    found = group.asset.every(catalog, ("mesh",))
    if not found:
        raise AssetError(f"no mesh in the catalog matches {sorted(group.asset.pick)} (looked in {catalog.where})")
    return found


def mesh_ref(group: ObjectGroup, draw: Draw, catalog: Catalog, taught: Lesson | None = None) -> MeshRef:
    """Which mesh, with its content's hash, and what is done to it."""
    changes = tuple(one for k, spec in enumerate(group.deform) for one in _deform(spec, draw / "deform" / k))
    if isinstance(group.asset, Files):
        name = every_asset(group, catalog)[taught.asset] if taught else group.asset.sample(draw, catalog, ("mesh",))
        return MeshRef(asset=name, sha256=catalog[name].sha256, deform=changes)
    ref: MeshRef = group.asset.ref(group.asset.every()[taught.asset], draw) if taught else group.asset.sample(draw)
    return ref.model_copy(update={"deform": changes}) if changes else ref


def _deform(spec: DeformSpec, draw: Draw) -> list[Deform]:
    """The change, or none where chance leaves it out."""
    if not happens(spec.probability, draw):
        return []
    kind, amount = spec.kind.sample(draw / "kind"), float(spec.amount.sample(draw / "amount"))
    return [
        Deform(
            kind=kind,
            amount=math.radians(amount) if kind in ("bend", "twist") else amount,
            axis=spec.axis.sample(draw / "axis"),
            size=float(spec.size.sample(draw / "size")),
            seed=int((draw / "seed").rng().integers(2**31)),
        )
    ]


def label_of(group: ObjectGroup, ref: MeshRef, spec: SceneSpec, catalog: Catalog) -> str | None:
    """The object's class: the group's, or else the asset's own. Raises AssetError when the scene has no such class."""
    if group.label is not None:
        return None if group.label == "none" else group.label
    shape = ref.asset.removeprefix("shape/")
    own = catalog[ref.asset].label if shape == ref.asset else shape_label(shape)
    if own not in spec.classes:
        raise AssetError(
            f"{ref.asset}: its label {own!r} is no class of the scene; give the group a `label:` (or none)"
        )
    return own


def scale_of(group: ObjectGroup, draw: Draw) -> Array:
    """Scale along the object's three axes. Raises PlacementError for one of 0, which leaves nothing of the object."""
    if isinstance(group.scale, tuple):
        scale = np.array([float(v.sample(draw / axis)) for v, axis in zip(group.scale, "xyz", strict=True)])
    else:
        scale = np.full(3, float(group.scale.sample(draw)))
    if scale.min() <= 0:
        name = "/".join(map(str, draw.path[1:3]))
        raise PlacementError(f"{name}: its scale was drawn as {scale.min():g}; keep `scale` above 0")
    return scale
