"""Where a data set lies: a folder, or a URL of any file system that fsspec knows, such as ``s3://bucket/run/dataset``.

A `Url` has as much of `pathlib.Path` as a data set needs, so that whoever reads one need not ask which it is.
"""

import io
import posixpath
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

from generator.base.errors import DatasetError

OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"}
CLIENTS = {"botocore", "aiobotocore", "gcsfs", "azure", "aiohttp"}  # whose errors are no OSErrors
CONDITIONAL = {"s3", "s3a"}
OUTRUN = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
VERSIONS = ("ETag", "etag", "generation", "mtime", "last_modified", "LastModified", "created")  # as stores call them
AT_ONCE = 16  # requests to a store at a time
GAP, REQUEST = 64_000, 8_000_000  # bytes read in vain rather than asked for anew; most bytes of one request
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, order=True)
class Url:
    """A file or folder at a URL. Credentials come from where the file system's own library looks for them.

    A missing file is a FileNotFoundError, as of a path; whatever else the file system says becomes a DatasetError.
    """

    address: str

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> "Url":
        return Url(f"{self.address}/{name}")

    @property
    def name(self) -> str:
        return posixpath.basename(self.address)

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> "Url":
        return Url(posixpath.dirname(self.address))

    def relative_to(self, other: "Url") -> PurePosixPath:
        return PurePosixPath(self.address.removeprefix(f"{other.address}/"))

    @property
    def system(self) -> tuple[Any, str]:
        """The file system, made once per process by fsspec, and the path in it. Nothing listed is remembered."""
        import fsspec

        return self.asking(lambda: fsspec.core.url_to_fs(self.address, use_listings_cache=False))

    def exists(self) -> bool:
        return self._kind() != ""

    def is_file(self) -> bool:
        return self._kind() == "file"

    def is_dir(self) -> bool:
        return self._kind() == "directory"

    def version(self) -> tuple[str, int]:
        """Something that changes with the content, and the size in bytes."""
        fs, path = self.system
        facts = self.asking(lambda: fs.info(path))
        found = next((facts[name] for name in VERSIONS if facts.get(name)), None)
        return str(found or self.asking(lambda: fs.checksum(path))), facts["size"]

    def iterdir(self) -> Iterator["Url"]:
        fs, path = self.system
        for found in self.asking(lambda: fs.ls(path, detail=False)):
            yield self / posixpath.basename(found.rstrip("/"))

    def glob(self, pattern: str) -> Iterator["Url"]:
        """Of names in this very folder; nothing where there is none."""
        try:
            yield from [one for one in self.iterdir() if fnmatchcase(one.name, pattern)]
        except FileNotFoundError:
            return

    def rglob(self, pattern: str) -> Iterator["Url"]:
        """Files in this folder and below; an object store has no folders that could be found."""
        fs, path = self.system
        for found in self.asking(lambda: fs.find(path)):
            below = self / found[found.index(path) + len(path) + 1 :]
            if fnmatchcase(below.name, pattern):
                yield below

    def read_bytes(self) -> bytes:
        fs, path = self.system
        data: bytes = self.asking(lambda: fs.cat_file(path))
        return data

    def read_text(self, encoding: str = "utf-8") -> str:
        return self.read_bytes().decode(encoding)

    def open(self, mode: Literal["rb"] = "rb") -> io.BufferedReader:
        """For reading in order, a few megabytes at a time."""
        fs, path = self.system
        file: io.BufferedReader = self.asking(lambda: fs.open(path, mode))
        return file

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """Offsets and lengths, all asked for at once; what lies close together, in one request."""
        fs, path = self.system
        spans = together(ranges)
        starts, ends = zip(*spans, strict=True) if spans else ((), ())
        blocks = self.asking(lambda: fs.cat_ranges([path] * len(spans), [*starts], [*ends], on_error="raise"))
        found = []
        for offset, length in ranges:
            block = bisect_right(starts, offset) - 1
            found.append(blocks[block][offset - starts[block] : offset - starts[block] + length])
        return found

    def write_bytes(self, data: bytes) -> None:
        """The whole file or nothing: object stores do so anyway; elsewhere it is written beside and moved."""
        self._place(lambda fs, path: fs.pipe_file(path, data))

    def upload(self, file: Path) -> None:
        """As `write_bytes`, from a file on the disk."""
        self._place(lambda fs, path: fs.put_file(str(file), path))

    def swap(self, data: bytes, seen: str) -> str | None:
        """Write if the file's version is still `seen` ("": there is none). The new version, None when it is another.

        S3 and what speaks its language compares and writes in one step (``If-Match``, ``If-None-Match``); elsewhere
        another writer may come in between.
        """
        fs, path = self.system
        if not CONDITIONAL & protocols(fs):
            if (self.version()[0] if self.exists() else "") != seen:
                return None
            self.write_bytes(data)
            return self.version()[0]

        def put() -> str | None:
            try:
                condition = {"IfMatch": seen} if seen else {"IfNoneMatch": "*"}
                return str(fs.pipe_file(path, data, **condition)["ETag"])
            except OSError as error:
                answer = getattr(error.__cause__, "response", {})
                if answer.get("Error", {}).get("Code") in OUTRUN:
                    return None
                raise

        try:
            return self.asking(put)
        except FileNotFoundError as error:
            raise self._refused(error) from error

    def unlink(self) -> None:
        fs, path = self.system
        self.asking(lambda: fs.rm_file(path))

    def download(self, file: Path) -> None:
        """To a file on the disk, which others may see half-written."""
        fs, path = self.system
        self.asking(lambda: fs.get_file(path, str(file)))

    def asking(self, act: Callable[[], T]) -> T:
        """Call the file system. Raises FileNotFoundError, or DatasetError for whatever else it says."""
        try:
            return act()
        except FileNotFoundError:
            raise
        except Exception as error:
            known = isinstance(error, (OSError, ValueError, ImportError))
            if not known and type(error).__module__.partition(".")[0] not in CLIENTS:
                raise
            raise self._refused(error) from error

    def _place(self, put: Callable[[Any, str], object]) -> None:
        fs, path = self.system

        def whole() -> None:
            if OBJECT_STORES & protocols(fs):
                put(fs, path)
            else:
                fs.makedirs(posixpath.dirname(path), exist_ok=True)
                put(fs, temporary := posixpath.join(posixpath.dirname(path), f".{self.name}.tmp"))
                fs.mv(temporary, path)

        try:
            self.asking(whole)
        except FileNotFoundError as error:
            raise self._refused(error) from error

    def _kind(self) -> str:
        fs, path = self.system
        try:
            return str(self.asking(lambda: fs.info(path))["type"])
        except FileNotFoundError:
            return ""

    def _refused(self, error: Exception) -> DatasetError:
        return DatasetError(
            f"{self}: {type(error).__name__}: {error}; check the address, the network and the credentials, and run "
            "again: what was uploaded is kept"
        )


