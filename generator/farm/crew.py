"""`Crew`: workers that do tasks, replaced when they die, hang or grow. A task is done once, or `Lost`.

All decisions are made here and in `isolation`, on a `Pool` that only carries them out: with the pool of `simulation`
they can be watched with a thousand workers and years of failures on one core.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from generator.base.errors import GeneratorError, RenderError
from generator.farm.messages import Beat
from generator.farm.placement import Placement
from generator.farm.pool import Done, Gone, Hello, Pool
from generator.spec.config import Farm

START_SECONDS = 1800.0  # a worker may wait this long for its node to come up
STILLBORN = 4  # so many workers in a row that die while starting mean that none ever will
ROUND = 1.0  # seconds between two looks at what is overdue
RESIZE = 5.0  # seconds between two looks at how large the cluster is
MEMORY = 0.8  # of a machine, that its workers may hold together
MOVES = 10  # machines that may go under one task before it is blamed: it may be what brings them down
GROWN = 1.5  # times what it weighed after its first task, that a worker may weigh at any rate


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


@dataclass
class Tally:
    """Tries of one task."""

    task: Task
    deaths: int = 0
    hangs: int = 0
    moves: int = 0
    told: str = ""  # by the worker that died last

    @property
    def spent(self) -> bool:
        return self.deaths + self.hangs >= self.task.deaths or self.hangs >= self.task.hangs

    @property
    def lost(self) -> Lost:
        """A hang is told before a death: it is surely the task's own doing."""
        why = f"took more than {self.task.limit:g} s" if self.hangs else self.told or "killed its worker"
        return Lost(self.task, f"{why}, {self.deaths + self.hangs} tries")


@dataclass
class Hand:
    """One worker as the driver sees it. `born` and `memory` are MB after its first and its last task."""

    worker: Any
    since: float
    hello: Hello | None = None
    tally: Tally | None = None
    done: int = 0
    born: float = 0.0
    memory: float = 0.0
    where: str = ""
    patience: float = START_SECONDS  # seconds until the next word

    def shown(self, now: float) -> dict[str, Any]:
        """For people who watch."""
        if self.hello is None:
            return {"state": "starting", "seconds": round(now - self.since, 1)}
        state = "idle" if self.tally is None else f"{self.tally.task.method} {self.where}".strip()
        seen = {"state": state, "seconds": round(now - self.since, 1), "done": self.done}
        return seen | {**vars(self.hello), "memory": round(self.memory)}


