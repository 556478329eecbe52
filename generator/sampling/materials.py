"""Materials drawn from their specs."""

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.scene import Material, Texture
from generator.sampling.scope import happens, vector
from generator.spec.scene import MaterialSpec, TextureSpec


def material(spec: MaterialSpec, draw: Draw, store: AssetStore) -> Material:
    """One surface."""
    drawn = [texture(one, draw / "textures" / k, store) for k, one in enumerate(spec.textures)]
    return Material(
        color=vector(spec.color.sample(draw / "color")),
        roughness=unit(spec.roughness.sample(draw / "roughness")),
        metallic=unit(spec.metallic.sample(draw / "metallic")),
        textures=tuple(t for t in drawn if t),
        bump=unit(spec.bump.sample(draw / "bump")),
        bump_scale=float(spec.bump_scale.sample(draw / "bump_scale")),
        emission=float(spec.emission.sample(draw / "emission")),
        keep=happens(spec.keep, draw / "keep"),
    )


def texture(spec: TextureSpec, draw: Draw, store: AssetStore) -> Texture | None:
    """One pattern, or None when it does not happen."""
    if not happens(spec.probability, draw):
        return None
    kind = spec.kind.sample(draw / "kind")
    image = spec.image.sample(draw / "image", store.catalog, ("image",)) if kind == "image" and spec.image else ""
    return Texture(
        kind=kind,
        color=vector(spec.color.sample(draw / "color")),
        scale=float(spec.scale.sample(draw / "scale")),
        amount=unit(spec.amount.sample(draw / "amount")),
        offset=vector(100 * (draw / "offset").rng().random(3)),
        image=image,
        sha256=store.catalog[image].sha256 if image else "",
    )


def unit(value: float) -> float:
    """Clamped to [0, 1]."""
    return min(1.0, max(0.0, float(value)))
