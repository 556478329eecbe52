"""Exports stream: what they hold does not grow with the frames."""

import tracemalloc
from pathlib import Path

import pytest
from exporting import CLASSES, drawn, meshes

from generator.base.frame import Frame
from generator.dataset.atomic import write_bytes, write_json
from generator.dataset.export import Delivery, export, exporters
from generator.dataset.records import FrameRecord, instance_record, key_of, to_parquet
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset, Manifest
from generator.truth.labels import label

FEW = 100  # frames, in more shards than are open at a time


@pytest.mark.parametrize("kind", list(exporters))
def test_memory_does_not_grow_with_the_frames(tmp_path, kind, monkeypatch):
    """More frames may cost their keys (under 50 bytes each), but not their labels (hundreds)."""
    sample = drawn(0)
    frame = label(sample, meshes(), scale=1 / 8)
    monkeypatch.setattr(Dataset, "read", lambda self, record: (frame, sample))
    monkeypatch.setattr(Delivery, "picture", lambda self, record: b"picture")
    monkeypatch.setattr("generator.dataset.export.files.write_bytes", lambda path, data: None)
    monkeypatch.setattr("generator.dataset.export.coco.keypoint_names", lambda delivery: {})
    options = {"bop": {"per_scene": 50}, "webdataset": {"per_tar": 50}}.get(kind, {})
    many = {"coco": 1000}.get(kind, 250)
    few_peak, many_peak = (peak(tmp_path, count, frame, kind, options) for count in (FEW, many))
    assert many_peak - few_peak < 65536 + 50 * (many - FEW)


def peak(folder: Path, count: int, frame: Frame, kind: str, options: dict[str, int]) -> int:
    """Bytes; of two runs the lesser, since in one of them the interpreter may double its table of names."""
    dataset, peaks = long(folder / f"data{count}", count, frame), []
    for _ in range(2):
        tracemalloc.start()
        export(dataset, folder / f"out{count}", kind, options=options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)


def long(folder: Path, count: int, frame: Frame) -> Dataset:
    """Records alone, in shards of 10."""
    manifest = Manifest(scene="s", spec="a", assets="b", seed=0, classes=CLASSES, size=(96, 72), labels=("amodal", "depth"))  # fmt: skip
    write_json(folder / "manifest.json", manifest.model_dump())
    instances = tuple(map(instance_record, frame.instances[:1]))
    for start in range(0, count, 10):
        keys = [(i, key_of("train", i)) for i in range(start, start + 10)]
        records = [FrameRecord(key, "train", i, 0, start // 10, 96, 72, instances=instances) for i, key in keys]
        write_bytes(records_path(folder, start // 10), to_parquet(records))
    return Dataset.open(folder)
