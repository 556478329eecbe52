"""Exports of boxes, masks and keypoints, read back with each format's own tool or a reader written here from its
definition, and compared with the labels as they were before anything was stored."""

import contextlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from exporting import CLASSES, FRAMES, built, expected, shot
from PIL import Image
from pycocotools import mask as runs
from pycocotools.coco import COCO

from generator.base.errors import DatasetError
from generator.dataset.export import export
from generator.dataset.store import Dataset

BALL = ["away", "pole", "rim"]  # keypoints of balls, by name


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


def exported(dataset: Dataset, folder: Path, kind: str, **options: Any) -> Path:
    export(dataset, folder, kind, options=options)
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.array(opened)


def bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """First and last column and row of a mask: x0 y0 x1 y1, the last ones included."""
    ys, xs = np.nonzero(mask)
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


def shown(frame) -> list[tuple[int, np.ndarray]]:
    """0-based class and mask of everything that has a class and a pixel."""
    masks = [(one, frame.instance == one.id) for one in frame.instances if one.label is not None]
    return [(CLASSES.index(one.label), mask) for one, mask in masks if mask.any()]


# ---- COCO


@pytest.mark.parametrize("masks", ["rle", "polygon"])
def test_coco_is_read_by_pycocotools(dataset, tmp_path, masks):
    exported(dataset, tmp_path, "coco", masks=masks)
    for split in FRAMES:
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(str(tmp_path / f"{split}.json"))
        assert [(c["id"], c["name"]) for c in coco.loadCats(coco.getCatIds())] == list(enumerate(CLASSES, 1))
        ids = [one["id"] for one in coco.dataset["annotations"]]
        assert ids == list(range(1, len(ids) + 1))
        images = {Path(image["file_name"]).stem: image["id"] for image in coco.dataset["images"]}
        for key, frame, _ in expected(split):
            found = coco.loadAnns(coco.getAnnIds([images[key]]))
            for one, (kind, mask) in zip(found, shown(frame), strict=True):
                x0, y0, x1, y1 = bounds(mask)
                assert isinstance(one["segmentation"], dict if masks == "rle" else list)
                assert np.array_equal(coco.annToMask(one).astype(bool), mask) and one["area"] == mask.sum()
                assert one["bbox"] == [x0, y0, x1 - x0 + 1, y1 - y0 + 1] and one["category_id"] == kind + 1
                assert one["iscrowd"] == 0
            assert np.array_equal(pixels(tmp_path / split / f"{key}.png"), frame.rgb)


def test_coco_keypoints_are_pixel_indices_in_the_order_of_the_category(dataset, tmp_path):
    """Half a pixel less than ours; a hidden point keeps its flag, one outside the image or missing is 0 0 0."""
    data = json.loads((exported(dataset, tmp_path, "coco") / "train.json").read_bytes())
    categories = {one["id"]: one for one in data["categories"]}
    assert categories[1]["keypoints"] == BALL and "keypoints" not in categories[2]
    ids = {image["id"]: shot(int(image["file_name"][6:14]))[0] for image in data["images"]}
    balls = []
    for image, frame in ids.items():
        annotated = [one for one in data["annotations"] if one["image_id"] == image]
        for one, ann in zip([i for i in frame.instances if i.label and i.visible_pixels], annotated, strict=True):
            assert ("keypoints" in ann) == (one.label == "ball")
            if one.label == "ball":
                rim = [49.5, 6.625, 1] if one.id % 2 else [0, 0, 0]
                assert ann["keypoints"] == [0, 0, 0, 19.75, 30 + one.id, 2, *rim]
                balls.append(ann["num_keypoints"])
    assert set(balls) == {1, 2}


# ---- YOLO


def yolo(folder: Path, split: str, key: str) -> list[tuple[int, np.ndarray]]:
    lines = (folder / "labels" / split / f"{key}.txt").read_text().splitlines()
    return [(int(line.split()[0]), np.array(line.split()[1:], float)) for line in lines]


def test_yolo_boxes(dataset, tmp_path):
    data = yaml.safe_load((exported(dataset, tmp_path, "yolo") / "data.yaml").read_text())
    assert data == {"train": "images/train", "val": "images/val", "names": dict(enumerate(CLASSES))}
    for split in FRAMES:
        for key, frame, _ in expected(split):
            assert np.array_equal(pixels(tmp_path / data[split] / f"{key}.png"), frame.rgb)
            for (kind, row), (label, mask) in zip(yolo(tmp_path, split, key), shown(frame), strict=True):
                x0, y0, x1, y1 = bounds(mask)
                (x, y), (w, h) = row.reshape(2, 2) * (96, 72)
                assert np.allclose([x - w / 2, y - h / 2, x + w / 2, y + h / 2], [x0, y0, x1 + 1, y1 + 1], atol=1e-6)
                assert kind == label and (row >= 0).all() and (row <= 1).all()


