"""What a driver and its workers do at a URL: ``s3://bucket/run``. A local folder is the staging area.

As on a disk, a shard's records go last: **a shard exists if and only if its records are there**. Uploading again
changes nothing.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from generator.dataset.places import Url
from generator.dataset.quarantine import QUARANTINE
from generator.dataset.shards import hashes_path, records_path, tar_path


@dataclass(frozen=True)
class Remote:
    """A folder at a URL."""

    url: str

    @property
    def place(self) -> Url:
        return Url(self.url)

    def names(self) -> set[str]:
        """Names of all files there; empty when the folder does not exist."""
        return {one.name for one in self.place.glob("*")}

    def publish(self, folder: Path, shard: int) -> None:
        """Upload a committed shard with what it has in quarantine, its records last; then remove the local files."""
        hashed = hashes_path(folder, shard)
        rejected = [line.split("  ", 1)[1] for line in hashed.read_text().splitlines() if f"  {QUARANTINE}/" in line]
        files = [*(folder / name for name in rejected), tar_path(folder, shard), hashed, records_path(folder, shard)]
        for path in files:
            self.put(path, path.relative_to(folder).as_posix())
        for path in reversed(files):
            path.unlink(missing_ok=True)

    def put(self, path: Path, name: str = "") -> None:
        """Upload one file, under its own name or a path below the folder, whole or not at all."""
        (self.place / (name or path.name)).upload(path)

    def fetch(self, name: str, folder: Path) -> None:
        """Download one file, whole or not at all."""
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
        (self.place / name).download(temporary)
        temporary.replace(path)
