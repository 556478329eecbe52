"""What surrounds the scene: light for all, and a view that the camera alone has."""

import bpy

from generator.base.scene import WorldSample
from generator.render.blender.nodes import Ink, Socket, Tree
from generator.render.blender.textures import Looks, textured


def build_world(
    tree: Tree, world: WorldSample, panorama: bpy.types.Image | None, photo: bpy.types.Image | None, looks: Looks
) -> None:
    """Fill the world's node tree. `photo` has the shape of the picture already."""
    tree.tree.nodes.clear()
    shader = _light(tree, world.color if panorama is None else _around(tree, panorama, world.rotation), world.strength)
    if photo is not None:
        shader = _seen(tree, shader, _light(tree, _window(tree, photo), world.photo_strength))
    elif world.pattern is not None:
        ink = textured(tree, world.color, (world.pattern,), looks, has_uv=False)
        shader = _seen(tree, shader, _light(tree, ink, world.strength))
    tree.link(shader, tree.node("ShaderNodeOutputWorld").inputs["Surface"])


def _light(tree: Tree, ink: Ink, strength: float) -> Socket:
    node = tree.node("ShaderNodeBackground")
    node.inputs["Strength"].default_value = strength
    tree.paint(ink, node.inputs["Color"])
    return node.outputs[0]


def _seen(tree: Tree, for_all: Socket, for_camera: Socket) -> Socket:
    return tree.shaders(tree.node("ShaderNodeLightPath").outputs["Is Camera Ray"], for_all, for_camera)


def _around(tree: Tree, panorama: bpy.types.Image, rotation: float) -> Socket:
    around = tree.node("ShaderNodeTexEnvironment", image=panorama)
    turn = tree.node("ShaderNodeMapping")
    turn.inputs["Rotation"].default_value = (0.0, 0.0, -rotation)  # of the ray, against the world's
    tree.link(tree.node("ShaderNodeTexCoord").outputs["Generated"], turn.inputs["Vector"])
    tree.link(turn.outputs["Vector"], around.inputs["Vector"])
    return around.outputs["Color"]


def _window(tree: Tree, photo: bpy.types.Image) -> Socket:
    """Over the whole picture, its origin at the lower left."""
    node = tree.node("ShaderNodeTexImage", image=photo, extension="EXTEND")
    tree.link(tree.node("ShaderNodeTexCoord").outputs["Window"], node.inputs["Vector"])
    return node.outputs["Color"]
