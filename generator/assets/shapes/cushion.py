"""Inflated cubes: bulging faces between seams that pull the edges in, with wrinkles along them."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.base.draw import Draw
from generator.base.geometry import Array

Rng = np.random.Generator


@SHAPES("cushion")
def cushion(
    size: float = 0.24, bulge: float = 0.14, pinch: float = 0.05, soft: float = 0.06, seam: float = 0.001,
    wrinkles: float = 0.003, lopsided: float = 0.03, variant: float = 0, steps: float = 22,
) -> Mesh:  # fmt: skip
    """An inflated cube that stands on the origin, its sides along the axes.

    size      side of the cube before it is inflated (m); its corners stay where they are
    bulge     how far the middle of a face comes out, in half sizes
    pinch     how far the middle of an edge goes in, in half sizes
    soft      how far edges are rounded off, in half sizes; corners stay pointed
    seam      height of the welt along the edges (m)
    wrinkles  greatest depth of the folds, which are deepest at the edges (m)
    lopsided  how far the whole leans and sags, in half sizes
    variant   seed of folds and sag, rounded to a whole number
    steps     resolution: 12 steps**2 triangles
    """
    cube, faces = cube_grid(round(steps))
    draw = Draw(round(variant)) / "cushion"
    body = size / 2 * (inflated(cube, bulge, pinch, soft) + lopsided * sag(cube, (draw / "sag").rng()))
    outward = cube / np.linalg.norm(cube, axis=1, keepdims=True)
    edge = np.sort(np.abs(cube), axis=1)[:, 1]  # 1 on the edges, less inside the faces
    folds = wrinkles * creases(cube, (draw / "folds").rng()) * (0.12 + 0.88 * edge**4)
    body = body + outward * (folds + seam * (edge > 1 - 1e-6))[:, None]
    body[:, 2] -= body[:, 2].min()
    return Mesh(body.astype(np.float32), faces.astype(np.int32), smooth=True)


def inflated(cube: Array, bulge: float, pinch: float, soft: float) -> Array:
    """Points (n, 3) of the cube [-1, 1]**3 blown up; by `bulge` alone its volume of 8 becomes 8 (1 + 4/3 bulge)."""
    inside, rim = 1 - cube**2, pinch * cube**2 + soft * cube**6
    result = np.empty_like(cube)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        edges = inside[:, j] * rim[:, k] + inside[:, k] * rim[:, j]
        result[:, i] = cube[:, i] * (1 + bulge * inside[:, j] * inside[:, k] - edges)
    return result


def sag(cube: Array, rng: Rng) -> Array:
    """A smooth displacement of order one: the whole sheared, and bent to the second order."""
    shear, bend = rng.uniform(-1, 1, (3, 3)), rng.uniform(-0.5, 0.5, (3, 3))
    return np.asarray(cube @ shear.T + (cube * np.roll(cube, 1, 1)) @ bend.T)


def creases(cube: Array, rng: Rng, count: int = 14) -> Array:
    """Folds of depth -1..0: the valleys of a few waves of different directions."""
    waves = rng.normal(0, 1, (count, 3))
    waves *= rng.uniform(4, 11, (count, 1)) / np.linalg.norm(waves, axis=1, keepdims=True)
    height = np.cos(cube @ waves.T + rng.uniform(0, 2 * np.pi, count)).sum(1) / np.sqrt(count)
    return np.asarray(-(np.clip(1 - np.abs(height) / 0.6, 0, 1) ** 1.5))


def cube_grid(steps: int) -> tuple[Array, Array]:
    """Points (n, 3) on the surface of [-1, 1]**3, closer together near the edges, and 12 steps**2 triangles."""
    line = np.sin(np.linspace(-1, 1, steps + 1) * np.pi / 2)
    index = np.full((steps + 1,) * 3, -1)
    shell = np.zeros(index.shape, bool)
    for axis in range(3):
        np.moveaxis(shell, axis, 0)[[0, -1]] = True
    index[shell] = np.arange(shell.sum())
    points = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1)[shell]
    return points, np.concatenate([side for axis in range(3) for side in sides(index, axis)])


def sides(index: Array, axis: int) -> list[Array]:
    """Triangles of the two faces across `axis`, counter-clockwise from outside."""
    turned = np.moveaxis(index, (axis, (axis + 1) % 3, (axis + 2) % 3), (0, 1, 2))
    found = []
    for layer in (turned[-1], turned[0].T):
        a, b, c, d = (v.ravel() for v in (layer[:-1, :-1], layer[1:, :-1], layer[1:, 1:], layer[:-1, 1:]))
        found.append(np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])]))
    return found
