"""Blender meshes and images from arrays, kept between frames."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import bpy
import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.base.errors import AssetError

T = TypeVar("T")


class Kept(Generic[T]):
    """Data blocks by name, the least recently used removed first once they weigh more than `capacity` together, until
    they weigh no more than the part of it that is `spared`.

    `trim` is called between frames only, so nothing that is on stage is ever removed.
    """

    def __init__(self, capacity: int, weigh: Callable[[T], int], spared: float = 1.0) -> None:
        self.capacity, self.weigh, self.spared, self.weight = capacity, weigh, spared, 0
        self._entries: OrderedDict[str, tuple[T, int]] = OrderedDict()  # to ask an image for its size takes 1 ms

    def get(self, key: str, make: Callable[[], T]) -> T:
        if key not in self._entries:
            made = make()
            self._entries[key] = made, self.weigh(made)
            self.weight += self._entries[key][1]
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def each(self, do: Callable[[T], None]) -> None:
        for one, _ in self._entries.values():
            do(one)

    def trim(self) -> list[T]:
        """Forget what is over capacity and return it for removal."""
        gone = list[T]()
        bound = self.capacity if self.weight <= self.capacity else self.spared * self.capacity
        while len(self._entries) > 1 and self.weight > bound:
            one, weight = self._entries.popitem(last=False)[1]
            self.weight -= weight
            gone.append(one)
        return gone


def triangles(mesh: bpy.types.Mesh) -> int:
    return len(mesh.polygons)


def pixels(image: bpy.types.Image) -> int:
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
