"""`SceneSample`: what *does* appear in one frame. Pure data: JSON round trip, no bpy, no randomness left in it.

Metres, radians, watts, linear RGB. Everything a painter and the label rays need, and nothing they must look up but
the bytes of the assets, which are named together with their SHA-256.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from generator.base.geometry import Array, Camera, matrix
from generator.base.lens import PINHOLE, Lens
from generator.base.record import Record

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Unit = Annotated[float, Field(ge=0, le=1)]


class Deform(Record):
    """One change of a mesh's shape, in its own frame before scale, rotation and position.

    `amount` is an angle in radians over the whole length along `axis` (bend, twist), a relative change of width from
    one end to the other (taper), or a displacement as a share of the largest extent (lattice, noise, dent). `size` is
    that of one blob or dent, or the lattice's cell, as a share of the largest extent; `seed` chooses the pattern.
    """

    kind: Literal["lattice", "noise", "bend", "twist", "taper", "dent"]
    amount: float
    axis: Literal["x", "y", "z"] = "z"
    size: float = 0.3
    seed: int = 0


class MeshRef(Record):
    """Which mesh: a catalog asset by id and content, or a procedural shape by name and parameters; then deformed, one
    change after the other. Painter and label rays get the same deformed vertices."""

    asset: str
    sha256: str = ""
    params: dict[str, float] = {}
    deform: tuple[Deform, ...] = ()


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
    `amount` how much of it shows. Patterns live in object coordinates, `offset` moves them. Images are projected from
    the six sides (`box`), or stretched once over the mesh's own texture coordinates (`uv`, box where it has none).
    `own` is the texture (or flat colour) of another mesh asset, named by `image`: the right look on the wrong shape.
    """

    kind: Literal["noise", "voronoi", "checker", "stripes", "gradient", "image", "own"]
    color: Vector = (0.0, 0.0, 0.0)
    scale: float = 0.1
    amount: Unit = 1.0
    offset: Vector = (0.0, 0.0, 0.0)
    image: str = ""
    sha256: str = ""
    mapping: Literal["box", "uv"] = "box"


class Material(Record):
    """A Principled surface.

    `keep` starts from the asset's own material and ignores colour and texture; `shift` then moves its hue (turns),
    saturation and value (added, clamped). `coat` is a clear varnish, `transmission` how glassy it is with index of
    refraction `ior`. `dirt` is the share of the surface under blotches of rough `dirt_color`; `wear` bares
    `wear_color` on edges and in scratches. Blotches and scratches are about `wear_scale` metres.
    """

    color: Vector = (0.5, 0.5, 0.5)
    roughness: Unit = 0.5
    metallic: Unit = 0.0
    textures: tuple[Texture, ...] = ()
    bump: Unit = 0.0
    bump_scale: float = 0.01
    emission: float = 0.0
    keep: bool = False
    shift: Vector = (0.0, 0.0, 0.0)
    transmission: Unit = 0.0
    ior: float = 1.45
    coat: Unit = 0.0
    dirt: Unit = 0.0
    dirt_color: Vector = (0.05, 0.04, 0.03)
    wear: Unit = 0.0
    wear_color: Vector = (0.5, 0.5, 0.5)
    wear_scale: float = 0.02


class ObjectSample(Record):
    """One object. `label` is the detector's class, or None for a distractor: seen, occluding, never annotated.

    `backdrop` objects (the stage, walls) get instance id 0: they occlude, but are no instances. `motion` is how far
    (world metres) the object moves while the shutter is open; its pose is that at mid-shutter.
    """

    name: str
    label: str | None
    mesh: MeshRef
    pose: Pose = Pose()
    material: Material = Material()
    backdrop: bool = False
    motion: Vector = (0.0, 0.0, 0.0)


class LightSample(Record):
    """A lamp. `power` in watts (a sun's in W/m2); `size` is the radius (m) of a point or spot, the side of an area
    lamp, the angle (rad) of a sun. Area, spot and sun shine from `position` towards `target`. `cone` is a spot's full
    angle (rad), `blend` the soft share of its rim. Without `shadow` its light passes through everything.
    """

    name: str
    kind: Literal["point", "area", "spot", "sun"]
    position: Vector
    target: Vector = (0.0, 0.0, 0.0)
    power: float
    color: Vector = (1.0, 1.0, 1.0)
    size: float = 0.1
    cone: float = 0.7853981633974483
    blend: Unit = 0.15
    shadow: bool = True


