"""From linear light to the picture: one view transform for every engine."""

import numpy as np
from numpy.typing import NDArray

from generator.base.color import decode, encode

__all__ = ["decode", "develop", "encode", "metered"]

KNEE = 0.8  # linear; above it highlights bend instead of clipping


def develop(linear: NDArray[np.float32], exposure: float = 0.0, metering: float = 0.0) -> NDArray[np.uint8]:
    """Linear Rec.709 light (h, w, 3) to uint8 sRGB.

    Times 2**exposure, and brought towards middle grey by `metering` (0: not at all, 1: fully); unchanged up to 0.8;
    above, an exponential shoulder that meets it with the same slope and reaches white at about 1.9, each channel alone,
    so bright colours pale as on a sensor. Then the sRGB curve (IEC 61966-2-1). No filmic look: a mid-grey of 0.5 stays
    188. Not-a-number becomes black.
    """
    light = np.clip(np.nan_to_num(linear.astype(np.float32), nan=0.0, posinf=1e6, neginf=0.0), 0, 1e6)
    light *= np.float32(2.0 ** (exposure + metering * metered(light)))
    room = np.float32(1 - KNEE)
    bent = np.where(light > KNEE, 1 - room * np.exp((KNEE - light) / room), light)
    return (encode(bent) * 255 + 0.5).astype(np.uint8)


def metered(light: NDArray[np.float32]) -> float:
    """Stops that bring the log-average luminance to a middle grey of 0.18 (Reinhard et al., "Photographic tone
    reproduction for digital images", SIGGRAPH 2002, equations 1 and 2), within 10 either way."""
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], np.float32) if light.shape[-1] == 3 else light
    average = float(np.exp(np.log(luminance.astype(float) + 1e-4).mean()))
    return float(np.clip(np.log2(0.18 / average), -10, 10))
