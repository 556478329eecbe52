"""A .blend file to .glb, in a process of its own: `python -m generator.render.blender.convert IN.blend OUT.glb`.

Scripts inside the file are never run, and its window layout is ignored.
"""

import sys

import bpy


def convert(source: str, target: str) -> None:
    """Write the evaluated meshes of the file's scene, with their materials, metres, y up as glTF has it."""
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.ops.wm.open_mainfile(filepath=source, load_ui=False, use_scripts=False)
    if not any(one.type == "MESH" for one in bpy.context.scene.objects):
        raise SystemExit("its scene holds no mesh")
    bpy.ops.export_scene.gltf(
        filepath=target, export_format="GLB", export_apply=True, export_animations=False, export_cameras=False,
        export_lights=False, export_yup=True,
    )  # fmt: skip


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2])
