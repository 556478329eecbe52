"""Workers as Ray actors."""

import ctypes
import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from inspect import isgenerator
from pathlib import Path
from time import perf_counter
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from generator.base.errors import DeviceError, GeneratorError
from generator.farm.cluster import ENVIRONMENT, NO_GPU_SEEN
from generator.farm.job import Job
from generator.farm.pool import Done, Gone, Hello
from generator.farm.worker import Worker
from generator.spec.config import Farm


class Actor:
    """The process around a `Worker`: streams what it says, beats included, so that a hang is seen at its frame."""

    def __init__(self, job: Job, kind: Callable[[Job], Any]) -> None:
        self.job, self.kind = job, kind
        self.worker: Any = None

    def start(self) -> Iterator[Hello]:
        self.worker = self.kind(self.job)
        yield Hello(os.getpid(), socket.gethostname(), tuple(map(str, ray.get_gpu_ids())), machine())

    def do(self, method: str, args: tuple[Any, ...]) -> Iterator[Any]:
        said = getattr(self.worker, method)(*args)
        if isgenerator(said):
            said = yield from said
        give_back()
        yield Done(said, resident())


class RayPool:
    """A `Pool` on the cluster that this process has joined. `kind` makes the worker inside each process."""

    def __init__(self, job: Job, farm: Farm, kind: Callable[[Job], Any] = Worker) -> None:
        environment = {} if farm.address == "local" else {"env_vars": ENVIRONMENT | NO_GPU_SEEN}
        self._place = ray.remote(num_cpus=1, max_restarts=0, runtime_env=environment)(Actor)
        self._job, self._kind = ray.put(job), kind

    def resources(self) -> Mapping[str, float]:
        found: Mapping[str, float] = ray.cluster_resources()
        return found

    def hire(self, gpus: float) -> Any:
        return self._place.options(num_gpus=gpus).remote(self._job, self._kind)

    def call(self, worker: Any, method: str, *args: Any) -> Any:
        if method == "start":
            return worker.start.options(num_returns="streaming").remote()
        return worker.do.options(num_returns="streaming").remote(method, args)

    def ready(self, streams: Collection[Any], seconds: float) -> list[Any]:
        """Waits for one, then takes all that have come: a call of Ray per word would cost the most of a driver's time
        with a thousand workers."""
        listed = list(streams)
        first, others = ray.wait(listed, timeout=seconds) if listed else ([], [])
        if not first or not others:
            return first
        more, _ = ray.wait(others, num_returns=len(others), timeout=0)
        return [*first, *more]

    def hear(self, stream: Any) -> Any:
        try:
            return ray.get(next(stream))
        except RayTaskError as error:
            found = getattr(error, "cause", None)
            if isinstance(found, (MemoryError, DeviceError)):
                said = str(found) if isinstance(found, DeviceError) else "ran out of memory"
                raise Gone(said, told=said) from None
            raise (found if isinstance(found, GeneratorError) else error) from None
        except (RayError, StopIteration) as error:
            raise Gone(short(error), innocent(error)) from None

    def dismiss(self, worker: Any) -> None:
        ray.kill(worker)

    def now(self) -> float:
        return perf_counter()


def innocent(error: Exception) -> bool:
    """Whether the machine went with the worker: shut down, preempted, out of reach."""
    return bool(getattr(error, "preempted", False)) or "node has died" in str(error)


def short(error: Exception) -> str:
    """The last line of Ray's long story, which names what happened."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()[:200]


def give_back() -> None:
    """Return freed memory to the system, where its C library can: frames of many sizes, allocated by several threads,
    leave holes in glibc's heaps that it would keep. Two workers, after 60 balloons scenes of 320x240 each, hold 1.16
    instead of 1.43 GB of their own, in the same time."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim:
        trim(0)


def resident() -> float:
    """What this process holds in memory now, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def machine() -> float:
    """Memory that processes here may use together, MB: the machine's, or less in a container."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = Path(limit).read_text().strip() if Path(limit).is_file() else ""
        total = min(total, int(text)) if text.isdigit() else total
    return total / 2**20
