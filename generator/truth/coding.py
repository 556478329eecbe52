"""Label arrays as bytes and back: PNG, NPZ or JSON, by the suffix of their file. Equal labels give equal bytes."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode(part: str, value: Any) -> bytes:
    """An array as PNG (uint8 or uint16; bool as 0 and 255), one array or several by name as NPZ, plain data as JSON."""
    if part.endswith(".png"):
        return png(value)
    return npz(value) if part.endswith(".npz") else plain(value)


def decode(part: str, data: bytes) -> Any:
    """The inverse of `encode`, but that bool comes back as uint8."""
    if part.endswith(".png"):
        return image(data)
    return arrays(data) if part.endswith(".npz") else json.loads(data)


def image(data: bytes) -> NDArray[Any]:
    """Pixels of a PNG, in the type they were written in."""
    with Image.open(io.BytesIO(data)) as opened:
        return np.array(opened, np.uint16 if opened.mode.startswith("I") else None)


def png(pixels: NDArray[Any]) -> bytes:
    """8-bit grey or colour, or 16-bit grey. Level 3 of zlib: half the time of the usual 6, a few per cent larger."""
    file = io.BytesIO()
    pixels = 255 * pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    Image.fromarray(pixels).save(file, "png", compress_level=3)
    return file.getvalue()


def npz(value: NDArray[Any] | Mapping[str, NDArray[Any]]) -> bytes:
    file = io.BytesIO()
    if isinstance(value, Mapping):
        np.savez_compressed(file, **{name: value[name] for name in sorted(value)})
    else:
        np.savez_compressed(file, value)
    return file.getvalue()


def arrays(data: bytes) -> Any:
    """The one array of an NPZ, or all of them by name."""
    with np.load(io.BytesIO(data)) as opened:
        found = {name: opened[name] for name in opened.files}
    return found["arr_0"] if list(found) == ["arr_0"] else found


def plain(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()
