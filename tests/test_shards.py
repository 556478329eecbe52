"""Shards: exact round trips, equal bytes, and nothing half-written."""

import errno
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from painted import painted
from PIL import Image

from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.dataset import quarantine, rle
from generator.dataset.atomic import canonical, write_bytes, write_json, write_with
from generator.dataset.quarantine import Evidence
from generator.dataset.records import from_table, read_parquet
from generator.dataset.shards import ShardWriter, hashes_path, read_frame, read_parts, records_path, tar_path

ALL = ("amodal", "depth", "normal")


def written(folder: Path, indices=(3, 1, 2), labels=ALL, shard: int = 0) -> Path:
    writer = ShardWriter(folder, shard, labels)
    for index in indices:
        frame, sample = painted(index)
        writer.add("train", frame, sample, facts={"coverage": 0.5}, tags=("night",), audit={"pixels": 3072.0})
    return writer.commit()


def same(a: Frame, b: Frame) -> bool:
    arrays = all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("rgb", "instance", "depth", "normal"))
    masks = a.amodal.keys() == b.amodal.keys() and all(np.array_equal(a.amodal[k], b.amodal[k]) for k in a.amodal)
    cameras = all(np.array_equal(getattr(a.camera, n), getattr(b.camera, n)) for n in ("fx", "cy", "world_from_camera"))
    return arrays and masks and cameras and a.instances == b.instances and a.facts == b.facts


def test_frames_come_back_exactly(tmp_path):
    for record in from_table(read_parquet(written(tmp_path))):
        frame, sample = read_frame(tmp_path, record)
        expected, expected_sample = painted(record.index)
        assert same(frame, expected) and sample == expected_sample
        assert frame.instance.dtype == np.uint16 and frame.depth.dtype == np.float32 and frame.rgb.dtype == np.uint8
        assert frame.faults() == []


def test_labels_that_are_not_kept_come_back_as_unknown(tmp_path):
    record = from_table(read_parquet(written(tmp_path, labels=())))[0]
    frame, _ = read_frame(tmp_path, record)
    assert np.isnan(frame.depth).all() and np.isnan(frame.normal).all() and frame.amodal == {}
    assert set(read_parts(tmp_path, record)) == {"rgb.png", "instance.png", "json", "sample.json"}


def test_equal_frames_give_equal_bytes_in_any_order(tmp_path):
    paths = [written(tmp_path / name, order) for name, order in (("a", (1, 2, 3)), ("b", (3, 1, 2)))]
    written(tmp_path / "b", (2, 3, 1))  # again, over the first
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert tar_path(tmp_path / "a", 0).read_bytes() == tar_path(tmp_path / "b", 0).read_bytes()
    names = ["shard-00000.parquet", "shard-00000.sha256", "shard-00000.tar"]
    assert sorted(p.name for p in (tmp_path / "b").iterdir()) == names
    assert (tmp_path / "a" / names[1]).read_bytes() == (tmp_path / "b" / names[1]).read_bytes()


def test_the_tar_follows_webdataset(tmp_path):
    """Members of a key stand together, the key ends at the first dot, pictures are plain PNG files."""
    written(tmp_path)
    with tarfile.open(tar_path(tmp_path, 0)) as tar:
        names = tar.getnames()
        png = tar.extractfile("train-00000002.instance.png").read()
        facts = json.load(tar.extractfile("train-00000002.json"))
        assert {(m.mtime, m.uid, m.uname) for m in tar} == {(0, 0, "")}
    keys = [name.split(".", 1)[0] for name in names]
    assert keys == sorted(keys) and set(keys) == {f"train-0000000{k}" for k in (1, 2, 3)}
    assert np.array_equal(np.array(Image.open(io.BytesIO(png))), painted(2)[0].instance)
    first = facts["instances"][0]
    box, mask = first["amodal_box"], rle.decode(facts["amodal"]["1"])
    assert mask.shape == (box[3] - box[1], box[2] - box[0]) and mask.sum() == first["amodal_pixels"]


