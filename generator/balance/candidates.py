"""What balancing knows of frames, as columns: a million frames are a few arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.base.draw import Draw
from generator.base.errors import BalanceError
from generator.dataset.selection import Counts

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Frames to choose from.

    tags     names of the T columns of `bits`
    bits     bool (n, T): which tags a frame has
    labels   names of the C columns of `counts`
    counts   int64 (n, C): annotated instances per class
    rank     uint64 (n,): a hash that orders frames alike for a choice, whoever stands beside them
    """

    tags: tuple[str, ...]
    bits: Bools
    labels: tuple[str, ...]
    counts: Ints
    rank: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def empty(self) -> Bools:
        """bool (n,): no annotated object."""
        return np.asarray(self.counts.sum(1) == 0)

    def column(self, tag: str) -> Bools:
        """Frames with a tag; none where no frame has it."""
        return self.bits[:, self.tags.index(tag)] if tag in self.tags else np.zeros(len(self), bool)

    def summary(self, kept: Bools) -> Counts:
        """Counts over the frames in `kept`."""
        tags = dict(zip(self.tags, map(int, self.bits[kept].sum(0)), strict=True))
        classes = dict(zip(self.labels, map(int, self.counts[kept].sum(0)), strict=True))
        return Counts(frames=int(kept.sum()), empty=int(self.empty[kept].sum()), tags=tags, classes=classes)


def ranks(seed: int, split: str, indices: Iterable[int]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele et al., OOPSLA 2014) of scene indices, salted by `Draw`: a stream per frame would take
    minutes for a million frames, this takes milliseconds. Distinct indices have distinct ranks."""
    salt = np.uint64((Draw(seed) / "balance" / split).key() & (2**64 - 1))
    with np.errstate(over="ignore"):
        z = (np.fromiter(indices, np.int64).astype(np.uint64) ^ salt) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


def candidates(
    rows: Sequence[tuple[int, Sequence[str], Mapping[str, int]]], classes: Sequence[str], seed: int, split: str
) -> Candidates:
    """Of (scene index, tags, annotated instances by class) per frame."""
    names = tuple(sorted({tag for _, tags, _ in rows for tag in tags}))
    bits = np.array([[name in tags for name in names] for _, tags, _ in rows], bool).reshape(len(rows), len(names))
    counts = np.array([[of.get(label, 0) for label in classes] for _, _, of in rows], np.int64)
    rank = ranks(seed, split, (index for index, _, _ in rows))
    return Candidates(names, bits, tuple(classes), counts.reshape(len(rows), len(classes)), rank)


def from_records(table: pa.Table, classes: Sequence[str], seed: int, split: str) -> Candidates:
    """Of records (`records.SCHEMA`), by their measured tags."""
    table = table.combine_chunks()
    names, bits = tag_bits(table["tags"])
    instances = table["instances"].combine_chunks()
    frame, one = pc.list_parent_indices(instances), pc.list_flatten(instances)
    shown = pc.greater(pc.struct_field(one, "visible_pixels"), 0)
    label = pc.index_in(pc.struct_field(one, "label"), pa.array(classes, pa.string()))
    chosen = pc.and_(shown, label.is_valid())
    cell = frame.filter(chosen).to_numpy() * len(classes) + label.filter(chosen).to_numpy().astype(np.int64)
    counts = np.bincount(cell, minlength=len(table) * len(classes)).reshape(len(table), len(classes))
    if unknown := set(pc.unique(pc.struct_field(one, "label")).to_pylist()) - {None, *classes}:
        raise BalanceError(
            f"records hold labels {sorted(unknown)} that are not classes of the data set; paint it again"
        )
    return Candidates(names, bits, tuple(classes), counts, ranks(seed, split, table["index"].to_numpy()))


def tag_bits(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Bools]:
    """Lists of tags as sorted names and bool (n, T)."""
    lists = column.combine_chunks()
    flat = pc.list_flatten(lists)
    names = sorted(pc.unique(flat).to_pylist())
    bits = np.zeros((len(lists), len(names)), bool)
    which = pc.index_in(flat, pa.array(names, pa.string())).to_numpy(zero_copy_only=False)
    bits[pc.list_parent_indices(lists).to_numpy(), which] = True
    return tuple(names), bits
