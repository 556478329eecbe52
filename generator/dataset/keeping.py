"""Frames at a URL, kept on the local disk once they were read: training reads each many times, in random order."""

import errno
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from generator.base.errors import DatasetError
from generator.dataset.places import Url
from generator.dataset.records import FrameRecord
from generator.dataset.shards import Spans, read_many, read_parts


class Kept:
    """Parts of frames. The first read of a frame brings all that is wanted of its shard in few requests.

    They lie in a file without a name in the temporary folder ($TMPDIR), which goes with the process. It never takes
    more than it leaves free there: half of what was free for one process, three quarters for three of them. From then
    on frames that are not in it are read one by one, each time anew.
    """

    def __init__(self, folder: Url, frames: Sequence[FrameRecord], names: Iterable[str]) -> None:
        self._asked = (folder, frames, tuple(names))
        self._shards: dict[int, list[FrameRecord]] = {}
        for frame in frames:
            self._shards.setdefault(frame.shard, []).append(frame)
        self._file = tempfile.TemporaryFile()
        weakref.finalize(self, self._file.close)
        self._spans: dict[str, Spans] = {}
        self._busy, self._end, self._full = threading.Lock(), 0, False

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process keeps its own."""
        return Kept, self._asked

    def read(self, record: FrameRecord) -> dict[str, bytes]:
        spans = self._spans.get(record.key)
        return self._bring(record) if spans is None else self._kept(spans)

    def _kept(self, spans: Spans) -> dict[str, bytes]:
        return {name: os.pread(self._file.fileno(), length, offset) for name, (offset, length) in spans.items()}

    def _bring(self, record: FrameRecord) -> dict[str, bytes]:
        with self._busy:
            if spans := self._spans.get(record.key):  # another thread was faster
                return self._kept(spans)
            folder, _, names = self._asked
            if self._full:
                return read_parts(folder, record, names)
            try:
                found = read_many(folder, self._shards[record.shard], names)
            except DatasetError:  # it may be another frame that is damaged
                return read_parts(folder, record, names)
            self._keep(found)
            return found[record.key]

    def _keep(self, found: Mapping[str, Mapping[str, bytes]]) -> None:
        """All of it, or as much as fits."""
        for key, pieces in found.items():
            try:
                if self._end + 2 * sum(map(len, pieces.values())) > free(self._file.fileno()):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._spans[key] = {name: self._append(data) for name, data in pieces.items()}
            except OSError:
                self._full = True
                break

    def _append(self, data: bytes) -> tuple[int, int]:
        offset, written = self._end, 0
        while written < len(data):
            written += os.pwrite(self._file.fileno(), data[written:], offset + written)
        self._end += len(data)
        return offset, len(data)


def free(file: int) -> int:
    """Bytes that are free where an open file lies."""
    there = os.fstatvfs(file)
    return there.f_bavail * there.f_frsize
