"""Files that are there whole or not at all."""

import errno
import hashlib
import io
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from generator.base.errors import DatasetError
from generator.dataset.places import Place, Url

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def canonical(data: Any) -> bytes:
    """Compact JSON with sorted keys: equal data, equal bytes. NaN and infinity are refused (ValueError)."""
    return json.dumps(data, **_STRICT, separators=(",", ":")).encode()


def write_json(path: Place, data: Any) -> None:
    """As `canonical`, on lines of its own, for people and diffs."""
    write_bytes(path, (json.dumps(data, **_STRICT, indent=1) + "\n").encode())


def write_bytes(path: Place, data: bytes) -> None:
    write_with(path, lambda file: file.write(data))


def write_with(path: Place, write: Callable[[BinaryIO], object]) -> None:
    """Calls `write` with a file beside `path`, which takes the place of `path` only when all of it is on the disk.

    Whatever goes wrong, the temporary file is removed and what stood at `path` before stays. An operating system's
    error becomes a DatasetError; other exceptions of `write` pass through. At a URL, all of it is collected in memory.
    """
    if isinstance(path, Url):
        write(collected := io.BytesIO())
        return path.write_bytes(collected.getvalue())
    temporary = path.parent / f".{path.name}.{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise DatasetError(_explain(path, error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """An operating system's error while something below `path` is written becomes a DatasetError."""
    try:
        yield
    except OSError as error:
        raise DatasetError(_explain(path, error)) from error


class Hashing:
    """SHA-256 of what is written through it."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def around(self, file: BinaryIO) -> "Hashing":
        """Write to `file` from now on."""
        self._file = file
        return self

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explain(path: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return f"{path}: no space left: free some or set another `output`, and run again (nothing is half-written)"
    return f"{path}: cannot be written: {error.strerror or error}; check the folder, or set another `output`"


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


_STRICT: dict[str, Any] = {"sort_keys": True, "allow_nan": False, "ensure_ascii": False, "default": _plain}
