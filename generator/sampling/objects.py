"""Objects drawn and placed: groups that refer to others after these, else in order of name."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.geometry import Array, Camera
from generator.base.scene import MeshRef, Pose
from generator.sampling.layers import clutter
from generator.sampling.meshes import Body, Solids
from generator.sampling.placing import placed
from generator.sampling.scope import Scope, vector
from generator.sampling.things import Filling, Thing, thing
from generator.spec.scene import ObjectGroup, SceneSpec


@dataclass(frozen=True)
class Placed:
    """An object with its pose; `draw` is where its material comes from."""

    name: str
    label: str | None
    ref: MeshRef
    pose: Pose
    group: ObjectGroup
    draw: Draw


def objects(spec: SceneSpec, store: AssetStore, scope: Scope, camera: Camera) -> list[Placed]:
    """Every object of a scene. Raises PlacementError and AssetError."""
    filling = Filling(spec, scope, Solids.of(store), camera)
    found: list[Placed] = []
    for name in order(spec.objects):
        for one, body in group_of(name, filling):
            filling.add(one, body)
            found.append(standing(one, body))
    return found


def order(groups: dict[str, ObjectGroup]) -> list[str]:
    """Names by how many others stand between a group and one that refers to none, then alphabetically."""
    return sorted(groups, key=lambda name: (len(_chain(groups, name)), name))


def _chain(groups: dict[str, ObjectGroup], name: str) -> list[str]:
    other = groups[name].place.group
    return [] if other is None else [other, *_chain(groups, other)]


def group_of(name: str, filling: Filling) -> Iterator[tuple[Thing, Body]]:
    """The objects of one group that find a place."""
    group, scope, fact = filling.spec.objects[name], filling.scope, f"objects.{name}.count"
    if group.place.in_ == "background":
        yield from clutter(name, filling)
        scope.facts[fact] = float(len(filling.groups.get(name, [])))
        return
    if group.place.on == "stage" or group.place.area:
        filling.areas[name] = stage_area(name, filling)
    count = scope.count(fact, group.count)
    for k in range(count):
        one = thing(name, k, filling)
        body = placed(one, filling)
        if body is not None:
            yield one, body
    if len(filling.groups.get(name, [])) < count:  # some were left out
        scope.facts[fact] = float(len(filling.groups.get(name, [])))


def stage_area(name: str, filling: Filling) -> tuple[Array, Array]:
    """Width and depth (m) of the part of the stage that a group may stand on, and its middle."""
    place, scope, stage = filling.spec.objects[name].place, filling.scope, filling.spec.stage
    where, size = (f"objects.{name}.area", place.area) if place.area else ("stage.size", stage.size if stage else ())
    draw = scope.draw / "objects" / name / "center"
    middle = [float(v.sample(draw / a)) for a, v in zip("xy", place.center, strict=True)]
    return np.array([scope.number(f"{where}.{a}", v) for a, v in zip("xy", size, strict=False)]), np.array(middle)


def standing(one: Thing, body: Body) -> Placed:
    """The thing as it stands."""
    w, x, y, z = (float(v) for v in body.quaternion)
    pose = Pose(position=vector(body.position), rotation=(w, x, y, z), scale=vector(body.solid.scale))
    return Placed(one.name, one.label, one.ref, pose, one.group, one.draw)
