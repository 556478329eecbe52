"""A playing card, or any printed sheet with rounded corners."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.base.errors import AssetError
from generator.base.geometry import Array

ARC = 6  # segments of a corner


@SHAPES("card")
def card(
    width: float = 0.0635, height: float = 0.0889, thickness: float = 0.0003, corner: float = 0.0035, steps: float = 12
) -> Mesh:
    """A sheet lying face up, its top towards +y; a texture with `mapping: uv` fills its face (m). `steps` rows of
    triangles let it bend."""
    rows = round(steps)
    if min(width, height, thickness, corner) <= 0 or 2 * corner >= min(width, height) or rows < 1:
        raise AssetError("card: needs positive sizes, a corner of less than half the width and height, and a step")
    y = np.union1d(np.linspace(-height / 2, height / 2, rows + 1), _bends(height, corner))
    half = width / 2 - _cut(height / 2 - np.abs(y), corner)
    sheet = np.stack([np.stack([-half, y], 1), np.stack([half, y], 1)], 1).reshape(-1, 2)
    return _solid(sheet, thickness, np.array([width, height]))


def _bends(height: float, corner: float) -> Array:
    """Heights at which a rounded corner has its vertices, above and below."""
    arc = height / 2 - corner + corner * np.sin(np.linspace(0, np.pi / 2, ARC + 1))
    return np.concatenate([arc, -arc])


def _cut(below: Array, corner: float) -> Array:
    """How much narrower on each side a sheet is, so far below its edge."""
    inside = np.clip(corner - below, 0, corner)
    return corner - np.sqrt(np.maximum(corner**2 - inside**2, 0))


def _solid(sheet: Array, thickness: float, size: Array) -> Mesh:
    """Two copies of a strip of points (2 n, 2), left and right in turn from bottom to top, with a rim between them."""
    n = len(sheet)
    top, bottom = (np.column_stack([sheet, np.full(n, z)]) for z in (thickness, 0.0))
    left, right = np.arange(0, n - 2, 2), np.arange(1, n - 2, 2)
    face = np.concatenate([np.column_stack([left, right, right + 2]), np.column_stack([left, right + 2, left + 2])])
    border = np.concatenate([np.arange(1, n, 2), np.arange(n - 2, -1, -2)])  # up on the right, down on the left
    after = np.roll(border, -1)
    rim = np.concatenate(
        [np.column_stack([border + n, after + n, after]), np.column_stack([border + n, after, border])]
    )
    faces = np.concatenate([face, face[:, ::-1] + n, rim])
    points = np.concatenate([top, bottom])
    uv = (points[faces][..., :2] / size + 0.5).astype(np.float32)
    return Mesh(points.astype(np.float32), faces.astype(np.int32), uv)
