"""The folder that a driver works in, and the URL that it is a copy of, if any."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.farm.remote import Remote

_RECORDS = re.compile(r"shard-(\d+)\.parquet")
_NOTES = re.compile(r"manifest\.json|asked\.json|plan-\w+\.json|queue-\d+\.parquet|painting\.json")


@dataclass(frozen=True)
class Mirror:
    """Without a remote, the folder is the data set and nothing is copied."""

    folder: Path
    remote: Remote | None

    @staticmethod
    @contextmanager
    def open(folder: Path, url: str) -> "Iterator[Mirror]":
        """Locked for other drivers, on whatever machine."""
        if not url:
            yield Mirror(folder, None)
            return
        remote = Remote(url)
        with remote.locked():
            yield Mirror(folder, remote)

    def committed(self) -> set[int]:
        """Numbers of the shards that are there for good."""
        return numbers(self.remote.names()) if self.remote else self._local()

    def pull_notes(self) -> None:
        """Before anything else: bring what an earlier session noted elsewhere, then upload what was not uploaded."""
        if self.remote is None:
            return
        there = self.remote.names()
        for name in sorted(there):
            if _NOTES.fullmatch(name) or _RECORDS.fullmatch(name):
                bring(self.remote, self.folder, name)
        for number in sorted(self._local() - numbers(there)):
            self.remote.publish(self.folder, number)

    def push_notes(self) -> None:
        """Upload every note there is."""
        for path in sorted(self.folder.iterdir()) if self.remote else ():
            if _NOTES.fullmatch(path.name):
                self.push(path)

    def push(self, path: Path) -> None:
        if self.remote:
            self.remote.put(path)

    def pull_shards(self) -> None:
        """Bring shards that other machines painted: what follows reads them here. Then upload the notes."""
        if self.remote is None:
            return
        shards = {name for name in self.remote.names() if name.startswith("shard-")}
        for name in sorted(shards, key=lambda name: (name.endswith(".parquet"), name)):
            bring(self.remote, self.folder, name)
        for name in sorted(self.remote.rejected()):
            bring(self.remote, self.folder, name)
        self.push_notes()

    def _local(self) -> set[int]:
        return numbers({path.name for path in self.folder.iterdir()})


def bring_notes(remote: Remote, folder: Path) -> None:
    """Download the notes that are not in the folder."""
    if not (folder / "manifest.json").exists():
        for name in sorted(remote.names()):
            if _NOTES.fullmatch(name):
                bring(remote, folder, name)


def bring(remote: Remote, folder: Path, name: str) -> None:
    if not (folder / name).exists():
        remote.fetch(name, folder)


def numbers(names: set[str]) -> set[int]:
    return {int(found[1]) for name in names if (found := _RECORDS.fullmatch(name))}
