"""`verify` must find every kind of damage, and nothing in a sound data set."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from painted import CLASSES, painted
from PIL import Image

from generator.dataset.atomic import write_json
from generator.dataset.quarantine import Evidence
from generator.dataset.selection import Counts, Selection, SplitSelection
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.dataset.verify import verify

LABELS = ("amodal", "depth", "semantic")
FILES = [
    "manifest.json", "asked.json", "plan-train.json", "selection.json", "shard-00000.tar", "shard-00000.parquet",
    "shard-00000.sha256", "shard-00001.tar", "quarantine/train-00000003/rgb.png",
    "quarantine/train-00000003/facts.json", "quarantine/train-00000003/reason.txt",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards of two frames, the last of them in quarantine, with a plan, a selection and a log."""
    folder = tmp_path_factory.mktemp("data") / "dataset"
    manifest = Manifest(scene="test", spec="a", assets="b", seed=0, classes=CLASSES, size=(64, 48), labels=LABELS)
    Dataset.create_or_check(folder, manifest)
    write_json(folder / "asked.json", {"shard": 2})
    write_json(folder / "plan-train.json", {"tickets": [{"split": "train", "index": k} for k in range(4)]})
    for shard in (0, 1):
        writer = ShardWriter(folder, shard, LABELS)
        for index in (2 * shard, 2 * shard + 1):
            frame, sample = painted(index)
            if index == 3:
                writer.reject("train", sample, "differs", evidence=Evidence(frame, frame.instance))
            else:
                writer.add("train", frame, sample, facts={})
        writer.commit()
    counts = Counts(frames=3, empty=0, tags={}, classes={})
    split = SplitSelection(before=counts, after=counts, bound=3, gap=0, combinations=0, combination_size=1)
    kept = ("train-00000000", "train-00000001")
    Selection(seed=0, asked={}, kept=kept, dropped={"train-00000002": "cap night"}, splits={"train": split}).save(
        folder / "selection.json"
    )
    write_json(folder / "painting.json", {"frames": 4})
    return folder


@pytest.fixture
def data(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "dataset"))


def test_a_sound_data_set_passes(whole: Path) -> None:
    verdict = verify(whole)
    assert verdict.faults == [] and (verdict.frames, verdict.quarantined) == (3, 1)
    assert verdict.files == 2 * 2 + 7 + 4


def test_a_copy_of_records_is_told_and_not_read(data: Path) -> None:
    """As a file manager names a second copy."""
    shutil.copy(data / "shard-00001.parquet", data / "shard-00001 (1).parquet")
    opened = Dataset.open(data)
    assert opened.shards == (0, 1) and len(opened.rows) == 4
    assert any("shard-00001 (1).parquet" in fault for fault in verify(data).faults)


@pytest.mark.parametrize("name", FILES)
def test_every_flipped_bit_is_found(data: Path, name: str) -> None:
    """The first, the last and some other bytes, each with another bit."""
    path, rng = data / name, np.random.Generator(np.random.Philox(3))
    sound = path.read_bytes()
    for at in [0, len(sound) - 1, *rng.integers(0, len(sound), 6)]:
        bit = 1 << int(rng.integers(8))
        path.write_bytes(sound[:at] + bytes([sound[at] ^ bit]) + sound[at + 1 :])
        try:
            faults = verify(data).faults
        except Exception as error:  # a manifest that cannot be read at all
            faults = [str(error)] if name == "manifest.json" else []
        assert faults, f"bit {bit} of byte {at}"
        assert any(path.name in fault or name.endswith(".sha256") for fault in faults)
    path.write_bytes(sound)
    assert verify(data).faults == []


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("manifest.json", "selection.json")])
def test_every_missing_file_is_found(data: Path, name: str) -> None:
    (data / name).unlink()
    faults = verify(data).faults
    assert faults and any(Path(name).name in fault for fault in faults)


