"""A mesh's own texture where rays hit it: for painters without Blender."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generator.assets.mesh import OPAQUE, Mesh
from generator.base.color import encode
from generator.base.geometry import Array

Colors = NDArray[np.float64]


def own_colors(mesh: Mesh, triangles: NDArray[np.int32], points: Array) -> Colors:
    """uint8-scaled sRGB colours (n, 3) as floats at `points` (n, 3) in object space on `triangles` (n,).

    Bilinear between texels; the flat colour's sRGB where the mesh has no texture.
    """
    if mesh.texture is None or mesh.uv is None:
        return np.broadcast_to(255 * encode(np.array(mesh.color)), points.shape).copy()
    corners = mesh.vertices[mesh.faces[triangles]].astype(float)
    uv = (barycentric(corners, points)[..., None] * mesh.uv[triangles]).sum(1)
    return bilinear(mesh.texture, uv)


def filled(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The texture (h, w, 3 or 4) with the nearest solid texel's colour in the holes that its alpha cuts: filters that
    look at several texels, as a GPU's smaller copies of them do, must not see what lies there."""
    if texture.shape[2] < 4:
        return texture
    hole = texture[..., 3] < OPAQUE
    if not hole.any() or hole.all():
        return texture
    nearest = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    return np.concatenate([texture[tuple(nearest)][..., :3], texture[..., 3:]], -1)


def barycentric(corners: Array, points: Array) -> Array:
    """Weights (n, 3) of the corners (n, 3, 3) at points (n, 3) in their planes (Ericson, "Real-Time Collision
    Detection", 2005, section 3.4). Degenerate triangles give their first corner."""
    a, b, p = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], points - corners[:, 0]
    aa, ab, bb, pa, pb = ((x * y).sum(1) for x, y in ((a, a), (a, b), (b, b), (p, a), (p, b)))
    scale = aa * bb - ab * ab
    safe = np.where(scale > 0, scale, 1.0)
    v, w = (bb * pa - ab * pb) / safe, (aa * pb - ab * pa) / safe
    v, w = np.where(scale > 0, v, 0.0), np.where(scale > 0, w, 0.0)
    return np.stack([1 - v - w, v, w], 1)


def bilinear(image: NDArray[np.uint8], uv: Array) -> Colors:
    """Colours (n, 3) at texture coordinates (n, 2), origin at the lower left, repeated beyond 0..1."""
    height, width = image.shape[:2]
    rows, columns = (1 - uv[:, 1]) * height - 0.5, uv[:, 0] * width - 0.5
    planes = [image[..., c].astype(float) for c in range(3)]
    return np.stack([ndimage.map_coordinates(p, [rows, columns], order=1, mode="grid-wrap") for p in planes], 1)
