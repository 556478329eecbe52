"""Data sets at URLs: found, read by offset and written as in a folder."""

import os
import pickle
import tarfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from exporting import built
from painted import painted
from typer.testing import CliRunner

from generator.base.errors import DatasetError
from generator.cli import app
from generator.dataset.keeping import Kept
from generator.dataset.places import GAP, Url, entries, place, read_ranges, together
from generator.dataset.records import from_table, read_parquet
from generator.dataset.selection import SELECTION, Selection
from generator.dataset.shards import ShardWriter, read_frame, read_parts, spans, tar_path
from generator.dataset.sources import PARTS, SyntheticSource
from generator.dataset.store import Dataset


@pytest.fixture
def url(tmp_path: Path) -> Iterator[Url]:
    """An empty folder of the process's own memory."""
    yield Url(f"memory://{tmp_path}/run")
    fsspec.filesystem("memory").store.clear()


def copied(folder: Path, url: Url) -> Url:
    for path in folder.rglob("*"):
        if path.is_file():
            (url / path.relative_to(folder).as_posix()).upload(path)
    return url


def test_a_url_answers_as_a_path_does(tmp_path: Path, url: Url) -> None:
    for name in ("b.txt", "a.txt", "below/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
        (url / name).write_bytes(name.encode())
    for here in (tmp_path, url):
        assert [one.name for one in entries(here, "*.txt")] == ["a.txt", "b.txt"]
        assert sorted(str(p.relative_to(here)) for p in here.rglob("*") if p.is_file()) == [
            "a.txt",
            "b.txt",
            "below/c.txt",
        ]  # type: ignore[arg-type]
        one = here / "a.txt"
        assert one.exists() and one.is_file() and not one.is_dir() and (here / "below").is_dir()
        assert (one.name, one.stem, one.suffix, one.parent) == ("a.txt", "a", ".txt", here)
        assert one.read_bytes() == b"a.txt" and one.read_text() == "a.txt"
        with one.open("rb") as file:
            assert file.read(1) == b"a"
        assert not (here / "no").exists() and entries(here / "no", "*") == []
        with pytest.raises(FileNotFoundError):
            (here / "no").read_bytes()
    assert place(str(url)) == url and place("runs/demo") == Path("runs/demo") and place(url) is url


def test_unknown_kinds_of_url_are_refused_with_a_cure() -> None:
    with pytest.raises(DatasetError, match=r"nosuch://bucket/run/manifest\.json: ValueError: .*check the address"):
        Dataset.open("nosuch://bucket/run")
    with pytest.raises(DatasetError, match="no data set here"):
        Dataset.open("memory://nothing")


def test_ranges_are_what_slices_are(tmp_path: Path, url: Url) -> None:
    rng = np.random.default_rng(0)
    data = rng.bytes(5 * GAP)
    (tmp_path / "a").write_bytes(data)
    (url / "a").write_bytes(data)
    for _ in range(20):
        ranges = [(int(at), int(n)) for at, n in zip(rng.integers(0, 4 * GAP, 9), rng.integers(0, GAP, 9), strict=True)]
        expected = [data[at : at + n] for at, n in ranges]
        assert read_ranges(tmp_path / "a", ranges) == read_ranges(url / "a", ranges) == expected
    for file in (tmp_path / "a", url / "a"):
        with pytest.raises(EOFError, match=f"ends at byte {len(data)}"):
            read_ranges(file, [(len(data) - 5, 6)])


def test_requests_are_few_and_cover_all() -> None:
    assert together([(100, 10), (0, 50), (60, 5)]) == [(0, 110)]
    assert together([(0, 10), (10 + GAP, 1)]) == [(0, 11 + GAP)] and len(together([(0, 10), (11 + GAP, 1)])) == 2
    assert together([(0, 100), (10, 5)]) == [(0, 100)] and together([]) == []


def shard(folder: Path) -> list:
    writer = ShardWriter(folder, 0, ("amodal", "depth"))
    for index in (3, 1, 2):
        writer.add("train", *painted(index), facts={})
    writer.reject("train", painted(9)[1], "differs")
    return from_table(read_parquet(writer.commit()))


def test_records_know_where_tar_puts_every_part(tmp_path: Path) -> None:
    records = shard(tmp_path)
    with tarfile.open(tar_path(tmp_path, 0)) as tar:
        found = {member.name: (member.offset_data, member.size) for member in tar}
    assert {f"{one.key}.{name}": span for one in records for name, span in spans(one).items()} == found
    assert len(found) == 3 * 5


def test_records_of_before_are_read_by_the_headers_of_the_tar(tmp_path: Path) -> None:
    old = [read_frame(tmp_path, one)[0] for one in shard(tmp_path)[:3]]
    path = tmp_path / "shard-00000.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["offset", "sizes"]), path)
    for record, frame in zip(from_table(read_parquet(path)), old, strict=False):
        assert not record.sizes and np.array_equal(read_frame(tmp_path, record)[0].instance, frame.instance)


def test_what_was_read_once_is_kept_with_the_rest_of_its_shard(tmp_path: Path, url: Url) -> None:
    records = shard(tmp_path)[:3]
    copied(tmp_path, url)
    kept = Kept(url, records, PARTS)
    first = kept.read(records[1])
    (url / "shard-00000.tar").write_bytes(b"")
    for record in records:
        assert kept.read(record) == read_parts(tmp_path, record, PARTS)
    assert first == kept.read(records[1])
    with pytest.raises(DatasetError, match=r"shard-00000\.tar: train-00000001"):
        pickle.loads(pickle.dumps(kept)).read(records[0])  # another process keeps its own


def test_a_full_temporary_folder_only_costs_time(tmp_path: Path, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    records = shard(tmp_path)[:3]
    kept = Kept(copied(tmp_path, url), records, PARTS)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    for record in records:
        assert kept.read(record) == read_parts(tmp_path, record, PARTS)


def test_no_more_is_kept_than_is_left_free(tmp_path: Path, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three frames two are kept where there is room for four."""
    records = shard(tmp_path)[:3]
    kept, held = Kept(copied(tmp_path, url), records, PARTS), list[int]()
    sizes = [sum(map(len, read_parts(tmp_path, record, PARTS).values())) for record in records]

    def left(file: int) -> int:
        held.append(os.fstat(file).st_size)
        return 2 * sum(sizes[:2]) - held[-1]

    monkeypatch.setattr("generator.dataset.keeping.free", left)
    for record in records:
        assert kept.read(record) == read_parts(tmp_path, record, PARTS)
    assert held == [0, sizes[0], sum(sizes[:2])], "asked before each frame, and not again once it was full"
    (url / "shard-00000.tar").write_bytes(b"")
    for record, size in zip(records[:2], sizes, strict=False):
        assert sum(map(len, kept.read(record).values())) == size
    with pytest.raises(DatasetError):
        kept.read(records[2])


def test_training_reads_the_same_from_a_url(tmp_path: Path, url: Url) -> None:
    built(tmp_path / "dataset")
    copied(tmp_path / "dataset", url)
    here, there = (SyntheticSource(Dataset.open(one), "train") for one in (tmp_path / "dataset", url))
    assert len(here) == len(there) > 3
    for k in (2, 0, 1, 2):
        one, other = here[k], there[k]
        assert (
            one.key == other.key and np.array_equal(one.image, other.image) and np.array_equal(one.masks, other.masks)
        )


def test_the_verbs_take_urls(tmp_path: Path, url: Url) -> None:
    built(tmp_path / "dataset")
    copied(tmp_path / "dataset", url / "dataset")

    def said(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exception is None, result.exception
        return result.output

    assert "frames" in said("inspect", url, "-o", tmp_path / "sheet.png") and (tmp_path / "sheet.png").exists()
    said("balance", url)
    selection = Selection.load(url / "dataset" / SELECTION)
    assert set(selection.kept) | set(selection.dropped) == {one.key for one in Dataset.open(url / "dataset").frames}
    for name, data in (("there", url), ("here", tmp_path)):
        said("export", data, "-o", tmp_path / name, "--format", "coco", "--all")
    files = [
        sorted(p.relative_to(tmp_path / name) for p in (tmp_path / name).rglob("*.*")) for name in ("there", "here")
    ]
    assert files[0] == files[1] and len(files[0]) > 5
    assert all((tmp_path / "there" / f).read_bytes() == (tmp_path / "here" / f).read_bytes() for f in files[0])
    said("report", url)
    assert b"<html" in (url / "report.html").read_bytes()
    said("verify", url / "dataset")
