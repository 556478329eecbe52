"""Node trees in few words."""

from dataclasses import dataclass
from typing import TypeAlias

import bpy

from generator.base.scene import Vector

Socket: TypeAlias = bpy.types.NodeSocket
Ink: TypeAlias = Socket | Vector  # a colour: one that varies, or a flat linear one


@dataclass(frozen=True)
class Tree:
    """One node tree. Patterns in it live in the coordinates `space` times `scale`, which are metres: the object's own
    ("Object", with the object's scale), or directions ("Generated", in a world)."""

    tree: bpy.types.NodeTree
    scale: Vector = (1.0, 1.0, 1.0)
    space: str = "Object"

    def node(self, kind: str, **values: object) -> bpy.types.Node:
        made = self.tree.nodes.new(kind)
        for name, value in values.items():
            setattr(made, name, value)
        return made

    def link(self, source: Socket, target: Socket) -> None:
        self.tree.links.new(source, target)

    def paint(self, ink: Ink, target: Socket) -> None:
        """Give a colour socket its colour."""
        if isinstance(ink, tuple):
            target.default_value = (*ink, 1.0)
        else:
            self.link(ink, target)

    def mix(self, share: Socket | float, under: Ink, over: Ink) -> Socket:
        """`under`, with a share of `over`."""
        made = self.node("ShaderNodeMix", data_type="RGBA")
        self.set(share, made.inputs[0])
        self.paint(under, made.inputs[6])
        self.paint(over, made.inputs[7])
        return made.outputs[2]

    def shaders(self, share: Socket | float, under: Socket, over: Socket) -> Socket:
        """The shader `under`, with a share of the shader `over`."""
        made = self.node("ShaderNodeMixShader")
        self.set(share, made.inputs[0])
        self.link(under, made.inputs[1])
        self.link(over, made.inputs[2])
        return made.outputs[0]

    def set(self, value: Socket | float, target: Socket) -> None:
        """Give a number socket its number."""
        if isinstance(value, (int, float)):
            target.default_value = value
        else:
            self.link(value, target)

    def math(self, operation: str, first: Socket | float, second: Socket | float, clamp: bool = False) -> Socket:
        made = self.node("ShaderNodeMath", operation=operation, use_clamp=clamp)
        self.set(first, made.inputs[0])
        self.set(second, made.inputs[1])
        return made.outputs[0]

    def map_range(self, value: Socket, low: float, high: float) -> Socket:
        """`value` stretched so that `low` becomes 0 and `high` 1, clamped."""
        made = self.node("ShaderNodeMapRange", clamp=True)
        made.inputs["From Min"].default_value, made.inputs["From Max"].default_value = low, high
        self.link(value, made.inputs["Value"])
        return made.outputs["Result"]

    def place(self, period: float, offset: Vector = (0.0, 0.0, 0.0)) -> Socket:
        """Coordinates in periods: (metres + offset) / period."""
        made = self.node("ShaderNodeMapping")
        made.inputs["Scale"].default_value = tuple(s / period for s in self.scale)
        made.inputs["Location"].default_value = tuple(o / period for o in offset)
        self.link(self.node("ShaderNodeTexCoord").outputs[self.space], made.inputs["Vector"])
        return made.outputs["Vector"]

    def noise(self, place: Socket, detail: float = 2.0) -> Socket:
        """Perlin noise of period 1 at `place`, in 0..1 about 0.5."""
        made = self.node("ShaderNodeTexNoise")
        made.inputs["Scale"].default_value, made.inputs["Detail"].default_value = 1.0, detail
        self.link(place, made.inputs["Vector"])
        return made.outputs[0]
