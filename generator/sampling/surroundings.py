"""The stage, the room around it, and the world around that."""

import math

from generator.base.draw import Draw
from generator.base.geometry import axis_angle
from generator.base.scene import MeshRef, ObjectSample, Pose, WorldSample
from generator.sampling.materials import material, texture
from generator.sampling.scope import Scope, happens, vector
from generator.spec.materials import MaterialSpec
from generator.spec.surroundings import RoomSpec, StageSpec, WindowSpec, WorldSpec

THICK = 0.15  # metres of wall; a window has as deep a reveal
RIM = 0.05  # least metres of wall around a window
BELOW = 0.001  # metres from the stage down to the floor of the room


def stage(spec: StageSpec | None, scope: Scope) -> list[ObjectSample]:
    """The ground, if there is one to be seen."""
    if spec is None:
        return []
    x, y = (scope.number(f"stage.size.{axis}", v) for axis, v in zip("xy", spec.size, strict=True))
    visible = happens(spec.visible, scope.draw / "stage" / "visible")
    scope.facts["stage.visible"] = float(visible)
    if not visible:
        return []
    look = material(spec.material, scope.draw / "stage" / "material", scope.catalog)
    plane = MeshRef(asset="shape/plane", params={"x": x, "y": y})
    return [ObjectSample(name="stage", label=None, mesh=plane, material=look, backdrop=True)]


def room(spec: RoomSpec | None, scope: Scope) -> list[ObjectSample]:
    """Walls, floor and ceiling. The four walls stand in the order +y, -x, -y, +x, named ``room/walls/0`` to 3."""
    if spec is None:
        return []
    size = tuple(max(2 * RIM, scope.number(f"room.size.{a}", v)) for a, v in zip("xy", spec.size, strict=True))
    height = max(2 * RIM, scope.number("room.height", spec.height))
    walls = [wall(spec, size, height, k, scope) for k in range(4)]
    scope.facts["room.windows"] = float(sum("window_x" in one.mesh.params for one in walls))
    ceiling = happens(spec.ceiling, scope.draw / "room" / "ceiling")
    scope.facts["room.ceiling"] = float(ceiling)
    parts = [*walls, slab(spec.floor, "floor", size, -BELOW - THICK / 2, scope)]
    return [*parts, slab(spec.roof, "roof", size, height + THICK / 2, scope)] if ceiling else parts


def wall(spec: RoomSpec, size: tuple[float, ...], height: float, k: int, scope: Scope) -> ObjectSample:
    """The k-th wall, facing the middle; those along x reach over the ends of the others. It starts at the floor."""
    draw = scope.draw / "room" / "walls" / k
    length, away = (size[0] + 2 * THICK, size[1] / 2) if k % 2 == 0 else (size[1], size[0] / 2)
    params = {"x": length, "z": height + BELOW, "depth": THICK}
    if happens(spec.windows, draw / "window"):
        params |= opening(spec.window, draw / "window", size[k % 2], height)
    angle = math.pi / 2 * k
    w, x, y, z = (float(v) for v in axis_angle(vector((0, 0, 1)), angle))  # type: ignore[arg-type]
    position = (-away * math.sin(angle), away * math.cos(angle), -BELOW)
    return ObjectSample(
        name=f"room/walls/{k}", label=None, mesh=MeshRef(asset="shape/wall", params=params),
        pose=Pose(position=position, rotation=(w, x, y, z)),
        material=material(spec.walls, draw / "material", scope.catalog), backdrop=True,
    )  # fmt: skip


def opening(spec: WindowSpec, draw: Draw, length: float, height: float) -> dict[str, float]:
    """A window's parameters, such that it fits a wall of these inner measures."""
    width = min(float(spec.width.sample(draw / "width")), length - 2 * RIM)
    sill = min(max(RIM, float(spec.sill.sample(draw / "sill"))), height - 2 * RIM)
    tall = min(float(spec.height.sample(draw / "height")), height - RIM - sill)
    if min(width, tall) <= 0:
        return {}
    across = (draw / "across").uniform() - 0.5
    return {"window_x": width, "window_z": tall, "sill": sill + BELOW, "across": across * (length - 2 * RIM - width)}


def slab(spec: MaterialSpec, name: str, size: tuple[float, ...], z: float, scope: Scope) -> ObjectSample:
    """Floor or ceiling: a board under or over the walls."""
    box = MeshRef(asset="shape/box", params={"x": size[0] + 2 * THICK, "y": size[1] + 2 * THICK, "z": THICK})
    look = material(spec, scope.draw / "room" / name / "material", scope.catalog)
    return ObjectSample(
        name=f"room/{name}", label=None, mesh=box, pose=Pose(position=(0.0, 0.0, z)), material=look, backdrop=True
    )


def world(spec: WorldSpec, scope: Scope) -> WorldSample:
    """Environment light, and what the camera sees behind everything."""
    draw = scope.draw / "world"
    asset = spec.environment.sample(draw / "environment", scope.catalog, ("hdri",)) if spec.environment else ""
    photo = ""
    if spec.photo and happens(spec.photos, draw / "photos"):
        photo = spec.photo.sample(draw / "photo", scope.catalog, ("image",))
    scope.facts["world.photo"] = float(bool(photo))
    return WorldSample(
        environment=asset,
        sha256=scope.catalog[asset].sha256 if asset else "",
        color=vector(spec.color.sample(draw / "color")),
        strength=scope.number("world.strength", spec.strength),
        rotation=math.radians(scope.number("world.rotation", spec.rotation)),
        pattern=texture(spec.pattern, draw / "pattern", scope.catalog) if spec.pattern else None,
        photo=photo,
        photo_sha256=scope.catalog[photo].sha256 if photo else "",
        photo_strength=scope.number("world.photo_strength", spec.photo_strength) if photo else 1.0,
        mirror=bool(photo) and happens(spec.mirror, draw / "mirror"),
    )
