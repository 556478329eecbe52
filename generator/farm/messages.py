"""What a driver and its workers say to each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from generator.balance.tickets import Ticket

WARM = 300.0  # what a process's first picture may take at least: kernels are compiled, EEVEE's driver is tried
SLOW = 900.0  # starting Blender, or writing and uploading a shard, may take so many seconds
SIBLING = "another view of its scene failed: "  # how reasons of frames begin that are not to blame themselves


@dataclass(frozen=True)
class Beat:
    """A sign of life: what is begun now, and how many seconds that may take, if more than the task allows."""

    where: str
    limit: float = 0.0


@dataclass(frozen=True)
class ShardTicket:
    """Frames that are committed together."""

    shard: int
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True)
class Report:
    """What became of a shard: frames painted, frames quarantined with reasons, seconds per stage, memory in MB; where
    and on what device it was painted, and a warning about that."""

    shard: int
    painted: int
    quarantined: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0
    pid: int = 0
    device: str = ""
    host: str = ""
    warning: str = ""

    @property
    def frames(self) -> int:
        return self.painted + len(self.quarantined)

    def without(self, withdrawn: Mapping[str, str]) -> "Report":
        """With frames that were painted and went to quarantine after all, with reasons."""
        quarantined = {**self.quarantined, **withdrawn}
        return replace(self, painted=self.painted - len(withdrawn), quarantined=quarantined)

    def with_frames(self, other: "Report") -> "Report":
        """Together with a report on other frames of the same shard."""
        seconds = Counter(self.seconds)
        seconds.update(other.seconds)  # seconds are no whole numbers
        return replace(
            self, painted=self.painted + other.painted, quarantined={**self.quarantined, **other.quarantined},
            seconds=dict(seconds), memory=max(self.memory, other.memory), device=self.device or other.device,
            host=self.host or other.host, warning=self.warning or other.warning,
        )  # fmt: skip


def name(ticket: Ticket) -> str:
    return f"{ticket.split} {ticket.index}"
