"""The Ray cluster that a run paints on: joined, or started on this machine for as long as it lasts."""

import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError

from generator.base.errors import GeneratorError
from generator.base.processes import cores, inherited
from generator.spec.config import Farm

ENVIRONMENT = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
NO_GPU_SEEN = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1"}  # by workers that hold no part of one
QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
UNSTARTED = (OSError, ValueError, RuntimeError, RayError)


@contextmanager
def cluster(farm: Farm) -> Iterator[None]:
    """A Ray cluster: the one at `farm.address`, or one on this machine for as long as the block runs."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    if farm.address == "local":
        _start(cores() if farm.workers == "auto" else farm.workers)
    else:
        _join(farm.address)
    try:
        yield
    finally:
        with interrupts_held():
            ray.shutdown()


def _start(size: int) -> None:
    try:
        # with a runtime environment instead, Ray could not give actors the processes that it has started ahead
        with interrupts_held(), inherited(ENVIRONMENT):
            ray.init(address="local", num_cpus=size, include_dashboard=False, object_store_memory=100_000_000, **QUIET)
    except UNSTARTED as error:
        raise GeneratorError(
            f"Ray cannot be started here ({error}); set RAY_TMPDIR to a folder with a short path that can be written "
            "to and has room"
        ) from error


def _join(address: str) -> None:
    try:
        refuse_silence(address)
        ray.init(address=address, **QUIET)
    except UNSTARTED as error:
        raise GeneratorError(
            f"no Ray cluster can be joined at {address!r} ({error}); if it asks for a token, set "
            "RAY_AUTH_MODE=token; leave the address out to start a cluster here"
        ) from error


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C acts when the block is done. A terminal sends it to all of Ray's processes too; those that start in here
    inherit the mask and live on until the driver ends them, instead of leaving it waiting for a dead server.

    The mask is the main thread's alone: the kernel may hand the signal to another thread, whence Python would raise
    KeyboardInterrupt in the midst of Ray's own code. So for as long as the block runs it is only noted.
    """
    pressed: list[int] = []
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    handler = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if pressed:  # and what may have failed for it does not matter any more
            raise KeyboardInterrupt


def refuse_silence(address: str) -> None:
    """Raise OSError when nothing listens at ``HOST:PORT``: Ray itself would try for over a minute."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "//" not in address:
        socket.create_connection((host, int(port)), timeout=10).close()
