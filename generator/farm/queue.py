"""What is to be painted, in arrays: a million tickets are some megabytes, and become objects a shard at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from generator.balance.plan import Plan
from generator.balance.tickets import Ticket, Tickets
from generator.base.errors import DatasetError
from generator.dataset.atomic import write_with
from generator.farm.messages import ShardTicket

_SCHEMA = pa.schema([("split", pa.uint8()), ("index", pa.int64()), ("kind", pa.int32())])


@dataclass(frozen=True)
class Queue:
    """Tickets in the order of their shards.

    split    uint8 (n,), position in `heads`
    index    int64 (n,), scene index
    kind     int32 (n,), position in `kinds`, the distinct sets of expected tags
    bounds   int64 (m + 1,): shard ``first + k`` holds tickets ``bounds[k]`` to ``bounds[k + 1]``
    heads    the plans without their tickets, by split, as JSON: what planning replacements starts from
    """

    split: NDArray[np.uint8]
    index: NDArray[np.int64]
    kind: NDArray[np.int32]
    bounds: NDArray[np.int64]
    kinds: tuple[tuple[str, ...], ...]
    heads: dict[str, str] = field(default_factory=dict)
    first: int = 0

    @staticmethod
    def of(plans: Sequence[Plan], size: int, views: int = 1, first: int = 0) -> "Queue":
        """Tickets in the order of the plans, at most `size` to a shard. No shard holds two splits, and the frames of
        one scene (`views` of them) share one, be they more than `size`."""
        kinds = sorted({tags for plan in plans for tags in plan.tickets.kinds})
        place = [np.array([kinds.index(tags) for tags in plan.tickets.kinds], np.int32) for plan in plans]
        kind = [at[plan.tickets.kind] for at, plan in zip(place, plans, strict=True)]
        index = [plan.tickets.index for plan in plans]
        bounds, start = [0], 0
        for one in index:
            bounds += [start + end for end in ends(one // views, size)]
            start += len(one)
        return Queue(
            np.repeat(np.arange(len(plans), dtype=np.uint8), [len(one) for one in index]),
            np.concatenate([np.empty(0, np.int64), *index]), np.concatenate([np.empty(0, np.int32), *kind]),
            np.array(bounds, np.int64), tuple(kinds), {plan.split: head(plan) for plan in plans}, first,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shards(self) -> range:
        return range(self.first, self.first + len(self.bounds) - 1)

    @cached_property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.heads)

    def span(self, shard: int) -> slice:
        return slice(int(self.bounds[shard - self.first]), int(self.bounds[shard - self.first + 1]))

    def shard(self, number: int) -> ShardTicket:
        """The tickets of one shard, as objects."""
        span = self.span(number)
        rows = zip(self.split[span].tolist(), self.index[span].tolist(), self.kind[span].tolist(), strict=True)
        return ShardTicket(number, tuple(Ticket(self.splits[s], i, self.kinds[k]) for s, i, k in rows))

    def tickets(self, split: str, wanted: set[int]) -> Tickets:
        """Those of a split with these scene indices."""
        of_split = self.split == self.splits.index(split)
        here = Tickets(split, self.index[of_split], self.kind[of_split], self.kinds)
        return here.take(here.among(wanted))

    def missing(self, committed: set[int]) -> Iterator[int]:
        """Numbers of the shards that are not committed."""
        return (number for number in self.shards if number not in committed)

    def save(self, path: Path) -> None:
        notes = {"bounds": self.bounds.tolist(), "kinds": self.kinds, "heads": self.heads, "first": self.first}
        columns = [pa.array(self.split), pa.array(self.index), pa.array(self.kind)]
        schema = _SCHEMA.with_metadata({"queue": json.dumps(notes, separators=(",", ":"))})
        write_with(path, lambda file: pq.write_table(pa.table(columns, schema=schema), file, compression="zstd"))

    @staticmethod
    def load(path: Path) -> "Queue":
        """Raises DatasetError for what is not a queue."""
        try:
            with pq.ParquetFile(path) as file:
                table = file.read().cast(_SCHEMA)
                notes = json.loads(file.schema_arrow.metadata[b"queue"])
            split, index, kind = (table[name].to_numpy() for name in _SCHEMA.names)
            kinds = tuple(tuple(tags) for tags in notes["kinds"])
            return Queue(split, index, kind, np.array(notes["bounds"], np.int64), kinds, notes["heads"], notes["first"])
        except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise DatasetError(f"{path}: damaged queue: {error}; delete it and run again") from error


def head(plan: Plan) -> str:
    """A plan without its tickets, as JSON."""
    return plan.model_copy(update={"tickets": Tickets.of(plan.split, ())}).model_dump_json()


def ends(scenes: NDArray[np.int64], size: int) -> list[int]:
    """Where shards end, for frames with these scene numbers in order: after at most `size` frames, but never within a
    scene: what becomes of its frames is decided together, when their shard is committed."""
    if len(scenes) == 0:
        return []
    starts = np.flatnonzero(np.concatenate([[True], scenes[1:] != scenes[:-1]]))
    if len(starts) == len(scenes):
        return [*range(size, len(scenes), size), len(scenes)]
    found, begin = list[int](), 0
    for here, after in pairwise([*starts.tolist(), len(scenes)]):
        if after - begin > size and here > begin:
            found.append(here)
            begin = here
    return [*found, len(scenes)]