def together(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Starts and ends of requests for these offsets and lengths: a short gap costs less than another request."""
    spans: list[tuple[int, int]] = []
    for offset, length in sorted(ranges):
        start, end = spans[-1] if spans else (offset, offset)
        if spans and offset - end <= GAP and offset + length - start <= REQUEST:
            spans[-1] = (start, max(end, offset + length))
        else:
            spans.append((offset, offset + length))
    return spans


def protocols(fs: Any) -> set[str]:
    return {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)


Place = Path | Url


def place(text: "str | Path | Url") -> Place:
    """What a user wrote, as a folder or a URL."""
    if isinstance(text, (Path, Url)):
        return text
    return Url(text.rstrip("/")) if "://" in text else Path(text)


def entries(folder: Place, pattern: str) -> list[Place]:
    """What is in a folder, sorted by name; nothing where there is none."""
    found: list[Place] = [*folder.glob(pattern)]
    return sorted(found, key=str)


def at_once(folder: Place, act: Callable[[S], T], over: Iterable[S]) -> list[T]:
    """Results of `act` in order. At a URL, several are waited for at a time."""
    if not isinstance(folder, Url):
        return [act(one) for one in over]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, over))


def read_ranges(file: Place, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
    """Bytes of a file by offset and length. Raises EOFError where it ends before that."""
    if isinstance(file, Url):
        found = file.read_ranges(ranges)
    else:
        with open(file, "rb", buffering=0) as opened:
            found = [_read(opened, offset, length) for offset, length in ranges]
    for data, (offset, length) in zip(found, ranges, strict=True):
        if len(data) != length:
            raise EOFError(f"the file ends at byte {offset + len(data)}, in the midst of its data")
    return found


def _read(file: io.FileIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length) or b""


def version(file: Place) -> tuple[str, int]:
    """Something that changes when a file is replaced, and its size in bytes."""
    if isinstance(file, Url):
        return file.version()
    status = file.stat()
    return str(status.st_mtime_ns), status.st_size
