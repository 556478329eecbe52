"""Picture files to arrays: everything Pillow reads, and SVG."""

import importlib.util
import io
import re
from pathlib import Path

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image

from generator.base.errors import AssetError
from generator.base.pictures import eight_bits

VECTOR = ".svg"
DPI = 96.0  # CSS Values and Units Level 3: one inch is 96 pixels
WIDTH = 768  # pixels of a drawing's width, whatever it says of itself
ELSEWHERE = re.compile(r"<image\b[^>]*href\s*=\s*[\"'](?!data:)", re.IGNORECASE)
FONTS = "matplotlib"  # the package whose fonts set a drawing's text, so that it is the same on every machine


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """A picture as uint8 (h, w, 4), sRGB with straight alpha; drawings are WIDTH pixels wide. Raises AssetError."""
    try:
        with Image.open(io.BytesIO(drawn(path)) if path.suffix.lower() == VECTOR else path) as picture:
            return np.asarray(eight_bits(picture).convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise AssetError(f"{path}: not a readable picture ({error})") from error


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """A picture as uint8 (h, w, 3), without its alpha; drawings are on white. Raises AssetError."""
    rgba = read_rgba(path)
    if path.suffix.lower() != VECTOR:
        return np.ascontiguousarray(rgba[..., :3])
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def drawn(path: Path) -> bytes:
    """An SVG as PNG. Raises OSError and ValueError, also where it refers to pictures in other files."""
    found = importlib.util.find_spec(FONTS)
    fonts = [str(Path(place) / "mpl-data/fonts/ttf") for place in (found and found.submodule_search_locations) or []]
    text = path.read_text(encoding="utf-8")
    if ELSEWHERE.search(text):
        raise ValueError("it shows a picture that lies in another file; embed it")
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=text,
            width=WIDTH,
            dpi=DPI,
            skip_system_fonts=True,
            font_dirs=fonts,
            font_family="DejaVu Sans",
            serif_family="DejaVu Serif",
            sans_serif_family="DejaVu Sans",
        )
    )
