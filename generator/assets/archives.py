"""Unpacking what strangers packed: nothing leaves its folder, nothing grows without bound, nothing is executed."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from generator.base.errors import AssetError

FILES = 20_000
BYTES = 8 * 2**30
CHUNK = 2**20
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2")
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
           NotImplementedError, RuntimeError)  # fmt: skip
Member = tuple[str, Callable[[], IO[bytes]]]


def is_archive(path: Path) -> bool:
    """By name: what `unpack` reads."""
    return path.is_file() and path.name.lower().endswith(ARCHIVES)


def unpack(archive: Path, folder: Path, files: int = FILES, size: int = BYTES) -> list[Path]:
    """Write the plain files of an archive below `folder` and return their paths; links and devices are left out.

    Raises AssetError for a name that leads outside the folder, for more than `files` files or `size` bytes (counted
    while writing: an archive may lie about its sizes), and for a damaged archive.
    """
    written, left = [], size
    try:
        with members(archive) as found:
            for number, (name, stream) in enumerate(found):
                if number >= files:
                    raise AssetError(f"{archive}: holds more than {files} files")
                target = inside(folder, name, archive)
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= copied(stream, target, left, archive, size)
                written.append(target)
    except DAMAGED as error:
        raise AssetError(f"{archive}: cannot be unpacked ({error})") from error
    return written


@contextmanager
def members(archive: Path) -> Iterator[Iterator[Member]]:
    """Names and openers of the plain files in a zip or tar."""
    if archive.suffix.lower() == ".zip":
        with zipfile.ZipFile(archive) as pack:
            plain = (i for i in pack.infolist() if not i.is_dir() and not stat.S_ISLNK(i.external_attr >> 16))
            yield ((info.filename, lambda info=info: pack.open(info)) for info in plain)  # type: ignore[misc]
        return
    with tarfile.open(archive) as tar:
        yield ((m.name, lambda m=m: tar.extractfile(m)) for m in tar if m.isreg())  # type: ignore[misc]


def inside(folder: Path, name: str, archive: Path) -> Path:
    """Where a member goes. Raises AssetError when that is not below the folder."""
    pure = PurePosixPath(name.replace("\\", "/"))
    if pure.is_absolute() or ".." in pure.parts or ":" in name or "\0" in name:
        raise AssetError(f"{archive}: {name!r} leads outside of its folder; the archive is not to be trusted")
    return folder.joinpath(*pure.parts)


def copied(open_member: Callable[[], IO[bytes]], target: Path, left: int, archive: Path, size: int) -> int:
    """Bytes written, at most `left`."""
    total = 0
    with open_member() as source, target.open("xb") as sink:
        while chunk := source.read(CHUNK):
            total += len(chunk)
            if total > left:
                raise AssetError(f"{archive}: unpacks to more than {size / 2**30:.3g} GiB")
            sink.write(chunk)
    return total
