"""Lamps, and shapes that glow."""

import math
from typing import Literal

import numpy as np

from generator.assets.area import shining_area
from generator.assets.shapes import SHAPES
from generator.base.draw import Draw
from generator.base.geometry import axis_angle
from generator.base.scene import LightSample, Material, MeshRef, ObjectSample, Pose, Quaternion, Vector
from generator.distributions.colors import black_body
from generator.sampling.materials import unit
from generator.sampling.scope import Scope, happens, vector
from generator.spec.surroundings import LightGroup

Kind = Literal["point", "area", "spot", "sun"]


def lights(groups: dict[str, LightGroup], scope: Scope) -> tuple[list[LightSample], list[ObjectSample]]:
    """All lamps, groups in order of name; and the glowing shapes among them, which are objects that can be seen."""
    lamps: list[LightSample] = []
    glowing: list[ObjectSample] = []
    for name, group in sorted(groups.items()):
        found = []
        for k in range(scope.count(f"lights.{name}.count", group.count)):
            draw = scope.draw / "lights" / name / k
            kind = group.kind.sample(draw / "kind")
            found.append(light(group, "point" if kind == "emissive" else kind, f"{name}/{k}", draw))
            if kind == "emissive" and group.shape:
                glowing.append(glow(found[-1], group.shape.sample(draw / "shape")))
            else:
                lamps.append(found[-1])
        note(name, found, scope)
    return lamps, glowing


def light(group: LightGroup, kind: Kind, name: str, draw: Draw) -> LightSample:
    """One lamp of a group; for an emissive shape, the point lamp that it stands for."""
    size = float(group.size.sample(draw / "size"))
    tone = (
        group.color.sample(draw / "color")
        if group.color
        else black_body(group.temperature.sample(draw / "temperature"))
    )
    return LightSample(
        name=name,
        kind=kind,
        position=vector(group.position.sample(draw / "position")),
        target=vector(group.target.sample(draw / "target")),
        power=max(0.0, float(group.power.sample(draw / "power"))),
        color=vector(tone),
        size=math.radians(size) if kind == "sun" else size,
        cone=math.radians(min(180.0, max(1.0, float(group.cone.sample(draw / "cone"))))),
        blend=unit(group.blend.sample(draw / "blend")),
        shadow=happens(group.shadow, draw / "shadow"),
    )


def glow(lamp: LightSample, ref: MeshRef) -> ObjectSample:
    """A shape that shines as strongly as the lamp, `lamp.size` metres in its largest extent, its z axis towards the
    target. It shines alike in all directions from all of its surface: its radiance is power / (pi area)."""
    mesh = SHAPES[ref.asset.removeprefix("shape/")](**ref.params)
    scale = lamp.size / max(float(np.ptp(mesh.bounds, axis=0).max()), 1e-9)
    pose = Pose(position=lamp.position, rotation=facing(lamp), scale=(scale, scale, scale))
    radiance = lamp.power / (math.pi * shining_area(mesh, pose.scale))
    look = Material(color=lamp.color, roughness=1.0, emission=radiance)
    return ObjectSample(name=lamp.name, label=None, mesh=ref, pose=pose, material=look)


def facing(lamp: LightSample) -> Quaternion:
    """The shortest turn of the z axis towards the target."""
    aim = np.array(lamp.target) - np.array(lamp.position)
    axis = np.cross([0.0, 0.0, 1.0], aim)
    if np.linalg.norm(axis) == 0:
        axis = np.array([1.0, 0.0, 0.0])
    angle = math.atan2(math.hypot(aim[0], aim[1]), aim[2])
    w, x, y, z = (float(v) for v in axis_angle(axis, angle))
    return w, x, y, z


def note(name: str, lamps: list[LightSample], scope: Scope) -> None:
    """What edge cases may ask of a group: its power, how many lamps cast shadows, where they stand."""
    scope.facts[f"lights.{name}.power"] = sum(lamp.power for lamp in lamps)
    scope.facts[f"lights.{name}.shadows"] = float(sum(lamp.shadow for lamp in lamps))
    if lamps:
        scope.facts[f"lights.{name}.elevation"] = elevation(lamps)


def elevation(lamps: list[LightSample]) -> float:
    """Mean angle of the lamps above the horizon as seen from their targets, weighted by power, in degrees."""
    mean = sum(lamp.power * _elevation(lamp.position, lamp.target) for lamp in lamps) / max(
        sum(m.power for m in lamps), 1e-12
    )
    return min(90.0, max(-90.0, mean))


def _elevation(position: Vector, target: Vector) -> float:
    offset = np.array(position) - np.array(target)
    return math.degrees(math.asin(offset[2] / max(float(np.linalg.norm(offset)), 1e-9)))
