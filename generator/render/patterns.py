"""Rough numpy twins of the textures, for the raycast painter: right in period and colour, not in detail."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from generator.base.scene import Material
from generator.render.tone import decode

Points = NDArray[np.float64]
Image = NDArray[np.uint8]


def surface_color(material: Material, points: Points, normals: Points, image: Callable[[str], Image]) -> Points:
    """Linear colours (n, 3) at `points` (n, 3), metres in object axes; `normals` (n, 3) in the same axes."""
    color = np.broadcast_to(np.array(material.color), points.shape).copy()
    for texture in material.textures:
        place = (points + np.array(texture.offset)) / texture.scale
        if texture.kind == "image":
            share, over = np.full((len(points), 1), texture.amount), project(image(texture.image), place, normals)
        else:
            share, over = texture.amount * PATTERNS[texture.kind](place)[:, None], np.array(texture.color)
        color = (1 - share) * color + share * over
    return color


def project(image: Image, place: Points, normals: Points) -> Points:
    """An image tiled on the side that the normal faces most."""
    axis = np.abs(normals).argmax(1)
    rows = np.arange(len(place))
    u, v = place[rows, np.where(axis == 0, 1, 0)], place[rows, np.where(axis == 2, 1, 2)]
    tiles = coarse(image)
    height, width = tiles.shape[:2]
    return tiles[((-v % 1.0) * height).astype(int) % height, ((u % 1.0) * width).astype(int) % width]


def coarse(image: Image, side: int = 16) -> Points:
    """Linear means over a grid of at most `side` x `side` blocks: one ray a pixel would alias on anything finer."""
    light = decode(image[..., :3].astype(np.float32) / 255).astype(float)
    for axis in (0, 1):
        length = light.shape[axis]
        starts = np.unique(np.linspace(0, length, min(side, length), endpoint=False).astype(int))
        sizes = np.diff(np.append(starts, length))
        light = np.add.reduceat(light, starts, axis) / np.expand_dims(sizes, tuple(i for i in range(3) if i != axis))
    return light


def _lattice(cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """A fixed random number in [0, 1) for each integer point (..., 3)."""
    mixed = cell.astype(np.uint64) * np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    word = mixed[..., 0] ^ mixed[..., 1] ^ mixed[..., 2]
    word = (word ^ (word >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return ((word ^ (word >> np.uint64(32))) >> np.uint64(11)).astype(float) / 2**53


def _noise(place: Points) -> NDArray[np.float64]:
    """Value noise, stretched like the painter's."""
    low = np.floor(place).astype(np.int64)
    part = place - low
    part = part * part * (3 - 2 * part)
    total = np.zeros(len(place))
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner) == 1, part, 1 - part).prod(1)
        total += weight * _lattice(low + np.array(corner))
    return np.clip((total - 0.35) / 0.3, 0, 1)


def _voronoi(place: Points) -> NDArray[np.float64]:
    return _lattice(np.floor(place).astype(np.int64))


def _checker(place: Points) -> NDArray[np.float64]:
    return (np.floor(place + 0.25).astype(np.int64).sum(1) % 2 == 1).astype(float)


def _stripes(place: Points) -> NDArray[np.float64]:
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * place[:, 0] - np.pi / 2)
    return np.clip((wave - 0.4) / 0.2, 0, 1)


def _gradient(place: Points) -> NDArray[np.float64]:
    return np.clip(place[:, 2] + 0.5, 0, 1)


PATTERNS: dict[str, Callable[[Points], NDArray[np.float64]]] = {
    "noise": _noise, "voronoi": _voronoi, "checker": _checker, "stripes": _stripes, "gradient": _gradient,
}  # fmt: skip
