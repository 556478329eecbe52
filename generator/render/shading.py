"""Rough light for the raycast painter: lamps without shadows, an even sky, and what lies behind everything."""

import numpy as np
from numpy.typing import NDArray

from generator.assets.area import shining_area
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.color import decode
from generator.base.frame import Frame
from generator.base.scene import LightSample, Material, MeshRef, ObjectSample, Texture, WorldSample
from generator.render.patterns import Look, Spots, surface_color
from generator.render.photo import cover
from generator.render.texels import barycentric
from generator.truth.rays import Target

Points = NDArray[np.float64]


def background(world: WorldSample, frame: Frame, store: AssetStore) -> Points:
    """Linear light (h, w, 3) where no object is: photo, pattern, or darker below the horizon and lighter above."""
    camera = frame.camera
    if world.photo:
        photo = cover(store.image(world.photo), camera.width, camera.height, world.mirror)
        return decode(photo.astype(float) / 255) * world.photo_strength
    rays = camera.rays((0, 0, camera.width, camera.height)) @ camera.world_from_camera[:3, :3].T
    directions = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    if world.pattern:
        flat = directions.reshape(-1, 3)
        paint = Material(color=world.color, textures=(world.pattern,))
        seen = surface_color(paint, Spots(flat, flat), Look(world.color), lambda texture: look_of(texture, store))
        return seen.reshape(directions.shape) * world.strength
    return tint(world) * (1 + 0.5 * directions[..., 2:])


def look_of(texture: Texture, store: AssetStore) -> Look:
    """The image of a texture, or the look of the mesh that it borrows from."""
    if texture.kind == "image":
        return Look((0.5, 0.5, 0.5), store.image(texture.image))
    mesh = store.mesh(MeshRef(asset=texture.image, sha256=texture.sha256))
    return Look(mesh.color, mesh.texture)


def spots_of(one: ObjectSample, store: AssetStore, world: Points, normal: Points, eye: Points) -> Spots:
    """Points (n, 3) of an object's surface, seen from `eye` (3,), in its own metres. All is given in the world."""
    pose = one.pose.matrix()
    local = np.linalg.inv(pose)
    inside = world @ local[:3, :3].T + local[:3, 3]
    mesh, uv = store.mesh(one.mesh), None
    if mesh.uv is not None and (one.material.keep or any(t.mapping == "uv" for t in one.material.textures)):
        origin = local[:3, :3] @ eye + local[:3, 3]
        before = origin + 0.999 * (inside - origin)  # what stands there was looked past: it is too near, or a hole
        triangle = Target.of(mesh).hit(before, inside - origin)[1]
        weights = barycentric(mesh.vertices[mesh.faces[triangle]].astype(float), inside)
        uv = np.einsum("nk,nkd->nd", weights, mesh.uv[triangle])
    return Spots(inside * np.array(one.pose.scale), normal @ pose[:3, :3], uv)


def glow_of(one: ObjectSample, mesh: Mesh) -> LightSample | None:
    """The point lamp that a glowing object stands for where light does not bounce, or None: as strong, in the middle
    of it, and seen through it. Only the object itself should not be lit by it."""
    if one.material.emission <= 0:
        return None
    middle = one.pose.matrix() @ np.append(mesh.bounds.mean(0), 1.0)
    x, y, z = (float(v) for v in middle[:3])
    power = one.material.emission * np.pi * shining_area(mesh, one.pose.scale)
    color = mesh.color if one.material.keep else one.material.color
    return LightSample(
        name=f"{one.name} glow", kind="point", position=(x, y, z), power=power, color=color, shadow=False
    )


def sky(world: WorldSample, normal: Points) -> Points:
    """What an even surrounding gives to a surface, a little more from above."""
    return tint(world) * (0.8 + 0.2 * normal[:, 2:])


def tint(world: WorldSample) -> Points:
    """Colour times strength; an environment map counts as mid-grey."""
    return np.array((0.5, 0.5, 0.5) if world.environment else world.color) * world.strength


def irradiance(lights: tuple[LightSample, ...], world: Points, normal: Points) -> Points:
    """Diffuse light (n, 3) over pi, without shadows; area lamps count as points that shine to one side."""
    total = np.zeros(world.shape)
    for lamp in lights:
        away = np.array(lamp.position) - (np.array(lamp.target) if lamp.kind == "sun" else world)
        distance = np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 0.01)
        cosine = np.clip((away / distance * normal).sum(-1, keepdims=True), 0, 1)
        strength = lamp.power / np.pi if lamp.kind == "sun" else lamp.power / (4 * np.pi**2 * distance**2)
        if lamp.kind == "spot":
            cosine = cosine * beam(lamp, away / distance)
        total += cosine * strength * np.array(lamp.color) * (4 if lamp.kind == "area" else 1)
    return total


def beam(lamp: LightSample, away: Points) -> Points:
    """The share (n, 1) of a spot's light that goes its way: 1 in the middle of the cone, 0 outside."""
    aim = np.array(lamp.position) - np.array(lamp.target)
    angle = np.arccos(np.clip(away @ (aim / max(float(np.linalg.norm(aim)), 1e-9)), -1, 1))[:, None]
    return np.clip((1 - angle / (lamp.cone / 2)) / max(lamp.blend, 1e-3), 0, 1)
