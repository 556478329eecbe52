"""What Blender prints: kept off the terminal, and read for errors."""

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from generator.render.devices import gave_up

_LIBC = ctypes.CDLL(None)
_WORDS = ("error", "failed", "cannot open", "unable to")
_HARMLESS = ("EGL_BAD_MATCH",)  # Mesa's answer to a context version that Blender merely tries first


@contextmanager
def captured() -> Iterator[list[str]]:
    """Divert file descriptors 1 and 2; afterwards the list holds the lines that speak of an error."""
    complaints: list[str] = []
    _flush()
    with tempfile.TemporaryFile() as log:
        kept = os.dup(1), os.dup(2)
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            yield complaints
        finally:
            _flush()
            for descriptor, original in enumerate(kept, start=1):
                os.dup2(original, descriptor)
                os.close(original)
            complaints += _complaints(log)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    _LIBC.fflush(None)


def _complaints(log: BinaryIO) -> list[str]:
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()
    serious = [line.strip() for line in lines if not any(word in line for word in _HARMLESS)]
    return [line for line in serious if gave_up(line) or any(word in line.lower() for word in _WORDS)]
