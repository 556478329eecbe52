"""Output on S3 (a server on the loopback): the same bytes as on a disk, resumed from what is there alone."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from conftest import clustered
from stores import emptied, serving
from test_farm import hashes, job_of, silent
from test_spec import SCENE

from generator.base.errors import DatasetError
from generator.dataset.places import Url
from generator.dataset.store import Dataset
from generator.dataset.verify import verify
from generator.farm.job import Job
from generator.farm.lock import locked
from generator.farm.paint import paint
from generator.farm.remote import Remote
from generator.farm.status import read_status

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
FRAMES = {"frames": {"train": 10, "val": 2}, "balance": {}}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield from serving(monkeypatch)


@pytest.fixture(scope="module")
def farm(server: str) -> Iterator[dict[str, object]]:
    """Two workers of a cluster whose processes find the server."""
    with clustered() as address:
        yield {"workers": 2, "shard": 4, "address": address}


@pytest.fixture
def bucket(server: str) -> str:
    emptied()
    return server


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return path


def stored(url: str) -> dict[str, str]:
    """Every file at a URL by content, hidden ones aside."""
    files = [one for one in Url(f"{url}/dataset").iterdir() if not one.name.startswith(".")]
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def painted(scene: Path, folder: Path, farm: dict[str, object], output: str = "") -> tuple[Job, int]:
    config, job = job_of(scene, folder, output=output, farm=farm, **FRAMES)
    return job, paint(config, job, silent).painted


def test_s3_holds_what_a_disk_would_and_a_bare_machine_goes_on_from_it(
    scene: Path, tmp_path: Path, bucket: str, farm: dict[str, object]
) -> None:
    painted(scene, tmp_path / "disk", farm)
    job, count = painted(scene, tmp_path / "first", farm, bucket)
    assert job.remote == f"{bucket}/dataset" and count == 12
    assert stored(bucket) == hashes(tmp_path / "disk")
    assert not list((tmp_path / "first").glob("shard-*")), "nothing piles up where it was painted"
    files = fsspec.filesystem("s3")
    files.rm_file("bucket/run/dataset/shard-00001.parquet")  # as if killed between the tar and its records
    files.rm_file("bucket/run/dataset/shard-00003.parquet")
    _, count = painted(scene, tmp_path / "second", farm, bucket)
    assert count == 4 + 2 and stored(bucket) == hashes(tmp_path / "disk")
    shutil.rmtree(tmp_path / "first")
    _, count = painted(scene, tmp_path / "first", farm, bucket)
    assert count == 0 and stored(bucket) == hashes(tmp_path / "disk")


def test_what_is_at_a_url_is_read_there_as_from_a_folder(
    scene: Path, tmp_path: Path, bucket: str, farm: dict[str, object]
) -> None:
    painted(scene, tmp_path / "disk", farm)
    painted(scene, tmp_path / "staging", farm, bucket)
    here, there = Dataset.open(tmp_path / "disk"), Dataset.open(f"{bucket}/dataset")
    assert there.records.equals(here.records) and there.shards == here.shards and len(there) == 12
    for (a, frame, sample), (b, other, same) in zip(here, there, strict=True):
        assert a == b and sample == same
        assert (frame.rgb == other.rgb).all() and (frame.instance == other.instance).all()
    found = verify(Url(f"{bucket}/dataset"))
    assert not found.faults and found.frames == 12 and found.files == verify(tmp_path / "disk").files
    Url(f"{bucket}/dataset/shard-00001.tar").write_bytes(b"other")
    assert any("shard-00001.tar" in fault for fault in verify(Url(f"{bucket}/dataset")).faults)
    with pytest.raises(DatasetError, match=r"shard-00001\.tar"):
        there.read(next(frame for frame in there.frames if frame.shard == 1))
    status = read_status(Url(f"{bucket}/dataset"))
    assert status and status["state"] == "done" and not status["alive"]


def test_local_shards_that_were_not_uploaded_are(
    scene: Path, tmp_path: Path, bucket: str, farm: dict[str, object]
) -> None:
    """As when the machine went down between the disk and the network."""
    painted(scene, tmp_path / "here", farm)
    with locked(tmp_path / "here"):
        pass
    _, count = painted(scene, tmp_path / "here", farm, bucket)
    assert count == 0 and "shard-00003.parquet" in stored(bucket)
    assert len(Dataset.open(f"{bucket}/dataset")) == 12


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_any_file_system_takes_whole_files(tmp_path: Path, scheme: str) -> None:
    remote = Remote(f"{scheme}://{tmp_path}/there")
    assert remote.names() == set()
    (tmp_path / "a.txt").write_text("one")
    for _ in range(2):
        remote.put(tmp_path / "a.txt")
        remote.put(tmp_path / "a.txt", "below/b.txt")
    assert "a.txt" in remote.names() and not any(name.endswith(".tmp") for name in remote.names())
    remote.fetch("below/b.txt", tmp_path / "back")
    assert (tmp_path / "back/below/b.txt").read_text() == "one"
