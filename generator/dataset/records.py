"""One row of facts per frame, as Parquet: all that balancing, mixing and reports read."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.geometry import Box
from generator.dataset.places import Place


@dataclass(frozen=True)
class InstanceRecord:
    """What the records keep of an `Instance`; its fields mean the same."""

    id: int
    name: str
    label: str | None
    category: int
    asset: str
    visible_pixels: int
    amodal_pixels: int
    visible_fraction: float
    truncated_fraction: float
    box: Box | None
    amodal_box: Box | None

    @property
    def annotated(self) -> bool:
        return self.label is not None and self.visible_pixels > 0


@dataclass(frozen=True)
class FrameRecord:
    """One frame. `tags` were measured on the painted frame's labels, `planned` on the look before painting.

    `audit` holds the numbers of rays against passes, `crc` a checksum of the frame's parts in the shard. A frame with a
    `quarantine` reason failed its audit: it has a row, so that nobody paints it again, but no parts. `sizes` are the
    bytes of each part, in the order of their names; the frame's first header is at byte `offset` of the tar.
    """

    key: str
    split: str
    index: int
    seed: int
    shard: int
    width: int
    height: int
    crc: int = 0
    tags: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    audit: Mapping[str, float] = field(default_factory=dict)
    instances: tuple[InstanceRecord, ...] = ()
    quarantine: str = ""
    offset: int = field(default=0, compare=False)
    sizes: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def annotated(self) -> list[InstanceRecord]:
        return [one for one in self.instances if one.annotated]


_BOX = pa.list_(pa.int32())  # not of fixed size: Parquet loses the nulls of those
_INSTANCE = pa.struct(
    [
        ("id", pa.int32()),
        ("name", pa.string()),
        ("label", pa.string()),
        ("category", pa.int32()),
        ("asset", pa.string()),
        ("visible_pixels", pa.int64()),
        ("amodal_pixels", pa.int64()),
        ("visible_fraction", pa.float64()),
        ("truncated_fraction", pa.float64()),
        ("box", _BOX),
        ("amodal_box", _BOX),
    ]
)
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("split", pa.string()),
        ("index", pa.int64()),
        ("seed", pa.int64()),
        ("shard", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("crc", pa.uint32()),
        ("tags", pa.list_(pa.string())),
        ("planned", pa.list_(pa.string())),
        ("facts", pa.map_(pa.string(), pa.float64())),
        ("audit", pa.map_(pa.string(), pa.float64())),
        ("instances", pa.list_(_INSTANCE)),
        ("quarantine", pa.string()),
        ("offset", pa.int64()),
        ("sizes", pa.map_(pa.string(), pa.int64())),
    ]
)


def key_of(split: str, index: int) -> str:
    """A frame's name in its data set. No dots: WebDataset ends a key at the first one."""
    return f"{split}-{index:08d}"


def instance_record(one: Instance) -> InstanceRecord:
    return InstanceRecord(**{f.name: getattr(one, f.name) for f in fields(InstanceRecord)})


def to_table(records: Iterable[FrameRecord]) -> pa.Table:
    return pa.Table.from_pylist([_row(record) for record in records], schema=SCHEMA)


def from_table(table: pa.Table) -> list[FrameRecord]:
    return [_record(row) for row in table.to_pylist()]


def to_parquet(records: Iterable[FrameRecord]) -> bytes:
    """Equal records, equal bytes (for one version of pyarrow, whose name is part of the file)."""
    file = io.BytesIO()
    pq.write_table(to_table(records), file, compression="zstd")
    return file.getvalue()


def read_parquet(path: Place) -> pa.Table:
    try:
        with pq.ParquetFile(pa.BufferReader(path.read_bytes())) as file:
            return complete(file.read()).cast(SCHEMA)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DatasetError(
            f"{path}: damaged records: {error}; delete them and run again to repaint the shard"
        ) from error


def complete(table: pa.Table) -> pa.Table:
    """Records that were written before they held where a frame's parts are, with nothing in those columns."""
    for name in [name for name in ("offset", "sizes") if name not in table.column_names]:
        kind = SCHEMA.field(name).type
        table = table.append_column(name, pa.array([0 if name == "offset" else []] * len(table), kind))
    return table


def _row(record: FrameRecord) -> dict[str, Any]:
    row = {f.name: getattr(record, f.name) for f in fields(record)}
    row |= {name: sorted(getattr(record, name).items()) for name in ("facts", "audit", "sizes")}
    return row | {"instances": [asdict(one) for one in record.instances]}


def _record(row: dict[str, Any]) -> FrameRecord:
    row |= {"tags": tuple(row["tags"]), "planned": tuple(row["planned"])}
    row |= {name: dict(row[name]) for name in ("facts", "audit", "sizes")}
    return FrameRecord(**(row | {"instances": tuple(map(_instance, row["instances"]))}))


def _instance(row: dict[str, Any]) -> InstanceRecord:
    boxes = {name: None if row[name] is None else tuple(row[name]) for name in ("box", "amodal_box")}
    return InstanceRecord(**(row | boxes))
