"""`SceneSpec`: what *may* appear. Constants or distributions; metres, degrees, watts, kelvin."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from generator.base.errors import did_you_mean
from generator.base.strict import Fault, Strict, nested
from generator.distributions.base import Choice, Color, Constant, Distribution, Position, Rotation, Scalar, Value
from generator.spec.assets import AssetChoice, Environment
from generator.spec.edges import EdgeCase

PATTERNS = ("noise", "voronoi", "checker", "stripes", "gradient")
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


def number(value: float) -> Any:
    """A scalar constant as a field's default."""
    return Constant(value=float(value))


def color(*rgb: float) -> Any:
    """An sRGB colour as a field's default."""
    return Value("color").parse(list(rgb))


def choices(value: Distribution) -> set[str]:
    """Every name a choice can take."""
    if isinstance(value, Constant):
        return {value.value}
    inner = getattr(value, "pick", None) or [value.of]  # type: ignore[attr-defined]
    return {name for one in inner for name in choices(one)}


class TextureSpec(Strict):
    """A pattern over the surface: `kind` is noise, voronoi, checker, stripes, gradient, or image with `image` a glob
    over the catalog. `scale` is one period in metres, `amount` how strongly it shows, `probability` how often."""

    kind: Choice = Constant(value="noise")
    image: AssetChoice | None = None
    color: Color = color(0.2, 0.2, 0.2)
    scale: Scalar = number(0.05)
    amount: Scalar = number(1)
    probability: Scalar = number(1)

    @model_validator(mode="after")
    def _kinds(self) -> "TextureSpec":
        known = {*PATTERNS, "image"}
        for kind in choices(self.kind) - known:
            raise ValueError(f"unknown kind {kind!r}{did_you_mean(kind, known)}")
        if "image" in choices(self.kind) and self.image is None:
            raise ValueError("kind image needs `image`, such as {pick: texture/*}")
        return self


class MaterialSpec(Strict):
    """A surface. `keep` is the probability that an asset keeps its own material. `bump` (0..1) is fine roughness of the
    relief with blobs of `bump_scale` metres."""

    color: Color = color(0.6, 0.6, 0.6)
    roughness: Scalar = number(0.5)
    metallic: Scalar = number(0)
    textures: tuple[TextureSpec, ...] = ()
    bump: Scalar = number(0)
    bump_scale: Scalar = number(0.01)
    emission: Scalar = number(0)
    keep: Scalar = number(0)


class Place(Strict):
    """Where objects go. Exactly one of

    on: stage      resting on the stage, `gap` metres apart at least, within `area` (x by y metres; default the stage's)
    in: frustum    floating in what the camera sees, between the `depth`s in metres
    at: POSITION   there
    """

    on: Literal["stage"] | None = None
    in_: Literal["frustum"] | None = Field(None, alias="in")
    at: Position | None = None
    gap: Annotated[float, Field(ge=0)] = 0.005
    area: tuple[Scalar, Scalar] | None = None
    depth: tuple[float, float] = (0.3, 1.5)
    sink: Scalar = number(0)

    @model_validator(mode="after")
    def _one(self) -> "Place":
        if sum(v is not None for v in (self.on, self.in_, self.at)) != 1:
            raise ValueError("needs exactly one of `on: stage`, `in: frustum`, `at: POSITION`")
        if not 0 < self.depth[0] <= self.depth[1]:
            raise ValueError("depth must be [near, far] with 0 < near <= far")
        return self


class ObjectGroup(Strict):
    """`count` objects, each with its own draws. `label` is a class of the scene, or none for distractors; left out, it
    is the asset's own (its asset.yaml's, or the name of its first folder)."""

    asset: AssetChoice
    label: str | None = None
    count: Scalar = number(1)
    place: Place
    rotation: Rotation = Value("rotation").parse({"yaw": {"uniform": [0, 360]}})
    scale: Scalar | tuple[Scalar, Scalar, Scalar] = number(1)
    material: MaterialSpec = MaterialSpec(keep=number(1))


class StageSpec(Strict):
    """The ground: a plane at z = 0 of this size in metres. `bump` and textures come from its material."""

    size: tuple[Scalar, Scalar] = (number(10), number(10))
    material: MaterialSpec = MaterialSpec()


