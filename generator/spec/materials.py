"""What surfaces may look like."""

from typing import Literal

from pydantic import model_validator

from generator.base.strict import Strict
from generator.distributions.base import Choice, Color, Constant, Scalar
from generator.spec.assets import Images, Meshes
from generator.spec.values import Count, Least1, Positive, Share, choices, known, number, srgb

PATTERNS = ("noise", "voronoi", "checker", "stripes", "gradient")
DEFORMS = ("lattice", "noise", "bend", "twist", "taper", "dent")


class TextureSpec(Strict):
    """A pattern over the surface. `kind` is noise, voronoi, checker, stripes, gradient; or image with `image` a glob
    over the catalog; or own with `of` a glob over meshes whose own texture is borrowed (the right look on a wrong
    shape). `scale` is one period in metres, `amount` how strongly it shows, `probability` how often. Images and own
    textures are projected from six sides (`mapping: box`) or stretched once over the mesh's texture coordinates
    (`uv`)."""

    kind: Choice = Constant(value="noise")
    image: Images | None = None
    of: Meshes | None = None
    color: Color = srgb(0.2, 0.2, 0.2)
    scale: Positive = number(0.05)
    amount: Share = number(1)
    probability: Share = number(1)
    mapping: Literal["box", "uv"] = "box"

    @model_validator(mode="after")
    def _kinds(self) -> "TextureSpec":
        known(self.kind, {*PATTERNS, "image", "own"})
        if "image" in choices(self.kind) and self.image is None:
            raise ValueError("kind image needs `image`, such as {pick: texture/*}")
        if "own" in choices(self.kind) and self.of is None:
            raise ValueError("kind own needs `of`, such as {pick: mugs/*}")
        for kind, files, name in (("image", self.image, "image"), ("own", self.of, "of")):
            if files is not None and kind not in choices(self.kind):
                raise ValueError(f"`{name}` is for kind: {kind}; add that, or leave `{name}` out")
        return self


class ShiftSpec(Strict):
    """Changes to a kept material, relative to itself: `hue` in turns, `saturation` and `value` added, both clamped to
    0..1, as one sees colours on a screen."""

    hue: Scalar = number(0)
    saturation: Scalar = number(0)
    value: Scalar = number(0)


class MaterialSpec(Strict):
    """A surface. `keep` is the probability that an asset keeps its own material, changed by `shift`. `bump` (0..1) is
    fine roughness of the relief with blobs of `bump_scale` metres. `transmission` is glass of refraction `ior`, `coat`
    a clear varnish. `dirt` is the share under blotches of `dirt_color`, `wear` how far edges (in Cycles only) and
    scratches show `wear_color`; both are about `wear_scale` metres in size."""

    color: Color = srgb(0.6, 0.6, 0.6)
    roughness: Share = number(0.5)
    metallic: Share = number(0)
    textures: tuple[TextureSpec, ...] = ()
    bump: Share = number(0)
    bump_scale: Positive = number(0.01)
    emission: Count = number(0)
    keep: Share = number(0)
    shift: ShiftSpec = ShiftSpec()
    transmission: Share = number(0)
    ior: Least1 = number(1.45)
    coat: Share = number(0)
    dirt: Share = number(0)
    dirt_color: Color = srgb(0.25, 0.2, 0.15)
    wear: Share = number(0)
    wear_color: Color = srgb(0.7, 0.7, 0.7)
    wear_scale: Positive = number(0.02)


class DeformSpec(Strict):
    """A change of the mesh itself, before painting and labelling alike. `kind` is lattice (smooth free-form), noise
    (small bumps), bend, twist, taper, or dent. `amount` is degrees along the whole length for bend and twist, the
    relative widening for taper, and a share of the largest extent for the others. `size` of a blob, dent or lattice
    cell is a share of the largest extent too. `axis` x, y or z; `probability` how often."""

    kind: Choice
    amount: Scalar
    axis: Choice = Constant(value="z")
    size: Positive = number(0.3)
    probability: Share = number(1)

    @model_validator(mode="after")
    def _kinds(self) -> "DeformSpec":
        known(self.kind, DEFORMS)
        known(self.axis, "xyz", "axis")
        return self
