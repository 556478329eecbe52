"""`SimulatedPool`: a cluster that is only counted, for a crew to be watched with. Its clock jumps from event to event.

Machines join and leave, workers start, paint and crash, frames hang: all of it drawn from a seed. What the crew's own
decisions take of a real processor passes on the clock too, so that a driver that were too slow for its workers would
leave them idle here as it would in the world.
"""

import heapq
import math
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from generator.base.draw import Draw
from generator.farm.messages import Beat, Report, ShardTicket, name
from generator.farm.pool import Done, Gone, Hello


@dataclass(frozen=True)
class World:
    """What happens. Seconds; `machines` of `slots` workers each; `mtbf` and `machine_mtbf` are mean times between
    failures of a worker and of a machine, which comes back after `absence`; frames take `frame` seconds times a
    log-normal factor of spread `sigma`; those of `hangs` never end, those of `crashes` kill their worker. `charge` is
    how many seconds of the clock a second of the driver's processor costs; `word` what a call, or hearing a word, takes
    of it through Ray (measured: 0.8 ms a task)."""

    machines: int = 64
    slots: int = 16
    start: float = 10.0
    frame: float = 4.0
    sigma: float = 0.4
    beat: float = 10.0
    mtbf: float = 4 * 3600.0
    machine_mtbf: float = 6 * 3600.0
    absence: float = 300.0
    hangs: frozenset[int] = frozenset()
    crashes: frozenset[int] = frozenset()
    charge: float = 1.0
    word: float = 0.0004
    seed: int = 0


@dataclass
class SimulatedWorker:
    """One process: the machine it runs on, None while it waits for room."""

    number: int
    machine: int | None = None
    stream: int | None = None
    alive: bool = True


