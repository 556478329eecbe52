"""Records of one split at a time, read shard by shard: what makes the memory of an export independent of its length."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.base.errors import DatasetError
from generator.dataset.records import FrameRecord, from_table, read_parquet
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset

OPEN = 8  # shards whose records are kept at a time; keys of one shard are neighbours in all but odd data sets


@dataclass(frozen=True, eq=False)
class Portion:
    """The frames of one split, in the order of their keys. Holds their keys and shards only, about 20 bytes a frame.

    keys    bytes (n,), ascending
    shards  int32 (n,), where each frame is
    """

    dataset: Dataset
    split: str
    keys: NDArray[np.bytes_]
    shards: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        sought = np.bytes_(str(key).encode())
        place = int(np.searchsorted(self.keys, sought))
        return place < len(self.keys) and self.keys[place] == sought

    def __iter__(self) -> Iterator[FrameRecord]:
        opened: OrderedDict[int, dict[str, FrameRecord]] = OrderedDict()
        for key, shard in zip(self.keys, self.shards, strict=True):
            if shard not in opened:
                table = read_parquet(records_path(self.dataset.folder, int(shard)))
                opened[shard] = {record.key: record for record in from_table(table)}
                if len(opened) > OPEN:
                    opened.popitem(last=False)
            yield opened[shard][key.decode()]

    def files(self, suffix: str) -> Callable[[str], bool]:
        """Whether a name is that of a frame of this split, followed by `suffix`."""
        return lambda name: name.endswith(suffix) and name.removesuffix(suffix) in self


def portions(dataset: Dataset, kept: Iterable[str] | None) -> tuple[Portion, ...]:
    """The good frames of every split, or those of them whose keys are `kept`, splits by name."""
    wanted = None if kept is None else pa.array(kept, pa.string())
    found: dict[str, list[tuple[NDArray[np.bytes_], int]]] = {}
    for shard in dataset.shards:
        for split, keys in _keys(read_parquet(records_path(dataset.folder, shard)), wanted):
            found.setdefault(split, []).append((keys, shard))
    return tuple(_portion(dataset, split, pieces) for split, pieces in sorted(found.items()))


def _keys(table: pa.Table, wanted: pa.Array | None) -> Iterator[tuple[str, NDArray[np.bytes_]]]:
    """Splits of one shard with the keys of their good frames."""
    table = table.filter(pc.equal(table["quarantine"], ""))
    if wanted is not None:
        table = table.filter(pc.is_in(table["key"], value_set=wanted))
    for split in pc.unique(table["split"]).to_pylist():
        yield split, np.array(table.filter(pc.equal(table["split"], split))["key"].to_pylist(), np.bytes_)


def _portion(dataset: Dataset, split: str, pieces: list[tuple[NDArray[np.bytes_], int]]) -> Portion:
    keys = np.concatenate([one for one, _ in pieces])
    shards = np.repeat(np.array([shard for _, shard in pieces], np.int32), [len(one) for one, _ in pieces])
    order = np.argsort(keys)
    keys, shards = keys[order], shards[order]
    if (twins := keys[1:][keys[1:] == keys[:-1]]).size:
        raise DatasetError(f"{dataset.folder}: {twins[0].decode()} is in several shards; delete one of them")
    return Portion(dataset, split, keys, shards)
