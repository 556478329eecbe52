"""Material node trees: a Principled surface, patterns in object coordinates whose periods are metres."""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import TypeAlias

import bpy

from generator.base.scene import Material, Texture, Vector

Images = Callable[[str], bpy.types.Image]
Socket: TypeAlias = bpy.types.NodeSocket


@dataclass(frozen=True)
class Own:
    """The asset's own look: its flat colour, and its texture if it has one."""

    color: Vector
    image: bpy.types.Image | None


@dataclass(frozen=True)
class Tree:
    """Short words for building one node tree."""

    tree: bpy.types.NodeTree

    def node(self, kind: str, **values: object) -> bpy.types.Node:
        made = self.tree.nodes.new(kind)
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def link(self, source: Socket, target: Socket) -> None:
        self.tree.links.new(source, target)

    def map_range(self, value: Socket, low: float, high: float) -> Socket:
        """`value` stretched so that `low` becomes 0 and `high` 1, clamped."""
        made = self.node("ShaderNodeMapRange", clamp=True)
        made.inputs["From Min"].default_value, made.inputs["From Max"].default_value = low, high
        self.link(value, made.inputs["Value"])
        return made.outputs["Result"]


def build_material(material: Material, scale: Vector, own: Own, images: Images) -> bpy.types.Material:
    """`scale` is the object's, so that a metre of pattern is a metre on the scaled object."""
    made = bpy.data.materials.new("material")
    made.use_nodes = True
    tree = Tree(made.node_tree)
    made.node_tree.nodes.clear()
    surface = tree.node("ShaderNodeBsdfPrincipled")
    tree.link(surface.outputs["BSDF"], tree.node("ShaderNodeOutputMaterial").inputs["Surface"])
    surface.inputs["Roughness"].default_value = material.roughness
    surface.inputs["Metallic"].default_value = material.metallic
    color = _own(tree, own) if material.keep else _textured(tree, material, scale, images)
    _paint(tree, color, own.color if material.keep else material.color, surface.inputs["Base Color"])
    if material.emission > 0:
        surface.inputs["Emission Strength"].default_value = material.emission
        _paint(tree, color, own.color if material.keep else material.color, surface.inputs["Emission Color"])
    if material.bump > 0:
        _bump(tree, material, scale, surface)
    return made


def _paint(tree: Tree, color: Socket | None, flat: Vector, target: Socket) -> None:
    if color is None:
        target.default_value = (*flat, 1.0)
    else:
        tree.link(color, target)


def _own(tree: Tree, own: Own) -> Socket | None:
    if own.image is None:
        return None
    node = tree.node("ShaderNodeTexImage", image=own.image)
    tree.link(tree.node("ShaderNodeUVMap", uv_map="uv").outputs["UV"], node.inputs["Vector"])
    return node.outputs["Color"]


def _textured(tree: Tree, material: Material, scale: Vector, images: Images) -> Socket | None:
    """The textures one over the other, or None for a flat colour."""
    below: Socket | None = None
    for texture in material.textures:
        mix = tree.node("ShaderNodeMix", data_type="RGBA")
        share, under, over = mix.inputs[0], mix.inputs[6], mix.inputs[7]
        _paint(tree, below, material.color, under)
        if texture.kind == "image":
            share.default_value = texture.amount
            tree.link(_image(tree, texture, scale, images), over)
        else:
            over.default_value = (*texture.color, 1.0)
            tree.link(_times(tree, PATTERNS[texture.kind](tree, texture, scale), texture.amount), share)
        below = mix.outputs[2]
    return below


def _times(tree: Tree, value: Socket, factor: float) -> Socket:
    node = tree.node("ShaderNodeMath", operation="MULTIPLY")
    tree.link(value, node.inputs[0])
    node.inputs[1].default_value = factor
    return node.outputs[0]


