"""`Crew`: Ray actors that call a `Worker`, replaced when they die, hang or grow. A task is done once, or `Lost`."""

import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from inspect import isgenerator
from pathlib import Path
from time import perf_counter
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from generator.base.errors import GeneratorError, RenderError
from generator.farm.cluster import ENVIRONMENT
from generator.farm.job import Job
from generator.farm.placement import Placement
from generator.farm.worker import Beat, Worker
from generator.spec.config import Farm

START_SECONDS = 1800.0  # a worker may wait this long for its node to come up
STILLBORN = 4  # so many workers in a row that die while starting mean that none ever will


@dataclass(frozen=True)
class Task:
    """``worker.method(*args)``; it may be silent for `limit` seconds, kill `deaths` workers, outlast `hangs`."""

    method: str
    args: tuple[Any, ...]
    limit: float
    deaths: int = 3
    hangs: int = 3


@dataclass(frozen=True)
class Lost:
    """A task that killed or outlasted its workers as often as it was allowed to."""

    task: Task
    reason: str


@dataclass(frozen=True)
class Hello:
    """A worker that is ready: where it runs, which GPUs it was given."""

    pid: int
    host: str
    gpus: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """A task's result, and what its process weighs now (MB)."""

    result: Any
    memory: float


@dataclass
class Tally:
    """Tries of one task."""

    task: Task
    deaths: int = 0
    hangs: int = 0

    @property
    def spent(self) -> bool:
        return self.deaths + self.hangs >= self.task.deaths or self.hangs >= self.task.hangs

    @property
    def lost(self) -> Lost:
        """A hang is told before a death: it is surely the task's own doing."""
        why = f"took more than {self.task.limit:g} s" if self.hangs else "killed its worker"
        return Lost(self.task, f"{why}, {self.deaths + self.hangs} tries")


@dataclass
class Hand:
    """One worker as the driver sees it."""

    actor: Any
    since: float
    hello: Hello | None = None
    tally: Tally | None = None
    done: int = 0
    memory: float = 0.0
    where: str = ""
    patience: float = START_SECONDS  # seconds until the next word

    def shown(self) -> dict[str, Any]:
        """For people who watch."""
        if self.hello is None:
            return {"state": "starting", "seconds": round(perf_counter() - self.since, 1)}
        state = "idle" if self.tally is None else f"{self.tally.task.method} {self.where}".strip()
        seen = {"state": state, "seconds": round(perf_counter() - self.since, 1), "done": self.done}
        return seen | {**vars(self.hello), "memory": round(self.memory)}


class Actor:
    """The process around a `Worker`: streams what it says, beats included, so that a hang is seen at its frame."""

    def __init__(self, job: Job, kind: Callable[[Job], Any]) -> None:
        self.job, self.kind = job, kind
        self.worker: Any = None

    def start(self) -> Iterator[Hello]:
        self.worker = self.kind(self.job)
        yield Hello(os.getpid(), socket.gethostname(), tuple(map(str, ray.get_gpu_ids())))

    def do(self, method: str, args: tuple[Any, ...]) -> Iterator[Any]:
        said = getattr(self.worker, method)(*args)
        if isgenerator(said):
            said = yield from said
        yield Done(said, resident())


