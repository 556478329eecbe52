"""Rough numpy twins of the painter's surfaces, for the raycast painter: right in period, colour and share, not in
detail. Edges do not wear here, for a point does not know that it lies on one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import OPAQUE
from generator.base.color import decode, from_hsv, to_hsv
from generator.base.draw import Draw
from generator.base.scene import Material, SceneSample, Texture, Vector

Points = NDArray[np.float64]
Image = NDArray[np.uint8]
GAMMA = 2.2  # hue, saturation and value are shifted as a screen shows them
SCRATCH = (1.5, 1.5, 0.07)  # the noise whose middle is a scratch, in periods per `wear_scale` along each axis


@dataclass(frozen=True)
class Look:
    """A texture as it is found in an asset: an sRGB image, or where there is none a flat linear colour."""

    color: Vector
    image: Image | None = None


@dataclass(frozen=True)
class Spots:
    """Points of one surface: `metres` (n, 3) along its own axes, `normals` (n, 3) likewise, its texture coordinates
    (n, 2) or None, and where in the endless noise of dirt and wear it lies (m)."""

    metres: Points
    normals: Points
    uv: Points | None = None
    grime: Vector = (0.0, 0.0, 0.0)


def grime_of(sample: SceneSample, name: str) -> Vector:
    """Where in the endless noise of dirt and wear an object lies: the same in all views of a scene, and apart for any
    two objects and scenes."""
    x, y, z = 100 * (Draw(sample.seed, sample.scene_index) / "grime" / name).rng().random(3)
    return float(x), float(y), float(z)


def surface_color(material: Material, spots: Spots, own: Look, look: Callable[[Texture], Look]) -> Points:
    """Linear colours (n, 3) below the dirt. `own` is the asset's look, which a kept material shows."""
    if material.keep:
        color = shifted(stretched(own, spots), material.shift)
    else:
        color = np.broadcast_to(np.array(material.color), spots.metres.shape)
        for texture in material.textures:
            color = over(color, texture, spots, look)
    if material.wear > 0:
        worn = material.wear * scratches(spots, material.wear_scale, material.wear)[:, None]
        color = (1 - worn) * color + worn * np.array(material.wear_color)
    return color


def over(color: Points, texture: Texture, spots: Spots, look: Callable[[Texture], Look]) -> Points:
    """One texture laid over colours (n, 3)."""
    place = (spots.metres + np.array(texture.offset)) / texture.scale
    if texture.kind not in ("image", "own"):
        share = texture.amount * PATTERNS[texture.kind](place)[:, None]
        return (1 - share) * color + share * np.array(texture.color)
    found = look(texture)
    if texture.mapping == "uv" and spots.uv is not None:
        upper = stretched(found, spots)
    else:
        upper = np.array(found.color) if found.image is None else project(found.image, place, spots.normals)
    return (1 - texture.amount) * color + texture.amount * upper


def stretched(look: Look, spots: Spots) -> Points:
    """The look once over the texture coordinates; its mean where there are none."""
    if look.image is None:
        return np.broadcast_to(np.array(look.color), spots.metres.shape)
    if spots.uv is None:
        return np.broadcast_to(coarse(look.image, 1)[0, 0], spots.metres.shape)
    return tiled(coarse(look.image, 64), spots.uv)


def shifted(light: Points, shift: Vector) -> Points:
    """Linear colours (..., 3) with hue (turns), saturation and value added, under a gamma of 2.2."""
    if not any(shift):
        return light
    hsv = to_hsv(np.maximum(light, 0) ** (1 / GAMMA)) + np.array(shift)
    hsv[..., 1:] = np.clip(hsv[..., 1:], 0, 1)
    return from_hsv(hsv) ** GAMMA


def dirt(material: Material, spots: Spots) -> Points:
    """Share of dirt (n, 1), 0 or 1."""
    place = (spots.metres + np.array(spots.grime)) / max(material.wear_scale, 1e-6)
    above = value_noise(place) >= quantile(1 - material.dirt) if material.dirt > 0 else np.zeros(len(place), bool)
    return above[:, None].astype(float)


def scratches(spots: Spots, period: float, amount: float) -> NDArray[np.float64]:
    """Fine lines (n,) where a stretched noise passes its middle, in some places only."""
    place = (spots.metres + np.array(spots.grime)) / max(period, 1e-6)
    fine = value_noise(place * np.array(SCRATCH))
    return (np.abs(fine - 0.5) < 0.02) & (value_noise(place / 3 + 17.0) > quantile(1 - amount))


@cache
def quantile(share: float) -> float:
    """The value below which this share of the noise lies."""
    grid = np.stack(np.meshgrid(*[np.arange(24) * 0.61 + 0.3] * 3), -1).reshape(-1, 3)
    return float(np.quantile(value_noise(grid), share))


def project(image: Image, place: Points, normals: Points) -> Points:
    """An image tiled on the side that the normal faces most, turned as Blender's box projection turns it: upright on
    walls as seen from outside, its top towards +x on floors and ceilings."""
    axis, rows = np.abs(normals).argmax(1), np.arange(len(place))
    flipped = (normals[rows, axis] > 0) == (axis > 0)
    u, v = place[rows, np.where(axis == 1, 0, 1)], place[rows, np.where(axis == 2, 0, 2)]
    return tiled(coarse(image), np.stack([np.where(flipped, -u, u), v], -1))


def tiled(tiles: Points, uv: Points) -> Points:
    """Colours (n, 3) of an image at texture coordinates (n, 2), origin at the lower left, repeated."""
    height, width = tiles.shape[:2]
    return tiles[((-uv[:, 1] % 1.0) * height).astype(int) % height, ((uv[:, 0] % 1.0) * width).astype(int) % width]


def coarse(image: Image, side: int = 16) -> Points:
    """Linear means over a grid of at most `side` x `side` blocks: one ray a pixel would alias on anything finer. Where
    an alpha cuts holes, what is solid counts, whatever colour lies in the holes."""
    light = decode(image[..., :3].astype(np.float32) / 255).astype(float)
    weight = np.ones((*image.shape[:2], 1))
    if image.shape[2] == 4:
        weight = np.where(image[..., 3:] >= OPAQUE, 1.0, 1e-9)
    parts = np.concatenate([light * weight, weight], -1)
    for axis in (0, 1):
        length = parts.shape[axis]
        starts = np.unique(np.linspace(0, length, min(side, length), endpoint=False).astype(int))
        parts = np.add.reduceat(parts, starts, axis)
    return np.asarray(parts[..., :3] / parts[..., 3:])


def value_noise(place: Points) -> NDArray[np.float64]:
    """Smooth noise (n,) of period 1 in [0, 1)."""
    low = np.floor(place).astype(np.int64)
    part = place - low
    part = part * part * (3 - 2 * part)
    total = np.zeros(len(place))
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.array(corner) == 1, part, 1 - part).prod(1)
        total += weight * _lattice(low + np.array(corner))
    return total


def _lattice(cell: NDArray[np.int64]) -> NDArray[np.float64]:
    """A fixed random number in [0, 1) for each integer point (..., 3)."""
    mixed = cell.astype(np.uint64) * np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    word = mixed[..., 0] ^ mixed[..., 1] ^ mixed[..., 2]
    word = (word ^ (word >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return ((word ^ (word >> np.uint64(32))) >> np.uint64(11)).astype(float) / 2**53


def _noise(place: Points) -> NDArray[np.float64]:
    """Value noise, stretched like the painter's."""
    return np.clip((value_noise(place) - 0.35) / 0.3, 0, 1)


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
