"""Mesh files to `Mesh`: obj, glb, gltf, ply, stl, off, dae, 3mf, and pictures with transparency."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from generator.assets.cutouts import load_cutout
from generator.assets.mesh import Mesh
from generator.base.errors import AssetError

SUFFIXES = (".obj", ".glb", ".gltf", ".ply", ".stl", ".off", ".dae", ".3mf")
GLTF = (".glb", ".gltf")
Up = Literal["y", "z"]
Points = Mapping[str, tuple[float, float, float]]
NONE: Points = MappingProxyType({})
SLACK = 0.001  # of the largest extent, by which a keypoint may lie outside the bounds


def load_mesh(path: Path, up: Up | None = None, scale: float = 1.0, keypoints: Points = NONE) -> Mesh:
    """One mesh of everything in the file, in metres with z up.

    `up` is the file's upward axis; glTF's is y by its standard, others are taken as z unless told. Parts with textures
    are packed into one atlas, whose alpha cuts holes where the file says so: glTF's MASK and BLEND, any alpha of an
    OBJ's picture. A picture with transparency becomes a flat cut-out `scale` metres tall. `keypoints` are points of the
    mesh as it is returned (metres, z up). Raises AssetError naming the file when it cannot be read, has no triangles,
    has coordinates that are not finite, or keypoints outside its bounds.
    """
    if path.suffix.lower() not in SUFFIXES:
        return marked(path, load_cutout(path, scale), keypoints)
    from generator.assets.reading import read  # with trimesh, which takes as long to load as all else

    return marked(path, read(path, up or upward(path), scale), keypoints)


def upward(path: Path) -> Up:
    """The upward axis of a file that nothing else is said of."""
    return "y" if path.suffix.lower() in GLTF else "z"


def marked(path: Path, mesh: Mesh, keypoints: Points) -> Mesh:
    """The mesh with its keypoints as vertices of no face. Raises AssetError for one outside its bounds."""
    low, high = mesh.bounds
    for name, point in sorted(keypoints.items()):
        outside = np.maximum(low - point, np.array(point) - high).max()
        if not outside <= SLACK * (high - low).max():
            near, far = ("({:.3g} {:.3g} {:.3g})".format(*corner) for corner in (low, high))
            raise AssetError(f"{path}: keypoint {name!r} lies outside the mesh, which reaches from {near} to {far} m")
    if not keypoints:
        return mesh
    points = np.array([np.clip(point, low, high) for _, point in sorted(keypoints.items())], np.float32)
    numbers = {name: len(mesh.vertices) + k for k, name in enumerate(sorted(keypoints))}
    return replace(mesh, vertices=np.concatenate([mesh.vertices, points]), keypoints=numbers)
