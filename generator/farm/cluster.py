"""The Ray cluster that a run paints on: joined, or started on this machine for as long as it lasts."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError

from generator.base.errors import GeneratorError
from generator.base.interrupts import interrupts_held
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


def refuse_silence(address: str) -> None:
    """Raise OSError when nothing listens at ``HOST:PORT``: Ray itself would try for over a minute."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "//" not in address:
        socket.create_connection((host, int(port)), timeout=10).close()
