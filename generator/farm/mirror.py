"""The folder that a driver works in, and the URL that its data set is at, if any: then the folder is for staging."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from generator.base.errors import DatasetError
from generator.dataset.places import Place, at_once
from generator.dataset.shards import records_path, tar_path
from generator.farm.lease import Lease
from generator.farm.remote import Remote
from generator.farm.status import STATUS

_RECORDS = re.compile(r"shard-(\d+)\.parquet")
_NOTES = re.compile(r"manifest\.json|asked\.json|calibration\.json|plan-\w+\.json|queue-\d+\.parquet")


@dataclass
class Mirror:
    """Without a remote, the folder is the data set and nothing is copied."""

    folder: Path
    remote: Remote | None
    lease: Lease | None = None
    _told: int = field(default=0, repr=False)  # when the status that was uploaded last had been written, ns

    @staticmethod
    @contextmanager
    def open(folder: Path, url: str) -> "Iterator[Mirror]":
        """Locked for other drivers, on whatever machine; with every heartbeat the status is uploaded."""
        if not url:
            yield Mirror(folder, None)
            return
        lease = Lease(Remote(url).place)
        mirror = Mirror(folder, Remote(url), lease)
        with lease.held(mirror.push_status):
            try:
                yield mirror
            finally:
                mirror.push_status()

    @property
    def place(self) -> Place:
        """Where committed shards are."""
        return self.remote.place if self.remote else self.folder

    def committed(self) -> set[int]:
        """Numbers of the shards that are there for good."""
        return numbers(self._names())

    def disown(self) -> list[int]:
        """Remove the records of shards without frames, so that they are painted anew; their numbers. It takes one
        listing: a shard's tar is there before its records are."""
        names = self._names()
        lost = [number for number in sorted(numbers(names)) if tar_path(self.folder, number).name not in names]
        at_once(self.place, lambda number: records_path(self.place, number).unlink(), lost)
        return lost

    def pull_notes(self) -> None:
        """Bring what any session noted."""
        if self.remote:
            for name in filter(_NOTES.fullmatch, sorted(self.remote.names())):
                self.remote.fetch(name, self.folder)

    def leftovers(self) -> list[int]:
        """Committed shards that an interrupted session had not uploaded."""
        if not self.remote:
            return []
        lacking = numbers({path.name for path in self.folder.iterdir()}) - self.committed()
        return [number for number in sorted(lacking) if tar_path(self.folder, number).exists()]

    def push_leftovers(self) -> None:
        """Upload them, once it is sure that they belong to what is at the URL."""
        if self.remote:
            for number in self.leftovers():
                self.remote.publish(self.folder, number)

    def push_notes(self) -> None:
        """Upload the notes that are not there."""
        there = self.remote.names() if self.remote else set()
        for path in sorted(self.folder.iterdir()) if self.remote else ():
            if _NOTES.fullmatch(path.name) and path.name not in there:
                self.push(path)

    def push(self, path: Path) -> None:
        self.refuse_lost()
        if self.remote:
            self.remote.put(path)

    def push_status(self) -> None:
        """What a running farm shows to others. No matter where that fails: it is for people only."""
        with suppress(OSError, DatasetError):
            written = (self.folder / STATUS).stat().st_mtime_ns
            if self.remote and written != self._told:
                self.remote.put(self.folder / STATUS)
                self._told = written

    def refuse_lost(self) -> None:
        """Raise DatasetError when another driver has taken over the URL."""
        if self.lease:
            self.lease.refuse_lost()

    def _names(self) -> set[str]:
        return self.remote.names() if self.remote else {path.name for path in self.folder.iterdir()}


@lru_cache(maxsize=4)
def bring_notes(remote: Remote, folder: Path) -> None:
    """Download the notes, once per process: the folder may hold those of another run."""
    for name in sorted(remote.names()):
        if _NOTES.fullmatch(name):
            remote.fetch(name, folder)


def numbers(names: set[str]) -> set[int]:
    return {int(found[1]) for name in names if (found := _RECORDS.fullmatch(name))}
