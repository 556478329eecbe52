"""Several point samples within a pixel, only where they can differ from one another.

Sixteen rays for every pixel cost more than everything else that is labelled. They all see one surface, and a smooth
one, unless within their pixel there is (1) a contour, (2) a curve where two objects pass through one another, (3) an
edge of a hole in a texture, of the lens's reach, or of what the near plane cuts off. (1) is known from the meshes,
however thin they are. (2) is searched for where the second surface behind a pixel's centre comes as near to the first
as it changes from pixel to pixel, and between neighbours that see different objects. (3) is taken as wherever such a
texture may be, beside pixels without a direction, and where depth bends from pixel to pixel. What may be missed is an
intersection (of a third object, say) or a cut by the near plane within a pixel that none of its neighbours tells of:
three pixels of a million in heaps of things that stick in one another, none elsewhere.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.frame import Frame, Mask
from generator.base.geometry import Array, Box, Camera
from generator.base.scene import SceneSample
from generator.truth.bounds import projected_box
from generator.truth.contours import contours, density, traced
from generator.truth.labels import cast, numbered, shoot

FINE = 4  # samples along each side of a pixel
CREASE = 0.01  # relative departure from a plane within one pixel, beyond which it shows a step and no slope
_BEHIND = 1.001  # times as far as all that is seen around it: hidden
_AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True, eq=False)
class Subsamples:
    """4 x 4 point samples evenly within each of some pixels; in all others each sees what the pixel's centre sees.

    pixel  int64 (n,), row x width + column, ascending
    ids    uint16 (n, 16), instance ids
    reach  float32 (n, 16), planar depth or, through a fisheye, distance (metres); inf where nothing is
    """

    pixel: NDArray[np.int64]
    ids: NDArray[np.uint16]
    reach: NDArray[np.float32]


def subsamples(frame: Frame, sample: SceneSample, store: AssetStore) -> Subsamples:
    """Samples of the pixels that can be mixed."""
    return sampled(np.flatnonzero(mixable(frame, sample, store)), frame.camera, sample, store)


def mixable(frame: Frame, sample: SceneSample, store: AssetStore) -> Mask:
    """Pixels (h, w) whose samples may see different things."""
    camera = frame.camera
    with np.errstate(invalid="ignore"):
        distance = np.linalg.norm(camera.points(frame.depth), axis=-1)
    distance[~np.isfinite(frame.depth)] = np.inf
    found = _unlike(frame, distance)
    placed = [(store.mesh(one.mesh), one.pose.matrix()) for one in sample.objects]
    boxes = [projected_box(mesh, pose, camera, margin=0.0) for mesh, pose in placed]
    shown = [(mesh, pose, box) for (mesh, pose), box in zip(placed, boxes, strict=True) if box is not None]
    for mesh, _, (x0, y0, x1, y1) in shown:
        if mesh.solid is not None:
            found[y0:y1, x0:x1] = True
    _mark_contours(found, [(mesh, pose) for mesh, pose, _ in shown], camera, distance)
    return found | _touching([(mesh, pose) for mesh, pose, _ in shown], camera)


def _unlike(frame: Frame, distance: Array) -> Mask:
    """Pixels that do not continue what is to their left and right, or above and below."""
    inverse = 1 / distance
    found = np.zeros(inverse.shape, bool)
    for axis in (0, 1):
        ids, near = (np.moveaxis(image, axis, 0) for image in (frame.instance, inverse))
        marked = np.moveaxis(found, axis, 0)
        bend = np.abs(near[2:] + near[:-2] - 2 * near[1:-1])
        marked[1:-1] |= bend > CREASE * np.abs(near[1:-1])
        marked[1:] |= ids[1:] != ids[:-1]
        marked[:-1] |= ids[1:] != ids[:-1]
    if frame.camera.lens.kind != "pinhole":
        blind = np.isnan(frame.camera.rays((-1, -1, frame.camera.width + 1, frame.camera.height + 1))[..., 0])
        found |= scipy.ndimage.binary_dilation(blind, _AROUND)[1:-1, 1:-1]
    return found


def _mark_contours(found: Mask, placed: list[tuple[Mesh, Array]], camera: Camera, distance: Array) -> None:
    """Mark the pixels through which a contour passes that is not behind everything seen around it."""
    farthest = scipy.ndimage.maximum_filter(distance, 3) * _BEHIND
    per_radian, cone = density(camera)
    for mesh, pose in placed:
        edges = contours(mesh, camera.camera_from_world @ pose, steep=CREASE * per_radian)
        points = traced(edges, per_radian, cone)
        pixels = camera.pixels(points)
        with np.errstate(invalid="ignore"):
            here = np.flatnonzero(((pixels >= 0) & (pixels < [camera.width, camera.height])).all(1))
        column, row = pixels[here].astype(int).T
        near = np.sqrt((points[here] ** 2).sum(1)) <= farthest[row, column]
        found[row[near], column[near]] = True


def _touching(placed: list[tuple[Mesh, Array]], camera: Camera) -> Mask:
    """Pixels in which the second object behind the centre may come before the first: their inverse depths, affine in
    the image over planes, differ there by no more than from one pixel to the next."""
    first, second = np.zeros((2, camera.height, camera.width), np.float32)
    for mesh, pose in (placed[k] for k in _meeting(placed)):
        layer = cast(mesh, pose, camera, clip=True)
        if layer is None:
            continue
        x0, y0, x1, y1 = layer.box
        here = slice(y0, y1), slice(x0, x1)
        inverse = 1 / layer.depth
        np.maximum(second[here], np.minimum(first[here], inverse), out=second[here])
        np.maximum(first[here], inverse, out=first[here])
    apart = np.where(second > 0, first - second, np.inf)
    found = np.zeros(apart.shape, bool)
    with np.errstate(invalid="ignore"):
        for axis in (0, 1):
            gap, marked = np.moveaxis(apart, axis, 0), np.moveaxis(found, axis, 0)
            change = np.abs(np.diff(gap, axis=0))
            marked[1:] |= gap[1:] <= change
            marked[:-1] |= gap[:-1] <= change
    return found & np.isfinite(apart)


def _meeting(placed: list[tuple[Mesh, Array]]) -> NDArray[np.int64]:
    """Which objects' bounds in the world meet another's."""
    if not placed:
        return np.zeros(0, np.int64)
    low, high = (np.empty((len(placed), 3)) for _ in range(2))
    for k, (mesh, pose) in enumerate(placed):
        middle, half = mesh.bounds.mean(0), np.ptp(mesh.bounds, axis=0) / 2
        centre, reach = pose[:3, :3] @ middle + pose[:3, 3], np.abs(pose[:3, :3]) @ half
        low[k], high[k] = centre - reach, centre + reach
    meet = ((low[:, None] <= high[None]) & (high[:, None] >= low[None])).all(-1)
    return np.flatnonzero(meet.sum(1) > 1)


def sampled(pixel: NDArray[np.int64], camera: Camera, sample: SceneSample, store: AssetStore) -> Subsamples:
    """The samples of these pixels, ascending."""
    row, column = np.divmod(pixel, camera.width)
    rays = _rays(row, column, camera)
    ids, reach = np.zeros(rays.shape[:2], np.uint16), np.full(rays.shape[:2], np.inf, np.float32)
    for number, one in numbered(sample):
        mesh = store.mesh(one.mesh)
        box = projected_box(mesh, one.pose.matrix(), camera.scaled(FINE * camera.width, FINE * camera.height), 0.0)
        here = _within(row, column, box)
        if not len(here):
            continue
        depth, _ = shoot(mesh, one.pose.matrix(), camera, rays[here].reshape(-1, 3))
        depth = depth.reshape(len(here), -1)
        nearer = depth < reach[here]
        reach[here] = np.where(nearer, depth, reach[here])
        ids[here] = np.where(nearer, np.uint16(number), ids[here])
    return Subsamples(pixel, ids, reach)


def _within(row: NDArray[np.int64], column: NDArray[np.int64], box: Box | None) -> NDArray[np.int64]:
    """Which pixels, ascending by row, reach into a box of samples."""
    if box is None:
        return np.zeros(0, np.int64)
    first, last = np.searchsorted(row, [box[1] // FINE, -(-box[3] // FINE)])
    columns = column[first:last]
    return first + np.flatnonzero((columns >= box[0] // FINE) & (columns < -(-box[2] // FINE)))


def _rays(row: NDArray[np.int64], column: NDArray[np.int64], camera: Camera) -> Array:
    """Directions (n, 16, 3) in the camera frame, as `Camera.rays` gives them."""
    v, u = np.mgrid[:FINE, :FINE].reshape(2, -1)
    x = (column[:, None] + (u + 0.5) / FINE - camera.cx) / camera.fx
    y = (row[:, None] + (v + 0.5) / FINE - camera.cy) / camera.fy
    return camera.lens.unproject(np.stack([x, y], -1))