def test_yolo_polygons_cover_the_pixels_whose_centres_the_masks_have(dataset, tmp_path):
    """Filled with skimage, which has nothing in common with how they were traced."""
    from skimage.draw import polygon2mask

    exported(dataset, tmp_path, "yolo", task="segment")
    for key, frame, _ in expected("train"):
        for (kind, row), (label, mask) in zip(yolo(tmp_path, "train", key), shown(frame), strict=True):
            corners = row.reshape(-1, 2) * (96, 72) - 0.5  # skimage's pixels have whole numbers at their centres
            assert kind == label and np.array_equal(polygon2mask((72, 96), corners[:, ::-1]), mask)


def test_yolo_poses(dataset, tmp_path):
    """All classes have the points of all classes; lengths are shares of the image."""
    data = yaml.safe_load((exported(dataset, tmp_path, "yolo", task="pose") / "data.yaml").read_text())
    assert data["kpt_shape"] == [3, 3] and data["kpt_names"][0] == BALL
    for key, frame, _ in expected("train"):
        ones = [one for one in frame.instances if one.label and one.visible_pixels]
        for one, (_, row) in zip(ones, yolo(tmp_path, "train", key), strict=True):
            found = row[4:].reshape(3, 3) * (96, 72, 1)
            wanted = np.zeros((3, 3))
            if one.label == "ball":
                wanted[1] = 20.25, 30.5 + one.id, 2
                wanted[2] = (50, 7.125, 1) if one.id % 2 else (0, 0, 0)
            assert np.allclose(found, wanted, atol=1e-6)


def test_poses_need_keypoints(tmp_path):
    plain = built(tmp_path / "data", {"train": [0]}, lambda index: bare(index))
    with pytest.raises(DatasetError, match="no object has keypoints; export YOLO with task detect"):
        export(plain, tmp_path / "out", "yolo", options={"task": "pose"})


def bare(index: int):
    from dataclasses import replace

    frame, sample = shot(index)
    return replace(frame, instances=tuple(replace(one, keypoints={}) for one in frame.instances)), sample


# ---- VOC


def test_voc(dataset, tmp_path):
    exported(dataset, tmp_path, "voc")
    assert (tmp_path / "classes.txt").read_text().splitlines() == list(CLASSES)
    for split in FRAMES:
        keys = (tmp_path / f"ImageSets/Main/{split}.txt").read_text().split()
        assert keys == [key for key, _, _ in expected(split)]
        for key, frame, _ in expected(split):
            root = ElementTree.parse(tmp_path / f"Annotations/{key}.xml").getroot()
            assert [root.find("size").findtext(n) for n in ("width", "height", "depth")] == ["96", "72", "3"]
            assert np.array_equal(pixels(tmp_path / "JPEGImages" / root.findtext("filename")), frame.rgb)
            objects = pixels(tmp_path / f"SegmentationObject/{key}.png")
            classes = pixels(tmp_path / f"SegmentationClass/{key}.png")
            assert set(np.unique(objects)) <= set(range(len(root.findall("object")) + 1))
            ones = [one for one in frame.instances if one.label and one.visible_pixels]
            for number, (entry, (kind, mask), one) in enumerate(
                zip(root.findall("object"), shown(frame), ones, strict=True), 1
            ):
                x0, y0, x1, y1 = bounds(mask)
                box = [int(entry.find("bndbox").findtext(n)) for n in ("xmin", "ymin", "xmax", "ymax")]
                assert box == [x0 + 1, y0 + 1, x1 + 1, y1 + 1] and entry.findtext("name") == CLASSES[kind]
                assert np.array_equal(objects == number, mask) and (classes[mask] == kind + 1).all()
                flags = [int(entry.findtext(n)) for n in ("truncated", "occluded", "difficult")]
                assert flags == [one.truncated_fraction > 0, one.visible_fraction < 1, 0]


def test_voc_masks_have_its_colours(dataset, tmp_path):
    """The first and some later entries of the colour map of the development kit."""
    exported(dataset, tmp_path, "voc")
    with Image.open(tmp_path / "SegmentationClass/train-00000000.png") as opened:
        colors = np.array(opened.getpalette("RGB")).reshape(-1, 3)
    known = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 3: (128, 128, 0), 8: (64, 0, 0), 15: (192, 128, 128), 20: (0, 64, 128)}  # fmt: skip
    assert {n: tuple(colors[n].tolist()) for n in known if n < len(colors)} == {n: c for n, c in known.items() if n < len(colors)}  # fmt: skip
    assert len(colors) > 3


