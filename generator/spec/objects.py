"""Which objects may appear, and where."""

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from generator.base.errors import did_you_mean
from generator.base.strict import Strict
from generator.distributions.base import Position, Rotation, Scalar, Value
from generator.spec.assets import AssetChoice
from generator.spec.materials import DeformSpec, MaterialSpec
from generator.spec.values import Count, Extent, Positive, number

Corner = tuple[float, float, float]
Scale = Annotated[
    Annotated[Extent, Tag("all")] | Annotated[tuple[Extent, Extent, Extent], Tag("each")],
    Discriminator(lambda raw: "each" if isinstance(raw, (list, tuple)) else "all"),
]  # for all axes alike, or for each


class Volume(Strict):
    """A box in the world: two corners in metres."""

    box: tuple[Corner, Corner]

    @model_validator(mode="after")
    def _ordered(self) -> "Volume":
        if any(low > high for low, high in zip(*self.box, strict=True)):
            raise ValueError("the first corner must not lie above the second in any coordinate")
        return self


def _volume(raw: object) -> object:
    """A mapping as a Volume; a word must be one of the two."""
    if isinstance(raw, dict):
        return Volume.model_validate(raw)
    if raw is not None and raw not in ("frustum", "background") and not isinstance(raw, Volume):
        hint = did_you_mean(str(raw), ("frustum", "background"))
        raise ValueError(f"must be frustum, background or {{box: [[x, y, z], [x, y, z]]}}, not {raw!r}{hint}")
    return raw


class Place(Strict):
    """Where objects go. Exactly one of

    on: stage        resting on the stage, within `area` (x by y metres about `center`; default the stage's)
    on: GROUP        resting on top of an object of that group, its centre of mass above it
    in: frustum      floating in what the camera sees, between the `depth`s in metres
    in: background   filling the whole view behind everything, between the `depth`s; `count` is then as many as it takes
    in: {box: ...}   floating in a box of the world, with the middle of its bounds
    before: GROUP    between the camera and an object of that group that it sees, hiding about `cover` of it, or as much
                     as it is large enough for
    at: POSITION     there

    No two objects come nearer than the greater of their `gap`s in metres, by their true meshes, and none lies inside
    another, unless one is `collide: false` or rests on the other; the stage and the room are in nobody's way. Each
    object has `tries` tries; then the scene cannot be filled, which is an error (`short: skip` leaves the object out
    instead). `size` (frustum, background, before; 0.2 for a background) scales the object so that its bounding sphere
    looks that large, as a share of the image's longer side. `overlap` is the largest share of an object's image box
    that another may share with it which is of the frustum too, or annotated and there before it (groups come in order
    of name); `crop` is the largest share of it outside the image. `sink` lowers into what it rests on (metres).
    `pose: stable` turns objects onto one of their stable resting poses, likelier ones more often, before `rotation`;
    `pose: facing` then turns their front (-y, a cut-out's picture) straight to the camera. Backgrounds collide with
    nothing.
    """

    on: str | None = None
    in_: Annotated[Literal["frustum", "background"] | Volume | None, BeforeValidator(_volume)] = Field(None, alias="in")
    at: Position | None = None
    before: str | None = None
    gap: Annotated[float, Field(ge=0)] = 0.005
    area: tuple[Scalar, Scalar] | None = None
    center: tuple[Scalar, Scalar] = (number(0), number(0))
    depth: tuple[float, float] = (0.3, 1.5)
    sink: Scalar = number(0)
    size: Positive | None = None
    cover: Scalar = number(0.3)
    overlap: Annotated[float, Field(ge=0, le=1)] = 1.0
    crop: Annotated[float, Field(ge=0, le=1)] = 1.0
    collide: bool = True
    tries: Annotated[int, Field(ge=1)] = 200
    short: Literal["error", "skip"] = "error"
    pose: Literal["drawn", "stable", "facing"] = "drawn"

    @model_validator(mode="after")
    def _one(self) -> "Place":
        if sum(v is not None for v in (self.on, self.in_, self.at, self.before)) != 1:
            raise ValueError(
                "needs exactly one of `on: stage`, `on: GROUP`, `in: frustum`, `in: background`, `in: {box: ...}`, "
                "`before: GROUP`, `at: POSITION`"
            )
        if not 0 < self.depth[0] <= self.depth[1]:
            raise ValueError("depth must be [near, far] with 0 < near <= far")
        if self.size is not None and (self.on or self.at or isinstance(self.in_, Volume)):
            raise ValueError("size is for `in: frustum`, `in: background` and `before:`; elsewhere use `scale`")
        if self.in_ != "frustum" and (self.overlap < 1 or self.crop < 1):
            raise ValueError("overlap and crop are for `in: frustum`")
        return self

    @property
    def group(self) -> str | None:
        """The group of objects that this place refers to."""
        return self.before or (self.on if self.on != "stage" else None)


