"""`Mesh`: triangles as arrays. Blender and the label rays get the same ones."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generator.base.geometry import Array

OPAQUE = 128  # alpha of the texture from which on there is a surface


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the object's own frame: metres, z up.

    vertices  float32 (n, 3)
    faces     int32 (m, 3), counter-clockwise from outside
    uv        float32 (m, 3, 2) per face corner, origin at the lower left; None without texture coordinates
    texture   uint8 (h, w, 3 or 4) sRGB base colour of the asset's own material; None without one. Where its alpha is
              below 128 there is no surface, whatever the object is painted with: rays and light pass
    color     the asset's own flat base colour, linear RGB
    smooth    share normals between faces (the rays always use the true, flat triangles)
    keypoints vertices by name; they may belong to no face, and follow every deformation
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32] | None = None
    texture: NDArray[np.uint8] | None = None
    color: tuple[float, float, float] = (0.5, 0.5, 0.5)
    smooth: bool = False
    keypoints: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def surface(self) -> NDArray[np.float32]:
        """The vertices (k, 3) that triangles may have; keypoints that belong to none come after them."""
        return self.vertices[: int(self.faces.max(initial=-1)) + 1]

    @cached_property
    def bounds(self) -> Array:
        """float64 (2, 3): least and greatest corner of the surface."""
        return np.stack([self.surface.min(0), self.surface.max(0)]).astype(float)

    @cached_property
    def sha256(self) -> str:
        """Of vertices, faces and holes: what shape this is, whatever it was read from."""
        digest = hashlib.sha256(np.ascontiguousarray(self.vertices, "<f4").tobytes())
        digest.update(np.ascontiguousarray(self.faces, "<i4").tobytes())
        if self.solid is not None and self.uv is not None:
            digest.update(np.ascontiguousarray(self.uv, "<f4").tobytes() + np.packbits(self.solid).tobytes())
        return digest.hexdigest()

    @cached_property
    def solid(self) -> NDArray[np.bool_] | None:
        """Bool (h, w): texels where there is a surface. None where all are, or nothing says otherwise."""
        if self.uv is None or self.texture is None or self.texture.shape[2] < 4:
            return None
        opaque = self.texture[..., 3] >= OPAQUE
        return None if opaque.all() else opaque
