"""`Pool`: where workers live, as far as a `Crew` must know. `actors` has the one of Ray, `simulation` one without."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Hello:
    """A worker that is ready: where it runs, which GPUs it was given, how much memory its machine has (MB; 0: not
    known)."""

    pid: int
    host: str
    gpus: tuple[str, ...]
    machine: float = 0.0


@dataclass(frozen=True)
class Done:
    """A task's result, and what its process weighs now (MB)."""

    result: Any
    memory: float


class Gone(Exception):
    """A worker that is no more, or of no more use. `innocent`: its machine went, so that its task is not to blame.
    `told`: what it said of its end itself."""

    def __init__(self, why: str, innocent: bool = False, told: str = "") -> None:
        super().__init__(why)
        self.innocent, self.told = innocent, told


class Pool(Protocol):
    """Starts processes, passes calls to them and what they say back. No decision is made here."""

    def resources(self) -> Mapping[str, float]:
        """What the machines declare together, ``{"CPU": 16, "GPU": 2}``."""

    def hire(self, gpus: float) -> Any:
        """A new worker, which holds a core and a part of a GPU; it may have to wait for room."""

    def call(self, worker: Any, method: str, *args: Any) -> Any:
        """Begin a call; the stream of what the worker will say: `Hello` of "start", else beats and a `Done`."""

    def ready(self, streams: Collection[Any], seconds: float) -> list[Any]:
        """Those streams that have something to say, waiting so long for the first."""

    def hear(self, stream: Any) -> Any:
        """The next word. Raises `Gone`, or the GeneratorError that the worker raised."""

    def dismiss(self, worker: Any) -> None:
        """End a worker, whatever it does."""

    def now(self) -> float:
        """Seconds of a clock that only goes forward."""
