"""Blender meshes and images from arrays."""

import bpy
import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.base.errors import AssetError


def triangles(mesh: bpy.types.Mesh) -> int:
    return len(mesh.polygons)


def pixels(image: bpy.types.Image) -> int:
    """To ask takes a millisecond."""
    return int(image.size[0] * image.size[1])


def build_mesh(mesh: Mesh) -> bpy.types.Mesh:
    """A triangle mesh with one empty material slot, which each object fills for itself."""
    vertices = np.ascontiguousarray(mesh.vertices, np.float32)
    faces = np.ascontiguousarray(mesh.faces, np.int32)
    made = bpy.data.meshes.new("mesh")
    made.vertices.add(len(vertices))
    made.vertices.foreach_set("co", vertices.ravel())
    made.loops.add(faces.size)
    made.loops.foreach_set("vertex_index", faces.ravel())
    made.polygons.add(len(faces))
    made.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    if mesh.uv is not None:
        layer = made.uv_layers.new(name="uv", do_init=False)
        layer.uv.foreach_set("vector", np.ascontiguousarray(mesh.uv, np.float32).ravel())
    made.polygons.foreach_set("use_smooth", np.full(len(faces), mesh.smooth))
    made.materials.append(None)
    made.update(calc_edges=True)
    return made


def build_image(rows: NDArray[np.uint8]) -> bpy.types.Image:
    """An 8-bit sRGB image; row 0 of `rows` is the top, Blender's is the bottom."""
    height, width, channels = rows.shape
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :channels] = rows[::-1].astype(np.float32) / 255
    made = bpy.data.images.new("image", width, height, alpha=channels == 4, float_buffer=False)
    made.alpha_mode = "CHANNEL_PACKED"  # colours are kept where alpha is 0, and not darkened beside it
    made.pixels.foreach_set(rgba.ravel())
    made.update()
    return made


def load_environment(path: str) -> bpy.types.Image:
    """An HDR panorama from its file, linear. Raises AssetError; Blender would paint magenta and say nothing."""
    try:
        made = bpy.data.images.load(path, check_existing=False)
    except RuntimeError as error:
        raise AssetError(f"{path}: cannot be read as a panorama ({str(error).strip()})") from error
    if not min(made.size):
        bpy.data.images.remove(made)
        raise AssetError(f"{path}: cannot be read as a panorama; it must be a complete .exr or .hdr file")
    made.colorspace_settings.name = "Linear Rec.709"
    return made