# ---- Cityscapes


def test_cityscapes(dataset, tmp_path):
    exported(dataset, tmp_path, "cityscapes")
    table = json.loads((tmp_path / "gtFine/classes.json").read_bytes())
    assert [(row["id"], row["name"]) for row in table] == list(enumerate(("unlabeled", *CLASSES)))
    numbers = Counter()
    for split, indices in FRAMES.items():
        for index, (_, frame, _) in zip(indices, expected(split), strict=True):
            stem = f"my-scene_{index // 10**6:06d}_{index % 10**6:06d}"
            labels = tmp_path / f"gtFine/{split}/my-scene" / stem
            classes, ids = (pixels(labels.with_name(f"{stem}_gtFine_{kind}Ids.png")) for kind in ("label", "instance"))
            assert classes.dtype == np.uint8 and ids.max() > 255
            picture = tmp_path / f"leftImg8bit/{split}/my-scene/{stem}_leftImg8bit.png"
            assert np.array_equal(pixels(picture), frame.rgb)
            left = np.ones(ids.shape, bool)
            for kind, mask in shown(frame):
                (value,) = set(ids[mask].tolist())
                assert value // 1000 == kind + 1 and (classes[mask] == kind + 1).all()
                assert np.array_equal(ids == value, mask)
                numbers[value % 1000] += 1
                left &= ~mask
            assert not ids[left].any() and not classes[left].any()
    assert numbers[0] > numbers[1] > 0  # each class counts from 0


# ---- WebDataset


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("picture", ["png", "jpg"])
def test_webdataset_is_read_by_webdataset(dataset, tmp_path, picture):
    import webdataset

    exported(dataset, tmp_path, "webdataset", per_tar=2, picture=picture)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"train-00000{n}.tar" for n in range(3)] + ["val-000000.tar"]
    urls = [str(tmp_path / f"train-00000{n}.tar") for n in range(3)]
    loaded = list(webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8"))
    assert [one["__key__"] for one in loaded] == [key for key, _, _ in expected("train")]
    for one, (_, frame, _) in zip(loaded, expected("train"), strict=True):
        difference = abs(one[picture].astype(int) - frame.rgb).mean()
        assert difference == 0 if picture == "png" else 0 < difference < 12
        facts, ids = one["json"], pixels_of(urls, one["__key__"])
        assert facts["classes"] == list(CLASSES) and (facts["width"], facts["height"]) == (96, 72)
        assert np.allclose(facts["camera"], [[90, 0, 48], [0, 90, 36], [0, 0, 1]])
        left = ids > 0
        for entry, (kind, mask) in zip(facts["instances"], shown(frame), strict=True):
            x0, y0, x1, y1 = bounds(mask)
            assert np.array_equal(ids == entry["id"], mask) and entry["category"] == kind + 1
            assert entry["box"] == [x0, y0, x1 + 1, y1 + 1] and entry["label"] == CLASSES[kind]
            left &= ~mask
        assert not left.any()


def pixels_of(urls: list[str], key: str) -> np.ndarray:
    """The instance picture, undecoded by webdataset (it makes 8 bits of 16)."""
    import webdataset

    (data,) = [one["instance.png"] for one in webdataset.WebDataset(urls, shardshuffle=False) if one["__key__"] == key]
    with Image.open(io.BytesIO(data)) as opened:
        return np.array(opened)


# ---- Hugging Face


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")
def test_hugging_face_loads_the_folder(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    exported(dataset, tmp_path / "out", "huggingface")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert json.loads((tmp_path / "out/classes.json").read_bytes()) == list(CLASSES)
    for split, name in (("train", "train"), ("val", "validation")):
        assert len(loaded[name]) == len(FRAMES[split])
        for row, (key, frame, _) in zip(loaded[name], expected(split), strict=True):
            assert row["key"] == key and np.array_equal(np.array(row["image"]), frame.rgb)
            objects = row["objects"]
            wanted = shown(frame)
            assert objects["category"] == [kind for kind, _ in wanted]
            assert objects["label"] == [CLASSES[kind] for kind, _ in wanted]
            assert objects["area"] == [int(mask.sum()) for _, mask in wanted]
            for (x, y, w, h), text, (_, mask) in zip(objects["bbox"], objects["segmentation"], wanted, strict=True):
                assert (x, y, x + w - 1, y + h - 1) == bounds(mask)
                decoded = runs.decode({"size": [row["height"], row["width"]], "counts": text})
                assert np.array_equal(decoded.astype(bool), mask)
