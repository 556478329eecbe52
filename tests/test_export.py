"""What every exporter promises: whole files, no strangers, options that are checked."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from exporting import CLASSES, FRAMES, built, meshes, shot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco

from generator.base.errors import DatasetError, GeneratorError, InputError
from generator.dataset.export import export, exporters
from generator.dataset.export.files import numbered, write_list
from generator.dataset.export.outlines import polygons, ring
from generator.dataset.export.portions import portions
from generator.dataset.records import key_of
from generator.dataset.selection import Selection
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset, Manifest

TABLES = {"train.json", "data.yaml", "train/metadata.jsonl", "train-000000.tar", "ImageSets/Main/train.txt",
          "train/keys.txt", "train/000000/scene_gt.json", "gtFine/classes.json"}  # fmt: skip
KINDS = ("bop", "cityscapes", "coco", "huggingface", "kitti", "voc", "webdataset", "yolo")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_these_formats_are_known():
    assert tuple(exporters) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_exporting_again_gives_the_same_bytes_and_rewrites_no_picture(dataset, tmp_path, kind):
    calls: list[tuple[str, int, int]] = []
    export(dataset, tmp_path, kind, progress=lambda *call: calls.append(call))
    assert calls == [("train", k, 5) for k in range(1, 6)] + [("val", k, 2) for k in (1, 2)]
    before = files(tmp_path)
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.png")}
    assert sum(path.endswith((".png", ".tar")) for path in before) >= 2
    export(dataset, tmp_path, kind)
    assert files(tmp_path) == before and {p: p.stat().st_mtime_ns for p in stamps} == stamps


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_interrupted_export_left_is_completed(dataset, tmp_path, kind, monkeypatch):
    """Stopped within a split: what is there is as it will be, and no table of the whole split is."""
    export(dataset, tmp_path / "whole", kind)
    read = Dataset.read

    class Stop(Exception):
        pass

    def stopped(self, record):
        if record.key == "train-00000003":
            raise Stop
        return read(self, record)

    monkeypatch.setattr(Dataset, "read", stopped)
    with pytest.raises(Stop):
        export(dataset, tmp_path / "out", kind)
    whole, left = files(tmp_path / "whole"), files(tmp_path / "out")
    assert left.items() <= whole.items()
    assert not left.keys() & TABLES
    monkeypatch.setattr(Dataset, "read", read)
    export(dataset, tmp_path / "out", kind)
    assert files(tmp_path / "out") == whole


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("coco", "train"),
        ("yolo", "images/train"),
        ("yolo", "labels/val"),
        ("voc", "Annotations"),
        ("voc", "SegmentationObject"),
        ("kitti", "train/label_2"),
        ("kitti", "val/depth_2"),
        ("bop", "train"),
        ("bop", "train/000000/mask_visib"),
        ("bop", "models"),
        ("cityscapes", "gtFine/train/my-scene"),
        ("cityscapes", "leftImg8bit/val/my-scene"),
        ("webdataset", "."),
        ("huggingface", "train"),
    ],
)
@pytest.mark.parametrize("stranger", ["train-00000099.png", "000099.txt", "cat.jpg"])
def test_strangers_are_refused_by_name(dataset, tmp_path, kind, place, stranger):
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / ".left.by-1-1.tmp").write_bytes(b"an interrupted write")
    (tmp_path / place / stranger).write_bytes(b"")
    with pytest.raises(DatasetError, match=rf"holds '{stranger}', not of this export; remove it or use a new folder"):
        export(dataset, tmp_path, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_selection_is_exported(dataset, tmp_path, kind):
    kept = ("train-00000001", "train-00000004", "val-10000001")
    chosen = Selection(seed=0, asked={}, kept=kept, dropped={}, splits={})
    calls: list[tuple[str, int, int]] = []
    export(dataset, tmp_path, kind, selection=chosen, progress=lambda *call: calls.append(call))
    assert calls == [("train", 1, 2), ("train", 2, 2), ("val", 1, 1)]


def test_portions_are_split_ordered_and_without_quarantine(dataset):
    found = portions(dataset, None)
    assert [(p.split, [r.key for r in p]) for p in found] == [
        (split, [key_of(split, i) for i in indices]) for split, indices in FRAMES.items()
    ]
    assert "train-00000003" in found[0] and "train-00000777" not in found[0] and "val-10000000" not in found[0]
    assert "" not in found[0] and "zzz" not in found[0] and [r.tags for r in found[0]][1] == ("night",)


def test_a_frame_in_two_shards_is_refused(tmp_path):
    dataset = built(tmp_path)
    records_path(tmp_path, 9).write_bytes(records_path(tmp_path, 0).read_bytes())
    with pytest.raises(DatasetError, match="train-00000000 is in several shards"):
        portions(Dataset.open(dataset.folder), None)


def test_sizes_and_keypoints_are_stored(dataset):
    for record in dataset.frames:
        stored, _ = dataset.read(record)
        assert stored.instances == shot(record.index)[0].instances
    assert any(one.keypoints for one in stored.instances) and all(any(one.extent) for one in stored.instances)


def test_an_empty_data_set_is_refused_and_nothing_is_written(tmp_path):
    manifest = Manifest(scene="s", spec="a", assets="b", seed=0, classes=CLASSES, size=(8, 6), labels=("amodal",))
    empty = Dataset.create_or_check(tmp_path / "data", manifest)
    for kind in KINDS:
        with pytest.raises(DatasetError, match="no frame to export: all frames are in quarantine or not yet painted"):
            export(empty, tmp_path / kind, kind)
        assert not (tmp_path / kind).exists()


@pytest.mark.parametrize("below", [".", "coco/new"])
def test_an_export_into_the_data_set_itself_is_refused(dataset, below):
    """`verify` would find all of it foreign."""
    before = files(dataset.folder)
    with pytest.raises(DatasetError, match="lies in the data set itself; export to a folder outside of it"):
        export(dataset, dataset.folder / below)
    assert files(dataset.folder) == before


def test_options_are_checked(dataset, tmp_path):
    with pytest.raises(GeneratorError, match=r"unknown exporter 'coko' \(did you mean 'coco'\?\)"):
        export(dataset, tmp_path, "coko")
    with pytest.raises(InputError, match=r"export coco: mask: unknown key \(did you mean 'masks'\?\)"):
        export(dataset, tmp_path, "coco", options={"mask": "rle"})
    with pytest.raises(InputError, match="export yolo: task: must be 'detect', 'segment' or 'pose'"):
        export(dataset, tmp_path, "yolo", options={"task": "boxes"})
    with pytest.raises(InputError, match="export bop: per_scene: "):
        export(dataset, tmp_path, "bop", options={"per_scene": "0"})


def test_frames_without_a_picture_are_refused(tmp_path):
    dataset = built(tmp_path / "data", {"train": [0]}, lambda index: (dataclasses.replace(shot(index)[0], rgb=None), shot(index)[1]))  # fmt: skip
    for kind in KINDS:
        with pytest.raises(DatasetError, match="train-00000000: has labels but no picture"):
            export(dataset, tmp_path / kind, kind)


# ---- outlines

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def filled(rings: list[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """Even-odd rule at pixel centres, by counting crossings to the left: closed form, edge by edge."""
    inside = np.zeros(shape, bool)
    x, y = np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5
    for one in rings:
        for (xa, ya), (xb, yb) in zip(one, np.roll(one, -1, 0), strict=True):
            crossed = (y >= min(ya, yb)) & (y < max(ya, yb))
            at = xa + (y[crossed] - ya) * (xb - xa) / (yb - ya) if ya != yb else y[:0]
            inside[crossed] ^= x[None] > at[:, None]
    return inside


@settings(max_examples=300, deadline=None, derandomize=True)
@given(MASKS)
def test_filling_an_outline_gives_the_mask(mask):
    found = polygons(mask)
    assert np.array_equal(filled(found, mask.shape), mask)
    if mask.any():
        assert np.array_equal(filled([ring(mask)], mask.shape), mask)
        for rings in (found, [ring(mask)]):
            runs = coco.merge(coco.frPyObjects([one.ravel().tolist() for one in rings], *mask.shape))
            assert np.array_equal(coco.decode(runs).astype(bool), mask)


def test_outlines_have_corners_only_and_turn_clockwise():
    assert [p.tolist() for p in polygons(np.ones((2, 3), bool))] == [[[0, 0], [3, 0], [3, 2], [0, 2]]]
    assert [p.tolist() for p in polygons(np.eye(2, dtype=bool))] == [
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[1, 1], [2, 1], [2, 2], [1, 2]],
    ]
    assert polygons(np.zeros((3, 3), bool)) == []


# ---- files


def test_numbers_have_six_digits():
    known = numbered(12, ".png")
    assert known("000011.png") and known("000000.png")
    assert not any(known(name) for name in ("000012.png", "11.png", "000011.txt", "00000a.png", "0000011.png", ".png"))


def test_lists_are_json(tmp_path):
    for items in ([], [1], [{"b": 1, "a": [2.5]}, "x", None]):
        with open(tmp_path / "a.json", "wb") as file:
            write_list(file, iter(items))
        assert json.loads((tmp_path / "a.json").read_bytes()) == items


def test_meshes_are_there():
    """The other tests rest on objects that hide each other and are cut by the border."""
    ones = [one for index in FRAMES["train"] for one in shot(index)[0].instances if one.label]
    assert meshes() and min(one.visible_pixels for one in ones) == 0
    assert sum(one.truncated_fraction > 0 for one in ones) > 5 and sum(one.visible_fraction < 1 for one in ones) > 10
