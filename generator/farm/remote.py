"""A data set on any file system that fsspec knows: ``s3://bucket/run``. A local folder is its staging area and copy.

Object stores replace a whole object or nothing; elsewhere a file is uploaded beside its place and moved there. As on a
disk, a shard's records go last: **a shard exists if and only if its records are there**. Uploading again changes
nothing.
"""

import json
import os
import posixpath
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from generator.base.errors import DatasetError
from generator.dataset.quarantine import QUARANTINE
from generator.dataset.shards import hashes_path, records_path, tar_path
from generator.farm.lock import alive, beating, refusal, signature

OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"}
LOCK = ".lock"
T = TypeVar("T")


@dataclass(frozen=True)
class Remote:
    """A folder at a URL. Credentials come from where the file system's own library looks for them."""

    url: str

    @cached_property
    def _place(self) -> tuple[Any, str]:
        import fsspec

        return self._try(lambda: fsspec.core.url_to_fs(self.url))

    def names(self) -> set[str]:
        """Names of all files there; empty when the folder does not exist."""
        fs, root = self._place

        def listed() -> set[str]:
            fs.invalidate_cache()
            try:
                return {posixpath.basename(path) for path in fs.ls(root, detail=False)}
            except FileNotFoundError:
                return set()

        return self._try(listed)

    def publish(self, folder: Path, shard: int, keep: bool = True) -> None:
        """Upload a committed shard with what it has in quarantine, its records last; the local files are removed unless
        they are to be kept."""
        hashed = hashes_path(folder, shard)
        rejected = [line.split("  ", 1)[1] for line in hashed.read_text().splitlines() if f"  {QUARANTINE}/" in line]
        files = [*(folder / name for name in rejected), tar_path(folder, shard), hashed, records_path(folder, shard)]
        for path in files:
            self.put(path, str(path.relative_to(folder)))
        for path in () if keep else reversed(files):
            path.unlink(missing_ok=True)

    def rejected(self) -> set[str]:
        """Paths below the folder of everything in quarantine."""
        fs, root = self._place
        inside = f"{root}/{QUARANTINE}"
        return self._try(lambda: {path[path.index(root) + len(root) + 1 :] for path in fs.find(inside)})

    def put(self, path: Path, name: str = "") -> None:
        """Upload one file, under its own name or a path below the folder, whole or not at all."""
        fs, root = self._place
        name = f"{root}/{name or path.name}"

        def upload() -> None:
            if OBJECT_STORES & set((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol):
                fs.put_file(str(path), name)
            else:
                temporary = posixpath.join(posixpath.dirname(name), f".{path.name}.tmp")
                fs.makedirs(posixpath.dirname(name), exist_ok=True)
                fs.put_file(str(path), temporary)
                fs.mv(temporary, name)

        self._try(upload)

    def fetch(self, name: str, folder: Path) -> None:
        """Download one file, whole or not at all."""
        fs, root = self._place
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
        self._try(lambda: fs.get_file(f"{root}/{name}", str(temporary)))
        temporary.replace(path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one driver at a time, by heartbeat alone: object stores have no locks. Of two that start within the same
        second, the one that wrote last goes on. Raises DatasetError."""
        mine = signature()
        if (holder := self._holder()) and not _same(holder, mine) and alive(holder):
            raise refusal(self.url, holder)
        with beating(lambda: self._write(LOCK, signature())):
            time.sleep(1.0)
            if not _same(holder := self._holder(), mine):
                raise refusal(self.url, holder)
            yield
        self._write(LOCK, {})

    def _holder(self) -> dict[str, Any]:
        fs, root = self._place
        try:
            found = json.loads(fs.cat_file(f"{root}/{LOCK}"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, name: str, data: dict[str, Any]) -> None:
        folder = Path(tempfile.mkdtemp())
        try:
            (folder / name).write_text(json.dumps(data))
            self.put(folder / name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _try(self, act: Callable[[], T]) -> T:
        """Raises DatasetError for what the file system says: no bucket, no permission, no driver for the URL."""
        try:
            return act()
        except (OSError, ValueError, ImportError) as error:
            raise DatasetError(
                f"{self.url}: {type(error).__name__}: {error}; check the address, the network and the credentials, and "
                "run again: what was uploaded is kept"
            ) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("botocore", "aiobotocore", "gcsfs", "azure", "aiohttp"):
                raise
            raise DatasetError(f"{self.url}: {error}; check the credentials (nothing is half-written)") from error


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("host", "pid"))
