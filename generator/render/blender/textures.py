"""Textures as nodes: patterns in metres, images, and looks borrowed from other meshes."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import bpy

from generator.base.scene import Texture, Vector
from generator.render.blender.nodes import Ink, Socket, Tree


@dataclass(frozen=True)
class Look:
    """An image, or where there is none a flat linear colour."""

    color: Vector
    image: bpy.types.Image | None = None


Looks = Callable[[Texture], Look]


def textured(tree: Tree, under: Ink, textures: tuple[Texture, ...], looks: Looks, has_uv: bool) -> Ink:
    """The textures one over the other. `has_uv` says whether there are texture coordinates to stretch images over."""
    for texture in textures:
        if texture.kind in ("image", "own"):
            found = looks(texture)
            over = found.color if found.image is None else image(tree, texture, found.image, has_uv)
            under = tree.mix(texture.amount, under, over)
        else:
            share = tree.math("MULTIPLY", PATTERNS[texture.kind](tree, texture), texture.amount)
            under = tree.mix(share, under, texture.color)
    return under


def image(tree: Tree, texture: Texture, picture: bpy.types.Image, has_uv: bool) -> Socket:
    """Stretched over the texture coordinates, or projected from the six sides, which any mesh can bear."""
    if texture.mapping == "uv" and has_uv:
        return stretched(tree, picture)
    node = tree.node("ShaderNodeTexImage", image=picture, projection="BOX", projection_blend=0.2)
    tree.link(tree.place(texture.scale, texture.offset), node.inputs["Vector"])
    return node.outputs["Color"]


def stretched(tree: Tree, picture: bpy.types.Image) -> Socket:
    """An image once over the texture coordinates."""
    node = tree.node("ShaderNodeTexImage", image=picture)
    tree.link(tree.node("ShaderNodeUVMap", uv_map="uv").outputs["UV"], node.inputs["Vector"])
    return node.outputs["Color"]


def _noise(tree: Tree, texture: Texture) -> Socket:
    return tree.map_range(tree.noise(tree.place(texture.scale, texture.offset), 3.0), 0.35, 0.65)


def _voronoi(tree: Tree, texture: Texture) -> Socket:
    """A patchwork: each cell has its own share."""
    node = tree.node("ShaderNodeTexVoronoi")
    node.inputs["Scale"].default_value = 1.0
    tree.link(tree.place(texture.scale, texture.offset), node.inputs["Vector"])
    parts = tree.node("ShaderNodeSeparateColor")
    tree.link(node.outputs["Color"], parts.inputs[0])
    return parts.outputs[0]


def _checker(tree: Tree, texture: Texture) -> Socket:
    node = tree.node("ShaderNodeTexChecker")
    node.inputs["Scale"].default_value = 1.0
    # A face in a plane through the object's origin would sit exactly between two layers of cubes.
    x, y, z = (o + 0.25 * texture.scale for o in texture.offset)
    tree.link(tree.place(texture.scale, (x, y, z)), node.inputs["Vector"])
    return node.outputs["Fac"]


def _stripes(tree: Tree, texture: Texture) -> Socket:
    """Across x. Blender's wave repeats every pi/10 at scale 1."""
    node = tree.node("ShaderNodeTexWave", bands_direction="X")
    node.inputs["Scale"].default_value = pi / 10
    tree.link(tree.place(texture.scale, texture.offset), node.inputs["Vector"])
    return tree.map_range(node.outputs["Fac"], 0.4, 0.6)


def _gradient(tree: Tree, texture: Texture) -> Socket:
    """Along z, from 0 half a period below the object's origin to 1 half a period above."""
    parts = tree.node("ShaderNodeSeparateXYZ")
    tree.link(tree.place(texture.scale, texture.offset), parts.inputs[0])
    return tree.map_range(parts.outputs["Z"], -0.5, 0.5)


PATTERNS: dict[str, Callable[[Tree, Texture], Socket]] = {
    "noise": _noise, "voronoi": _voronoi, "checker": _checker, "stripes": _stripes, "gradient": _gradient,
}  # fmt: skip
