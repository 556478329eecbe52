"""Triangles cut until their edges are short enough for what is to be done with them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from generator.assets.mesh import Mesh
from generator.base.geometry import Array

Strain = Callable[[Array, Array], Array]
LIMIT = 40_000  # triangles; a mesh that has more is not cut
_CUTS = (  # by which edges are cut (bits): triangles over corners 0 1 2 and the middles 3 4 5 of the edges after them
    [[0, 1, 2]],
    [[0, 3, 2], [3, 1, 2]],
    [[1, 4, 0], [4, 2, 0]],
    [[3, 1, 4], [0, 3, 4], [0, 4, 2]],
    [[2, 5, 1], [5, 0, 1]],
    [[5, 0, 3], [2, 5, 3], [2, 3, 1]],
    [[4, 2, 5], [1, 4, 5], [1, 5, 0]],
    [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]],
)


def subdivide(mesh: Mesh, strain: Strain, limit: int = LIMIT) -> Mesh:
    """The same surface with its edges halved, longest first, until none is strained or there would be more than
    `limit` triangles.

    `strain` tells of edges from (k, 3) to (k, 3), float64, how many times longer they are than they may be. It must not
    depend on which end comes first: then edges that two triangles share by position alone (seams of texture
    coordinates, creases) are cut alike, and what was watertight stays so. Texture coordinates are halved along.
    """
    while True:
        ends = mesh.vertices[mesh.faces].astype(float)
        excess = strain(ends.reshape(-1, 3), np.roll(ends, -1, 1).reshape(-1, 3)).reshape(-1, 3)
        cut = excess > max(1.0, float(excess.max(initial=0)) / 2)
        if not cut.any() or len(cut) + cut.sum() > limit:
            return mesh
        mesh = halved(mesh, cut)


def halved(mesh: Mesh, cut: np.ndarray) -> Mesh:  # type: ignore[type-arg]
    """The mesh with the edges `cut` (m, 3), each after its corner, halved."""
    start, end = mesh.faces[cut], np.roll(mesh.faces, -1, 1)[cut]
    low, high = np.minimum(start, end).astype(np.int64), np.maximum(start, end)
    _, first, index = np.unique(low * len(mesh.vertices) + high, return_index=True, return_inverse=True)
    middles = (mesh.vertices[low[first]] + mesh.vertices[high[first]]) / 2
    nodes = np.concatenate([mesh.faces, np.zeros_like(mesh.faces)], 1)
    nodes[:, 3:][cut] = len(mesh.vertices) + index.reshape(-1)
    uv = mesh.uv
    corners = None if uv is None else np.concatenate([uv, (uv + np.roll(uv, -1, 1)) / 2], 1)
    code, rows, picks = cut @ [1, 2, 4], [], []
    for kind, triangles in enumerate(_CUTS):
        of = np.flatnonzero(code == kind)
        rows.append(np.repeat(of, len(triangles)))
        picks.append(np.tile(np.array(triangles), (len(of), 1)))
    row, pick = np.concatenate(rows)[:, None], np.concatenate(picks)
    vertices = np.concatenate([mesh.vertices, middles.astype(np.float32)])
    return replace(mesh, vertices=vertices, faces=nodes[row, pick], uv=None if corners is None else corners[row, pick])