@dataclass
class SimulatedPool:
    """A `Pool`. `useful` counts the seconds of painting that were committed, `there` those that slots were there."""

    world: World = field(default_factory=World)
    useful: float = 0.0
    there: float = 0.0
    lost: Counter[str] = field(default_factory=Counter)
    time: float = 0.0
    busy: float = 0.0  # of the driver's processor

    def __post_init__(self) -> None:
        self._rng = (Draw(self.world.seed) / "cluster").rng()
        self._numbers, self._order = count(1), count()
        self._events: list[tuple[float, int, str, Any]] = []
        self._said: dict[int, deque[Any]] = {}
        self._talking: dict[int, None] = {}  # streams with something to say, in the order of its coming
        self._waiting: deque[SimulatedWorker] = deque()
        self._free = [self.world.slots] * self.world.machines
        self._up, self._staff = [True] * self.world.machines, [set[int]() for _ in range(self.world.machines)]
        self._workers: dict[int, SimulatedWorker] = {}
        self._mark, self._counted = time.process_time(), 0.0
        for machine in range(self.world.machines):
            self._later(self._rng.exponential(self.world.machine_mtbf), "leave", machine)

    def now(self) -> float:
        return self.time

    def resources(self) -> Mapping[str, float]:
        return {"CPU": float(self.world.slots * sum(self._up))}

    def hire(self, gpus: float) -> SimulatedWorker:
        worker = SimulatedWorker(next(self._numbers))
        self._workers[worker.number] = worker
        self._waiting.append(worker)
        return worker

    def call(self, worker: SimulatedWorker, method: str, *args: Any) -> int:
        self._charge(self.world.word)
        worker.stream = stream = next(self._numbers)
        self._said[stream] = deque()
        if not worker.alive:
            self._say(stream, Gone("the machine is gone", innocent=True))
        elif method == "start":
            self._seat()
        else:
            self._work(worker, stream, method, args)
        return stream

    def ready(self, streams: Collection[int], seconds: float) -> list[int]:
        self._charge()
        end = self.time + seconds
        while self._events and (self._events[0][0] <= self.time or (not self._talking and self._events[0][0] <= end)):
            at, _, kind, what = heapq.heappop(self._events)
            self._pass(max(at, self.time))
            getattr(self, f"_{kind}")(what)
        if not self._talking:
            self._pass(end)
        found, self._talking = list(self._talking), {}
        self._mark = time.process_time()
        return [stream for stream in found if stream in streams]

    def hear(self, stream: int) -> Any:
        self._charge(self.world.word)
        said = self._said[stream].popleft()
        if self._said[stream]:
            self._talking[stream] = None
        if not isinstance(said, Beat):
            del self._said[stream]
        if isinstance(said, Gone):
            raise said
        return said

    def dismiss(self, worker: SimulatedWorker) -> None:
        if worker.alive:
            worker.alive = False
            self._leave_seat(worker)
        self._said.pop(worker.stream or 0, None)
        self._workers.pop(worker.number, None)

    def _charge(self, more: float = 0.0) -> None:
        """Time that the driver took since the last events passes."""
        now = time.process_time()
        spent = now - self._mark + more
        self.busy, self._mark = self.busy + spent, now
        self._pass(self.time + self.world.charge * spent)

    def _pass(self, now: float) -> None:
        self.there += (now - self.time) * self.world.slots * sum(self._up) if now > self.time else 0.0
        self.time = now

    def _later(self, seconds: float, kind: str, what: Any) -> None:
        heapq.heappush(self._events, (self.time + seconds, next(self._order), kind, what))

    def _say(self, stream: int, word: Any) -> None:
        if stream in self._said:
            self._said[stream].append(word)
            self._talking[stream] = None

    def _seat(self) -> None:
        """Give those who wait a place."""
        for machine, free in enumerate(self._free):
            while self._up[machine] and free and self._waiting:
                worker = self._waiting.popleft()
                if worker.alive:
                    worker.machine, free = machine, free - 1
                    self._staff[machine].add(worker.number)
                    self._later(self.world.start, "started", worker)
            self._free[machine] = free
            if not self._waiting:
                return

    def _leave_seat(self, worker: SimulatedWorker) -> None:
        if worker.machine is not None:
            self._staff[worker.machine].discard(worker.number)
            self._free[worker.machine] += 1
            self._seat()

    def _started(self, worker: SimulatedWorker) -> None:
        if worker.alive and worker.stream:
            self._later(self._rng.exponential(self.world.mtbf), "crash", worker)
            self._say(worker.stream, Hello(worker.number, f"machine {worker.machine}", ()))

    def _crash(self, worker: SimulatedWorker, innocent: bool = False) -> None:
        if worker.alive:
            worker.alive = False
            self._leave_seat(worker)
            self._say(worker.stream or 0, Gone("died", innocent))

    def _leave(self, machine: int) -> None:
        self._up[machine] = False
        for number in list(self._staff[machine]):
            self._crash(self._workers[number], innocent=True)
        self.lost["machines"] += 1
        self._later(self.world.absence, "join", machine)

    def _join(self, machine: int) -> None:
        self._up[machine] = True
        self._later(self._rng.exponential(self.world.machine_mtbf), "leave", machine)
        self._seat()

    def _work(self, worker: SimulatedWorker, stream: int, method: str, args: tuple[Any, ...]) -> None:
        shard: ShardTicket = args[0]
        if method == "assemble":
            poison = {name(ticket): reason for ticket, reason in args[2].items()}
            return self._later(0.1, "done", (worker, stream, Report(shard.shard, 0, poison), 0.0))
        passed, told = 0.0, -math.inf
        for ticket in shard.tickets:
            if passed - told > self.world.beat:
                told = passed
                self._later(passed, "beat", (worker, stream, Beat(name(ticket))))
            if ticket.index in self.world.hangs:
                return
            if ticket.index in self.world.crashes:
                return self._later(passed, "crash", worker)
            passed += self.world.frame * float(self._rng.lognormal(-(self.world.sigma**2) / 2, self.world.sigma))
        report = Report(shard.shard, len(shard.tickets))
        self._later(passed, "done", (worker, stream, ((shard, report) if method == "alone" else report), passed))

    def _beat(self, what: tuple[SimulatedWorker, int, Beat]) -> None:
        worker, stream, beat = what
        if worker.alive:
            self._say(stream, beat)

    def _done(self, what: tuple[SimulatedWorker, int, Any, float]) -> None:
        worker, stream, result, passed = what
        if worker.alive and stream in self._said:
            self.useful += passed
            self._say(stream, Done(result, 0.0))

    @property
    def utilization(self) -> float:
        """Seconds of painting that were committed, per second that a slot was there."""
        return self.useful / max(self.there, 1e-9)
