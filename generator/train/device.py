"""Where training runs, and its only source of chance."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from generator.base.draw import Draw


def choose_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_cores() -> None:
    """As many threads as this process may use, unless OMP_NUM_THREADS says otherwise."""
    if "OMP_NUM_THREADS" not in os.environ and hasattr(os, "sched_getaffinity"):
        torch.set_num_threads(len(os.sched_getaffinity(0)))


@contextmanager
def seeded(draw: Draw) -> Iterator[None]:
    """Within, torch's global generators start at a named place; torchvision draws from nowhere else. They are put back
    afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(draw.key() % 2**63)
        yield
