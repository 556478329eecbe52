"""Frames as a page to browse them needs them: columns to search by, and records when they are asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.dataset.census import Objects, tables
from generator.dataset.places import Place
from generator.dataset.records import FrameRecord, from_table, read_parquet
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset

SIZES = ("small (below 32² pixels)", "medium", "large (from 96² pixels)")
SEEN = ("less than 25 %", "25 to 75 %", "more than 75 %")
OPEN = 8  # shards whose records are kept at a time


@dataclass(frozen=True, eq=False)
class Rows:
    """Good frames by key, without their records: those are read from their shard when they are asked for.

    `found` are the columns that frames are searched by: keys, splits, tags, and the kinds of annotated objects they
    show. A kind is 9 class + 3 size + visibility, so that all three are asked of one and the same object.
    """

    dataset: Dataset
    keys: tuple[str, ...]
    shards: dict[str, int]
    found: dict[str, Any]

    @classmethod
    def of(cls, dataset: Dataset) -> "Rows":
        """Raises DatasetError for damaged records."""
        columns = sorted(row for shard, table in tables(dataset) for row in _searched(dataset, shard, table))
        tags, splits = _names(c[3] for c in columns), _names([c[2]] for c in columns)
        found: dict[str, Any] = {
            "classes": dataset.manifest.classes, "tags": list(tags), "splits": list(splits),
            "width": dataset.manifest.size[0], "height": dataset.manifest.size[1],
            "key": [c[0] for c in columns],
            "split": [splits[c[2]] for c in columns],
            "tag": [sorted(tags[tag] for tag in c[3]) for c in columns],
            "kind": [c[4] for c in columns],
        }  # fmt: skip
        return cls(dataset, tuple(found["key"]), {c[0]: c[1] for c in columns}, found)

    def record(self, key: str) -> FrameRecord:
        """Raises KeyError for a frame that is not here."""
        table = _records(self.dataset.folder, self.shards[key])
        return from_table(table.filter(pc.equal(table["key"], key)))[0]


@lru_cache(OPEN)
def _records(folder: Place, shard: int) -> pa.Table:
    return read_parquet(records_path(folder, shard))


def _names(sets: Iterable[Iterable[str]]) -> dict[str, int]:
    """Every name that occurs, with its place among them."""
    return {name: place for place, name in enumerate(sorted({name for one in sets for name in one}))}


def _searched(dataset: Dataset, shard: int, table: pa.Table) -> Iterable[tuple[str, int, str, list[str], list[int]]]:
    """Key, shard, split, tags and kinds of the frames of one shard."""
    objects, classes = Objects.of(table), {name: k for k, name in enumerate(dataset.manifest.classes)}
    classed = np.array([classes.get(one or "", -1) for one in objects.label], np.int64)
    shown = (classed >= 0) & (objects.pixels > 0)
    kinds: list[list[int]] = [[] for _ in range(table.num_rows)]
    for frame, one in np.unique(np.stack([objects.frame, kind(objects, classed)], 1)[shown], axis=0).tolist():
        kinds[frame].append(one)
    keys, splits, tags = (table[name].to_pylist() for name in ("key", "split", "tags"))
    return zip(keys, [shard] * len(keys), splits, tags, kinds, strict=True)


def kind(objects: Objects, classed: NDArray[np.int64]) -> NDArray[np.int64]:
    """9 class + 3 size + visibility of every object, (n,)."""
    size = np.searchsorted([32**2, 96**2], objects.pixels, side="right")
    seen = np.where(objects.visible < 0.25, 0, np.where(objects.visible <= 0.75, 1, 2))
    return np.asarray(9 * classed + 3 * size + seen)
