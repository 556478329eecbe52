"""Material node trees: a Principled surface in all its colours, under wear, dirt and bumps."""

from dataclasses import dataclass
from statistics import NormalDist

import bpy
import numpy as np

from generator.assets.mesh import OPAQUE
from generator.base.scene import Material, Vector
from generator.render.blender.nodes import Ink, Socket, Tree
from generator.render.blender.textures import Look, Looks, stretched, textured
from generator.render.patterns import GAMMA, SCRATCH, shifted

NOISE = NormalDist(0.5, 0.0815)  # of Blender's noise of detail 3: its quantiles from 2 to 98 % lie within 0.003
RIM = 0.05  # of that noise's range, over which a blotch of dirt begins
EDGE = 0.29  # 1 - cos 45 degrees: how far a rounded normal leans on the edge of a cube


@dataclass(frozen=True)
class Base:
    """What a material is laid on: the object's scale, its own look, whether it has texture coordinates, where in the
    endless noise of dirt and wear it lies (m), and the image whose alpha cuts it, if any does."""

    scale: Vector
    own: Look
    has_uv: bool
    grime: Vector
    cut: bpy.types.Image | None = None


def build_material(material: Material, base: Base, looks: Looks) -> bpy.types.Material:
    """A new one, as `fill_material` makes it."""
    made = bpy.data.materials.new("material")
    made.use_nodes = True
    fill_material(made, material, base, looks)
    return made


def fill_material(made: bpy.types.Material, material: Material, base: Base, looks: Looks) -> None:
    """Replace all that `made` shows. A metre of pattern is a metre on the scaled object."""
    tree = Tree(made.node_tree, base.scale)
    made.node_tree.nodes.clear()
    color = _worn(tree, material, base, _color(tree, material, base, looks))
    normal = _bump(tree, material) if material.bump > 0 else None
    shader = _principled(tree, material, color, normal)
    if material.transmission > 0:
        shader = _let_light_through(tree, material, color, shader)
    made.use_raytrace_refraction = material.transmission > 0
    if material.dirt > 0:
        shader = tree.shaders(_dirt(tree, material, base), shader, _soil(tree, material, normal))
    if base.cut is not None:
        shader = _cut(tree, base.cut, shader)
    tree.link(shader, tree.node("ShaderNodeOutputMaterial").inputs["Surface"])


def _cut(tree: Tree, picture: bpy.types.Image, shader: Socket) -> Socket:
    """Nothing where the nearest texel's alpha is below one half: as label rays see it."""
    texel = tree.node("ShaderNodeTexImage", image=picture, interpolation="Closest")
    tree.link(tree.node("ShaderNodeUVMap", uv_map="uv").outputs["UV"], texel.inputs["Vector"])
    solid = tree.math("GREATER_THAN", texel.outputs["Alpha"], (OPAQUE - 0.5) / 255)
    return tree.shaders(solid, tree.node("ShaderNodeBsdfTransparent").outputs[0], shader)


def _color(tree: Tree, material: Material, base: Base, looks: Looks) -> Ink:
    if not material.keep:
        return textured(tree, material.color, material.textures, looks, base.has_uv)
    if base.own.image is None or not base.has_uv:
        return _flat(base.own.color, material.shift)
    return _shifted(tree, stretched(tree, base.own.image), material.shift)


def _flat(color: Vector, shift: Vector) -> Vector:
    red, green, blue = (float(v) for v in shifted(np.array(color), shift))
    return red, green, blue


def _shifted(tree: Tree, color: Socket, shift: Vector) -> Socket:
    """Hue (turns), saturation and value added under a gamma of 2.2, as `patterns.shifted` does."""
    if not any(shift):
        return color
    parts = tree.node("ShaderNodeSeparateColor", mode="HSV")
    tree.link(_gamma(tree, color, 1 / GAMMA), parts.inputs[0])
    whole = tree.node("ShaderNodeCombineColor", mode="HSV")
    moved = tree.math("ADD", parts.outputs[0], shift[0])
    tree.link(tree.math("FRACT", moved, 0.0), whole.inputs[0])
    for k in (1, 2):
        tree.link(tree.math("ADD", parts.outputs[k], shift[k], clamp=True), whole.inputs[k])
    return _gamma(tree, whole.outputs[0], GAMMA)


def _gamma(tree: Tree, color: Socket, power: float) -> Socket:
    node = tree.node("ShaderNodeGamma")
    tree.link(color, node.inputs["Color"])
    node.inputs["Gamma"].default_value = power
    return node.outputs[0]


def _principled(tree: Tree, material: Material, color: Ink, normal: Socket | None) -> Socket:
    surface = tree.node("ShaderNodeBsdfPrincipled")
    surface.inputs["Roughness"].default_value = material.roughness
    surface.inputs["Metallic"].default_value = material.metallic
    surface.inputs["Coat Weight"].default_value = material.coat
    tree.paint(color, surface.inputs["Base Color"])
    if material.transmission > 0:
        surface.inputs["Transmission Weight"].default_value = material.transmission
        surface.inputs["IOR"].default_value = material.ior
    if material.emission > 0:
        surface.inputs["Emission Strength"].default_value = material.emission
        tree.paint(color, surface.inputs["Emission Color"])
    if normal is not None:
        tree.link(normal, surface.inputs["Normal"])
    return surface.outputs["BSDF"]


