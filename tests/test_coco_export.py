"""COCO out: exports read back with pycocotools, and with our own reader."""

from pathlib import Path

import numpy as np
import pytest
from exporting import built, loaded
from painted import CLASSES as NAMES
from painted import painted
from PIL import Image

from generator.base.errors import DatasetError, GeneratorError
from generator.dataset.export import export
from generator.dataset.imports import photo_source
from generator.dataset.selection import Selection
from generator.dataset.sources import SyntheticSource
from generator.dataset.store import Dataset


def filled(folder: Path, indices=range(12)) -> Dataset:
    """Painted frames with rings, dots and borders whose masks are known; three in a shard."""
    return built(folder, {"train": indices, "val": [500]}, painted, ("amodal",), 3, NAMES)


def test_every_exported_instance_reads_back_with_pycocotools(tmp_path):
    dataset = filled(tmp_path / "data", range(40))
    calls: list[tuple[str, int, int]] = []
    export(dataset, tmp_path / "out", progress=lambda *call: calls.append(call))
    assert calls == [("train", k, 40) for k in range(1, 41)] + [("val", 1, 1)]
    seen = dict.fromkeys(("hole", "pixel", "border"), 0)
    coco = loaded(tmp_path / "out" / "train.json")
    assert [(c["id"], c["name"]) for c in coco.dataset["categories"]] == [(1, "mug"), (2, "bowl"), (3, "spoon")]
    for image in coco.dataset["images"]:
        frame, _ = painted(int(image["file_name"][6:14]))
        assert np.array_equal(np.array(Image.open(tmp_path / "out" / "train" / image["file_name"])), frame.rgb)
        annotations = coco.imgToAnns[image["id"]]
        assert len(annotations) == len(frame.annotated)
        for one, ann in zip(frame.annotated, annotations, strict=True):
            mask = frame.instance == one.id
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            extent = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
            assert np.array_equal(coco.annToMask(ann).astype(bool), mask)
            assert ann["area"] == mask.sum() and ann["bbox"] == extent and ann["iscrowd"] == 0
            assert coco.cats[ann["category_id"]]["name"] == one.label
            assert (ann["visible_fraction"], ann["truncated_fraction"]) == (
                one.visible_fraction,
                one.truncated_fraction,
            )
            amodal = coco.annToMask({**ann, "segmentation": ann["amodal_segmentation"]}).astype(bool)
            assert amodal.sum() == one.amodal_pixels and not (mask & ~amodal).any()
            seen["pixel"] += mask.sum() == 1
            seen["border"] += bool(mask[0].any() or mask[:, -1].any())
            seen["hole"] += holed(mask)
    assert min(seen.values()) > 0, seen


def holed(mask: np.ndarray) -> bool:
    """Whether background is enclosed: a flood from outside does not reach it all."""
    free = np.pad(~mask, 1, constant_values=True)
    reached = np.zeros_like(free)
    reached[0, 0] = True
    for _ in range(free.size):
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= free
        if (grown == reached).all():
            break
        reached = grown
    return bool((free & ~reached).any())


def test_an_export_is_a_label_file_for_our_own_reader(tmp_path):
    dataset = filled(tmp_path / "data")
    export(dataset, tmp_path / "out")
    real, painted_ones = (
        photo_source(tmp_path / "out" / "train.json", classes=dataset.manifest.classes),
        SyntheticSource(dataset, "train"),
    )
    assert real.masks and len(real) == len(painted_ones)
    for a, b in zip(real, painted_ones, strict=True):
        assert (
            np.array_equal(a.image, b.image) and np.array_equal(a.boxes, b.boxes) and np.array_equal(a.labels, b.labels)
        )
        assert np.array_equal(a.masks, b.masks) and not a.ignore.any()


def test_only_the_selection_is_exported_and_strangers_are_refused(tmp_path):
    dataset = filled(tmp_path / "data")
    kept = tuple(f"train-{k:08d}" for k in range(0, 12, 2))
    selection = Selection(seed=0, asked={}, kept=kept, dropped={}, splits={})
    export(dataset, tmp_path / "out", selection=selection)
    names = {path.stem for path in (tmp_path / "out").glob("*/*.png")}
    assert names == set(selection.kept) and len(loaded(tmp_path / "out" / "train.json").imgs) == 6
    before = (tmp_path / "out" / "train.json").read_bytes()
    export(dataset, tmp_path / "out", selection=selection)
    assert (tmp_path / "out" / "train.json").read_bytes() == before
    (tmp_path / "out" / "train" / "cat.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"cat\.png"):
        export(dataset, tmp_path / "out", selection=selection)
    with pytest.raises(GeneratorError, match="unknown exporter 'coko'"):
        export(dataset, tmp_path / "out", "coko")
