"""What a process may use of its machine, and what those that it starts are told."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def cores() -> int:
    """The cores that this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def lone_core() -> Iterator[None]:
    """Libraries that are loaded in here believe that there is one core, and make no threads to share work with (TBB's
    wait busily for it). Afterwards this thread and those begun in here may run where this one could before. Where the
    system cannot tell a process its cores, nothing is done."""
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    whole, before = os.sched_getaffinity(0), _threads()
    os.sched_setaffinity(0, {min(whole)})
    try:
        yield
    finally:
        for thread in _threads() - before | {threading.get_native_id()}:
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread, whole)


def _threads() -> set[int]:
    """Of this process, on Linux."""
    return set(map(int, os.listdir("/proc/self/task")))


@contextmanager
def inherited(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for processes that start in here, in place of what they were before and are afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
