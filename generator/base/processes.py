"""What a process may use of its machine, and what those that it starts are told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def cores() -> int:
    """The cores that this process may use, which can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
