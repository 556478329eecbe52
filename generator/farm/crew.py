"""`Crew`: Ray actors that call a `Worker`, replaced when they die, with every task done once."""

import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Generic, TypeVar

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from generator.base.errors import GeneratorError
from generator.farm.job import Job
from generator.farm.worker import Worker
from generator.spec.config import Farm

T = TypeVar("T")
R = TypeVar("R")
ENVIRONMENT = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True)
class Lost(Generic[T]):
    """A task that killed or outlasted its worker as often as it was allowed to."""

    task: T
    reason: str


@dataclass
class _Running(Generic[T]):
    actor: Any
    task: T
    since: float


@contextmanager
def cluster(farm: Farm) -> Iterator[None]:
    """A Ray cluster: the one at `farm.address`, or one on this machine for as long as the block runs."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
    if farm.address == "local":
        size = max(worker_count(farm), 1)
        with interrupts_held():
            ray.init(address="local", num_cpus=size, include_dashboard=False, object_store_memory=100_000_000, **quiet)
    else:
        try:
            refuse_silence(farm.address)
            ray.init(address=farm.address, **quiet)
        except (OSError, ValueError, RayError) as error:
            raise GeneratorError(
                f"no Ray cluster can be joined at {farm.address!r} ({error}); if it asks for a token, set "
                "RAY_AUTH_MODE=token; leave the address out to start a cluster here"
            ) from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl-C acts when the block is done. A terminal sends it to all of Ray's processes too; those that start in here
    inherit the mask and live on until the driver ends them, instead of leaving it waiting for a dead server."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def refuse_silence(address: str) -> None:
    """Raise OSError when nothing listens at ``HOST:PORT``: Ray itself would try for over a minute."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "//" not in address:
        socket.create_connection((host, int(port)), timeout=10).close()


def worker_count(farm: Farm) -> int:
    """How many workers: as the config says, or one per core of this machine or of the cluster, or one per GPU."""
    if farm.workers != "auto":
        return farm.workers
    if not ray.is_initialized():
        return len(os.sched_getaffinity(0))
    here = ray.cluster_resources()
    return max(1, int(here.get("GPU", 0) if wants_gpu(farm) else here.get("CPU", 1)))


def wants_gpu(farm: Farm) -> bool:
    """Whether workers reserve a GPU: when told to, or when the cluster has any."""
    return farm.device == "gpu" or (farm.device == "auto" and ray.cluster_resources().get("GPU", 0) > 0)


class Crew:
    """Workers of one job. A worker that dies or hangs is replaced and its task given to another."""

    def __init__(self, job: Job, farm: Farm) -> None:
        self.farm = farm
        gpus = min(1.0, ray.cluster_resources().get("GPU", 1) / worker_count(farm)) if wants_gpu(farm) else 0
        self._actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0, runtime_env={"env_vars": ENVIRONMENT})(
            Worker
        )
        self._job = ray.put(job)
        self._idle: list[Any] = [self._hire() for _ in range(worker_count(farm))]
        self.deaths = 0

    def _hire(self) -> Any:
        return self._actor.remote(self._job)

    def run(self, method: str, tasks: Sequence[T], limit: Callable[[T], float]) -> Iterator[tuple[T, Any] | Lost[T]]:
        """Call ``worker.method(task)`` for every task; yields results as they come, in any order.

        `limit` gives the seconds a task may take. Raises GeneratorError when a worker raises one.
        """
        waiting, attempts = deque(enumerate(tasks)), [0] * len(tasks)
        running: dict[Any, _Running[tuple[int, T]]] = {}
        while waiting or running:
            while waiting and self._idle:
                actor, numbered = self._idle.pop(), waiting.popleft()
                running[getattr(actor, method).remote(numbered[1])] = _Running(actor, numbered, perf_counter())
            done, _ = ray.wait(list(running), timeout=1.0)
            for ref in done:
                one = running.pop(ref)
                try:
                    result = ray.get(ref)
                except RayTaskError as error:
                    raise self._cause(error) from None
                except RayActorError as error:
                    yield from self._lose(one, attempts, waiting, f"its worker died ({short(error)})")
                else:
                    self._idle.append(one.actor)
                    yield one.task[1], result
            for ref, one in [(r, o) for r, o in running.items() if perf_counter() - o.since > limit(o.task[1])]:
                del running[ref]
                ray.kill(one.actor)
                yield from self._lose(one, attempts, waiting, f"it took more than {limit(one.task[1]):.0f} s")

    def _lose(
        self, one: _Running[tuple[int, T]], attempts: list[int], waiting: deque[tuple[int, T]], reason: str
    ) -> Iterator[Lost[T]]:
        number, task = one.task
        self.deaths += 1
        attempts[number] += 1
        self._idle.append(self._hire())
        if attempts[number] < self.farm.attempts:
            waiting.appendleft(one.task)
        else:
            yield Lost(task, f"{reason}, {attempts[number]} times")

    @staticmethod
    def _cause(error: RayTaskError) -> Exception:
        """What the worker raised, if the user can act on it."""
        cause = getattr(error, "cause", None)
        return cause if isinstance(cause, GeneratorError) else error


def short(error: Exception) -> str:
    """The first line of Ray's long story."""
    return str(error).strip().splitlines()[0][:200]