def test_a_tar_without_records_is_no_shard_and_is_overwritten(tmp_path):
    tar_path(tmp_path, 0).write_bytes(b"left by a killed worker")
    assert read_frame(tmp_path, from_table(read_parquet(written(tmp_path)))[0])[1].index == 1


def test_records_are_written_last(tmp_path, monkeypatch):
    def full(path: Path, data: bytes) -> None:
        if path.suffix == ".parquet":
            raise OSError(errno.ENOSPC, "No space left on device")
        write_bytes(path, data)

    monkeypatch.setattr("generator.dataset.shards.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        written(tmp_path)
    assert tar_path(tmp_path, 0).exists() and hashes_path(tmp_path, 0).exists()
    assert not records_path(tmp_path, 0).exists()


def test_sha256sum_agrees(tmp_path):
    """The hashes are in the form of coreutils, whose program needs nothing of ours."""
    (tmp_path / "manifest.json").write_text("{}")
    written(tmp_path)
    done = subprocess.run(["sha256sum", "-c", "shard-00000.sha256"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["manifest.json: OK", "shard-00000.parquet: OK", "shard-00000.tar: OK"]


def test_rewriting_a_shard_is_seen_by_readers(tmp_path):
    old = from_table(read_parquet(written(tmp_path)))[0]
    read_frame(tmp_path, old)
    new = from_table(read_parquet(written(tmp_path, (1, 2), labels=())))[0]
    assert np.isnan(read_frame(tmp_path, new)[0].depth).all()
    with pytest.raises(DatasetError, match=r"checksum|ends at byte"):
        read_frame(tmp_path, old)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_truncated_tars_are_named(tmp_path, share):
    """Cut at a share of the data; 1.0 loses the last byte of the last member."""
    records = from_table(read_parquet(written(tmp_path)))
    tar = tar_path(tmp_path, 0)
    with tarfile.open(tar) as opened:
        end = max(m.offset_data + m.size for m in opened)
    tar.write_bytes(tar.read_bytes()[: int(share * (end - 1))])
    with pytest.raises(DatasetError, match=r"shard-00000\.tar: train-00000003: .*delete shard-00000\.parquet"):
        read_frame(tmp_path, records[-1])


def test_every_flipped_byte_of_the_data_is_noticed(tmp_path):
    record = from_table(read_parquet(written(tmp_path, (1,))))[0]
    tar, noticed = tar_path(tmp_path, 0), 0
    whole = tar.read_bytes()
    with tarfile.open(tar) as opened:
        members = [(m.offset_data, m.size) for m in opened]
    for offset, size in members:
        for at in np.linspace(offset, offset + size - 1, 5).astype(int):
            tar.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
            with pytest.raises(DatasetError, match="train-00000001"):
                read_frame(tmp_path, record)
            noticed += 1
    assert noticed == 5 * 6


def test_missing_tar_and_damaged_records_are_named(tmp_path):
    path = written(tmp_path)
    record = from_table(read_parquet(path))[0]
    tar_path(tmp_path, 0).unlink()
    with pytest.raises(DatasetError, match=r"shard-00000\.tar"):
        read_frame(tmp_path, record)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"shard-00000\.parquet: damaged"):
        read_parquet(path)


def test_quarantined_frames_have_a_row_and_no_pixels(tmp_path):
    writer = ShardWriter(tmp_path, 4, ALL)
    writer.reject("train", painted(9)[1], "rays and passes differ in 900 pixels", planned=("night",))
    (record,) = from_table(read_parquet(writer.commit()))
    assert record.key == "train-00000009" and record.shard == 4 and record.planned == ("night",)
    assert record.quarantine == "rays and passes differ in 900 pixels"
    with tarfile.open(tar_path(tmp_path, 4)) as tar:
        assert tar.getnames() == []


def test_quarantined_frames_leave_something_to_look_at(tmp_path):
    """Picture, labels, the painter's index, red where they differ, the scene, and why."""
    frame, scene = painted(9)
    index = np.where(frame.instance == 1, 7, frame.instance).astype(np.uint16)
    for folder in (tmp_path / "a", tmp_path / "b"):
        writer = ShardWriter(folder, 0, ALL)
        writer.reject("train", scene, "differs", evidence=Evidence(frame, index))
        writer.reject("train", painted(10)[1], "Blender: out of memory")
        writer.commit()
    place = tmp_path / "a" / "quarantine" / "train-00000009"
    kept = ["difference.png", "facts.json", "instance.png", "painted.png", "reason.txt", "rgb.png", "sample.json"]
    assert sorted(p.name for p in place.iterdir()) == kept
    assert all((tmp_path / "b" / p.relative_to(tmp_path / "a")).read_bytes() == p.read_bytes() for p in place.iterdir())
    assert np.array_equal(np.array(Image.open(place / "painted.png")), index)
    red = (np.array(Image.open(place / "difference.png")) == (255, 30, 40)).all(-1)
    assert red.any() and np.array_equal(red, frame.instance == 1)
    failed = quarantine.read(tmp_path / "a", "train-00000009")
    assert failed.reason == "differs" and failed.sample == scene and failed.frame.instances == frame.instances
    assert np.array_equal(failed.frame.rgb, frame.rgb)
    bare = quarantine.read(tmp_path / "a", "train-00000010")
    assert bare.frame is None and bare.difference is None and "out of memory" in bare.reason
    with pytest.raises(DatasetError, match="train-00000011"):
        quarantine.read(tmp_path / "a", "train-00000011")


def test_what_an_interrupted_run_left_in_quarantine_goes_when_the_frame_is_good(tmp_path):
    for good in (False, True):
        writer = ShardWriter(tmp_path, 0, ())
        frame, scene = painted(1)
        if good:
            writer.add("train", frame, scene, facts={})
        else:
            writer.reject("train", scene, "differs", evidence=Evidence(frame))
        writer.commit()
        assert (tmp_path / "quarantine" / "train-00000001").exists() != good


def test_a_frame_is_added_once(tmp_path):
    writer = ShardWriter(tmp_path, 0, ())
    writer.add("train", *painted(1), facts={})
    with pytest.raises(ValueError, match="train-00000001 is added twice"):
        writer.add("train", *painted(1), facts={})


def test_a_full_disk_gives_one_clear_error_and_leaves_nothing(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"old")

    def write(file: object) -> None:
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"x")

    with pytest.raises(DatasetError, match=r"a\.bin: no space left: free some or set another `output`"):
        write_with(tmp_path / "a.bin", write)
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"] and (tmp_path / "a.bin").read_bytes() == b"old"


def test_a_file_over_the_size_limit_in_a_real_process(tmp_path):
    """The operating system refuses, as a full disk does."""
    code = f"""
import resource, signal
from pathlib import Path
from generator.base.errors import DatasetError
from generator.dataset.atomic import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(Path({str(tmp_path / "big.bin")!r}), bytes(5000))
except DatasetError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no space left" in done.stdout and list(tmp_path.iterdir()) == []


def test_killed_while_writing_leaves_no_file_of_that_name(tmp_path):
    code = f"""
import os
from pathlib import Path
from generator.dataset.atomic import write_with
write_with(Path({str(tmp_path / "a.bin")!r}), lambda file: (file.write(bytes(10**6)), os.kill(os.getpid(), 9)))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert not (tmp_path / "a.bin").exists()


def test_exceptions_of_the_writer_pass_through_and_clean_up(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_with(tmp_path / "a.bin", lambda file: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def test_other_refusals_name_the_file(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"cannot be written: .*set another `output`"):
        write_bytes(tmp_path / "file" / "below.bin", b"x")


def test_json_is_canonical(tmp_path):
    assert canonical({"b": np.float32(0.5), "a": [np.int64(1), "ü"]}) == '{"a":[1,"ü"],"b":0.5}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})
    write_json(tmp_path / "a.json", {"b": 1, "a": 2})
    assert (tmp_path / "a.json").read_text() == '{\n "a": 2,\n "b": 1\n}\n'
    assert os.stat(tmp_path / "a.json").st_mode & 0o044 == 0o044 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
