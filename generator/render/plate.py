"""Lenses that no renderer has: a larger picture through a plain lens, then bent.

Brown's lens is painted through a pinhole, Kannala and Brandt's through an equidistant fisheye: the plate. It holds all
directions that the lens sees, a little more finely than the lens shows them. Measured against a picture painted
directly: at 1.25 times as fine, linear interpolation keeps 89 % of the energy of its gradients wherever the pixels
fall, and differs from it by no more than its noise (44 dB). Cubic splines of a plate as fine as the picture ring, and
lose up to 10 % where pixels fall between those of the plate.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generator.base.errors import RenderError
from generator.base.geometry import Array, Camera
from generator.base.lens import PINHOLE, Lens
from generator.base.scene import SceneSample
from generator.render.tone import decode, encode

RIM = 4  # pixels around the plate, for the interpolation and the blur of what lies there
MOST = 16  # times as many pixels as the picture
FINER, FINEST = 1.25, 2.5  # times as fine as the picture, wherever the lens magnifies no more than twofold
COARSEST = 4  # samples along each side of a pixel where the lens shrinks the plate


def plate_of(sample: SceneSample) -> SceneSample:
    """The scene as it must be painted: the sample itself, or one of another size with the same camera at the same place
    and a plain lens. Raises RenderError where the lens sees so far aside that the plate would be too large."""
    lens = sample.camera.lens
    if lens.kind in ("pinhole", "equidistant"):
        return sample
    camera = sample.camera.at(sample.width, sample.height)
    plain = Lens(kind="equidistant") if lens.fisheye else PINHOLE
    seen = plain.project(whole(camera)) * [camera.fx, camera.fy]
    finer = fineness(seen)
    low, high = (np.array([end(seen[..., k]) for k in (0, 1)]) * finer for end in (np.nanmin, np.nanmax))
    width, height = (math.ceil(high[k] - low[k]) + 1 + 2 * RIM for k in (0, 1))
    if width * height > MOST * sample.width * sample.height:
        raise RenderError(
            f"lens: {lens.kind} shows so much that a plate of {width}x{height} pixels would be needed for a picture of "
            f"{sample.width}x{sample.height}; use a longer focal_length, smaller coefficients or kannala_brandt"
        )
    shift = tuple(float((0.5 + RIM - low[k]) / side - 0.5) for k, side in enumerate((width, height)))
    shot = {"focal_pixels": camera.fx * finer, "shift": shift, "lens": plain}
    return sample.model_copy(update={"width": width, "height": height, "camera": sample.camera.model_copy(update=shot)})


def whole(camera: Camera) -> Array:
    """Directions (h, w, 3) through all pixel centres. Raises RenderError where the lens sees nothing at all."""
    rays = camera.rays((0, 0, camera.width, camera.height))
    if np.isnan(rays[..., 0]).all():
        raise RenderError(f"lens: {camera.lens.kind} sees nothing: no pixel lies within its image")
    return rays


def fineness(seen: Array) -> float:
    """How much finer than the picture the plate must be, given where (h, w, 2) its pixels lie on a plate of its own
    focal length."""
    nearest = min(float(np.nanmin(step, initial=1.0)) for step in steps(seen))
    return min(FINER / max(nearest, 1e-6), FINEST)


def steps(places: Array) -> tuple[Array, Array]:
    """Distances of neighbours, across (h, w - 1) and down (h - 1, w)."""
    across, down = np.linalg.norm(np.diff(places, axis=1), axis=-1), np.linalg.norm(np.diff(places, axis=0), axis=-1)
    return across, down


def through(rgb: NDArray[np.uint8], sample: SceneSample, plate: SceneSample) -> NDArray[np.uint8]:
    """The plate's picture, uint8 sRGB, as the sample's lens shows it: interpolated in linear light, averaged over the
    pixel where the lens shrinks it, black where it sees nothing."""
    if plate is sample:
        return rgb
    camera = sample.camera.at(sample.width, sample.height)
    places = plate.camera.at(plate.width, plate.height).pixels(whole(camera)) - 0.5
    light = decode(rgb.astype(np.float32) / 255)
    bent = np.zeros((*places.shape[:2], 3), np.float32)
    density = samples_across(places)
    for n in np.unique(density[density > 0]):
        where = density == n
        bent[where] = np.mean([interpolated(light, at[where]) for at in spread(places, int(n))], axis=0)
    return (encode(np.clip(bent, 0, 1)) * 255 + 0.5).astype(np.uint8)


def samples_across(places: Array) -> NDArray[np.int64]:
    """How many samples along each side of a pixel (h, w) keep the plate's details from flickering: about one for every
    pixel of the plate; 0 where the lens sees nothing."""
    seen = np.isfinite(places[..., 0])
    widest = np.zeros(seen.shape)
    across, down = (np.nan_to_num(step) for step in steps(places))
    widest[:, 1:], widest[1:] = across, np.maximum(widest[1:], down)
    return np.where(seen, np.clip(np.rint(widest / FINER), 1, COARSEST), 0).astype(np.int64)


def spread(places: Array, n: int) -> Iterator[Array]:
    """Where (h, w, 2) each of n by n evenly spaced samples of every pixel lies, to first order."""
    if n == 1:
        yield places
        return
    down, across = (np.nan_to_num(np.gradient(places, axis=k)) for k in (0, 1))
    offsets = (np.arange(n) + 0.5) / n - 0.5
    for v, u in itertools.product(offsets, repeat=2):
        yield places + v * down + u * across


def interpolated(light: NDArray[np.float32], at: Array) -> NDArray[np.float32]:
    """Colours (n, 3) at places (n, 2) of an image, pixels right and down from the centre of the first."""
    rows = [ndimage.map_coordinates(light[..., c], at.T[::-1], order=1, mode="nearest") for c in range(3)]
    return np.stack(rows, -1)
