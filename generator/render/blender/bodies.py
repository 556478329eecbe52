"""Objects that stay in Blender between frames, so that Cycles keeps their meshes and the trees that rays need.

Building those trees takes half a CPU second for every million triangles, in each frame. Cycles keeps a mesh's own tree
only while three things hold: the objects stay the same ones, at least two of them use the mesh (else it is moved into
the one tree of the whole scene, anew each time), and its materials are its own and not its objects'. So each body has a
mesh and a material for itself, refilled in place, and a twin that no ray can meet. Nor can any meet a body off stage:
were it hidden, Cycles would forget it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import bpy
from mathutils import Matrix

from generator.base.scene import Material
from generator.render.blender.materials import Base, fill_material
from generator.render.blender.meshes import triangles
from generator.render.blender.textures import Looks

RAYS = ("camera", "diffuse", "glossy", "transmission", "shadow")  # all but those in fog, and there is none
LEAST = 4_000  # triangles of a mesh that is worth a body: it saves 2 ms of every frame it has a part in
OFF_STAGE = 50_000  # triangles it counts for besides its own: it takes 1 ms (AMD EPYC) of every frame it has none in
NOWHERE = Matrix.Diagonal((1e-6, 1e-6, 1e-6, 1.0))  # takes next to nothing in the tree of all objects


@dataclass
class Body:
    """An object with its own mesh, its material, its twin, and what the material shows now."""

    holder: bpy.types.Object
    mesh: bpy.types.Mesh
    material: bpy.types.Material
    twin: bpy.types.Object
    shown: tuple[Material, Base] | None = None

    @staticmethod
    def of(mesh: bpy.types.Mesh, scene: bpy.types.Scene) -> "Body":
        material = bpy.data.materials.new("material")
        material.use_nodes = True
        mesh.materials[0] = material
        holder, twin = (bpy.data.objects.new(name, mesh) for name in ("body", "twin"))
        for one in (holder, twin):
            scene.collection.objects.link(one)
            vanish(one)
        return Body(holder, mesh, material, twin)

    def appear(self, number: int, pose: Matrix) -> None:
        for kind in RAYS:
            setattr(self.holder, f"visible_{kind}", True)
        self.holder.pass_index = number
        self.holder.matrix_world = pose

    def dress(self, material: Material, base: Base, looks: Looks) -> None:
        """Nothing is done where it shows that already, as in another view of the same scene."""
        if self.shown != (material, base):
            self.shown = None
            fill_material(self.material, material, base, looks)
            self.shown = material, base

    def undress(self) -> None:
        """Show nothing: before images are removed."""
        self.material.node_tree.nodes.clear()
        self.shown = None

    @property
    def blocks(self) -> list[bpy.types.ID]:
        """All that must go with it."""
        return [self.holder, self.twin, self.mesh, self.material]


def vanish(one: bpy.types.Object) -> None:
    for kind in RAYS:
        setattr(one, f"visible_{kind}", False)
    one.matrix_world = NOWHERE


def weight(body: Body) -> int:
    return triangles(body.mesh) + OFF_STAGE


class Cast:
    """Who is on stage in this frame: the n-th object of a mesh is always played by the n-th body of that mesh."""

    def __init__(self) -> None:
        self.playing: list[Body] = []
        self._counts: dict[str, int] = {}

    def next(self, mesh: str, get: Callable[[str], Body]) -> Body:
        number = self._counts[mesh] = self._counts.get(mesh, 0) + 1
        body = get(f"{number} {mesh}")
        self.playing.append(body)
        return body

    def leave(self) -> int:
        """How many there were."""
        played = len(self.playing)
        for body in self.playing:
            vanish(body.holder)
        self.playing.clear()
        self._counts.clear()
        return played