def _let_light_through(tree: Tree, material: Material, color: Ink, shader: Socket) -> Socket:
    """Rays towards lamps pass straight through glass: without caustics its shadow would be that of a stone."""
    clear = tree.node("ShaderNodeBsdfTransparent")
    tree.paint(color, clear.inputs["Color"])
    asked = tree.node("ShaderNodeLightPath").outputs["Is Shadow Ray"]
    share = material.transmission * (1 - material.metallic)
    return tree.shaders(tree.math("MULTIPLY", asked, share), shader, clear.outputs[0])


def _dirt(tree: Tree, material: Material, base: Base) -> Socket | float:
    """1 in blotches that cover `dirt` of the noise, 0 elsewhere."""
    if material.dirt >= 1:
        return 1.0
    edge = NOISE.inv_cdf(1 - material.dirt)
    noise = tree.noise(tree.place(material.wear_scale, base.grime), 3.0)
    return tree.map_range(noise, edge - RIM / 2, edge + RIM / 2)


def _soil(tree: Tree, material: Material, normal: Socket | None) -> Socket:
    dust = tree.node("ShaderNodeBsdfPrincipled")
    dust.inputs["Roughness"].default_value = 0.95
    dust.inputs["Specular IOR Level"].default_value = 0.1
    tree.paint(material.dirt_color, dust.inputs["Base Color"])
    if normal is not None:
        tree.link(normal, dust.inputs["Normal"])
    return dust.outputs["BSDF"]


def _worn(tree: Tree, material: Material, base: Base, color: Ink) -> Ink:
    """`wear_color` on rubbed edges and in scratches."""
    if material.wear <= 0:
        return color
    place = tree.place(material.wear_scale, base.grime)
    share = tree.math("MAXIMUM", _edges(tree, material, place), _scratches(tree, material.wear, place))
    return tree.mix(share, color, material.wear_color)


def _edges(tree: Tree, material: Material, place: Socket) -> Socket:
    """Where the normals of a rounded edge lean (Cycles' Bevel node; EEVEE leaves them alone, and finds no edges), but
    only outside: Pointiness, known at vertices only, tells ridges from grooves. Broken up by noise."""
    bevel = tree.node("ShaderNodeBevel", samples=4)
    bevel.inputs["Radius"].default_value = 0.5 * material.wear_scale
    shape = tree.node("ShaderNodeNewGeometry")
    lean = tree.node("ShaderNodeVectorMath", operation="DOT_PRODUCT")
    tree.link(bevel.outputs[0], lean.inputs[0])
    tree.link(shape.outputs["Normal"], lean.inputs[1])
    edge = tree.map_range(lean.outputs["Value"], 1.0, 1 - EDGE)
    ridge = tree.map_range(shape.outputs["Pointiness"], 0.48, 0.5)
    patchy = tree.math("ADD", tree.map_range(tree.noise(place, 3.0), 0.35, 0.65), 0.3)
    rubbed = tree.math("MULTIPLY", tree.math("MULTIPLY", edge, ridge), patchy)
    return tree.map_range(rubbed, 1 - material.wear, 1.1 - material.wear)


def _scratches(tree: Tree, wear: float, place: Socket) -> Socket:
    """Fine lines in two directions where stretched noise passes its middle, gathered in some places."""
    lines = [_lines(tree, place, turn) for turn in ((0.5, 0.3, 0.2), (-0.9, 0.4, 1.3))]
    far = tree.node("ShaderNodeMapping")
    far.inputs["Scale"].default_value, far.inputs["Location"].default_value = (0.4,) * 3, (17.0,) * 3
    tree.link(place, far.inputs["Vector"])
    edge = NOISE.inv_cdf(min(max(1 - 0.8 * wear, 0.001), 0.999))
    where = tree.map_range(tree.noise(far.outputs[0], 3.0), edge - 0.02, edge + 0.02)
    return tree.math("MULTIPLY", tree.math("MAXIMUM", *lines), where)


def _lines(tree: Tree, place: Socket, turn: Vector) -> Socket:
    node = tree.node("ShaderNodeMapping")
    node.inputs["Rotation"].default_value = turn
    node.inputs["Scale"].default_value = SCRATCH
    tree.link(place, node.inputs["Vector"])
    away = tree.math("ABSOLUTE", tree.math("SUBTRACT", tree.noise(node.outputs[0], 0.0), 0.5), 0.0)
    return tree.map_range(away, 0.02, 0.01)


def _bump(tree: Tree, material: Material) -> Socket:
    """Noise of period `bump_scale`, a quarter as high as wide at full strength."""
    bump = tree.node("ShaderNodeBump")
    bump.inputs["Strength"].default_value = material.bump
    bump.inputs["Distance"].default_value = 0.25 * material.bump_scale
    tree.link(tree.noise(tree.place(material.bump_scale)), bump.inputs["Height"])
    return bump.outputs["Normal"]
