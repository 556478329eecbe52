"""`Body`: one closed surface on the way to a `Mesh`, and how several become one that shades well."""

from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.shapes.outline import demand
from generator.base.geometry import Array

MOST = 12_000  # triangles of one mesh
CREASE = radians(38)  # edges that turn by more stay sharp
Faces = NDArray[np.int64]
Color = tuple[float, float, float]
GREY: Color = (0.5, 0.5, 0.5)


@dataclass(frozen=True, eq=False)
class Body:
    """vertices float64 (n, 3) in metres, faces int (m, 3) counter-clockwise from outside, every edge in two of them."""

    vertices: Array
    faces: Faces

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> "Body":
        return Body(self.vertices + np.array([x, y, z]), self.faces)

    def turned(self, axis: str, degrees: float) -> "Body":
        """Turned about one of the axes x, y, z, counter-clockwise as seen from its tip."""
        i = "xyz".index(axis)
        j, k = (i + 1) % 3, (i + 2) % 3
        turn, c, s = np.eye(3), cos(radians(degrees)), sin(radians(degrees))
        turn[j, j], turn[j, k], turn[k, j], turn[k, k] = c, -s, s, c
        return Body(self.vertices @ turn.T, self.faces)

    def scaled(self, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> "Body":
        return Body(self.vertices * (x, y, z), self.faces)

    def mirrored(self, axis: str) -> "Body":
        """As in a mirror across one of the axes x, y, z."""
        return Body(self.vertices * np.where(np.arange(3) == "xyz".index(axis), -1, 1), self.faces[:, ::-1])


def around(body: Body, count: int, start: float = 0.0) -> list[Body]:
    """Copies evenly about the z axis, the first turned by `start` degrees."""
    return [body.turned("z", start + 360 * k / count) for k in range(count)]


def stood(*bodies: Body, color: Color = GREY) -> Mesh:
    """Bodies as one everyday object: lowest point at z = 0, the middle of its bounds on the z axis."""
    return finished(bodies, np.array([0.5, 0.5, 0.0]), color)


def centred(*bodies: Body, color: Color = GREY) -> Mesh:
    """Bodies as one solid, the middle of its bounds at the origin."""
    return finished(bodies, np.array([0.5, 0.5, 0.5]), color)


def finished(bodies: tuple[Body, ...], origin: Array, color: Color) -> Mesh:
    """Bodies as one mesh; `origin` says where in its bounds, in shares of them, the new origin lies."""
    starts = np.cumsum([0, *(len(body.vertices) for body in bodies[:-1])])
    vertices = np.concatenate([body.vertices for body in bodies])
    faces = np.concatenate([body.faces + start for body, start in zip(bodies, starts, strict=True)])
    demand(bool(np.isfinite(vertices).all()), "a shape's sizes must be finite numbers")
    demand(len(faces) <= MOST, f"a shape of {len(faces)} triangles is too fine; at most {MOST}: fewer of its parts")
    low, high = vertices.min(0), vertices.max(0)
    vertices, faces = creased(vertices - low - origin * (high - low), faces, CREASE)
    return Mesh(vertices.astype(np.float32), faces.astype(np.int32), color=color, smooth=True)


def creased(vertices: Array, faces: Faces, angle: float) -> tuple[Array, Faces]:
    """The same closed triangles with vertices doubled along edges that turn by more than `angle`, so that smooth
    shading leaves those edges sharp."""
    start, end = faces.ravel(), np.roll(faces, -1, 1).ravel()
    order = np.lexsort((np.maximum(start, end), np.minimum(start, end)))
    one, other = order[::2], order[1::2]  # corners that begin the same edge in opposite directions
    turns = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    normals = turns / np.maximum(np.linalg.norm(turns, axis=1, keepdims=True), 1e-300)
    soft = (normals[one // 3] * normals[other // 3]).sum(1) > cos(angle)
    one, other = one[soft], other[soft]
    after = np.arange(faces.size).reshape(-1, 3)[:, [1, 2, 0]].ravel()
    rows, columns = np.concatenate([one, after[one]]), np.concatenate([after[other], other])
    links = scipy.sparse.coo_matrix((np.ones(len(rows), bool), (rows, columns)), (faces.size, faces.size))
    _, corner = scipy.sparse.csgraph.connected_components(links, directed=False)
    _, first = np.unique(corner, return_index=True)
    return vertices[start[first]], corner.reshape(-1, 3).astype(np.int64)
