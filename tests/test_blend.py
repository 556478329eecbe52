""".blend files: what has no surface for rays to meet is refused, never silently left out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from generator.assets.catalog import Card, Catalog
from generator.assets.intake import take_in
from generator.assets.loading import load_mesh

pytestmark = pytest.mark.blender

START = """
import sys, bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add()
cube = bpy.context.object
paint = bpy.data.materials.new("paint")
paint.use_nodes = True
cube.data.materials.append(paint)
nodes, links = paint.node_tree.nodes, paint.node_tree.links
"""
CASES = {
    "hair": ("cube.modifiers.new('fur', 'PARTICLE_SYSTEM'); cube.particle_systems[0].settings.type = 'HAIR'",
             "Cube has particles (fur)"),
    "curves": ("bpy.context.collection.objects.link(bpy.data.objects.new('wig', bpy.data.hair_curves.new('wig')))",
               "wig has hair"),
    "volume": ("bpy.context.collection.objects.link(bpy.data.objects.new('smoke', bpy.data.volumes.new('smoke')))",
               "smoke has a volume"),
    "fog": ("links.new(nodes.new('ShaderNodeVolumeScatter').outputs[0], nodes['Material Output'].inputs['Volume'])",
            "Cube has a volume in material paint"),
    "glass": ("nodes['Principled BSDF'].inputs['Alpha'].default_value = 0.3", "Cube has an alpha of 0.3 in material paint"),
    "sheer": ("nodes.new('ShaderNodeBsdfTransparent')", "Cube has a Transparent BSDF in material paint"),
}  # fmt: skip


def blend(folder: Path, work: str) -> Path:
    path = folder / "thing.blend"
    code = f"{START}{work}\nbpy.ops.wm.save_as_mainfile(filepath={str(path)!r})\n"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=120)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_what_rays_cannot_meet_is_refused(tmp_path: Path, name: str) -> None:
    work, why = CASES[name]
    taken = take_in(blend(tmp_path, work), tmp_path / "assets", Card(label="thing", licence="CC0-1.0", source="here"))
    assert [one.added for one in taken] == [False]
    assert why in taken[0].findings.broken and "labels are exact for solid surfaces only" in taken[0].findings.broken
    assert not list((tmp_path / "assets").rglob("*.glb"))


def test_a_solid_file_is_taken_and_what_is_hidden_does_not_matter(tmp_path: Path) -> None:
    work = (
        "smoke = bpy.data.objects.new('smoke', bpy.data.volumes.new('smoke'))\n"
        "smoke.hide_render = True\nbpy.context.collection.objects.link(smoke)"
    )
    taken = take_in(blend(tmp_path, work), tmp_path / "assets", Card(label="thing", licence="CC0-1.0", source="here"))
    assert [one.added for one in taken] == [True] and taken[0].findings.triangles == 12


def test_only_what_is_rendered_is_taken_and_stands_upright(tmp_path: Path) -> None:
    """A slab 0.1 x 0.2 x 0.3 m beside a hidden cutter and an object of a hidden collection, with the axis upward told."""
    work = (
        "cube.scale = (0.05, 0.1, 0.15)\n"
        "bpy.ops.mesh.primitive_cube_add(size=4, location=(5, 0, 0)); bpy.context.object.hide_render = True\n"
        "bpy.ops.mesh.primitive_cube_add(size=4, location=(0, 5, 0)); aside = bpy.context.object\n"
        "outer, inner = bpy.data.collections.new('outer'), bpy.data.collections.new('inner')\n"
        "bpy.context.scene.collection.children.link(outer); outer.children.link(inner); inner.objects.link(aside)\n"
        "bpy.context.collection.objects.unlink(aside); outer.hide_render = True"
    )
    source = blend(tmp_path, work)
    for up in (None, "z"):
        root = tmp_path / f"assets-{up}"
        taken = take_in(source, root, Card(label="thing", licence="CC0-1.0", source="here", up=up))  # type: ignore[arg-type]
        assert taken[0].added and taken[0].findings.extent == pytest.approx((0.1, 0.2, 0.3), abs=1e-6)
        asset = Catalog.open(root)["thing/thing"]
        bounds = load_mesh(asset.path, asset.up, asset.scale).bounds
        assert bounds == pytest.approx(np.array([[-0.05, -0.1, -0.15], [0.05, 0.1, 0.15]]), abs=1e-6)
