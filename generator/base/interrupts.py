"""Ctrl-C, remembered.

It is raised as KeyboardInterrupt wherever Python is, and C code can make another error of it: extensions that are just
being imported, of pybind11 or with NumPy's C interface, raise ImportError in its place. So what fails after it was
pressed has been interrupted, whatever the error says.
"""

import signal
from types import FrameType

_pressed = False


def remember() -> None:
    """Note Ctrl-C from now on; not where it is ignored, as in a shell's background jobs, or somebody else's."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _press)


def pressed() -> bool:
    """Whether Ctrl-C was pressed since `remember`."""
    return _pressed


def _press(number: int, frame: FrameType | None) -> None:
    global _pressed
    _pressed = True
    raise KeyboardInterrupt
