"""Every format read back by readers of its own (`reading`), and what cannot be exported is refused in one message."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from conftest import ROOT
from exporting import CLASSES, FRAMES, SIZE, built, meshes, shot
from reading import READERS, bounds, filled

from generator.base.errors import DatasetError
from generator.dataset.export import export, exporters
from generator.dataset.selection import Selection
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def checking() -> ModuleType:
    """scripts/check_exports as a module."""
    loader = importlib.machinery.SourceFileLoader("check_exports", str(ROOT / "scripts/check_exports"))
    spec = importlib.util.spec_from_loader("check_exports", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["check_exports"] = module
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = kept
    return module


@pytest.mark.parametrize("name", list(READERS))
def test_what_is_read_back_is_the_truth(name, dataset, checking, tmp_path):
    (kind, *options), reader = READERS[name]
    export(dataset, tmp_path, kind, store=meshes(), options=dict(one.split("=") for one in options))
    tally, records = checking.Tally(), {record.key: record for record in dataset.frames}
    for key, found in reader(tmp_path):
        frame, _ = dataset.read(records.pop(key))
        if kind == "kitti":  # spaces separate its columns
            for one in found.objects:
                one.label = {"_".join(label.split()): label for label in CLASSES}[one.label]
        checking.compare(tally, frame, found)
    assert not records and tally.objects == sum(len(one.annotated) for one in dataset.frames) > 20
    assert not checking.bad(tally), tally


def test_every_format_is_read_back():
    assert {words[0] for words, _ in READERS.values()} == set(exporters)


def test_the_check_finds_what_differs(dataset, checking):
    """One pixel, one class, one box, one lost object, one depth."""
    frame, _ = shot(0)
    one = frame.annotated[0]
    for change, wrong in {
        "mask": "mask_pixels", "label": "wrong_class", "box": "box", "lost": "lost", "depth": "depth", "area": "area",
    }.items():  # fmt: skip
        found = checking.Picture([
            checking.Found(o.label, frame.mask(o.id), o.box, o.visible_pixels) for o in frame.annotated
        ], frame.rgb, frame.depth.copy())  # fmt: skip
        tally, other = checking.Tally(), found.objects[0]
        if change == "mask":
            assert other.mask is not None
            ys, xs = np.nonzero(other.mask)
            other.mask[ys[0], xs[0]] = False
        elif change == "label":
            other.label = next(label for label in CLASSES if label != one.label)
        elif change == "box":
            other.box = tuple(np.add(other.box, (0, 0, 1, 0)))
        elif change == "lost":
            found.objects.pop()
        elif change == "area":
            other.area += 1
        elif found.depth is not None:
            found.depth[np.isfinite(found.depth)] += 0.01
        checking.compare(tally, frame, found)
        assert checking.bad(tally) and getattr(tally, wrong), change


def test_the_readers_polygons_are_filled_at_pixel_centres():
    ring = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]])
    mask = filled(ring, 6, 5)
    assert mask.sum() == 6 and bounds(mask) == (1, 1, 4, 3)
    triangle = filled(np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]), 4, 4)
    assert triangle.tolist() == [[c + r + 1 < 4 for c in range(4)] for r in range(4)]


@pytest.mark.parametrize("kind", list(exporters))
def test_nothing_to_export_is_said_and_nothing_is_written(kind, dataset, tmp_path):
    empty = Selection(seed=0, asked={}, kept=(), dropped={}, splits={})
    with pytest.raises(DatasetError, match="no frame to export: its selection keeps none"):
        export(dataset, tmp_path / "out", kind, empty)
    foreign = Selection(seed=0, asked={}, kept=("train-00000000", "train-00000009"), dropped={}, splits={})
    with pytest.raises(DatasetError, match="keeps 1 frames that are not here, train-00000009 for one; run `balance`"):
        export(dataset, tmp_path / "out", kind, foreign)
    assert not (tmp_path / "out").exists()


def test_a_set_all_in_quarantine_is_not_exported(dataset, tmp_path):
    failed = Dataset.create_or_check(tmp_path / "data", dataset.manifest)
    writer = ShardWriter(failed.folder, 0, ())
    writer.reject("train", shot(0)[1], "differs")
    writer.commit()
    with pytest.raises(DatasetError, match=r"all frames are in quarantine .*inspect --quarantine"):
        export(Dataset.open(failed.folder), tmp_path / "out", "coco")


@pytest.mark.parametrize("kind", list(exporters))
def test_a_class_without_objects_is_still_a_class(kind, tmp_path):
    classes = (*CLASSES, "ghost")
    dataset = built(tmp_path / "data", {"train": [0]}, classes=classes)
    export(dataset, tmp_path / "out", kind)
    texts = [
        path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.suffix in (".json", ".yaml", ".txt", ".tar")
    ]
    said = any(b"ghost" in text for text in texts)
    assert said == (kind not in ("kitti", "bop"))  # those name what occurs, and nothing else


@pytest.mark.parametrize(("words", "told"), [
    (("--format", "cocoo"), "unknown exporter 'cocoo' (did you mean 'coco'?)"),
    (("--option", "mask=rle"), "export coco: mask: unknown key (did you mean 'masks'?)"),
    (("--option", "masks"), "'masks': must be NAME=VALUE"),
])  # fmt: skip
def test_a_slip_of_the_pen_is_one_message(words, told, dataset, tmp_path):
    command = [sys.executable, "-m", "generator", "export", str(dataset.folder), "-o", str(tmp_path / "out"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and told in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.count("error") == 1 and not (tmp_path / "out").exists()


def test_formats_that_cannot_hold_the_data_are_told_and_left_out(checking, tmp_path, capsys):
    def bare(index):
        frame, sample = shot(index)
        return replace(frame, instances=tuple(replace(one, keypoints={}) for one in frame.instances)), sample

    found = checking.check(built(tmp_path / "data", {"train": [0]}, bare, labels=()), 1, tmp_path / "work", None)
    assert found.keys() == READERS.keys() - {"yolo pose", "bop"} and found["coco rle"].frames == 1
    assert "left out yolo pose: " in (said := capsys.readouterr().err) and "left out bop: " in said
    failed = Dataset.create_or_check(tmp_path / "none", Dataset.open(tmp_path / "data").manifest)
    with pytest.raises(DatasetError, match="no frame to export"):
        checking.check(failed, 1, tmp_path / "more", None)


def test_the_frames_are_what_the_readers_expect(dataset):
    assert len(dataset) == sum(map(len, FRAMES.values())) and dataset.manifest.size == SIZE