@dataclass
class Crew:
    """Workers of one job. A worker that dies or hangs is replaced, and so is one that has grown or aged too much; as
    many as the cluster has room for, as it grows and shrinks, where `farm.workers` is auto.

    `tick` is called about once a second while tasks run.
    """

    farm: Farm
    pool: Pool
    tick: Callable[[], None] = lambda: None
    deaths: int = 0
    recycled: int = 0
    hands: dict[Any, Hand] = field(default_factory=dict)  # by the stream of answers that is awaited
    idle: list[Hand] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)  # workers that are ready, by machine

    def __post_init__(self) -> None:
        self.placement = Placement.of(self.farm, self.pool.resources())
        self.size, self._stillborn, self._hire_at = self.placement.workers, 0, 0.0
        self._rounded, self._sized = -ROUND, self.pool.now()
        self._man()

    def roster(self) -> list[dict[str, Any]]:
        now = self.pool.now()
        return [hand.shown(now) for hand in [*self.hands.values(), *self.idle]]

    def run(self, source: Callable[[], Task | None]) -> Iterator[tuple[Task, Any] | Lost]:
        """Do what `source` gives until it gives None and all is done; results as they come, in any order.

        A task is asked for only when a worker is free, so that nothing piles up here; after a None it is asked again
        when an answer has come. Raises the GeneratorError that a worker raises, RenderError when no worker starts.
        """
        again: deque[Tally] = deque()
        while True:
            self._man()
            dry = self._assign(source, again)
            if dry and not any(hand.tally for hand in self.hands.values()):
                return
            for stream in self.pool.ready(self.hands.keys(), ROUND):
                yield from self._hear(stream, again)
            if (now := self.pool.now()) - self._rounded >= ROUND:
                self._rounded = now
                yield from self._overdue(again)
                self._resize()
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
            hand.tally, hand.since, hand.where, hand.patience = tally, self.pool.now(), "", tally.task.limit
            self.hands[self.pool.call(hand.worker, tally.task.method, *tally.task.args)] = hand
        return False

    def _man(self) -> None:
        """Hire whom the crew lacks."""
        while len(self.hands) + len(self.idle) < self.size and self.pool.now() >= self._hire_at:
            hand = Hand(self.pool.hire(self.placement.gpus), self.pool.now())
            self.hands[self.pool.call(hand.worker, "start")] = hand

    def _resize(self) -> None:
        """Follow a cluster that grows and shrinks. Whoever works goes on; the device is not changed: it is part of what
        a picture looks like."""
        if self.farm.workers != "auto" or self.pool.now() - self._sized < RESIZE:
            return
        self._sized = self.pool.now()
        try:
            found = Placement.of(self.farm, self.pool.resources())
        except GeneratorError:  # all GPUs are gone for the moment
            return
        if (found.gpus > 0) != (self.placement.gpus > 0):
            return
        self.size = found.workers
        waiting = [stream for stream, hand in self.hands.items() if hand.hello is None]
        for stream in waiting[: max(0, len(self.hands) + len(self.idle) - self.size)]:
            self.pool.dismiss(self.hands.pop(stream).worker)

    def _hear(self, stream: Any, again: deque[Tally]) -> Iterator[tuple[Task, Any] | Lost]:
        """One answer of one worker: a beat, or the end of its task."""
        hand = self.hands[stream]
        try:
            said = self.pool.hear(stream)
        except Gone as error:
            yield from self._lose(stream, again, error=error)
        else:
            if isinstance(said, Beat):
                hand.since, hand.where = self.pool.now(), said.where
                hand.patience = max(said.limit, hand.tally.task.limit if hand.tally else START_SECONDS)
            else:
                yield from self._finished(stream, said)

    def _finished(self, stream: Any, said: Hello | Done) -> Iterator[tuple[Task, Any]]:
        hand = self.hands.pop(stream)
        tally, hand.tally, hand.since, self._stillborn = hand.tally, None, self.pool.now(), 0
        if isinstance(said, Hello):
            hand.hello = said
            self.hosts[said.host] += 1
            self.idle.append(hand)
        elif tally is not None:
            hand.memory, hand.done = said.memory, hand.done + getattr(said.result, "frames", 0)
            hand.born = hand.born or said.memory
            self._recycle_or_keep(hand)
            yield tally.task, said.result

    def _recycle_or_keep(self, hand: Hand) -> None:
        old = self.farm.recycle_frames and hand.done >= self.farm.recycle_frames
        if not old and hand.memory <= self.room(hand):
            return self.idle.append(hand)
        self._let_go(hand)
        self.recycled += 1

    def room(self, hand: Hand) -> float:
        """MB that a worker may hold: `recycle_mb`, or, if that is auto, its part of its machine, which Ray would begin
        to kill processes on when it is nearly full. A worker that needs more than that for its work may have it: to
        begin again and again would help nobody."""
        if self.farm.recycle_mb != "auto":
            return self.farm.recycle_mb or float("inf")
        if hand.hello is None or not hand.hello.machine:
            return float("inf")
        return max(MEMORY * hand.hello.machine / max(1, self.hosts[hand.hello.host]), GROWN * hand.born)

    def _let_go(self, hand: Hand) -> None:
        self.pool.dismiss(hand.worker)
        if hand.hello:
            self.hosts[hand.hello.host] -= 1

    def _overdue(self, again: deque[Tally]) -> Iterator[Lost]:
        now = self.pool.now()
        for stream, hand in list(self.hands.items()):
            if now - hand.since > hand.patience:
                yield from self._lose(stream, again)

    def _lose(self, stream: Any, again: deque[Tally], error: Gone | None = None) -> Iterator[Lost]:
        """A worker is gone, or hangs and goes now (no `error`); its task is tried again if it may be. With a machine,
        all its workers go at once: that says nothing of their tasks, nor of whether others can start."""
        hand = self.hands.pop(stream)
        self._let_go(hand)
        if hand.tally is None:
            return self._stillbirth(error)
        self.deaths += 1
        hand.tally.hangs += error is None
        hand.tally.told = error.told if error else ""
        hand.tally.moves += error is not None and error.innocent
        hand.tally.deaths += error is not None and (not error.innocent or hand.tally.moves > MOVES)
        if hand.tally.spent:
            yield hand.tally.lost
        else:
            again.appendleft(hand.tally)

    def _stillbirth(self, error: Gone | None) -> None:
        """Raise RenderError when no worker starts; where others work, wait longer and longer before the next try."""
        self._stillborn += not (error and error.innocent)
        if self._stillborn < STILLBORN:
            return
        if not self.hosts.total():
            raise RenderError(
                f"{STILLBORN} workers in a row died or hung while they started ({error or 'silence'}); try "
                "`generator doctor`"
            )
        self._hire_at = self.pool.now() + min(60.0, 2.0 ** (self._stillborn - STILLBORN))


def source(tasks: Iterator[Task]) -> Callable[[], Task | None]:
    """An iterator as `Crew.run` wants it: None at its end."""
    return lambda: next(tasks, None)
