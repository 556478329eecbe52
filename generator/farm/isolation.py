"""`Shards`: what the crew paints next, and how a shard whose worker died is taken apart and put together again.

A shard's worker dies: the shard is tried once more. It dies again, or hangs: its frames are painted alone, each with
tries of its own. Those that use them up are poison; the others and the reasons become the shard.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from generator.balance.tickets import Ticket
from generator.base.errors import RenderError
from generator.dataset.shards import ShardWriter
from generator.farm.crew import Lost, Task
from generator.farm.messages import SLOW, Report, ShardTicket
from generator.spec.config import Farm


@dataclass
class _Broken:
    """A shard in pieces."""

    shard: ShardTicket
    parts: list[ShardWriter] = field(default_factory=list)
    poison: dict[Ticket, str] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return len(self.parts) + len(self.poison) == len(self.shard.tickets)


class Shards:
    """Call it for the next task, tell it every answer."""

    def __init__(self, shards: Iterator[ShardTicket], farm: Farm) -> None:
        self._shards, self.farm = shards, farm
        self._urgent: deque[Task] = deque()
        self._broken: dict[int, _Broken] = {}

    def __call__(self) -> Task | None:
        if self._urgent:
            return self._urgent.popleft()
        shard = next(self._shards, None)
        return Task("painting", (shard,), self.farm.timeout, deaths=2, hangs=1) if shard else None

    def hear(self, answer: tuple[Task, Any] | Lost) -> Report | None:
        """What became of a shard, once it is committed. Raises RenderError when one cannot even be written."""
        task, said = (answer.task, answer.reason) if isinstance(answer, Lost) else answer
        shard: ShardTicket = task.args[0]
        if task.method == "alone":
            self._piece(shard, said)
            return None
        if not isinstance(said, str):
            return self._joined(shard, said)
        if task.method == "assemble":
            raise RenderError(f"shard {shard.shard} could not be written: {said}; run again to retry")
        self._broken[shard.shard] = _Broken(shard)
        for one in shard.tickets:
            alone = ShardTicket(shard.shard, (one,))
            self._urgent.append(Task("alone", (alone,), self.farm.timeout, self.farm.attempts, self.farm.attempts))
        return None

    def _piece(self, shard: ShardTicket, said: str | tuple[ShardWriter, Report]) -> None:
        broken = self._broken[shard.shard]
        if isinstance(said, str):
            broken.poison[shard.tickets[0]] = f"poison: {said}"
        else:
            broken.parts.append(said[0])
            broken.reports.append(said[1])
        if broken.whole:
            self._urgent.append(Task("assemble", (broken.shard, broken.parts, broken.poison), SLOW))

    def _joined(self, shard: ShardTicket, report: Report) -> Report:
        """A shard's report with those of the frames that were painted alone."""
        broken = self._broken.pop(shard.shard, None)
        for one in broken.reports if broken else ():
            report = report.with_frames(one)
        return report
