"""Ctrl-C, remembered.

It is raised as KeyboardInterrupt wherever Python is, and C code can make another error of it: extensions that are just
being imported, of pybind11 or with NumPy's C interface, raise ImportError in its place. So what fails after it was
pressed has been interrupted, whatever the error says.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C acts when the block is done. A terminal sends it to all of Ray's processes too; those that start in here
    inherit the mask and live on until the driver ends them, instead of leaving it waiting for a dead server.

    The mask is the main thread's alone: the kernel may hand the signal to another thread, whence Python would raise
    KeyboardInterrupt in the midst of Ray's own code. So for as long as the block runs it is only noted.
    """
    noted: list[int] = []
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if noted:  # and what may have failed for it does not matter any more
            raise KeyboardInterrupt
