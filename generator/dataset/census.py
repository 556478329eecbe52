"""What there is in a data set, counted shard by shard without making an object of every row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from generator.dataset.records import read_parquet
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset


@dataclass
class Census:
    """Frames, good ones and those in quarantine; of the good ones annotated objects by label, frames by tag, and the
    pixels that their audits compared and found to differ."""

    frames: int = 0
    quarantined: int = 0
    objects: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    compared: float = 0.0
    disagree: float = 0.0


def census(dataset: Dataset) -> Census:
    """Raises DatasetError for damaged records."""
    found = Census()
    for _, table in tables(dataset, quarantined=True):
        good = table.filter(pc.equal(table["quarantine"], ""))
        found.frames += good.num_rows
        found.quarantined += table.num_rows - good.num_rows
        found.tags.update(tag for tags in good["tags"].to_pylist() for tag in set(tags))
        found.objects.update(Objects.of(good).annotated_labels())
        for audit in good["audit"].to_pylist():
            numbers = dict(audit)
            found.compared += numbers.get("compared", 0)
            found.disagree += numbers.get("disagree", 0)
    return found


def tables(dataset: Dataset, quarantined: bool = False) -> Iterator[tuple[int, pa.Table]]:
    """Records of one shard after the other with its number, as tables of `records.SCHEMA`; of good frames alone, or of
    all of them."""
    for shard in dataset.shards:
        table = read_parquet(records_path(dataset.folder, shard))
        yield shard, table if quarantined else table.filter(pc.equal(table["quarantine"], ""))


@dataclass(frozen=True, eq=False)
class Objects:
    """All objects of a table of records, side by side.

    frame     int64 (n,), the row of the table that each belongs to
    label     the class of each, or None
    pixels    int64 (n,), visible ones
    visible   float64 (n,), visible fraction
    """

    frame: NDArray[np.int64]
    label: list[str | None]
    pixels: NDArray[np.int64]
    visible: NDArray[np.float64]

    @classmethod
    def of(cls, table: pa.Table) -> "Objects":
        column = table["instances"].combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # of no rows at all
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        flat = column.flatten()
        counts = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        fields = {name: flat.field(name) for name in ("label", "visible_pixels", "visible_fraction")}
        return cls(
            np.repeat(np.arange(len(counts)), counts),
            fields["label"].to_pylist(),
            fields["visible_pixels"].to_numpy(zero_copy_only=False),
            fields["visible_fraction"].to_numpy(zero_copy_only=False),
        )

    def annotated_labels(self) -> list[str]:
        """Labels of what a detector is asked to find."""
        return [one for one, pixels in zip(self.label, self.pixels, strict=True) if one is not None and pixels > 0]
