"""Pixels out of Blender: an uncompressed 32-bit multilayer EXR in RAM, the only exact way in background mode."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

Float = NDArray[np.float32]
_FAR = 1e9  # Cycles writes 1e10 where nothing is
MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # bytes: a container's RAM disk may hold 64 MB, and a picture of two million pixels takes 50
_SPACE = os.stat("/proc/self/ns/pid").st_ino  # containers count their processes from 1, and may share a RAM disk


def place() -> Path:
    """A RAM disk where there is one with room, else the temporary folder."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if usable else Path(tempfile.gettempdir())


def prefix() -> str:
    """How the names of this process's folders begin."""
    return f"painter-{_SPACE}-{os.getpid()}-"


@contextmanager
def scratch() -> Iterator[Path]:
    """A private file name; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=prefix(), dir=place()) as folder:
        yield Path(folder) / "frame.exr"


@cache
def session() -> Path:
    """A private folder for as long as this process lives, the same for all of its painters."""
    folder = Path(tempfile.mkdtemp(prefix=prefix(), dir=place()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sweep() -> None:
    """Remove what painters that were killed left behind."""
    left = (found for one in (MEMORY, Path(tempfile.gettempdir())) for found in one.glob(f"painter-{_SPACE}-*-*"))
    for folder in left:
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def read(path: Path) -> tuple[Float, NDArray[np.uint16] | None, Float | None]:
    """Linear colour (h, w, 3), object index, and depth (inf where nothing is): planar, or the distance through a
    fisheye. None for what is not there."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name.split(".", 1)[1]: channel.pixels for name, channel in file.channels().items()}
        color = np.stack([channels[f"Combined.{c}"] for c in "RGB"], -1)
        index, depth = channels.get("IndexOB.X"), channels.get("Depth.Z")
        if index is None or depth is None:
            return color, None, None
        return color, np.rint(index).astype(np.uint16), np.where(depth < _FAR, depth, np.float32(np.inf))
