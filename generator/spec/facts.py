"""The scene-level facts a spec will supply, and the range each can take, found without sampling."""

from collections.abc import Iterator

import numpy as np

from generator.distributions.base import Distribution, Support, named
from generator.spec.scene import ObjectGroup, SceneSpec

Supports = dict[str, Support | None]


def scene_facts(spec: SceneSpec) -> Supports:
    """Name to support (None: unknown) of every fact that `Sampler` notes."""
    facts: Supports = {"camera.distance": None, "camera.elevation": (-90.0, 90.0)}
    for section in ("camera", "render", "sensor"):
        facts |= dict(scalars(section, getattr(spec, section)))
    facts |= {"render.denoise": chance(spec.render.denoise), "sensor.monochrome": chance(spec.sensor.monochrome)}
    for axis, value in zip("xy", spec.camera.shift, strict=True):
        facts[f"camera.shift.{axis}"] = value.support()
    for name, group in spec.objects.items():
        facts[f"objects.{name}.count"] = placed(group)
        for axis, value in zip("xy", group.place.area or (), strict=False):
            facts[f"objects.{name}.area.{axis}"] = value.support()
    for name, lights in spec.lights.items():
        facts[f"lights.{name}.count"] = count = whole(lights.count)
        facts[f"lights.{name}.elevation"] = (-90.0, 90.0)
        facts[f"lights.{name}.power"] = product(count, lights.power.support())
        facts[f"lights.{name}.shadows"] = product(count, chance(lights.shadow))
    if spec.physics:
        facts |= {"physics.friction": spec.physics.friction.support(), "physics.bounce": spec.physics.bounce.support()}
        facts |= {"physics.settled": (0.0, 1.0), "physics.lost": (0.0, float("inf"))}
    if spec.camera.views > 1:
        facts["scene"] = (0.0, float("inf"))
    return facts | surroundings(spec)


def surroundings(spec: SceneSpec) -> Supports:
    """Of stage, room and world."""
    world, stage, room = spec.world, spec.stage, spec.room
    facts: Supports = {f"world.{name}": getattr(world, name).support() for name in ("strength", "rotation")}
    facts["world.photo"] = chance(world.photos) if world.photo else (0.0, 0.0)
    if world.photo:
        facts["world.photo_strength"] = world.photo_strength.support()
    if stage:
        facts |= {f"stage.size.{axis}": value.support() for axis, value in zip("xy", stage.size, strict=True)}
        facts["stage.visible"] = chance(stage.visible)
    if room:
        facts |= {f"room.size.{axis}": value.support() for axis, value in zip("xy", room.size, strict=True)}
        facts |= {"room.height": room.height.support(), "room.ceiling": chance(room.ceiling)}
        facts["room.windows"] = product((4.0, 4.0), chance(room.windows))
    return facts


def placed(group: ObjectGroup) -> Support:
    """How many objects of a group there may be: a background takes what it needs, `short: skip` leaves some out."""
    if group.place.in_ == "background":
        return 1.0, float("inf")
    fewest, most = whole(group.count)
    return 0.0 if group.place.short == "skip" else fewest, most


def whole(count: Distribution) -> Support:
    """The least and greatest number of things that a drawn count stands for."""
    low, high = count.support() or (0.0, float("inf"))
    return max(0.0, float(np.rint(low))), max(0.0, float(np.rint(high)))


def chance(probability: Distribution) -> Support:
    """Whether something of this probability happens: 0 or 1."""
    low, high = probability.support() or (0.0, 1.0)
    return float(low >= 1), float(high > 0)


def product(count: Support, each: Support | None) -> Support | None:
    """The sum of so many numbers, none of which counts as less than 0."""
    if each is None:
        return None
    few, many = count
    return few * max(0.0, each[0]), many * each[1] if many > 0 < each[1] else 0.0


def scalars(section: str, model: object) -> Iterator[tuple[str, Support | None]]:
    """The scalar fields of one section of a spec."""
    kinds = tuple(named("scalar").values())
    for field in type(model).model_fields:  # type: ignore[attr-defined]
        value = getattr(model, field)
        if isinstance(value, Distribution) and (isinstance(value, kinds) or value.support() is not None):
            yield f"{section}.{field}", value.support()