def resident() -> float:
    """What this process holds in memory now, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass
class Crew:
    """Workers of one job. A worker that dies or hangs is replaced, and so is one that has grown or aged too much.

    `kind` makes the worker inside each process, `tick` is called about once a second while tasks run.
    """

    job: Job
    farm: Farm
    kind: Callable[[Job], Any] = Worker
    tick: Callable[[], None] = lambda: None
    deaths: int = 0
    recycled: int = 0
    hands: dict[Any, Hand] = field(default_factory=dict)  # by the stream of answers that is awaited
    idle: list[Hand] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.placement = Placement.of(self.farm, ray.cluster_resources())
        environment = {} if self.farm.address == "local" else {"env_vars": ENVIRONMENT}
        place = ray.remote(num_cpus=1, num_gpus=self.placement.gpus, max_restarts=0, runtime_env=environment)
        self._actor = place(Actor)
        self._job, self._stillborn = ray.put(self.job), 0
        for _ in range(self.placement.workers):
            self._hire()

    def roster(self) -> list[dict[str, Any]]:
        return [hand.shown() for hand in [*self.hands.values(), *self.idle]]

    def run(self, source: Callable[[], Task | None]) -> Iterator[tuple[Task, Any] | Lost]:
        """Do what `source` gives until it gives None and all is done; results as they come, in any order.

        A task is asked for only when a worker is free, so that nothing piles up here; after a None it is asked again
        when an answer has come. Raises the GeneratorError that a worker raises, RenderError when no worker starts.
        """
        again: deque[Tally] = deque()
        while True:
            dry = self._assign(source, again)
            if dry and not any(hand.tally for hand in self.hands.values()):
                return
            ready, _ = ray.wait(list(self.hands), timeout=1.0)
            for stream in ready:
                yield from self._hear(stream, again)
            yield from self._overdue(again)
            self.tick()

    def _assign(self, source: Callable[[], Task | None], again: deque[Tally]) -> bool:
        """Give idle workers something to do; True when there is nothing."""
        while self.idle:
            if again:
                tally = again.popleft()
            elif task := source():
                tally = Tally(task)
            else:
                return True
            hand = self.idle.pop()
            hand.tally, hand.since, hand.where, hand.patience = tally, perf_counter(), "", tally.task.limit
            self._await(hand, hand.actor.do, tally.task.method, tally.task.args)
        return False

    def _hire(self) -> None:
        hand = Hand(self._actor.remote(self._job, self.kind), perf_counter())
        self._await(hand, hand.actor.start)

    def _await(self, hand: Hand, method: Any, *args: Any) -> None:
        self.hands[method.options(num_returns="streaming").remote(*args)] = hand

    def _hear(self, stream: Any, again: deque[Tally]) -> Iterator[tuple[Task, Any] | Lost]:
        """One answer of one worker: a beat, or the end of its task."""
        hand = self.hands[stream]
        try:
            said = ray.get(next(stream))
        except RayTaskError as error:
            if not isinstance(getattr(error, "cause", None), MemoryError):
                raise cause(error) from None
            yield from self._lose(stream, again)
        except (RayError, StopIteration) as error:
            yield from self._lose(stream, again, why=short(error))
        else:
            if isinstance(said, Beat):
                hand.since, hand.where = perf_counter(), said.where
                hand.patience = said.limit or (hand.tally.task.limit if hand.tally else START_SECONDS)
                hand.patience = said.limit or (hand.tally.task.limit if hand.tally else START_SECONDS)
            else:
                yield from self._finished(stream, said)

    def _finished(self, stream: Any, said: Hello | Done) -> Iterator[tuple[Task, Any]]:
        hand = self.hands.pop(stream)
        tally, hand.tally, hand.since, self._stillborn = hand.tally, None, perf_counter(), 0
        if isinstance(said, Hello):
            hand.hello = said
            self.idle.append(hand)
        elif tally is not None:
            hand.memory, hand.done = said.memory, hand.done + getattr(said.result, "frames", 0)
            self._recycle_or_keep(hand)
            yield tally.task, said.result

    def _recycle_or_keep(self, hand: Hand) -> None:
        heavy = self.farm.recycle_mb and hand.memory > self.farm.recycle_mb
        if not heavy and not (self.farm.recycle_frames and hand.done >= self.farm.recycle_frames):
            return self.idle.append(hand)
        ray.kill(hand.actor)
        self.recycled += 1
        self._hire()

    def _overdue(self, again: deque[Tally]) -> Iterator[Lost]:
        now = perf_counter()
        for stream, hand in list(self.hands.items()):
            if now - hand.since > hand.patience:
                yield from self._lose(stream, again, hung=True)

    def _lose(self, stream: Any, again: deque[Tally], hung: bool = False, why: str = "") -> Iterator[Lost]:
        """A worker is gone, or goes now; its task is tried again if it may be."""
        hand = self.hands.pop(stream)
        ray.kill(hand.actor)
        if hand.tally is None:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                raise RenderError(
                    f"{STILLBORN} workers in a row died or hung while they started ({why or 'silence'}); try "
                    "`generator doctor`"
                )
            return self._hire()
        self._hire()
        self.deaths += 1
        hand.tally.hangs += hung
        hand.tally.deaths += not hung
        if hand.tally.spent:
            yield hand.tally.lost
        else:
            again.appendleft(hand.tally)


def cause(error: RayTaskError) -> Exception:
    """What the worker raised, if the user can act on it."""
    found = getattr(error, "cause", None)
    return found if isinstance(found, GeneratorError) else error


def short(error: Exception) -> str:
    """The last line of Ray's long story, which names what happened."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()[:200]


def source(tasks: Iterator[Task]) -> Callable[[], Task | None]:
    """An iterator as `Crew.run` wants it: None at its end."""
    return lambda: next(tasks, None)
