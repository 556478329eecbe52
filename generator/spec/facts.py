"""The scene-level facts a spec will supply, and the range each can take, found without sampling."""

from collections.abc import Iterator

from generator.distributions.base import Distribution, Support, named
from generator.spec.scene import SceneSpec

Supports = dict[str, Support | None]


def scene_facts(spec: SceneSpec) -> Supports:
    """Name to support (None: unknown) of every fact that `Sampler` notes."""
    facts: Supports = {"camera.distance": None, "camera.elevation": (-90.0, 90.0)}
    for section in ("world", "camera", "render", "sensor"):
        facts |= dict(scalars(section, getattr(spec, section)))
    for name, group in spec.objects.items():
        facts[f"objects.{name}.count"] = group.count.support()
        for axis, value in zip("xy", group.place.area or (), strict=False):
            facts[f"objects.{name}.area.{axis}"] = value.support()
    for name, lights in spec.lights.items():
        facts[f"lights.{name}.count"] = lights.count.support()
        facts[f"lights.{name}.elevation"] = (-90.0, 90.0)
    for axis, value in zip("xy", spec.stage.size if spec.stage else (), strict=False):
        facts[f"stage.size.{axis}"] = value.support()
    return facts


def scalars(section: str, model: object) -> Iterator[tuple[str, Support | None]]:
    """The scalar fields of one section of a spec."""
    kinds = tuple(named("scalar").values())
    for field in type(model).model_fields:  # type: ignore[attr-defined]
        value = getattr(model, field)
        if isinstance(value, Distribution) and (isinstance(value, kinds) or value.support() is not None):
            yield f"{section}.{field}", value.support()