class WorldSample(Record):
    """What surrounds the scene: an environment map turned by `rotation` about z, or a `color`; times `strength`.

    The camera alone sees `photo` instead, filling the image (cut to its aspect ratio, mirrored with `mirror`), times
    `photo_strength`; or else `pattern`, laid over `color` on directions (unit vectors count as metres).
    """

    environment: str = ""
    sha256: str = ""
    color: Vector = (0.5, 0.5, 0.5)
    strength: float = 1.0
    rotation: float = 0.0
    pattern: Texture | None = None
    photo: str = ""
    photo_sha256: str = ""
    photo_strength: float = 1.0
    mirror: bool = False


class CameraSample(Record):
    """Pose at mid-shutter (OpenCV axes), intrinsics, lens, and what blurs.

    `focal_pixels` is fx; fy is `focal_pixels * aspect`. The principal point lies `shift` (shares of width and height,
    right and down) from the image centre. `aperture` is the radius (m) of the opening, 0 for a pinhole, sharp at
    `focus` metres of planar depth. `motion` (world metres) is how far the camera moves while the shutter is open.
    Aperture and motion blur pictures, never labels.
    """

    position: Vector
    axes: tuple[Vector, Vector, Vector]
    focal_pixels: float
    aspect: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    lens: Lens = PINHOLE
    aperture: float = 0.0
    focus: float = 1.0
    motion: Vector = (0.0, 0.0, 0.0)

    def at(self, width: int, height: int) -> Camera:
        """The camera for an image of this size. `axes` are the camera's right, down and forward in the world."""
        pose = np.eye(4)
        pose[:3, :3] = np.array(self.axes).T
        pose[:3, 3] = self.position
        cx, cy = width * (0.5 + self.shift[0]), height * (0.5 + self.shift[1])
        return Camera(width, height, self.focal_pixels, self.focal_pixels * self.aspect, cx, cy, pose, self.lens)


class RenderSample(Record):
    """How to paint: engine, samples per pixel, denoiser, light bounces. With `adaptive` > 0, a pixel whose estimated
    noise falls below it gets no more samples. The denoiser's guides are filtered first by `prefilter`, its network has
    one of three sizes, `filter`. `exposure` in stops, on top of the camera's meter: 0 is a fixed exposure, 1 brings
    every picture to middle grey. `blending` is how the cut-and-paste painter hides its seams; `multiply` and
    `darken` lay objects over one another as filters."""

    engine: Literal["cycles", "eevee"] = "cycles"
    samples: int = 8
    adaptive: float = 0.0
    denoise: bool = True
    prefilter: Literal["none", "fast", "accurate"] = "fast"
    filter: Literal["fast", "balanced", "high"] = "high"
    bounces: int = 4
    exposure: float = 0.0
    metering: Unit = 0.0
    blending: Literal["none", "gaussian", "poisson", "multiply", "darken"] = "none"


class SensorSample(Record):
    """What a real camera does to the picture after the light has arrived. Never touches a label.

    `blur` is a Gaussian's sigma in pixels; `motion` a streak's length in pixels at `motion_angle`; `noise` a Gaussian's
    sigma and `shot` a Poisson-like term, both of full scale; `contrast` and `gamma` act about mid-grey; `tint` is white
    balance; `jpeg` a quality of 1..100, or 0 for none. `sharpen` is the amount of an unsharp mask, `chromatic` by how
    many pixels red and blue part in the corners, `rescale` the share of the resolution that was really taken.
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
    sharpen: float = 0.0
    chromatic: float = 0.0
    rescale: Annotated[float, Field(gt=0, le=1)] = 1.0


class SceneSample(Record):
    """One frame's scene: a pure function of (spec, assets, seed, index).

    `facts` holds the scene-level numbers that were drawn (``world.strength``, ``lights.lamps.count``, ...): edge cases
    and reports read them. `classes` are the detector's labels; category ids count from 1 in this order. Views of one
    scene differ in `index` and `view` and share `scene_index`.
    """

    format: Literal[1] = 1
    scene: str
    seed: int
    index: int
    scene_index: int = -1
    view: int = 0
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
