"""`expose`: a clean picture through an imperfect camera."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generator.base.color import decode, encode
from generator.base.draw import Draw
from generator.base.scene import SensorSample

Float = NDArray[np.float32]
Picture = NDArray[np.uint8]
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_LINEAR = decode(np.arange(256) / 255).astype(np.float32)


def expose(rgb: Picture, sensor: SensorSample, draw: Draw) -> Picture:
    """The uint8 sRGB picture (h, w, 3) that this sensor would have taken.

    In the order of a camera: white balance, lens (vignette, colours that part, motion, blur) and sensor noise in linear
    light; then monochrome, gamma, contrast, brightness and sharpening on the sRGB picture; then JPEG. All kernels are
    centred, so nothing moves and labels stay true (`chromatic` moves red outwards and blue inwards, green stays). With
    `rescale` the chip has that share of the pixels and the picture is enlarged again. A sensor without faults returns
    the picture bit for bit. `noise` and `shot` are of linear full scale, so dark parts are the noisiest, as in
    photographs. The same for all that is in the picture: no seam tells what was rendered.
    """
    if sensor.model_copy(update={"jpeg": 0}) != SensorSample():
        light = coarser(through_lens(_LINEAR[rgb], sensor), sensor.rescale)
        taken = finish(on_chip(light, sensor, draw / "noise"), sensor)
        rgb = enlarge(taken, rgb.shape[:2]) if taken.shape != rgb.shape else taken
    return compress(rgb, sensor.jpeg) if sensor.jpeg else rgb


def through_lens(light: Float, sensor: SensorSample) -> Float:
    light = light * np.array(sensor.tint, np.float32)
    if sensor.vignette > 0:
        light = light * falloff(light.shape[0], light.shape[1], sensor.vignette)[..., None]
    if sensor.chromatic:
        light = fringed(light, sensor.chromatic)
    if sensor.motion > 0:
        kernel = streak(sensor.motion, sensor.motion_angle)
        light = np.stack([ndimage.convolve(light[..., c], kernel, mode="nearest") for c in range(3)], -1)
    if sensor.blur > 0:
        light = ndimage.gaussian_filter(light, (sensor.blur, sensor.blur, 0), mode="nearest")
    return light.astype(np.float32)


def falloff(height: int, width: int, strength: float) -> Float:
    """1 in the middle, 1 - strength in the corners, with the square of the distance."""
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    corner = (x**2 * width**2 + y[:, None] ** 2 * height**2) / (width**2 + height**2)
    return (1 - strength * corner).astype(np.float32)


def fringed(light: Float, pixels: float) -> Float:
    """Red magnified and blue diminished about the centre, by so many pixels in the corners (lateral chromatic
    aberration); negative the other way round."""
    height, width = light.shape[:2]
    reach = np.hypot(height, width) / 2
    middle = np.array([height - 1, width - 1]) / 2
    parted = light.copy()
    for channel, sign in ((0, 1), (2, -1)):
        factor = reach / (reach + sign * pixels)
        parted[..., channel] = ndimage.affine_transform(
            light[..., channel], [factor, factor], middle * (1 - factor), order=1, mode="nearest"
        )
    return parted


def coarser(light: Float, share: float) -> Float:
    """The light gathered by a chip with `share` of the pixels along each side: means over its larger pixels."""
    if share >= 1:
        return light
    size = max(1, round(light.shape[1] * share)), max(1, round(light.shape[0] * share))
    planes = [Image.fromarray(light[..., c]).resize(size, Image.Resampling.BOX) for c in range(3)]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def enlarge(rgb: Picture, shape: tuple[int, ...]) -> Picture:
    """Back to (height, width), smoothly."""
    return np.asarray(Image.fromarray(rgb).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)).copy()


def streak(length: float, angle: float) -> Float:
    """A centred line of `length` pixels, `angle` radians from +x (right) towards +y (down), as a normalized kernel."""
    reach = int(np.ceil(length / 2)) + 1
    along = (np.arange(64 * reach) + 0.5) / (64 * reach) - 0.5
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float64)
    x, y = along * length * np.cos(angle) + reach, along * length * np.sin(angle) + reach
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight = np.abs(1 - dx - (x - left)) * np.abs(1 - dy - (y - top))
        np.add.at(kernel, (np.minimum(top + dy, 2 * reach), np.minimum(left + dx, 2 * reach)), weight)
    return ((kernel + kernel[::-1, ::-1]) / (2 * kernel.sum())).astype(np.float32)


def on_chip(light: Float, sensor: SensorSample, draw: Draw) -> Float:
    """Shot noise grows with the root of the light, read noise is the same everywhere; both clip at black and white."""
    light = np.clip(light, 0, 1)
    if sensor.noise > 0 or sensor.shot > 0:
        spread = np.sqrt(sensor.noise**2 + sensor.shot**2 * light)
        light = np.clip(light + spread * draw.rng().standard_normal(light.shape, np.float32), 0, 1)
    return light


def finish(light: Float, sensor: SensorSample) -> Picture:
    """From the chip to the picture: monochrome, sRGB curve, gamma, contrast about mid-grey, brightness, sharpness."""
    if sensor.monochrome:
        light = np.repeat((light @ _LUMA)[..., None], 3, -1)
    value = encode(light)
    value = 0.5 * (2 * value) ** sensor.gamma if sensor.gamma != 1 else value
    value = (value - 0.5) * sensor.contrast + 0.5 + sensor.brightness
    if sensor.sharpen > 0:  # an unsharp mask of one pixel, as cameras apply it
        value = value + sensor.sharpen * (value - ndimage.gaussian_filter(value, (1.0, 1.0, 0), mode="nearest"))
    return (np.clip(value, 0, 1) * 255 + 0.5).astype(np.uint8)


def compress(rgb: Picture, quality: int) -> Picture:
    """There and back through JPEG with half-resolution colour, as cameras write it."""
    with io.BytesIO() as file:
        Image.fromarray(rgb).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        with Image.open(file) as picture:
            return np.asarray(picture.convert("RGB")).copy()
