"""How the power of a picture spreads over frequencies."""

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.2126, 0.7152, 0.0722])
BANDS = 16
EDGES = np.geomspace(1 / 64, 0.5, BANDS + 1)  # cycles per pixel


def spectrum(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(16,) logarithm to base 10 of the mean power in rings of equal width over the logarithm of the frequency, from
    1/64 to 1/2 cycle per pixel. uint8 (h, w, 3); a Hann window keeps the borders from counting as edges."""
    luma = picture.astype(float) @ LUMA / 255
    height, width = luma.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    ring = np.digitize(radius, EDGES) - 1
    inside = (ring >= 0) & (ring < BANDS)
    totals = np.bincount(ring[inside], power[inside], BANDS)
    counts = np.bincount(ring[inside], minlength=BANDS)
    return np.log10(totals / np.maximum(counts, 1) + 1e-12)