def _place(tree: Tree, scale: Vector, period: float, offset: Vector = (0.0, 0.0, 0.0)) -> Socket:
    """Object coordinates in periods: (metres + offset) / period."""
    node = tree.node("ShaderNodeMapping")
    node.inputs["Scale"].default_value = tuple(s / period for s in scale)
    node.inputs["Location"].default_value = tuple(o / period for o in offset)
    tree.link(tree.node("ShaderNodeTexCoord").outputs["Object"], node.inputs["Vector"])
    return node.outputs["Vector"]


def _noise(tree: Tree, texture: Texture, scale: Vector) -> Socket:
    node = tree.node("ShaderNodeTexNoise")
    node.inputs["Scale"].default_value, node.inputs["Detail"].default_value = 1.0, 3.0
    tree.link(_place(tree, scale, texture.scale, texture.offset), node.inputs["Vector"])
    return tree.map_range(node.outputs[0], 0.35, 0.65)


def _voronoi(tree: Tree, texture: Texture, scale: Vector) -> Socket:
    """A patchwork: each cell has its own share."""
    node = tree.node("ShaderNodeTexVoronoi")
    node.inputs["Scale"].default_value = 1.0
    tree.link(_place(tree, scale, texture.scale, texture.offset), node.inputs["Vector"])
    parts = tree.node("ShaderNodeSeparateColor")
    tree.link(node.outputs["Color"], parts.inputs[0])
    return parts.outputs[0]


def _checker(tree: Tree, texture: Texture, scale: Vector) -> Socket:
    node = tree.node("ShaderNodeTexChecker")
    node.inputs["Scale"].default_value = 1.0
    # A face in a plane through the object's origin would sit exactly between two layers of cubes.
    offset = tuple(o + 0.25 * texture.scale for o in texture.offset)
    tree.link(_place(tree, scale, texture.scale, offset), node.inputs["Vector"])  # type: ignore[arg-type]
    return node.outputs["Fac"]


def _stripes(tree: Tree, texture: Texture, scale: Vector) -> Socket:
    """Across x. Blender's wave repeats every pi/10 at scale 1."""
    node = tree.node("ShaderNodeTexWave", bands_direction="X")
    node.inputs["Scale"].default_value = pi / 10
    tree.link(_place(tree, scale, texture.scale, texture.offset), node.inputs["Vector"])
    return tree.map_range(node.outputs["Fac"], 0.4, 0.6)


def _gradient(tree: Tree, texture: Texture, scale: Vector) -> Socket:
    """Along z, from 0 half a period below the object's origin to 1 half a period above."""
    parts = tree.node("ShaderNodeSeparateXYZ")
    tree.link(_place(tree, scale, texture.scale, texture.offset), parts.inputs[0])
    return tree.map_range(parts.outputs["Z"], -0.5, 0.5)


PATTERNS: dict[str, Callable[[Tree, Texture, Vector], Socket]] = {
    "noise": _noise, "voronoi": _voronoi, "checker": _checker, "stripes": _stripes, "gradient": _gradient,
}  # fmt: skip


def _image(tree: Tree, texture: Texture, scale: Vector, images: Images) -> Socket:
    """Projected from the six sides, so that no mesh needs texture coordinates."""
    node = tree.node("ShaderNodeTexImage", image=images(texture.image), projection="BOX", projection_blend=0.2)
    tree.link(_place(tree, scale, texture.scale, texture.offset), node.inputs["Vector"])
    return node.outputs["Color"]


def _bump(tree: Tree, material: Material, scale: Vector, surface: bpy.types.Node) -> None:
    """Noise of period `bump_scale`, a quarter as high as wide at full strength."""
    noise = tree.node("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 1.0
    tree.link(_place(tree, scale, material.bump_scale), noise.inputs["Vector"])
    bump = tree.node("ShaderNodeBump")
    bump.inputs["Strength"].default_value = material.bump
    bump.inputs["Distance"].default_value = 0.25 * material.bump_scale
    tree.link(noise.outputs[0], bump.inputs["Height"])
    tree.link(bump.outputs["Normal"], surface.inputs["Normal"])
