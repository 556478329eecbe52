"""Files of an export: placed once, streamed, and never among strangers."""

import io
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.base.errors import DatasetError
from generator.dataset.atomic import canonical, write_bytes, write_with

Expected = Callable[[str], bool]


def place(path: Path, data: bytes) -> None:
    """Whole or not at all. A file that is already so is left alone: repeating an export takes up where it stopped."""
    if not (path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data):
        write_bytes(path, data)


def refuse_strangers(folder: Path, *expected: Expected) -> None:
    """What an earlier, larger export left would stay among the new files, with labels that are not theirs.

    What an interrupted write left does not count.
    """
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = (entry.name for entry in entries if not (entry.name[0] == "." and entry.name.endswith(".tmp")))
        stranger = min((name for name in names if not any(known(name) for known in expected)), default=None)
    if stranger is not None:
        raise DatasetError(f"{folder}: holds {stranger!r}, not of this export; remove it or use a new folder")


def write_lines(path: Path, lines: Iterable[str]) -> None:
    write_with(path, lambda file: file.writelines(f"{line}\n".encode() for line in lines))


def numbered(count: int, suffix: str) -> Expected:
    """Whether a name is one of the first `count` numbers of six digits, from 000000 on, followed by `suffix`."""

    def known(name: str) -> bool:
        stem = name.removesuffix(suffix)
        if not (name.endswith(suffix) and stem.isascii() and stem.isdigit()):
            return False
        return stem == f"{int(stem):06d}" and int(stem) < count

    return known


def write_list(file: BinaryIO, items: Iterable[Any]) -> None:
    """A JSON list, an entry a line, without holding it."""
    separator = b"[\n"
    for item in items:
        file.write(separator + canonical(item))
        separator = b",\n"
    file.write(b"[]" if separator == b"[\n" else b"\n]")


def png(pixels: NDArray[Any], palette: Iterable[int] | None = None) -> bytes:
    """8-bit grey or colour, 16-bit grey, or 8-bit indices into a palette of r g b, r g b, ..."""
    picture, file = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if palette is not None:
        picture.putpalette(list(palette))
    picture.save(file, "png", compress_level=3)
    return file.getvalue()
