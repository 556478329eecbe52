"""`SceneSample`: what *does* appear in one frame. Pure data: JSON round trip, no bpy, no randomness left in it.

Metres, radians, watts, linear RGB. Everything a painter and the label rays need, and nothing they must look up but
the bytes of the assets, which are named together with their SHA-256.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from generator.base.geometry import Array, Camera, matrix

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Unit = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """A frozen record: unknown keys are errors, equality is by value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MeshRef(Record):
    """Which mesh: a catalog asset by id and content, or a procedural shape by name and parameters."""

    asset: str
    sha256: str = ""
    params: dict[str, float] = {}


class Pose(Record):
    """World from object: scale along the object's own axes, then rotation (w x y z), then position (m)."""

    position: Vector = (0.0, 0.0, 0.0)
    rotation: Quaternion = (1.0, 0.0, 0.0, 0.0)
    scale: Vector = (1.0, 1.0, 1.0)

    def matrix(self) -> Array:
        return matrix(np.array(self.position), np.array(self.rotation), np.array(self.scale))


class Texture(Record):
    """A pattern between the material's colour and `color`, or an image that replaces both.

    `scale` is the size of one period (one noise blob, one square, one stripe, one tile of the image) in metres,
    `amount` how much of it shows. Patterns live in object coordinates, `offset` moves them.
    """

    kind: Literal["noise", "voronoi", "checker", "stripes", "gradient", "image"]
    color: Vector = (0.0, 0.0, 0.0)
    scale: float = 0.1
    amount: Unit = 1.0
    offset: Vector = (0.0, 0.0, 0.0)
    image: str = ""
    sha256: str = ""


class Material(Record):
    """A Principled surface. `keep` starts from the asset's own material and ignores colour and texture."""

    color: Vector = (0.5, 0.5, 0.5)
    roughness: Unit = 0.5
    metallic: Unit = 0.0
    textures: tuple[Texture, ...] = ()
    bump: Unit = 0.0
    bump_scale: float = 0.01
    emission: float = 0.0
    keep: bool = False


class ObjectSample(Record):
    """One object. `label` is the detector's class, or None for a distractor: seen, occluding, never annotated.

    `backdrop` objects (the stage, walls) get instance id 0: they occlude, but are no instances.
    """

    name: str
    label: str | None
    mesh: MeshRef
    pose: Pose = Pose()
    material: Material = Material()
    backdrop: bool = False


class LightSample(Record):
    """A lamp. `power` in watts (a sun's in W/m2); `size` is the radius (m) of a point or spot, the side of an area
    lamp, the angle (rad) of a sun. Area, spot and sun shine from `position` towards `target`."""

    name: str
    kind: Literal["point", "area", "spot", "sun"]
    position: Vector
    target: Vector = (0.0, 0.0, 0.0)
    power: float
    color: Vector = (1.0, 1.0, 1.0)
    size: float = 0.1


class WorldSample(Record):
    """What surrounds the scene: an environment map turned by `rotation` about z, or a `color`; times `strength`."""

    environment: str = ""
    sha256: str = ""
    color: Vector = (0.5, 0.5, 0.5)
    strength: float = 1.0
    rotation: float = 0.0


class CameraSample(Record):
    """A pinhole: pose (OpenCV axes) and focal length in pixels; the principal point is the image centre."""

    position: Vector
    axes: tuple[Vector, Vector, Vector]
    focal_pixels: float

    def at(self, width: int, height: int) -> Camera:
        """The camera for an image of this size. `axes` are the camera's right, down and forward in the world."""
        pose = np.eye(4)
        pose[:3, :3] = np.array(self.axes).T
        pose[:3, 3] = self.position
        return Camera(width, height, self.focal_pixels, self.focal_pixels, width / 2, height / 2, pose)


class RenderSample(Record):
    """How to paint: engine, samples per pixel, denoiser, light bounces. `exposure` in stops, on top of the
    camera's meter: 0 is a fixed exposure, 1 brings every picture to middle grey."""

    engine: Literal["cycles", "eevee"] = "cycles"
    samples: int = 8
    denoise: bool = True
    bounces: int = 4
    exposure: float = 0.0
    metering: Unit = 0.0


class SensorSample(Record):
    """What a real camera does to the picture after the light has arrived. Never touches a label.

    `blur` is a Gaussian's sigma in pixels; `motion` a streak's length in pixels at `motion_angle`; `noise` a Gaussian's
    sigma and `shot` a Poisson-like term, both of full scale; `contrast` and `gamma` act about mid-grey; `tint` is white
    balance; `jpeg` a quality of 1..100, or 0 for none.
    """

    blur: float = 0.0
    motion: float = 0.0
    motion_angle: float = 0.0
    gamma: float = 1.0
    contrast: float = 1.0
    brightness: float = 0.0
    tint: Vector = (1.0, 1.0, 1.0)
    noise: float = 0.0
    shot: float = 0.0
    vignette: float = 0.0
    monochrome: bool = False
    jpeg: int = 0


class SceneSample(Record):
    """One frame's scene: a pure function of (spec, assets, seed, index).

    `facts` holds the scene-level numbers that were drawn (``world.strength``, ``lights.lamps.count``, ...): edge cases
    and reports read them. `classes` are the detector's labels; category ids count from 1 in this order.
    """

    format: Literal[1] = 1
    scene: str
    seed: int
    index: int
    width: int
    height: int
    classes: tuple[str, ...]
    objects: tuple[ObjectSample, ...]
    lights: tuple[LightSample, ...]
    world: WorldSample
    camera: CameraSample
    render: RenderSample = RenderSample()
    sensor: SensorSample = SensorSample()
    facts: dict[str, float] = {}

    @property
    def instances(self) -> list[ObjectSample]:
        """Objects with an instance id: entry k has id k + 1. Backdrops are left out."""
        return [o for o in self.objects if not o.backdrop]

    def category(self, label: str | None) -> int:
        """1-based category id of a label; 0 for a distractor."""
        return 0 if label is None else self.classes.index(label) + 1
