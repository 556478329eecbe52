"""Mesh files to `Mesh`, by trimesh: obj, glb, gltf, ply, stl, off, dae, 3mf."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import trimesh

from generator.assets.mesh import Mesh
from generator.base.errors import AssetError

SUFFIXES = (".obj", ".glb", ".gltf", ".ply", ".stl", ".off", ".dae", ".3mf")
Up = Literal["y", "z"]


def load_mesh(path: Path, up: Up | None = None, scale: float = 1.0) -> Mesh:
    """One mesh of everything in the file, in metres with z up.

    `up` is the file's upward axis; glTF's is y by its standard, others are taken as z unless told. Parts with textures
    are packed into one atlas. Raises AssetError naming the file when it cannot be read, has no triangles, or has
    coordinates that are not finite.
    """
    try:
        loaded = trimesh.load(path, force="scene", process=False)
        body = loaded.to_mesh() if isinstance(loaded, trimesh.Scene) else loaded
    except Exception as error:  # trimesh's readers raise whatever their formats make them stumble over
        raise AssetError(f"{path}: cannot be read as a mesh ({type(error).__name__}: {error})") from error
    return checked(path, body, up or ("y" if path.suffix.lower() in (".glb", ".gltf") else "z"), scale)


def checked(path: Path, body: Any, up: Up, scale: float) -> Mesh:
    """The mesh, if it is one that can be seen."""
    faces = np.asarray(getattr(body, "faces", np.empty((0, 3))), np.int32)
    if not len(faces):
        raise AssetError(f"{path}: holds no triangles; export a mesh with faces")
    vertices = np.asarray(body.vertices, float) * scale
    if not np.isfinite(vertices).all():
        raise AssetError(f"{path}: has vertices that are not finite numbers; repair the file")
    if np.ptp(vertices, axis=0).max() <= 0:
        raise AssetError(f"{path}: has no extent; all vertices are one point")
    if up == "y":
        vertices = vertices[:, [0, 2, 1]] * [1, -1, 1]
    return Mesh(vertices.astype(np.float32), faces, *appearance(body, faces))


def appearance(body: Any, faces: np.ndarray) -> tuple:  # type: ignore[type-arg]
    """(uv per corner, texture, flat linear colour) of what trimesh found; each None or grey where there is nothing."""
    uv, material = getattr(body.visual, "uv", None), getattr(body.visual, "material", None)
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    texture = np.asarray(image.convert("RGB")) if image is not None and uv is not None else None
    corner = np.asarray(uv, np.float32)[faces] if texture is not None else None
    color = getattr(material, "main_color", None)
    srgb = (np.asarray(color, float)[:3] / 255) if color is not None else np.full(3, 0.6)
    return corner, texture, tuple(float(c) for c in srgb**2.2)
