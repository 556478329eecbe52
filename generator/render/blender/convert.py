"""A .blend file to .glb, in a process of its own: `python -m generator.render.blender.convert IN.blend OUT.glb UP`.

Scripts inside the file are never run, and its window layout is ignored. What label rays cannot meet is refused, rather
than dropped: hair, particles, volumes, points, and materials that one sees through.
"""

import sys

import bpy

HOLLOW = {"CURVES": "hair", "VOLUME": "a volume", "POINTCLOUD": "a cloud of points", "GREASEPENCIL": "grease pencil"}
SHEER = {
    "ShaderNodeBsdfTransparent": "a Transparent BSDF", "ShaderNodeHoldout": "a Holdout",
    "ShaderNodeVolumeAbsorption": "a volume", "ShaderNodeVolumeScatter": "a volume",
    "ShaderNodeVolumePrincipled": "a volume", "ShaderNodeBsdfHair": "hair", "ShaderNodeBsdfHairPrincipled": "hair",
}  # fmt: skip


def refused(scene: bpy.types.Scene) -> list[str]:
    """What in a scene has no surface of triangles, in words, by object; only what is rendered counts."""
    found = []
    for one in sorted(scene.objects, key=lambda one: one.name):
        if one.hide_render:
            continue
        whys = [HOLLOW[one.type]] if one.type in HOLLOW else []
        whys += [f"particles ({system.name})" for system in one.particle_systems]
        whys += [why for slot in one.material_slots if slot.material for why in sheer(slot.material)]
        found += [f"{one.name} has {why}" for why in dict.fromkeys(whys)]
    return found


def sheer(material: bpy.types.Material) -> list[str]:
    """Why one sees through a material by other means than the alpha of a picture."""
    nodes = list(material.node_tree.nodes) if material.use_nodes and material.node_tree else []
    found = [f"{SHEER[node.bl_idname]} in material {material.name}" for node in nodes if node.bl_idname in SHEER]
    for node in nodes:
        alpha = node.inputs.get("Alpha") if node.bl_idname == "ShaderNodeBsdfPrincipled" else None
        if alpha is not None and not alpha.is_linked and alpha.default_value < 1:
            found.append(f"an alpha of {alpha.default_value:.2g} in material {material.name}")
        if node.bl_idname == "ShaderNodeOutputMaterial" and node.inputs["Volume"].is_linked:
            found.append(f"a volume in material {material.name}")
    return found


def rendered(layer: bpy.types.LayerCollection, hidden: bool = False) -> set[str]:
    """Names of the objects that are rendered: neither they nor a collection of theirs is hidden."""
    hidden = hidden or layer.collection.hide_render
    mine = set() if hidden or layer.exclude else {one.name for one in layer.collection.objects if not one.hide_render}
    return mine.union(*(rendered(child, hidden) for child in layer.children))


def convert(source: str, target: str, up: str = "y") -> None:
    """Write the evaluated meshes that the file's scene renders, with their materials, metres; y is up, as glTF has it,
    or `z`."""
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.ops.wm.open_mainfile(filepath=source, load_ui=False, use_scripts=False)
    scene = bpy.context.scene
    shown = rendered(bpy.context.view_layer.layer_collection)
    for one in scene.objects:
        one.hide_render = one.name not in shown
    faults = refused(scene)
    if faults:
        raise SystemExit(
            f"{'; '.join(faults)}: labels are exact for solid surfaces only; make it a mesh, hide it from renders, "
            "or make the material opaque"
        )
    if not any(one.type == "MESH" and not one.hide_render for one in scene.objects):
        raise SystemExit("its scene renders no mesh")
    bpy.ops.export_scene.gltf(
        filepath=target, export_format="GLB", export_apply=True, export_animations=False, export_cameras=False,
        export_lights=False, export_yup=up != "z", use_renderable=True,
    )  # fmt: skip


if __name__ == "__main__":
    convert(*sys.argv[1:])
