"""Mesh files to `Mesh`, by trimesh."""

from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from PIL import Image

from generator.assets.companions import texture_name
from generator.assets.loading import GLTF, Up
from generator.assets.mesh import OPAQUE, Mesh
from generator.base.errors import AssetError


def read(path: Path, up: Up, scale: float) -> Mesh:
    """Everything in the file as one mesh, in metres with z up, `up` being the file's. Raises AssetError naming the file
    when it cannot be read, has no triangles, or has coordinates that are not finite."""
    try:
        beside = Beside(str(path)) if path.suffix.lower() == ".obj" else None
        loaded: Any = trimesh.load(path, force="scene", process=False, resolver=beside)
        parts = [part for _, part in sorted(loaded.geometry.items())]
        for part in parts:
            refuse_loose_faces(path, part)
        cut = [settle_alpha(part) for part in parts]
        body = loaded.to_mesh()
    except AssetError:
        raise
    except Exception as error:  # trimesh's readers raise whatever their formats make them stumble over
        raise AssetError(f"{path}: cannot be read as a mesh ({type(error).__name__}: {error})") from error
    return checked(path, body, up, scale, any(cut))


class Beside(trimesh.resolvers.FilePathResolver):
    """Files beside an OBJ, by what its MTL says of them: trimesh takes options of a texture for part of its name."""

    def get(self, name: str) -> bytes:
        try:
            return super().get(name)
        except OSError:
            return super().get(texture_name(name))


def checked(path: Path, body: Any, up: Up, scale: float, cut: bool) -> Mesh:
    """The mesh, if it is one that can be seen, without vertices that belong to no face."""
    faces = np.asarray(getattr(body, "faces", np.empty((0, 3))), np.int32)
    if not len(faces):
        raise AssetError(f"{path}: holds no triangles; export a mesh with faces")
    kept, compact = np.unique(faces, return_inverse=True)
    vertices = np.asarray(body.vertices, float)[kept] * scale
    if not np.isfinite(vertices).all():
        raise AssetError(f"{path}: has vertices that are not finite numbers; repair the file")
    if np.ptp(vertices, axis=0).max() <= 0:
        raise AssetError(f"{path}: has no extent; all vertices are one point")
    if up == "y":
        vertices = vertices[:, [0, 2, 1]] * [1, -1, 1]
    compact = compact.reshape(faces.shape).astype(np.int32)
    return Mesh(vertices.astype(np.float32), compact, *appearance(body, faces, cut, path.suffix.lower() in GLTF))


def refuse_loose_faces(path: Path, part: Any) -> None:
    """Raises AssetError for a face of vertices that its part does not have: among others', it would be of theirs."""
    faces = np.asarray(getattr(part, "faces", np.empty((0, 3))))
    beyond = (faces < 0) | (faces >= len(part.vertices))
    if beyond.any():
        which = int(np.flatnonzero(beyond.any(1))[0])
        raise AssetError(
            f"{path}: face {which} names vertex {faces[beyond][0]} of {len(part.vertices)}, counted from 0; repair or "
            "export the file again"
        )


def settle_alpha(part: Any) -> bool:
    """Bake what a material says of its texture's alpha into the texture; whether any of it is a hole.

    glTF ignores alpha unless asked (OPAQUE), and cuts at a threshold (MASK) or blends it (BLEND, cut at half here).
    """
    material = getattr(part.visual, "material", None)
    field = "baseColorTexture" if hasattr(material, "baseColorTexture") else "image"
    image = getattr(material, field, None)
    if image is None or not (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info):
        return False
    texels = np.array(image.convert("RGBA"))
    mode = getattr(material, "alphaMode", "BLEND" if field == "image" else None)
    if mode not in ("MASK", "BLEND"):
        setattr(material, field, image.convert("RGB"))
        return False
    cutoff = getattr(material, "alphaCutoff", None)
    least = OPAQUE if mode == "BLEND" or cutoff is None else 255 * cutoff
    texels[..., 3] = np.where(texels[..., 3] >= least, 255, 0)
    setattr(material, field, Image.fromarray(texels))
    return bool((texels[..., 3] == 0).any())


def appearance(body: Any, faces: np.ndarray, cut: bool, gltf: bool) -> tuple:  # type: ignore[type-arg]
    """(uv per corner, texture, flat linear colour) of what trimesh found; each None or grey where there is nothing.
    Alpha is kept where it is `cut`. The flat colours of `gltf` are linear, those of other formats sRGB."""
    uv, material = getattr(body.visual, "uv", None), getattr(body.visual, "material", None)
    image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    texture = np.asarray(image.convert("RGBA" if cut else "RGB")) if image is not None and uv is not None else None
    corner = np.asarray(uv, np.float32)[faces] if texture is not None else None
    color = getattr(material, "main_color", None)
    values = (np.asarray(color, float)[:3] / 255) if color is not None else np.full(3, 0.6)
    linear = gltf and getattr(material, "baseColorFactor", None) is not None
    return corner, texture, tuple(float(c) for c in (values if linear else values**2.2))
