"""A shard: an uncompressed tar of frames in WebDataset's convention, a Parquet file with their records, and the hashes
of both.

The records are written last: **a shard exists if and only if its records file exists**. What lies there without one is
what an interrupted worker left, and is overwritten. Writing the same frames again gives the same bytes.
"""

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.dataset import parts, quarantine
from generator.dataset.atomic import Hashing, write_bytes, write_with
from generator.dataset.places import Place, Url, entries, read_ranges, version
from generator.dataset.quarantine import Evidence
from generator.dataset.records import FrameRecord, instance_record, key_of, to_parquet

P = TypeVar("P", Path, Url, Place)
Spans = dict[str, tuple[int, int]]  # offset and length of every part


def tar_path(folder: P, shard: int) -> P:
    return folder / f"shard-{shard:05d}.tar"


def records_path(folder: P, shard: int) -> P:
    return folder / f"shard-{shard:05d}.parquet"


def hashes_path(folder: P, shard: int) -> P:
    """As sha256sum writes and checks them: of the shard's files, and of what all shards share."""
    return folder / f"shard-{shard:05d}.sha256"


class ShardWriter:
    """Collects frames in memory, in any order, and commits them as one shard, in the order of their keys. `store` holds
    the meshes, where `labels` are asked for that are measured on them."""

    def __init__(self, folder: Path, shard: int, labels: Iterable[str], store: AssetStore | None = None) -> None:
        self.folder, self.shard, self.labels, self.store = Path(folder), shard, tuple(labels), store
        self._parts: dict[str, dict[str, bytes]] = {}
        self._evidence: dict[str, dict[str, bytes]] = {}
        self._records: dict[str, FrameRecord] = {}

    def add(
        self,
        split: str,
        frame: Frame,
        sample: SceneSample,
        *,
        facts: Mapping[str, float],
        tags: Iterable[str] = (),
        planned: Iterable[str] = (),
        audit: Mapping[str, float] | None = None,
    ) -> FrameRecord:
        """A good frame. `facts` and `tags` are those measured on it, `planned` the tags that the plan expected."""
        pieces = parts.encode(frame, sample, self.labels, audit or {}, self.store)
        record = replace(
            self._name(split, sample),
            crc=_checksum(pieces),
            tags=tuple(tags),
            planned=tuple(planned),
            facts=dict(facts),
            audit=dict(audit or {}),
            instances=tuple(map(instance_record, frame.instances)),
        )
        self._parts[record.key] = pieces
        return self._keep(record)

    def reject(
        self,
        split: str,
        sample: SceneSample,
        reason: str,
        *,
        planned: Iterable[str] = (),
        audit: Mapping[str, float] | None = None,
        evidence: Evidence | None = None,
    ) -> FrameRecord:
        """A frame that goes to quarantine: its reason is recorded, its pixels are no part of the data. What there is to
        look at goes to ``quarantine/KEY/``."""
        record = replace(self._name(split, sample), planned=tuple(planned), audit=dict(audit or {}), quarantine=reason)
        self._keep(record)
        self._evidence[record.key] = quarantine.files(sample, reason, record.audit, evidence)
        return record

    def give_up(
        self, split: str, index: int, seed: int, size: tuple[int, int], reason: str, planned: Iterable[str] = ()
    ) -> FrameRecord:
        """As `reject`, for a frame (`size`: width, height) that cannot even be sampled without harm."""
        name = FrameRecord(key_of(split, index), split, index, seed, self.shard, *size)
        return self._keep(replace(name, planned=tuple(planned), quarantine=reason))

    @property
    def records(self) -> tuple[FrameRecord, ...]:
        """What has been collected, by key."""
        return tuple(self._records[key] for key in sorted(self._records))

    def withdraw(self, key: str, reason: str) -> None:
        """Send a good frame to quarantine after all: its scene's other views are there. No evidence is kept of it."""
        record = self._records[key]
        del self._parts[key]
        name = FrameRecord(key, record.split, record.index, record.seed, self.shard, record.width, record.height)
        self._records[key] = replace(name, planned=record.planned, audit=record.audit, quarantine=reason)

    def absorb(self, other: "ShardWriter") -> None:
        """Frames that were collected apart for the same shard."""
        for record in other._records.values():
            self._keep(record)
        self._parts |= other._parts
        self._evidence |= other._evidence

    def commit(self) -> Path:
        """Writes quarantine, tar, hashes, then records, whose path is returned. Until then nothing is on the disk."""
        path, records = records_path(self.folder, self.shard), self._encoded()
        hashes = {path.name: hashlib.sha256(records).hexdigest(), **shared_hashes(self.folder)}
        for key in sorted(self._records):
            hashes |= quarantine.write(self.folder, key, self._evidence.get(key, {}))
        tar, hashing = tar_path(self.folder, self.shard), Hashing()
        write_with(tar, lambda file: self._write_tar(hashing.around(file)))
        hashes[tar.name] = hashing.hexdigest()
        write_bytes(hashes_path(self.folder, self.shard), sums(hashes))
        write_bytes(path, records)
        return path

    def _encoded(self) -> bytes:
        """Records that know where in the tar their parts will be."""
        placed, offset = list[FrameRecord](), 0
        for key in sorted(self._records):
            sizes = {name: len(data) for name, data in sorted(self._parts.get(key, {}).items())}
            placed.append(replace(self._records[key], offset=offset, sizes=sizes))
            offset = max((_ending(start + size) for start, size in spans(placed[-1]).values()), default=offset)
        return to_parquet(placed)

    def _name(self, split: str, sample: SceneSample) -> FrameRecord:
        key = key_of(split, sample.index)
        return FrameRecord(key, split, sample.index, sample.seed, self.shard, sample.width, sample.height)

    def _keep(self, record: FrameRecord) -> FrameRecord:
        if record.key in self._records:
            raise ValueError(f"{record.key} is added twice to shard {self.shard}")
        self._records[record.key] = record
        return record

    def _write_tar(self, file: object) -> None:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[call-overload]
            for key, pieces in sorted(self._parts.items()):
                for name, data in sorted(pieces.items()):
                    member = tarfile.TarInfo(f"{key}.{name}")
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))


