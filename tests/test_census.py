"""What `inspect` counts, against the records one by one."""

from collections import Counter
from pathlib import Path

from exporting import CLASSES, built

from generator.dataset.census import census
from generator.dataset.records import FrameRecord, to_parquet
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset, Manifest


def test_counts_are_those_of_the_records(tmp_path: Path) -> None:
    dataset = built(tmp_path)
    found, frames = census(dataset), dataset.frames
    assert (found.frames, found.quarantined) == (len(frames), 1)
    assert found.objects == Counter(one.label for frame in frames for one in frame.annotated)
    assert set(found.objects) == set(CLASSES) and found.tags == Counter(tag for frame in frames for tag in frame.tags)


def test_audits_add_up_and_frames_without_objects_count(tmp_path: Path) -> None:
    manifest = Manifest(scene="s", spec="a", assets="b", seed=0, classes=("mug",), size=(9, 9), labels=())
    folder = Dataset.create_or_check(tmp_path, manifest).folder
    for shard in range(3):
        audit = {"compared": 100.0, "disagree": float(shard)}
        record = FrameRecord(f"train-{shard:08d}", "train", shard, 0, shard, 9, 9, audit=audit)
        records_path(folder, shard).write_bytes(to_parquet([record]))
    found = census(Dataset.open(folder))
    assert (found.frames, found.compared, found.disagree, found.objects) == (3, 300, 3, Counter())


def test_a_set_without_shards_has_nothing(tmp_path: Path) -> None:
    manifest = Manifest(scene="s", spec="a", assets="b", seed=0, classes=("mug",), size=(9, 9), labels=())
    found = census(Dataset.create_or_check(tmp_path, manifest))
    assert (found.frames, found.quarantined) == (0, 0)
