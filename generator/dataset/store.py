"""A data set on disk: a folder with a manifest and committed shards."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError, model_validator

from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.base.record import Record
from generator.base.scene import SceneSample
from generator.base.strict import faults
from generator.dataset.atomic import write_json
from generator.dataset.parts import annotation
from generator.dataset.places import Place, at_once, entries, place
from generator.dataset.records import SCHEMA, FrameRecord, from_table, read_parquet
from generator.dataset.shards import read_frame, read_parts
from generator.truth.annotations import ANNOTATIONS

MANIFEST = "manifest.json"
RECORDS = re.compile(r"shard-\d{5,}\.parquet")
DEFINITIONS = {
    "amodal": "RLE over amodal_box: pixels the object would cover if nothing stood before it, inside the image",
    "box": "half-open x0 y0 x1 y1 pixels around the visible mask",
    "depth": "float32 planar metres along the optical axis at the pixel centre; inf where nothing is",
    "instance": "uint16 id of the nearest surface at the pixel centre; 0 for the backdrop",
    "normal": "float32 unit vector in the camera frame (x right, y down, z forward), facing it; 0 where nothing is",
    "rgb": "uint8 sRGB",
    "truncated_fraction": "share of the whole silhouette outside the image",
    "visible_fraction": "visible pixels / amodal pixels inside the image",
}


class Manifest(Record):
    """What a data set is made of. Two runs may share a folder only if all of it is equal.

    `spec` and `assets` are SHA-256 of what the scenes are sampled from, `size` is (width, height) in pixels, `labels`
    the optional labels that are kept, `versions` those of the programs that paint. `licences` are those of the asset
    files that scenes may show, by id; they decide nothing of the frames.
    """

    format: Literal[1] = 1
    scene: str
    spec: str
    assets: str
    seed: int
    classes: tuple[str, ...]
    size: tuple[int, int]
    labels: tuple[str, ...]
    versions: dict[str, str] = Field(default_factory=dict)
    definitions: dict[str, str] = Field(default_factory=dict)
    licences: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _defined(cls, data: Any) -> Any:
        """Every label that is kept, defined in the data set itself."""
        if not isinstance(data, dict) or "definitions" in data:
            return data
        kept = {name: ANNOTATIONS[name].about for name in data.get("labels", ()) if name in ANNOTATIONS}
        return {**data, "definitions": DEFINITIONS | kept}


@dataclass(frozen=True)
class Dataset:
    """Read access. What is committed later shows in a newly opened one."""

    folder: Place
    manifest: Manifest

    @classmethod
    def open(cls, folder: Place | str) -> "Dataset":
        """Of a folder, or a URL such as ``s3://bucket/run/dataset``, of which only what is asked for is read."""
        path = place(folder) / MANIFEST
        try:
            return cls(place(folder), Manifest.model_validate_json(path.read_bytes()))
        except FileNotFoundError:
            raise DatasetError(f"{folder}: no data set here ({MANIFEST} is missing); paint one first") from None
        except NotADirectoryError:
            raise DatasetError(f"{folder}: a file, no data set; give a run's folder (its config's `output`)") from None
        except ValidationError as error:
            told = "; ".join(": ".join(filter(None, [".".join(map(str, loc)), text])) for loc, text in faults(error))
            raise DatasetError(f"{path}: not a manifest of format 1: {told}") from error
        except OSError as error:
            raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error

    @classmethod
    def create_or_check(cls, folder: Path | str, manifest: Manifest) -> "Dataset":
        """A new data set, or the one that is there if its manifest is equal; else a DatasetError with what differs."""
        folder = Path(folder)
        if (folder / MANIFEST).exists():
            opened = cls.open(folder)
            _refuse_difference(folder, opened.manifest, manifest)
            return opened
        if foreign := _foreign(folder):
            raise DatasetError(f"{folder}: not a data set, yet holds {foreign!r}; set `output` to a new folder")
        write_json(folder / MANIFEST, manifest.model_dump())
        return cls(folder, manifest)

    @cached_property
    def shards(self) -> tuple[int, ...]:
        """Numbers of the committed shards, ascending."""
        return tuple(sorted(int(path.stem[6:]) for path in _records(self.folder)))

    @cached_property
    def rows(self) -> pa.Table:
        """All records as a table of `records.SCHEMA`, by key, quarantined frames included."""
        tables = at_once(self.folder, read_parquet, _records(self.folder))
        table = pa.concat_tables([SCHEMA.empty_table(), *tables]).sort_by("key")
        _refuse_twins(self.folder, table)
        return table

    @cached_property
    def records(self) -> pa.Table:
        """Records of the good frames."""
        return self.rows.filter(pc.equal(self.rows["quarantine"], ""))

    @cached_property
    def frames(self) -> list[FrameRecord]:
        """`records` as objects."""
        return from_table(self.records)

    @cached_property
    def quarantined(self) -> list[FrameRecord]:
        return from_table(self.rows.filter(pc.not_equal(self.rows["quarantine"], "")))

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def read(self, record: FrameRecord) -> tuple[Frame, SceneSample]:
        return read_frame(self.folder, record)

    def annotation(self, record: FrameRecord, name: str) -> Any:
        """One optional label of a frame, as `truth.annotations` defines it. DatasetError when it was not kept."""
        kind = ANNOTATIONS[name]
        return annotation(read_parts(self.folder, record, [kind.part]), name)

    def __iter__(self) -> Iterator[tuple[FrameRecord, Frame, SceneSample]]:
        for record in self.frames:
            yield (record, *self.read(record))


def _records(folder: Place) -> list[Place]:
    """Files of records; a copy such as ``shard-00001 (1).parquet`` is none, and `verify` tells of it."""
    return [path for path in entries(folder, "shard-[0-9]*.parquet") if RECORDS.fullmatch(path.name)]


def _refuse_difference(folder: Path, here: Manifest, asked: Manifest) -> None:
    old, new = (one.model_dump(exclude={"licences"}) for one in (here, asked))
    found = [f"{name}: {_short(old[name])} there, {_short(new[name])} asked" for name in old if old[name] != new[name]]
    if found:
        raise DatasetError(f"{folder}: belongs to another run: {'; '.join(found)}; set another `output`, or delete it")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _foreign(folder: Path) -> str:
    """Some entry of a folder that is not empty. An interrupted write's leftover does not count."""
    if not folder.exists():
        return ""
    if not folder.is_dir():
        return folder.name
    return min((e.name for e in folder.iterdir() if not (e.name[0] == "." and e.suffix == ".tmp")), default="")


def _refuse_twins(folder: Place, table: pa.Table) -> None:
    keys = table["key"]
    if len(pc.unique(keys)) == len(keys):
        return
    counts = pc.value_counts(keys)
    twins = [str(one["values"]) for one in counts.to_pylist() if one["counts"] > 1]
    raise DatasetError(f"{folder}: {len(twins)} frames are in several shards, {twins[0]} for one; delete a shard")