def spans(record: FrameRecord) -> Spans:
    """Where in the tar each part of a frame is: USTAR puts a header before every file and fills up its last block."""
    found, offset = Spans(), record.offset
    for name in sorted(record.sizes):
        start = offset + tarfile.BLOCKSIZE
        found[name] = (start, record.sizes[name])
        offset = _ending(start + record.sizes[name])
    return found


def _ending(offset: int) -> int:
    return -(-offset // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def shared_hashes(folder: Path) -> dict[str, str]:
    """Hashes of what lies in a data set before its first shard does: what it is made of, and its plans."""
    return {path.name: _hash(path, *version(path)) for path in shared_files(folder)}


@lru_cache(maxsize=64)
def _hash(path: Place, changed: str, size: int) -> str:
    """SHA-256 of a file, read again only after a change: every shard's commit asks for that of a long plan."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shared_files(folder: Place) -> list[Place]:
    notes = [folder / f"{name}.json" for name in ("manifest", "asked", "calibration")]
    found = [*notes, *entries(folder, "plan-*.json")]
    return [path for path in found if path.is_file()]


def sums(hashes: Mapping[str, str]) -> bytes:
    """Lines of sha256sum, by name."""
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()


def read_frame(folder: Place, record: FrameRecord) -> tuple[Frame, SceneSample]:
    """One frame, whole and checked. DatasetError names the shard and the frame when they are damaged or missing."""
    pieces = read_parts(folder, record)
    if _checksum(pieces) != record.crc:
        raise _damaged(folder, record, "its checksum is wrong")
    try:
        return parts.decode(pieces)
    except (KeyError, ValueError, OSError) as error:
        raise _damaged(folder, record, f"{type(error).__name__}: {error}") from error


def read_parts(folder: Place, record: FrameRecord, names: Iterable[str] | None = None) -> dict[str, bytes]:
    """Raw parts of one frame by name (``rgb.png``, ...): all of them, or those of `names` that were kept.

    Only their own bytes are read; the checksum of the frame is not verified."""
    return read_many(folder, [record], names)[record.key]


def read_many(
    folder: Place, records: Sequence[FrameRecord], names: Iterable[str] | None = None
) -> dict[str, dict[str, bytes]]:
    """As `read_parts`, of several frames of one shard, by key."""
    path, record = tar_path(folder, records[0].shard), records[0]
    kept, asked, ranges = None if names is None else set(names), list[tuple[str, str]](), list[tuple[int, int]]()
    try:
        for record in records:
            found = spans(record) or _index(path, *version(path)).get(record.key, {})
            if not found:
                raise _damaged(folder, record, "the frame is not in the tar")
            wanted = sorted(found.keys() if kept is None else found.keys() & kept)
            asked += [(record.key, name) for name in wanted]
            ranges += [found[name] for name in wanted]
        result: dict[str, dict[str, bytes]] = {record.key: {} for record in records}
        for (key, name), data in zip(asked, read_ranges(path, ranges), strict=True):
            result[key][name] = data
        return result
    except (OSError, tarfile.TarError, EOFError) as error:
        raise _damaged(folder, record, str(error)) from error


@lru_cache(maxsize=64)
def _index(path: Place, changed: str, size: int) -> dict[str, Spans]:
    """Spans by key, for records that do not hold them. `changed` and `size` keep a rewritten tar from an old index."""
    index: dict[str, Spans] = {}
    end = 0
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            key, _, name = member.name.partition(".")
            index.setdefault(key, {})[name] = (member.offset_data, member.size)
            end = max(end, member.offset_data + member.size)
    if end + 2 * tarfile.BLOCKSIZE > size:
        raise tarfile.ReadError(f"the file ends at byte {size}, in the midst of its data")
    return index


def _checksum(pieces: Mapping[str, bytes]) -> int:
    crc = 0
    for name, data in sorted(pieces.items()):
        crc = zlib.crc32(data, zlib.crc32(name.encode(), crc))
    return crc


def _damaged(folder: Place, record: FrameRecord, why: str) -> DatasetError:
    tar, records = tar_path(folder, record.shard), records_path(folder, record.shard)
    return DatasetError(f"{tar}: {record.key}: {why}; delete {records.name} and run again to repaint this shard")