class CurriculumSpec(Strict):
    """Every asset of the group under evenly spread views from near to far, in order over the scene index instead of at
    random (Hinterstoisser et al., "An annotation saved is an annotation earned", 2019): for each distance, nearest
    first, all `views` directions (vertices of a subdivided icosahedron: 12, 42, 162 or 642) times `inplane` turns
    about the line of sight, and for each of them every asset. `steps` distances lie between the `depth`s such that
    the projected area falls evenly. Each scene takes the next `count` of them; where `count` is random, the greatest
    it can be, of which those beyond the drawn count are left out. After the last it starts again, and so does every
    split. Positions in the image stay random; needs `place: {in: frustum}`, whose `depth` and `size` it replaces, as
    it does `rotation`."""

    views: Literal[12, 42, 162, 642] = 42
    inplane: Annotated[int, Field(ge=1)] = 8
    steps: Annotated[int, Field(ge=1)] = 8
    depth: tuple[float, float]

    @model_validator(mode="after")
    def _ordered(self) -> "CurriculumSpec":
        if not 0 < self.depth[0] <= self.depth[1]:
            raise ValueError("depth must be [near, far] with 0 < near <= far")
        return self


class ObjectGroup(Strict):
    """`count` objects, each with its own draws. `label` is a class of the scene, or none for distractors; left out, it
    is the asset's own (its asset.yaml's, or the name of its first folder; a shape's name up to the first underscore).
    `deform` changes the meshes, `motion` (metres while the shutter is open) smears them."""

    asset: AssetChoice
    label: str | None = None
    count: Count = number(1)
    place: Place
    rotation: Rotation = Value("rotation").parse({"yaw": {"uniform": [0, 360]}})
    scale: Scale = number(1)
    material: MaterialSpec = MaterialSpec(keep=number(1))
    deform: tuple[DeformSpec, ...] = ()
    motion: Position | None = None
    curriculum: CurriculumSpec | None = None

    @model_validator(mode="after")
    def _curriculum(self) -> "ObjectGroup":
        if self.curriculum and (self.place.in_ != "frustum" or self.place.size is not None):
            raise ValueError("curriculum needs `place: {in: frustum}` without `size`")
        if self.curriculum and not math.isfinite((self.count.support() or (0, math.inf))[1]):
            raise ValueError("curriculum needs a `count` that has a greatest value")
        return self


class PhysicsSpec(Strict):
    """Objects of the groups `drop` fall from where they were placed (`in: {box: ...}` above the stage lets them tumble)
    and settle on the stage, on each other and on all other objects, by their true shapes (MuJoCo; hollow meshes as
    convex parts). At most `seconds` are simulated, fewer once all lie still; what leaves the stage is left out.
    `friction` is Coulomb's coefficient (slopes steeper than its arc tangent are slid down), `bounce` the share of its
    speed that a body keeps when it hits. Facts: physics.settled (1, or 0 where something still moved), physics.lost
    (how many left the stage)."""

    drop: Annotated[tuple[str, ...], Field(min_length=1)]
    seconds: Annotated[float, Field(gt=0, le=60)] = 3.0
    friction: Scalar = number(0.7)
    bounce: Scalar = number(0.1)
