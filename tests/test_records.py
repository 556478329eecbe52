"""Records, data sets on disk, selections, synthetic sources."""

import dataclasses

import numpy as np
import pytest
from painted import CLASSES, painted, sample

from generator.balance.candidates import from_records
from generator.balance.check import check, confusion
from generator.balance.objects import of_records
from generator.base.errors import DatasetError
from generator.dataset.records import FrameRecord, from_table, instance_record, to_parquet, to_table
from generator.dataset.selection import Selection
from generator.dataset.shards import ShardWriter, records_path
from generator.dataset.sources import SyntheticSource
from generator.dataset.store import Dataset, Manifest
from generator.spec.balancing import Balance

MANIFEST = Manifest(
    scene="test",
    spec="aa",
    assets="bb",
    seed=0,
    classes=CLASSES,
    size=(64, 48),
    labels=("amodal",),
    versions={"bpy": "4.5"},
)


def filled(folder, indices=range(12), per_shard: int = 5) -> Dataset:
    """Frames of "train", every third of them night, every fourth planned so; one of "val"; one in quarantine."""
    Dataset.create_or_check(folder, MANIFEST)
    for start in range(0, len(indices), per_shard):
        writer = ShardWriter(folder, start // per_shard, MANIFEST.labels)
        for index in indices[start : start + per_shard]:
            tags, planned = ("night",) * (index % 3 == 0), ("night",) * (index % 4 == 0)
            writer.add("train", *painted(index), facts={"coverage": 0.1}, tags=tags, planned=planned)
        writer.commit()
    last = ShardWriter(folder, 99, MANIFEST.labels)
    last.add("val", *painted(500), facts={})
    last.reject("train", sample(777), "differs")
    last.commit()
    return Dataset.open(folder)


def test_rows_come_back_exactly():
    instances = tuple(instance_record(one) for index in range(20) for one in painted(index)[0].instances)
    facts, tags = {"x": 1 / 3, "y": float("inf")}, ("a", "b")
    record = FrameRecord("train-3", "train", 3, -5, 2, 64, 48, 2**32 - 1, tags, (), facts, {}, instances, "why")
    bare = FrameRecord("val-00000001", "val", 1, 0, 0, 64, 48)
    assert from_table(to_table([record, bare])) == [record, bare]
    assert any(one.box is None for one in record.instances) and any(one.label is None for one in record.instances)


def test_equal_records_give_equal_bytes():
    instances = tuple(map(instance_record, painted(3)[0].instances))
    one = FrameRecord("a", "train", 3, 0, 0, 1, 1, facts={"x": 1.0, "y": 2.0}, instances=instances)
    other = dataclasses.replace(one, facts={"y": 2.0, "x": 1.0})
    assert to_parquet([one]) == to_parquet([other])


def test_a_data_set_reads_back_what_was_committed(tmp_path):
    dataset = filled(tmp_path / "data")
    assert len(dataset) == 13 and dataset.shards == (0, 1, 2, 99)
    assert [r.key for r in dataset.frames] == [*(f"train-{k:08d}" for k in range(12)), "val-00000500"]
    assert [(r.key, r.quarantine) for r in dataset.quarantined] == [("train-00000777", "differs")]
    for record, frame, drawn in dataset:
        assert drawn.index == record.index and np.array_equal(frame.rgb, painted(record.index)[0].rgb)
        assert [one.box for one in record.instances] == [one.box for one in frame.instances]


def test_a_shard_without_records_does_not_exist(tmp_path):
    filled(tmp_path)
    records_path(tmp_path, 1).unlink()
    assert [r.index for r in Dataset.open(tmp_path).frames] == [0, 1, 2, 3, 4, 10, 11, 500]


def test_an_empty_data_set_opens(tmp_path):
    dataset = Dataset.create_or_check(tmp_path / "new", MANIFEST)
    assert len(dataset) == 0 and dataset.frames == [] and list(dataset) == []


def test_the_same_run_may_continue_and_another_is_refused(tmp_path):
    Dataset.create_or_check(tmp_path, MANIFEST)
    assert Dataset.create_or_check(tmp_path, MANIFEST).manifest == MANIFEST
    other = MANIFEST.model_copy(update={"seed": 1, "spec": "cc", "versions": {"bpy": "4.6"}})
    with pytest.raises(DatasetError) as caught:
        Dataset.create_or_check(tmp_path, other)
    assert "seed: 0 there, 1 asked; " in str(caught.value) and "spec: aa there, cc asked" in str(caught.value)
    assert "4.6" in str(caught.value) and "classes" not in str(caught.value)
    assert Dataset.open(tmp_path).manifest == MANIFEST


def test_foreign_folders_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(DatasetError, match=r"not a data set, yet holds 'thesis\.tex'"):
        Dataset.create_or_check(tmp_path, MANIFEST)
    with pytest.raises(DatasetError, match="no data set here"):
        Dataset.open(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(DatasetError, match="not a manifest of format 1"):
        Dataset.open(tmp_path)


def test_an_interrupted_start_is_no_foreign_folder(tmp_path):
    (tmp_path / ".manifest.json.host-1-2.tmp").write_bytes(b"half")
    assert Dataset.create_or_check(tmp_path, MANIFEST).manifest == MANIFEST


def test_a_frame_in_two_shards_is_refused(tmp_path):
    filled(tmp_path)
    writer = ShardWriter(tmp_path, 50, ())
    writer.add("train", *painted(3), facts={})
    writer.commit()
    with pytest.raises(DatasetError, match="train-00000003"):
        _ = Dataset.open(tmp_path).rows


def test_candidates_of_records_agree_with_counting_in_python(tmp_path):
    dataset = filled(tmp_path)
    frames = from_records(dataset.records, CLASSES, 0, "train")
    for at, record in enumerate(dataset.frames):
        assert [tag for tag, has in zip(frames.tags, frames.bits[at], strict=True) if has] == list(record.tags)
        expected = [sum(one.label == label for one in record.annotated) for label in CLASSES]
        assert frames.counts[at].tolist() == expected


def test_shares_of_objects_in_records_are_counted_by_hand(tmp_path):
    dataset = filled(tmp_path)
    objects = of_records(dataset.records, CLASSES)
    expected = [
        (at, one.visible_pixels / (record.width * record.height))
        for at, record in enumerate(dataset.frames)
        for one in record.annotated
        if one.visible_pixels
    ]
    assert (
        list(zip(objects.frame, objects.facts["share"], strict=True)) == expected and len({s for _, s in expected}) > 1
    )


def test_check_selects_by_measured_tags_and_explains(tmp_path):
    dataset = filled(tmp_path / "data")
    selection = check(dataset, Balance(caps={"night": 0.2}), seed=3)
    nights = [key for key in selection.kept if key.startswith("train") and int(key[-2:]) % 3 == 0]
    days = [key for key in selection.kept if key.startswith("train") and int(key[-2:]) % 3]
    assert len(days) == 8 and len(nights) == 2 and selection.kept[-1] == "val-00000500"
    assert len(selection.dropped) == 2 and set(selection.dropped.values()) == {"cap night"}
    train = selection.splits["train"]
    assert (train.before.tags, train.after.tags) == ({"night": 4}, {"night": 2})
    assert train.confusion == {"night": {"both": 1, "measured": 3, "planned": 2, "neither": 6}}
    selection.save(tmp_path / "selection.json")
    assert Selection.load(tmp_path / "selection.json") == selection
    (tmp_path / "selection.json").write_text("[]")
    with pytest.raises(DatasetError, match="not a selection"):
        Selection.load(tmp_path / "selection.json")


def test_confusion_by_hand():
    rows = [(("a",), ("a",)), (("a", "b"), ()), ((), ("a",)), ((), ())]
    records = [FrameRecord(str(k), "train", k, 0, 0, 1, 1, tags=t, planned=p) for k, (t, p) in enumerate(rows)]
    assert confusion(to_table(records)) == {
        "a": {"both": 1, "measured": 1, "planned": 1, "neither": 1},
        "b": {"both": 0, "measured": 1, "planned": 0, "neither": 3},
    }


def test_a_synthetic_source_gives_the_frames_masks(tmp_path):
    dataset = filled(tmp_path)
    source = SyntheticSource(dataset, "train")
    assert len(source) == 12 and source.classes == CLASSES and source.masks
    for at in range(len(source)):
        example, (frame, _) = source[at], painted(source.frames[at].index)
        shown = frame.annotated
        assert np.array_equal(example.image, frame.rgb) and example.boxes.shape == (len(shown), 4)
        assert [tuple(box) for box in example.boxes] == [one.box for one in shown]
        assert all(np.array_equal(mask, frame.mask(one.id)) for mask, one in zip(example.masks, shown, strict=True))
        assert [CLASSES[k - 1] for k in example.labels] == [one.label for one in shown] and not example.ignore.any()
        assert (example.boxes.dtype, example.labels.dtype, example.masks.dtype) == (np.float32, np.int64, bool)


def test_frames_without_objects_are_examples_too(tmp_path):
    writer = ShardWriter(tmp_path, 0, ())
    Dataset.create_or_check(tmp_path, MANIFEST)
    writer.add("train", *painted(0, count=0), facts={})
    writer.commit()
    example = SyntheticSource(Dataset.open(tmp_path), "train")[0]
    assert example.boxes.shape == (0, 4) and example.masks.shape == (0, 48, 64)


def test_a_source_follows_its_selection(tmp_path):
    dataset = filled(tmp_path)
    selection = check(dataset, Balance(caps={"night": 0.2}))
    source = SyntheticSource(dataset, "train", selection)
    assert [frame.key for frame in source.frames] == [key for key in selection.kept if key.startswith("train-")]
    stale = selection.model_copy(update={"kept": (*selection.kept, "train-00009999")})
    with pytest.raises(DatasetError, match="train-00009999"):
        SyntheticSource(dataset, "train", stale)


def test_the_smallest_instances_become_ignored(tmp_path):
    dataset = filled(tmp_path)
    source = SyntheticSource(dataset, "train", smallest=0.25)
    assert source.thresholds.keys() == {"mug", "bowl"}
    for label in source.thresholds:
        pixels = sorted(one.visible_pixels for f in source.frames for one in f.annotated if one.label == label)
        ignored = [
            one.visible_pixels
            for at, f in enumerate(source.frames)
            for one, ignore in zip(f.annotated, source[at].ignore, strict=True)
            if one.label == label and ignore
        ]
        assert sorted(ignored) == pixels[: len(ignored)]
        assert 0 < len(ignored) <= 0.25 * len(pixels) < len(ignored) + pixels.count(source.thresholds[label])
    follower = SyntheticSource(dataset, "val", thresholds=source.thresholds)
    assert follower.thresholds == source.thresholds
