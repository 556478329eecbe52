"""What surrounds the objects: stage, room, world, lamps."""

from typing import TYPE_CHECKING, TypeAlias

from pydantic import model_validator

from generator.base.strict import Strict
from generator.distributions.base import Choice, Color, Constant, Distribution, Position, Scalar, Value
from generator.spec.assets import Environment, Images, ShapeChoice
from generator.spec.materials import MaterialSpec, TextureSpec
from generator.spec.values import Count, Kelvin, Positive, Share, bounded, choices, known, number, point, srgb

if TYPE_CHECKING:
    Cone: TypeAlias = Distribution
else:
    Cone = bounded(0, 180)


class StageSpec(Strict):
    """The ground: a plane at z = 0 of this size in metres. `bump` and textures come from its material. `visible` is the
    probability that it is there to be seen; things rest at its height all the same."""

    size: tuple[Positive, Positive] = (number(10), number(10))
    material: MaterialSpec = MaterialSpec()
    visible: Share = number(1)


class WindowSpec(Strict):
    """An opening in a wall, `width` by `height` metres, `sill` above the ground, anywhere along the wall; what does not
    fit is cut to leave 5 cm of wall around it."""

    width: Scalar = Value("scalar").parse({"uniform": [0.6, 2]})
    height: Scalar = Value("scalar").parse({"uniform": [0.8, 1.5]})
    sill: Scalar = Value("scalar").parse({"uniform": [0.4, 1.1]})


class RoomSpec(Strict):
    """Four walls about the origin, `size` x by y metres inside and `height` high, and a ceiling with the probability
    `ceiling`. Each wall has a material of its own, and with the probability `windows` an opening through which light
    comes from outside. What the stage leaves bare of the ground shows `floor`."""

    size: tuple[Positive, Positive] = (number(5), number(5))
    height: Positive = number(2.6)
    walls: MaterialSpec = MaterialSpec()
    roof: MaterialSpec = MaterialSpec(color=srgb(0.9, 0.9, 0.9))
    floor: MaterialSpec = MaterialSpec()
    ceiling: Share = number(1)
    windows: Share = number(0.3)
    window: WindowSpec = WindowSpec()


class WorldSpec(Strict):
    """Light from all around: an environment map (a glob over the catalog) or a plain colour. What the camera sees
    behind everything may differ: with the probability `photos` a photograph (`photo`, a glob over images) that fills
    the picture, cut to its shape and mirrored with the probability `mirror`, times `photo_strength`; else `pattern`
    over the colour if there is one, on directions: its `scale` is a share of the distance, 0.1 some 6 degrees."""

    environment: Environment | None = None
    color: Color = srgb(0.7, 0.7, 0.7)
    strength: Count = number(1)
    rotation: Scalar = Value("scalar").parse({"uniform": [0, 360]})
    photo: Images | None = None
    photos: Share = number(1)
    photo_strength: Count = number(1)
    mirror: Share = number(0.5)
    pattern: TextureSpec | None = None


class LightGroup(Strict):
    """`count` lamps of a `kind`: point, spot, area, sun, or emissive (a glowing `shape` of `size` metres that can be
    seen). `power` in watts (a sun's in W/m2); `temperature` in kelvin unless `color` is given; `size` in metres (a
    sun's in degrees; an emissive shape's largest extent); all but points shine towards `target`, spots within a `cone`
    of degrees whose rim is soft by `blend`. An emissive shape turns its z axis to the `target` and shines alike from
    all of its surface, with a radiance of power / (pi area). `shadow` is the probability that a lamp casts shadows; an
    emissive shape always does."""

    count: Count = number(1)
    kind: Choice = Constant(value="area")
    position: Position
    target: Position = point(0, 0, 0)
    power: Count = number(100)
    temperature: Kelvin = number(5500)
    color: Color | None = None
    size: Count = number(0.3)
    cone: Cone = number(45)
    blend: Share = number(0.15)
    shadow: Share = number(1)
    shape: ShapeChoice | None = None

    @model_validator(mode="after")
    def _kinds(self) -> "LightGroup":
        known(self.kind, ("point", "area", "spot", "sun", "emissive"))
        if "emissive" in choices(self.kind) and self.shape is None:
            raise ValueError("kind emissive needs `shape`, such as {shape: sphere}")
        if "emissive" not in choices(self.kind) and self.shape is not None:
            raise ValueError("`shape` is for kind: emissive; add that, or leave `shape` out")
        if "emissive" in choices(self.kind) and (self.size.support() or (1.0, 1.0))[0] <= 0:
            raise ValueError("kind emissive needs a `size` that is always above 0, as {uniform: [0.1, 0.3]} is")
        return self
