"""One driver per URL. An object beside the data set names the holder and when it was last alive.

Where the store compares before it writes (see `Url.swap`), of two drivers exactly one gets the lock, and one that lost
it can never take it back by a late heartbeat. Elsewhere the last to write has it, as all see when they read again a
moment later.

A holder on this machine is dead when its process is gone. One elsewhere is dead when its last heartbeat is older than
`lock.STALE` seconds by this machine's clock, and no other comes while it is watched: clocks may differ.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from generator.base.errors import DatasetError
from generator.dataset.places import Url
from generator.farm import lock
from generator.farm.lock import alive, beating, lock_path, near, refusal, same, signature

SETTLE = 1.0  # seconds after which every reader of a store sees what was written


@dataclass
class Lease:
    """The right to write below a URL."""

    url: Url
    lost: bool = False
    _tag: str = ""  # version of what this driver wrote last

    @contextmanager
    def held(self, also: Callable[[], None] = lambda: None) -> Iterator["Lease"]:
        """For as long as the block runs; `also` is called with every heartbeat. Raises DatasetError when another driver
        has it."""
        self._take()

        def beat() -> None:
            self._renew()
            also()

        try:
            with beating(beat):
                yield self
        finally:
            with suppress(DatasetError):
                self._write({})

    def refuse_lost(self) -> None:
        """Raise DatasetError when another driver has taken over, since this one was silent for too long."""
        if self.lost:
            raise refusal(str(self.url), self.read()[0])

    def read(self) -> tuple[dict[str, Any], str]:
        """What the holder wrote last, and its version; nothing when nobody holds it."""
        path, data, before = lock_path(self.url), b"", None
        try:
            tag = path.version()[0]
            while tag != before:  # what is read is of this version if no other came meanwhile
                before, data, tag = tag, path.read_bytes(), path.version()[0]
        except FileNotFoundError:
            return {}, ""
        with suppress(ValueError):
            found = json.loads(data)
            return (found if isinstance(found, dict) else {}), tag
        return {}, tag

    def _take(self) -> None:
        holder, self._tag = self.read()
        if holder and not same(holder, signature()) and (alive(holder) or self._stirs(holder)):
            raise refusal(str(self.url), holder)
        if self._write(signature()):
            time.sleep(SETTLE)
        if not same(found := self.read()[0], signature()):
            raise refusal(str(self.url), found)

    def _stirs(self, holder: dict[str, Any]) -> bool:
        """Whether a holder elsewhere, who seems to be dead, is heard of while it is watched."""
        if near(holder):
            return False
        time.sleep(2.5 * lock.BEAT)
        return self.read()[1] != self._tag

    def _renew(self) -> None:
        self.lost = self.lost or not self._write(signature())

    def _write(self, data: dict[str, Any]) -> bool:
        """Whether the lock was and is this driver's, or was nobody's."""
        tag = lock_path(self.url).swap(json.dumps(data).encode(), self._tag)
        if tag is None:  # it may be that an answer was lost, and the client wrote twice
            holder, tag = self.read()
            if not same(holder, signature()):
                return False
        self._tag = tag
        return True
