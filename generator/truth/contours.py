"""Where the picture of a mesh may jump or bend: the edges of its triangles that can be an outline or a step in depth.

Between two pixels, or within one, what a ray meets changes from one surface to another only at the image of a contour:
an edge that one triangle alone has, that more than two share, or whose two triangles face the camera differently. It
bends noticeably only at an edge of a triangle seen at a grazing angle. All of these edges are found here, so that
whatever lies between them, however thin, can be asked for point by point.
"""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.base.geometry import Array, Camera

STEP = 0.25  # pixels between points along an edge: what it cuts off a pixel in between lies nearer its corner than
# any of 4 x 4 even samples (0.125 against 0.177 pixels)
_HALVINGS = 24  # of an angle: from a half turn to a millionth of a pixel
_TOPOLOGIES: "WeakKeyDictionary[Mesh, Topology]" = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Topology:
    """Edges of a mesh, vertices at one place counted as one: `ends` (k, 2), vertices; `sides` (k, 2), triangles;
    `loose` (k,), whether not just two triangles meet there."""

    ends: NDArray[np.int64]
    sides: NDArray[np.int64]
    loose: NDArray[np.bool_]

    @staticmethod
    def of(mesh: Mesh) -> "Topology":
        if mesh not in _TOPOLOGIES:
            _TOPOLOGIES[mesh] = topology(mesh)
        return _TOPOLOGIES[mesh]


def topology(mesh: Mesh) -> Topology:
    """Which triangles meet at which edges."""
    corners = _welded(mesh.vertices)[mesh.faces]
    start, end = corners.ravel(), np.roll(corners, -1, 1).ravel()
    key = np.minimum(start, end) * len(mesh.vertices) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    order = order[(start != end)[order]]
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    one, other = order[first], order[first + (count > 1)]
    ends = np.stack([mesh.faces.ravel()[one], np.roll(mesh.faces, -1, 1).ravel()[one]], 1)
    return Topology(ends.astype(np.int64), np.stack([one // 3, other // 3], 1), count != 2)


def _welded(vertices: NDArray[np.float32]) -> NDArray[np.int64]:
    """One number for every place: by a 64-bit hash, ten times as fast as comparing rows."""
    bits = (np.ascontiguousarray(vertices, np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    primes = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    mixed = bits * primes
    key = mixed[:, 0] ^ (mixed[:, 1] << np.uint64(21)) ^ (mixed[:, 1] >> np.uint64(43))
    key ^= (mixed[:, 2] << np.uint64(42)) ^ (mixed[:, 2] >> np.uint64(22))
    return np.asarray(np.unique(key, return_inverse=True)[1]).reshape(-1).astype(np.int64)


def contours(mesh: Mesh, camera_from_object: Array, steep: float) -> Array:
    """Edges (k, 2, 3) in the camera frame, metres, at which the picture of the mesh may jump, or bend by surfaces whose
    depth grows by more than `steep` times what their width does."""
    points = mesh.vertices @ camera_from_object[:3, :3].T + camera_from_object[:3, 3]
    edges = Topology.of(mesh)
    a, b, c = (points[mesh.faces[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    height = (normal * a).sum(1)  # of the eye over the triangle's plane, times twice its area
    far = np.sqrt((points**2).sum(1))[mesh.faces].max(1) * np.sqrt((normal**2).sum(1))
    grazing = np.abs(height) * np.hypot(1, steep) <= far
    one, other = edges.sides.T
    found = edges.loose | grazing[one] | grazing[other] | ((height[one] > 0) != (height[other] > 0))
    return np.asarray(points[edges.ends[found]])


def density(camera: Camera) -> tuple[float, float]:
    """The greatest number of pixels to a radian anywhere in the picture, and the angle (radians) from the optical axis
    that holds all of it."""
    if camera.lens.kind == "pinhole":
        corners = [[x, y, 1.0] for x in (0, camera.width) for y in (0, camera.height)]
        far = np.hypot(*((np.array(corners)[:, :2] - [camera.cx, camera.cy]) / [camera.fx, camera.fy]).T).max()
        return float(max(camera.fx, camera.fy) * (1 + far * far)), float(np.arctan(far))
    rays = camera.rays((-1, -1, camera.width + 1, camera.height + 1))
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    steps = [np.linalg.norm(np.diff(rays, axis=k), axis=-1) for k in (0, 1)]
    least = min(float(np.nanmin(step, initial=np.inf)) for step in steps)
    if not np.isfinite(least):
        return max(camera.fx, camera.fy), np.pi
    return 1.1 / max(least, 1e-9), float(np.arccos(np.clip(np.nanmin(rays[..., 2]), -1, 1))) + least


def traced(segments: Array, pixels_to_radian: float, cone: float) -> Array:
    """Points (n, 3) along segments (k, 2, 3) of the camera frame, a quarter of a pixel apart or less; what lies outside
    the cone (radians) around the axis is left out.

    Segments are halved by angle: the bisector at the eye cuts them in the ratio of the distances of their ends.
    """
    step, found = STEP / pixels_to_radian, [np.zeros((0, 3))]
    p, q = segments[:, 0], segments[:, 1]
    for _ in range(_HALVINGS):
        far_p, far_q = (np.maximum(np.sqrt((x * x).sum(1)), 1e-12) for x in (p, q))
        a, b = p / far_p[:, None], q / far_q[:, None]
        chord = np.sqrt(((a - b) ** 2).sum(1))
        middle = a + b
        off = np.arctan2(np.hypot(middle[:, 0], middle[:, 1]), middle[:, 2])
        kept = off - np.arcsin(np.minimum(chord / 2, 1)) <= cone
        short, long = kept & (chord <= step), kept & (chord > step)
        found += [p[short], q[short]]
        if not long.any():
            break
        p, q, share = p[long], q[long], (far_p / (far_p + far_q))[long, None]
        cut = p + share * (q - p)
        p, q = np.concatenate([p, cut]), np.concatenate([cut, q])
    return np.concatenate(found)
