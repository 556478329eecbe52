"""A wall with a window opening, for rooms."""

from itertools import pairwise

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.base.errors import AssetError
from generator.base.geometry import Array


@SHAPES("wall")
def wall(
    x: float = 4.0, z: float = 2.6, depth: float = 0.15, window_x: float = 0.0, window_z: float = 0.0,
    across: float = 0.0, sill: float = 0.9,
) -> Mesh:  # fmt: skip
    """An upright wall on z = 0, its front in the plane y = 0, facing -y, `depth` thick behind it. The opening is
    `window_x` by `window_z`, `sill` above the ground, `across` to the right of the middle; with either 0 there is none.
    Texture coordinates lie over the front."""
    if min(window_x, window_z) <= 0:
        columns, rows = np.array([-x / 2, x / 2]), np.array([0.0, z])
    else:
        columns = np.array([-x / 2, across - window_x / 2, across + window_x / 2, x / 2])
        rows = np.array([0.0, sill, sill + window_z, z])
    if min(np.diff(columns).min(), np.diff(rows).min(), depth) <= 0:
        raise AssetError("a wall needs a depth, and more width and height than its window, all around it")
    quads = np.array(front(columns, rows) + sides(columns, rows), float)
    corners = quads * np.array([1.0, depth, 1.0])
    points, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    loops = index.reshape(-1, 4)
    faces = np.concatenate([loops[:, [0, 1, 2]], loops[:, [0, 2, 3]]])
    uv = (points[faces][..., [0, 2]] + (x / 2, 0.0)) / (x, z)
    return Mesh(points.astype(np.float32), faces.astype(np.int32), uv.astype(np.float32))


Quads = list[list[tuple[float, float, float]]]


def front(columns: Array, rows: Array) -> Quads:
    """Front and back of the wall, cell by cell but for the opening; y is 0 and 1."""
    found: Quads = []
    for i, (a, b) in enumerate(pairwise(columns)):
        for k, (c, d) in enumerate(pairwise(rows)):
            if len(columns) == 2 or (i, k) != (1, 1):
                found.append([(a, 0, c), (b, 0, c), (b, 0, d), (a, 0, d)])
                found.append([(b, 1, c), (a, 1, c), (a, 1, d), (b, 1, d)])
    return found


def sides(columns: Array, rows: Array) -> Quads:
    """The edges all around, and the reveal of the opening."""
    outline = [*((c, rows[0]) for c in columns), *((columns[-1], r) for r in rows[1:])]
    outline += [*((c, rows[-1]) for c in columns[-2::-1]), *((columns[0], r) for r in rows[-2:0:-1])]
    loops = [outline]
    if len(columns) == 4:
        (a, b), (c, d) = columns[1:3], rows[1:3]
        loops.append([(a, c), (a, d), (b, d), (b, c)])
    return [
        [(u, 1, v), (s, 1, t), (s, 0, t), (u, 0, v)]
        for loop in loops
        for (u, v), (s, t) in zip(loop, loop[1:] + loop[:1], strict=True)
    ]
