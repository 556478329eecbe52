"""Lamps."""

import bpy
from mathutils import Matrix, Vector

from generator.base.scene import LightSample


def build_lamp(lamp: LightSample) -> bpy.types.Object:
    """A lamp in its place. Its light is never seen itself, only on what it falls on."""
    light = bpy.data.lights.new(lamp.name, lamp.kind.upper())
    light.energy, light.color, light.use_shadow = lamp.power, lamp.color, lamp.shadow
    if lamp.kind == "sun":
        light.angle = lamp.size
    elif lamp.kind == "area":
        light.shape, light.size = "SQUARE", lamp.size
    else:
        light.shadow_soft_size = lamp.size
    if lamp.kind == "spot":
        light.spot_size, light.spot_blend = lamp.cone, lamp.blend
    holder = bpy.data.objects.new(lamp.name, light)
    holder.visible_camera = False
    aim = Vector(lamp.target) - Vector(lamp.position)
    turn = aim.to_track_quat("-Z", "Y") if aim.length > 0 else Matrix.Identity(3).to_quaternion()
    holder.matrix_world = Matrix.LocRotScale(Vector(lamp.position), turn, None)
    return holder
