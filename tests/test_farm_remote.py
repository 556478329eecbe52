"""Output on S3 (a server on the loopback): the same bytes as on a disk, resumed from what is there alone."""

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from test_farm import CONFIG, hashes, job_of, silent
from test_spec import SCENE

from generator.base.errors import DatasetError
from generator.farm.job import Job
from generator.farm.paint import paint
from generator.farm.remote import Remote

moto = pytest.importorskip("moto.server")
pytest.importorskip("s3fs")
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
FRAMES = {"frames": {"train": 10, "val": 2}, "balance": {}}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    settings = {"AWS_ACCESS_KEY_ID": "fake", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": f"http://{host}:{port}"}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    fsspec.config.conf.clear()
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    fsspec.filesystem("s3").mkdir("bucket", create_parents=True)
    yield "s3://bucket/run"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return path


def stored(url: str) -> set[str]:
    return {name for name in Remote(f"{url}/dataset").names() if not name.startswith(".")}


def painted(scene: Path, folder: Path, output: str = "") -> tuple[Job, int]:
    config, job = job_of(scene, folder, output=output, **FRAMES)
    return job, paint(config, job, silent).painted


def test_s3_holds_what_a_disk_would_and_a_bare_machine_goes_on_from_it(
    scene: Path, tmp_path: Path, bucket: str
) -> None:
    assert CONFIG["farm"]["shard"] == 4  # type: ignore[index]
    painted(scene, tmp_path / "disk")
    job, count = painted(scene, tmp_path / "first", bucket)
    assert job.remote == f"{bucket}/dataset" and count == 12
    assert stored(bucket) == set(hashes(tmp_path / "disk")) and hashes(tmp_path / "first") == hashes(tmp_path / "disk")
    files = fsspec.filesystem("s3")
    for name, data in ((p.name, p.read_bytes()) for p in (tmp_path / "disk").iterdir() if not p.name.startswith(".")):
        assert files.cat_file(f"bucket/run/dataset/{name}") == data
    files.rm_file("bucket/run/dataset/shard-00001.parquet")  # as if killed between the tar and its records
    files.rm_file("bucket/run/dataset/shard-00003.parquet")
    _, count = painted(scene, tmp_path / "second", bucket)
    assert count == 4 + 2 and hashes(tmp_path / "second") == hashes(tmp_path / "disk")
    shutil.rmtree(tmp_path / "first")
    _, count = painted(scene, tmp_path / "first", bucket)
    assert count == 0 and hashes(tmp_path / "first") == hashes(tmp_path / "disk")


def test_local_shards_that_were_not_uploaded_are(scene: Path, tmp_path: Path, bucket: str) -> None:
    painted(scene, tmp_path / "here", bucket)
    fsspec.filesystem("s3").rm_file("bucket/run/dataset/shard-00000.parquet")
    _, count = painted(scene, tmp_path / "here", bucket)
    assert count == 0 and stored(bucket) == set(hashes(tmp_path / "here"))


def test_another_driver_and_a_missing_bucket_are_refused(tmp_path: Path, bucket: str) -> None:
    remote = Remote(f"{bucket}/dataset")
    remote._write(".lock", {"host": "elsewhere", "pid": 1, "beat": 4e9})
    with pytest.raises(DatasetError, match="process 1 on elsewhere"), remote.locked():
        pass
    remote._write(".lock", {"host": "elsewhere", "pid": 1, "beat": 0})
    with remote.locked():
        pass
    with pytest.raises(DatasetError, match="check the address"), Remote("s3://nowhere/run").locked():
        pass


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
