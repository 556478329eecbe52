"""What balancing knows of frames, as columns: a million frames are a few arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.base.draw import Draw
from generator.base.errors import BalanceError
from generator.dataset.selection import Counts

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Amounts = NDArray[Any]


@dataclass(frozen=True)
class Candidates:
    """What to choose from: frames, or whole scenes of several frames that stay together.

    tags     names of the T columns of `bits`
    bits     bool (n, T): which tags a frame has; of scenes int (n, T): how many of its frames
    labels   names of the C columns of `counts`
    counts   int64 (n, C): annotated instances per class
    rank     uint64 (n,): a hash that orders frames alike for a choice, whoever stands beside them
    sizes    int64 (n,): frames of each; None for one each
    blank    int64 (n,): frames without an annotated object; None where `counts` say it
    shown    int64 (n, C): frames that show each class; None where `counts` say it
    extra    further amounts by name, (n,) each: what quotas count
    """

    tags: tuple[str, ...]
    bits: Amounts
    labels: tuple[str, ...]
    counts: Ints
    rank: NDArray[np.uint64]
    sizes: Ints | None = None
    blank: Ints | None = None
    shown: Ints | None = None
    extra: Mapping[str, Amounts] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rank)

    @property
    def weight(self) -> Ints:
        """Frames of each candidate."""
        return np.ones(len(self), np.int64) if self.sizes is None else self.sizes

    @property
    def frames(self) -> int:
        """Frames in all."""
        return len(self) if self.sizes is None else int(self.sizes.sum())

    @property
    def empty(self) -> Amounts:
        """Frames without an annotated object: bool (n,), of scenes a count."""
        return np.asarray(self.counts.sum(1) == 0) if self.blank is None else self.blank

    @property
    def images(self) -> Amounts:
        """Frames that show each class, (n, C)."""
        return np.asarray(self.counts > 0) if self.shown is None else self.shown

    def column(self, tag: str) -> Amounts:
        """Frames with a tag; none where no frame has it."""
        return self.bits[:, self.tags.index(tag)] if tag in self.tags else np.zeros(len(self), bool)

    def take(self, at: Ints | Bools) -> "Candidates":
        """Some of them."""
        optional: dict[str, Any] = {
            name: None if (value := getattr(self, name)) is None else value[at] for name in ("sizes", "blank", "shown")
        }
        extra = {name: amounts[at] for name, amounts in self.extra.items()}
        return replace(self, bits=self.bits[at], counts=self.counts[at], rank=self.rank[at], extra=extra, **optional)

    def summary(self, kept: Bools) -> Counts:
        """Counts over what is `kept`."""
        tags = dict(zip(self.tags, map(int, self.bits[kept].sum(0)), strict=True))
        classes = dict(zip(self.labels, map(int, self.counts[kept].sum(0)), strict=True))
        frames = int(self.weight[kept].sum())
        return Counts(frames=frames, empty=int(self.empty[kept].sum()), tags=tags, classes=classes)


def ranks(seed: int, split: str, indices: Iterable[int]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele et al., OOPSLA 2014) of scene indices, salted by `Draw`: a stream per frame would take
    minutes for a million frames, this takes milliseconds. Distinct indices have distinct ranks."""
    salt = np.uint64((Draw(seed) / "balance" / split).key() & (2**64 - 1))
    array = indices if isinstance(indices, np.ndarray) else np.fromiter(indices, np.int64)
    with np.errstate(over="ignore"):
        z = (array.astype(np.uint64) ^ salt) + np.uint64(0x9E3779B97F4A7C15)
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
    names, bits = tag_bits(table["tags"])
    frame, one = flat_instances(table)
    shown = pc.greater(pc.struct_field(one, "visible_pixels"), 0)
    label = pc.index_in(pc.struct_field(one, "label"), pa.array(classes, pa.string()))
    chosen = pc.and_(shown, label.is_valid())
    cell = frame[chosen.to_numpy(zero_copy_only=False)] * len(classes)
    cell += label.filter(chosen).to_numpy().astype(np.int64)
    counts = np.bincount(cell, minlength=len(table) * len(classes)).reshape(len(table), len(classes))
    if unknown := set(pc.unique(pc.struct_field(one, "label")).to_pylist()) - {None, *classes}:
        raise BalanceError(
            f"records hold labels {sorted(unknown)} that are not classes of the data set; paint it again"
        )
    return Candidates(names, bits, tuple(classes), counts, ranks(seed, split, table["index"].to_numpy()))


def flat_instances(table: pa.Table) -> tuple[Ints, Any]:
    """All instances of records one after the other, as an array of structs, and the row that each belongs to."""
    instances = one_chunk(table["instances"])
    return pc.list_parent_indices(instances).to_numpy().astype(np.int64), pc.list_flatten(instances)


def tag_bits(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Bools]:
    """Lists of tags as sorted names and bool (n, T)."""
    lists = one_chunk(column)
    flat = pc.list_flatten(lists)
    names = sorted(pc.unique(flat).to_pylist())
    bits = np.zeros((len(lists), len(names)), bool)
    which = pc.index_in(flat, pa.array(names, pa.string())).to_numpy(zero_copy_only=False)
    bits[pc.list_parent_indices(lists).to_numpy(), which] = True
    return tuple(names), bits


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; no copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
