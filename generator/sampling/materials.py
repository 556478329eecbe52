"""Materials drawn from their specs."""

from generator.assets.catalog import Catalog
from generator.base.draw import Draw
from generator.base.scene import Material, Texture, Vector
from generator.sampling.scope import happens, vector
from generator.spec.materials import MaterialSpec, ShiftSpec, TextureSpec


def material(spec: MaterialSpec, draw: Draw, catalog: Catalog) -> Material:
    """One surface."""
    drawn = [texture(one, draw / "textures" / k, catalog) for k, one in enumerate(spec.textures)]
    return Material(
        color=vector(spec.color.sample(draw / "color")),
        roughness=unit(spec.roughness.sample(draw / "roughness")),
        metallic=unit(spec.metallic.sample(draw / "metallic")),
        textures=tuple(t for t in drawn if t),
        bump=unit(spec.bump.sample(draw / "bump")),
        bump_scale=float(spec.bump_scale.sample(draw / "bump_scale")),
        emission=float(spec.emission.sample(draw / "emission")),
        keep=happens(spec.keep, draw / "keep"),
        shift=shift(spec.shift, draw / "shift"),
        transmission=unit(spec.transmission.sample(draw / "transmission")),
        ior=float(spec.ior.sample(draw / "ior")),
        coat=unit(spec.coat.sample(draw / "coat")),
        dirt=unit(spec.dirt.sample(draw / "dirt")),
        dirt_color=vector(spec.dirt_color.sample(draw / "dirt_color")),
        wear=unit(spec.wear.sample(draw / "wear")),
        wear_color=vector(spec.wear_color.sample(draw / "wear_color")),
        wear_scale=float(spec.wear_scale.sample(draw / "wear_scale")),
    )


def shift(spec: ShiftSpec, draw: Draw) -> Vector:
    """Hue (turns), saturation and value to add."""
    return tuple(float(getattr(spec, name).sample(draw / name)) for name in ("hue", "saturation", "value"))  # type: ignore[return-value]


def texture(spec: TextureSpec, draw: Draw, catalog: Catalog) -> Texture | None:
    """One pattern, or None when it does not happen."""
    if not happens(spec.probability, draw):
        return None
    kind = spec.kind.sample(draw / "kind")
    image = ""
    if kind == "image" and spec.image:
        image = spec.image.sample(draw / "image", catalog, ("image",))
    elif kind == "own" and spec.of:
        image = spec.of.sample(draw / "of", catalog, ("mesh",))
    return Texture(
        kind=kind,
        color=vector(spec.color.sample(draw / "color")),
        scale=float(spec.scale.sample(draw / "scale")),
        amount=unit(spec.amount.sample(draw / "amount")),
        offset=vector(100 * (draw / "offset").rng().random(3)),
        image=image,
        sha256=catalog[image].sha256 if image else "",
        mapping=spec.mapping,
    )


def unit(value: float) -> float:
    """Clamped to [0, 1]."""
    return min(1.0, max(0.0, float(value)))
