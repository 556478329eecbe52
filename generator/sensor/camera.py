"""`expose`: a clean picture through an imperfect camera."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from generator.base.draw import Draw
from generator.base.scene import SensorSample

Float = NDArray[np.float32]
Picture = NDArray[np.uint8]
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_CODES = np.arange(256) / 255
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)


def expose(rgb: Picture, sensor: SensorSample, draw: Draw) -> Picture:
    """The uint8 sRGB picture (h, w, 3) that this sensor would have taken.

    In the order of a camera: white balance, lens (vignette, motion, blur) and sensor noise in linear light; then
    monochrome, gamma, contrast and brightness on the sRGB picture; then JPEG. All kernels are centred, so nothing moves
    and labels stay true. A sensor without faults returns the picture bit for bit. `noise` and `shot` are of linear full
    scale, so dark parts are the noisiest, as in photographs.
    """
    if sensor.model_copy(update={"jpeg": 0}) != SensorSample():
        light = through_lens(_LINEAR[rgb], sensor)
        rgb = finish(on_chip(light, sensor, draw / "noise"), sensor)
    return compress(rgb, sensor.jpeg) if sensor.jpeg else rgb


def through_lens(light: Float, sensor: SensorSample) -> Float:
    light = light * np.array(sensor.tint, np.float32)
    if sensor.vignette > 0:
        light = light * falloff(light.shape[0], light.shape[1], sensor.vignette)[..., None]
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
    """From the chip to the picture: monochrome, sRGB curve, then gamma and contrast about mid-grey, brightness."""
    if sensor.monochrome:
        light = np.repeat((light @ _LUMA)[..., None], 3, -1)
    value = srgb(light)
    value = 0.5 * (2 * value) ** sensor.gamma if sensor.gamma != 1 else value
    value = (value - 0.5) * sensor.contrast + 0.5 + sensor.brightness
    return (np.clip(value, 0, 1) * 255 + 0.5).astype(np.uint8)


def srgb(light: Float) -> Float:
    """Linear 0..1 to the sRGB curve."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055)


def compress(rgb: Picture, quality: int) -> Picture:
    """There and back through JPEG with half-resolution colour, as cameras write it."""
    with io.BytesIO() as file:
        Image.fromarray(rgb).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        with Image.open(file) as picture:
            return np.asarray(picture.convert("RGB")).copy()