class WorldSpec(Strict):
    """Light from all around: an environment map (a glob over the catalog) or a plain colour."""

    environment: Environment | None = None
    color: Color = color(0.7, 0.7, 0.7)
    strength: Scalar = number(1)
    rotation: Scalar = Value("scalar").parse({"uniform": [0, 360]})


class LightGroup(Strict):
    """`count` lamps. `power` in watts; `temperature` in kelvin unless `color` is given; `size` in metres (a sun's in
    degrees); all but points shine towards `target`."""

    count: Scalar = number(1)
    kind: Choice = Constant(value="area")
    position: Position
    target: Position = Value("position").parse([0, 0, 0])
    power: Scalar = number(100)
    temperature: Scalar = number(5500)
    color: Color | None = None
    size: Scalar = number(0.3)

    @model_validator(mode="after")
    def _kinds(self) -> "LightGroup":
        for kind in choices(self.kind) - {"point", "area", "spot", "sun"}:
            raise ValueError(f"unknown kind {kind!r}{did_you_mean(kind, ('point', 'area', 'spot', 'sun'))}")
        return self


class CameraSpec(Strict):
    """Where the camera stands and what it looks at. `focal_length` in millimetres for a 36 mm wide sensor along the
    longer side of the image; `within` moves the aim by up to so many metres in the ground plane."""

    position: Position
    aim: Position = Value("position").parse([0, 0, 0])
    within: Scalar = number(0)
    roll: Scalar = number(0)
    focal_length: Scalar = number(50)


class RenderSpec(Strict):
    """How to paint. Quality and engine may be random too. `denoise` is a probability. `exposure` in stops; `metering`
    is how far the camera's automatic exposure goes towards middle grey, 0 (not at all) to 1."""

    engine: Choice = Constant(value="cycles")
    samples: Scalar = number(8)
    denoise: Scalar = number(1)
    bounces: Scalar = number(4)
    exposure: Scalar = number(0)
    metering: Scalar = number(0)

    @model_validator(mode="after")
    def _engines(self) -> "RenderSpec":
        for engine in choices(self.engine) - {"cycles", "eevee"}:
            raise ValueError(f"unknown engine {engine!r}{did_you_mean(engine, ('cycles', 'eevee'))}")
        return self


class SensorSpec(Strict):
    """The real camera's faults: see SensorSample. Probabilities: monochrome. `jpeg` 0 is none, else a quality."""

    blur: Scalar = number(0)
    motion: Scalar = number(0)
    motion_angle: Scalar = Value("scalar").parse({"uniform": [0, 360]})
    gamma: Scalar = number(1)
    contrast: Scalar = number(1)
    brightness: Scalar = number(0)
    temperature: Scalar = number(6500)
    noise: Scalar = number(0)
    shot: Scalar = number(0)
    vignette: Scalar = number(0)
    monochrome: Scalar = number(0)
    jpeg: Scalar = number(0)


class SceneSpec(Strict):
    """What may appear in a scene. Values shared by several places are drawn once per scene (``{ref: NAME}``)."""

    scene: Name
    classes: Annotated[tuple[Name, ...], Field(min_length=1)]
    stage: StageSpec | None = None
    world: WorldSpec = WorldSpec()
    objects: dict[Name, ObjectGroup]
    lights: dict[Name, LightGroup] = {}
    camera: CameraSpec
    render: RenderSpec = RenderSpec()
    sensor: SensorSpec = SensorSpec()
    edge_cases: dict[Name, EdgeCase] = {}
    keep: tuple[EdgeCase, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "SceneSpec":
        found: list[Fault] = []
        if len(set(self.classes)) != len(self.classes):
            found.append((("classes",), "a name stands there twice"))
        for name, group in self.objects.items():
            if group.label not in (None, "none", *self.classes):
                hint = did_you_mean(group.label or "", [*self.classes, "none"])
                found.append((("objects", name, "label"), f"unknown class {group.label!r}{hint}"))
            if group.place.on and self.stage is None:
                found.append((("objects", name, "place"), "`on: stage` needs a `stage:`"))
        if found:
            raise nested(found)
        return self
