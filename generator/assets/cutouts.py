"""Pictures with transparency as flat meshes: photographed cut-outs that can be placed, occluded and labelled."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import OPAQUE, Mesh
from generator.assets.pictures import read_rgba
from generator.base.errors import AssetError
from generator.base.geometry import Array


def load_cutout(path: Path, height: float = 1.0) -> Mesh:
    """A picture's opaque part, standing on z = 0 in the plane y = 0, facing -y, as tall as `height` metres.

    The silhouette follows the texels exactly, so rays and painters need to know nothing of transparency. Raises
    AssetError for a file that is no picture, or has no transparency, or nothing else.
    """
    texels = read_rgba(path)
    solid = texels[..., 3] >= OPAQUE
    if solid.all() or not solid.any():
        what = "no transparent" if solid.all() else "only transparent"
        raise AssetError(f"{path}: has {what} pixels; a cut-out needs an object on a transparent ground")
    return standing(rectangles(solid), texels, height)


def rectangles(solid: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The True texels of (h, w) as disjoint rectangles x0 y0 x1 y1, (n, 4): runs of a row, joined with equal runs of
    the rows above."""
    done: list[tuple[int, int, int, int]] = []
    open_runs: dict[tuple[int, int], int] = {}
    for y, row in enumerate(np.vstack([solid, np.zeros((1, solid.shape[1]), bool)])):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
        runs = {(int(a), int(b)) for a, b in edges.reshape(-1, 2)}
        for a, b in sorted(set(open_runs) - runs):
            done.append((a, open_runs.pop((a, b)), b, y))
        open_runs |= {run: y for run in runs - set(open_runs)}
    return np.array(sorted(done), np.int64).reshape(-1, 4)


def standing(boxes: NDArray[np.int64], texels: NDArray[np.uint8], height: float) -> Mesh:
    """Two triangles for each rectangle of texels; the lowest opaque row stands on z = 0, the middle is at x = 0."""
    x0, y0, x1, y1 = boxes.T
    corners = np.stack([np.stack(c, 1) for c in ((x0, y1), (x1, y1), (x1, y0), (x0, y0))], 1).astype(float)
    wide, tall = texels.shape[1], texels.shape[0]
    size = height / float(y1.max() - y0.min())
    plane: Array = np.zeros((*corners.shape[:2], 3))
    plane[..., 0] = (corners[..., 0] - (x0.min() + x1.max()) / 2) * size
    plane[..., 2] = (y1.max() - corners[..., 1]) * size
    quad = np.array([[0, 1, 2], [0, 2, 3]])
    faces = (quad[None] + 4 * np.arange(len(boxes))[:, None, None]).reshape(-1, 3)
    uv = np.stack([corners[..., 0] / wide, 1 - corners[..., 1] / tall], -1).reshape(-1, 2)
    texture = np.ascontiguousarray(texels[..., :3])
    return Mesh(plane.reshape(-1, 3).astype(np.float32), faces.astype(np.int32), uv[faces].astype(np.float32), texture)
