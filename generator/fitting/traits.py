"""What a picture as a whole is like, in numbers that photographs and painted pictures have in common."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generator.base.color import decode

LUMA = np.array([0.2126, 0.7152, 0.0722])
NOISE = np.array([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]])  # its squares add up to 36


def traits(rgb: NDArray[np.uint8]) -> dict[str, float]:
    """Of a picture (h, w, 3), sRGB:

    brightness  log-average luminance in stops from middle grey (0.18), as a camera meters it
    contrast    standard deviation of luma
    warmth      log2 of mean red over mean blue light: a stand-in for colour temperature
    sharpness   variance of the Laplacian over the mean squared gradient of luma: a blur lowers it, contrast does not
    noise       standard deviation of white noise, share of full scale: median of the difference of two Laplacians
                (Immerkaer, "Fast noise variance estimation", 1996; the median is Donoho's, to be safe from edges).
                Fine texture counts as noise, JPEG hides it.
    """
    value = rgb.astype(float) / 255
    light, luma = decode(value), value @ LUMA
    red, _, blue = light.reshape(-1, 3).mean(0) + 1e-4
    rows, columns = np.gradient(luma)
    energy = float((rows**2 + columns**2).mean())
    return {
        "brightness": float(np.log2(light @ LUMA + 1e-4).mean() - np.log2(0.18)),
        "contrast": float(luma.std()),
        "warmth": float(np.log2(red / blue)),
        "sharpness": float(ndimage.laplace(luma).var() / (energy + 1e-9)),
        "noise": float(np.median(np.abs(ndimage.convolve(luma, NOISE)[1:-1, 1:-1])) / 0.6745 / 6),
    }