def test_a_shard_that_is_gone_without_a_trace_is_missed_by_its_plan(data: Path) -> None:
    for path in data.glob("shard-00000.*"):
        path.unlink()
    found = "\n".join(verify(data).faults)
    assert "2 planned frames are in no shard, train-00000000 for one" in found
    assert "selection.json: speaks of 2 frames that are not here" in found


@pytest.mark.parametrize("name", ["notes.txt", "shard-00000.tar.bak", "quarantine/train-00000003/extra.png", "x/y"])
def test_foreign_files_are_found(data: Path, name: str) -> None:
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).write_bytes(b"mine")
    assert any(f"{name}: does not belong" in fault for fault in verify(data).faults)


def test_a_foreign_shard_is_found(data: Path) -> None:
    writer = ShardWriter(data, 7, LABELS)
    writer.add("train", *painted(99), facts={})
    writer.commit()
    assert any("1 frames are in no plan, train-00000099" in fault for fault in verify(data).faults)


def test_damaged_frames_are_named_and_others_are_not(data: Path) -> None:
    tar = data / "shard-00000.tar"
    whole = bytearray(tar.read_bytes())
    at = whole.index(b"train-00000001.rgb.png") + 512 + 60
    whole[at] ^= 4
    tar.write_bytes(whole)
    found = verify(data).faults
    assert any("train-00000001: its checksum is wrong" in fault for fault in found)
    assert not any("train-00000000" in fault for fault in found)


def test_older_data_without_hashes_are_checked_frame_by_frame(data: Path) -> None:
    for path in data.glob("*.sha256"):
        path.unlink()
    found = verify(data).faults
    assert sum("nothing vouches for this shard" in fault for fault in found) == 2
    tar = data / "shard-00001.tar"
    whole = bytearray(tar.read_bytes())
    whole[whole.index(b"train-00000002.depth.npz") + 600] ^= 1
    tar.write_bytes(whole)
    assert any("train-00000002: its checksum is wrong" in fault for fault in verify(data).faults)


def test_a_frame_in_two_shards_is_found(data: Path) -> None:
    writer = ShardWriter(data, 5, LABELS)
    writer.add("train", *painted(0), facts={})
    writer.commit()
    assert any("train-00000000 is in another shard as well" in fault for fault in verify(data).faults)


def test_the_command_says_what_is_wrong_and_fails(data: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "generator", *words], capture_output=True, text=True, check=False)

    sound = run("verify", str(data))
    assert sound.returncode == 0 and "3 frames and 1 in quarantine" in " ".join(sound.stdout.split())
    shown = run("inspect", str(data), "--quarantine", "-o", str(data.parent / "sheet.png"))
    assert shown.returncode == 0, shown.stderr
    with Image.open(data.parent / "sheet.png") as sheet:
        assert sheet.width >= 2 * 64 and len(np.unique(np.asarray(sheet).reshape(-1, 3), axis=0)) > 100
    (data / "painting.json").write_text(json.dumps({})[:1])
    bad = run("verify", str(data))
    assert bad.returncode == 2 and "painting.json: is no JSON" in (bad.stderr + bad.stdout).replace("\n", "")


def test_the_farms_queues_belong_to_the_data_and_what_they_ask_for_must_be_there(data: Path) -> None:
    """Replacements of frames that failed stand in a queue, and in no plan."""

    def queue(name: str, *indices: int) -> None:
        rows = {"split": [0] * len(indices), "index": list(indices), "kind": [0] * len(indices)}
        table = pa.table(rows).replace_schema_metadata({"queue": json.dumps({"heads": {"train": ""}})})
        pq.write_table(table, data / name)

    queue("queue-0.parquet", 0, 1, 2, 3)
    (data / ".status.json").write_text("{}")
    assert verify(data).faults == []
    queue("queue-1.parquet", 777)
    (fault,) = verify(data).faults
    assert "1 planned frames are in no shard, train-00000777" in fault
    (data / "queue-1.parquet").write_bytes(b"PAR1 and nothing")
    assert any("queue-1.parquet: is no queue" in one for one in verify(data).faults)
