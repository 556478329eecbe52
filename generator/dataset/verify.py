"""`verify`: whether a data set is, byte for byte, what was painted."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

import pyarrow as pa
import pyarrow.parquet as pq

from generator.base.errors import DatasetError
from generator.dataset.places import Place, entries
from generator.dataset.quarantine import QUARANTINE
from generator.dataset.records import FrameRecord, from_table, key_of, read_parquet
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.shards import hashes_path, read_frame, records_path, shared_files, tar_path
from generator.dataset.store import Dataset

STATUS = ".status.json"  # of the farm while it runs: it says nothing of the data
LOG = "painting.json"  # grows with every session, so that nothing vouches for it
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
_SHARD = re.compile(r"shard-(\d{5,})\.(tar|parquet|sha256)")
Progress = Callable[[str, int, int, str], None]


@dataclass
class Verdict:
    """What was found: files and frames that were looked at, and what is wrong, each with its place and cure."""

    files: int = 0
    frames: int = 0
    quarantined: int = 0
    faults: list[str] = field(default_factory=list)


def verify(folder: Place, progress: Progress = lambda *_: None) -> Verdict:
    """Read every byte of a data set and compare it with the hashes its writers left. Raises DatasetError only when
    there is no data set.

    Found are files that were changed, are missing, or do not belong here, planned frames that no shard holds, and
    selections of frames that are not here. Of a changed shard the damaged frames are named. Not checked are the bytes
    of painting.json, the log.
    """
    opened, verdict = Dataset.open(folder), Verdict()
    look = _Look(opened.folder, verdict)
    numbers = sorted({int(m[1]) for p in opened.folder.iterdir() if (m := _SHARD.fullmatch(p.name))})
    for done, shard in enumerate(numbers, start=1):
        look.shard(shard)
        progress("verify", done, len(numbers), f"{len(verdict.faults)} faults")
    look.shared()
    look.planned()
    look.selection()
    look.log()
    look.foreign()
    return verdict


@dataclass
class _Look:
    """One pass over a folder. `known` are the paths that are accounted for, `vouched` the hashes that any shard gives
    for what all share, `keys` the recorded frames, quarantined ones apart."""

    folder: Place
    verdict: Verdict
    known: set[str] = field(default_factory=set)
    vouched: dict[str, set[str]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)

    def complain(self, words: str) -> None:
        self.verdict.faults.append(words)

    def shard(self, shard: int) -> None:
        """One shard's files against its hashes; frame by frame where those do not vouch for it."""
        records = records_path(self.folder, shard)
        self.known |= {p.name for p in (records, tar_path(self.folder, shard), hashes_path(self.folder, shard))}
        if not records.exists():
            return self.complain(f"{records}: is missing, so that the shard does not exist; run again to paint it")
        rows, hashes = self.rows(records), self.hashes(shard)
        own = {records.name, tar_path(self.folder, shard).name}
        own |= {name for name in hashes if name.startswith(f"{QUARANTINE}/")}
        sound = [self.vouch(name, hashes.get(name, "")) for name in sorted(own)]
        for name in sorted(hashes.keys() - own):
            self.vouched.setdefault(name, set()).add(hashes[name])
        if not all(sound):
            self.frames(rows)

    def rows(self, records: Place) -> list[FrameRecord]:
        try:
            rows = from_table(read_parquet(records))
        except (DatasetError, TypeError, ValueError) as error:
            self.complain(str(error))
            return []
        for row in rows:
            if row.key in self.keys | self.failed:
                self.complain(f"{records}: {row.key} is in another shard as well; delete one of them")
            (self.failed if row.quarantine else self.keys).add(row.key)
        self.verdict.frames, self.verdict.quarantined = len(self.keys), len(self.failed)
        return rows

    def hashes(self, shard: int) -> dict[str, str]:
        """By name; empty where they are missing or damaged, which is a fault of its own."""
        path = hashes_path(self.folder, shard)
        try:
            lines = path.read_bytes().decode("ascii").split("\n")
            found = {m[2]: m[1] for line in lines[:-1] if (m := _LINE.fullmatch(line))}
            if lines[-1] or len(found) != len(lines) - 1 or list(found) != sorted(found):
                raise ValueError("not as sha256sum writes it")
            return found
        except (OSError, ValueError) as error:
            why = "is missing" if isinstance(error, FileNotFoundError) else f"is damaged ({error})"
            self.complain(f"{path}: {why}, so that nothing vouches for this shard; delete its records and run again")
            return {}

    def vouch(self, name: str, hashed: str) -> bool:
        """Whether a file is there and has its hash."""
        path = self.folder / name
        self.known.add(name)
        if not path.is_file():
            self.complain(f"{path}: is missing; delete its shard's records and run again")
            return False
        self.verdict.files += 1
        if hashed and digest(path) != hashed:
            self.complain(f"{path}: is not what was written; delete its shard's records and run again")
            return False
        return bool(hashed)

    def frames(self, rows: list[FrameRecord]) -> None:
        for row in rows:
            try:
                if not row.quarantine:
                    read_frame(self.folder, row)
            except DatasetError as error:
                self.complain(str(error))

    def shared(self) -> None:
        """What lies beside the shards, as all of them know it."""
        for path in shared_files(self.folder):
            self.known.add(path.name)
            self.verdict.files += 1
            if self.vouched and self.vouched.get(path.name, set()) != {digest(path)}:
                self.complain(f"{path}: is not what every shard-*.sha256 says; restore it, or paint anew")
        for name in sorted(self.vouched.keys() - self.known):
            self.complain(f"{self.folder / name}: is missing; restore it, or paint anew")

    def planned(self) -> None:
        plans = entries(self.folder, "plan-*.json")
        keys = {key for path in plans for key in self.tickets(path)}
        for path in entries(self.folder, "queue-*.parquet"):  # the plans again, and what took the place of failures
            self.known.add(path.name)
            self.verdict.files += 1
            keys |= set(self.queued(path))
        recorded = self.keys | self.failed
        if plans and (gone := sorted(keys - recorded)):
            self.complain(f"{self.folder}: {len(gone)} planned frames are in no shard, {gone[0]} for one; run again")
        if plans and (more := sorted(recorded - keys)):
            self.complain(f"{self.folder}: {len(more)} frames are in no plan, {more[0]} for one; delete their shards")

    def tickets(self, path: Place) -> Iterator[str]:
        try:
            plan = json.loads(path.read_bytes())
            if isinstance(rows := plan["tickets"], dict):  # in columns, each index less the one before
                rows = [{"split": plan["split"], "index": index} for index in accumulate(rows["step"])]
            yield from [key_of(one["split"], one["index"]) for one in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.complain(f"{path}: is no plan ({type(error).__name__}: {error}); restore it, or paint anew")

    def queued(self, path: Place) -> Iterator[str]:
        try:
            table = pq.read_table(pa.BufferReader(path.read_bytes()))
            splits = list(json.loads(table.schema.metadata[b"queue"])["heads"])
            for split, index in zip(table["split"].to_pylist(), table["index"].to_pylist(), strict=True):
                yield key_of(splits[split], index)
        except (OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException) as error:
            self.complain(f"{path}: is no queue ({type(error).__name__}: {error}); restore it, or paint anew")

    def selection(self) -> None:
        path = self.folder / SELECTION
        if not path.exists():
            return
        self.known.add(path.name)
        self.verdict.files += 1
        try:
            chosen = Selection.load(path)
        except DatasetError as error:
            return self.complain(str(error))
        if gone := sorted({*chosen.kept, *chosen.dropped} - self.keys):
            self.complain(f"{path}: speaks of {len(gone)} frames that are not here, {gone[0]} for one; run `balance`")

    def log(self) -> None:
        path = self.folder / LOG
        if path.exists():
            self.known.add(path.name)
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                self.complain(f"{path}: is no JSON ({error}); delete it, it is only a log")

    def foreign(self) -> None:
        paths: list[Place] = sorted(self.folder.rglob("*"))
        for path in paths:
            name = path.relative_to(self.folder).as_posix()  # type: ignore[arg-type]  # both are of one kind
            if name in {*self.known, STATUS} or (path.is_dir() and (name == QUARANTINE or self.of_quarantine(name))):
                continue
            if path.name.startswith(".") and path.suffix == ".tmp":
                self.complain(f"{path}: was left by a writer that was interrupted; delete it, or run again")
            else:
                self.complain(f"{path}: does not belong to this data set; move it away")

    def of_quarantine(self, name: str) -> bool:
        """Whether a folder holds something that is accounted for."""
        return any(known.startswith(f"{name}/") for known in self.known)


def digest(path: Place) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
