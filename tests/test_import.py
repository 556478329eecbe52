"""Importers: what an exporter wrote comes back exactly; what others wrote, too; every problem is named with its place."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SHARED
from exporting import CLASSES, FRAMES, built, expected
from PIL import Image

from generator.base.errors import GeneratorError, InputError
from generator.dataset.export import export
from generator.dataset.imports import importers, photo_source, recognised
from generator.dataset.store import Dataset

FORMATS = SHARED / "data/formats"
SPLIT = {"coco": "{}.json", "yolo": "images/{}", "voc": "ImageSets/Main/{}.txt", "cityscapes": "gtFine/{}"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


def test_these_formats_are_known():
    assert tuple(importers) == ("cityscapes", "coco", "voc", "yolo") and {"coco", *SPLIT} == set(importers)


# ---- round trips


@pytest.mark.parametrize("classes", [CLASSES, CLASSES[::-1], ("can",)], ids=["same", "turned", "one"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("coco", {}), ("coco", {"masks": "polygon"}), ("yolo", {}), ("yolo", {"task": "segment"}), ("yolo", {"task": "pose"}),
     ("voc", {}), ("voc", {"masks": False}), ("cityscapes", {})],
)  # fmt: skip
def test_exports_come_back(dataset, tmp_path, kind, options, classes):
    """Pictures, boxes, classes and masks of every split, whatever the order of the wanted classes."""
    export(dataset, tmp_path, kind, options=options)
    masked = kind != "yolo" if kind != "voc" else options.get("masks", True)
    masked |= options.get("task") == "segment"
    for split in FRAMES:
        source = photo_source(tmp_path / SPLIT[kind].format(split), classes=classes)
        assert source.classes == classes and source.masks == masked and len(source) == len(FRAMES[split])
        for example, (_, frame, _) in zip(source, expected(split), strict=True):
            assert np.array_equal(example.image, frame.rgb) and not example.ignore.any()
            wanted = [one for one in frame.instances if one.label in classes and one.visible_pixels]
            order = sorted(range(len(wanted)), key=lambda k: wanted[k].category) if kind == "cityscapes" else None
            wanted = [wanted[k] for k in order] if order is not None else wanted
            assert example.labels.tolist() == [classes.index(one.label) + 1 for one in wanted]
            assert np.allclose(example.boxes, np.array([one.box for one in wanted]).reshape(-1, 4), atol=1e-5)
            if masked:
                assert np.array_equal(example.masks, np.array([frame.mask(one.id) for one in wanted]).reshape(-1, 72, 96))  # fmt: skip


def test_folders_that_name_no_split_are_asked_about(dataset, tmp_path):
    for kind in ("yolo", "cityscapes"):
        export(dataset, tmp_path / kind, kind)
        with pytest.raises(GeneratorError, match="has the splits train, val: name one"):
            photo_source(tmp_path / kind, classes=CLASSES)
    assert len(photo_source(tmp_path / "yolo/data.yaml", "val", classes=CLASSES)) == 2
    assert len(photo_source(tmp_path / "yolo/labels/val", classes=CLASSES)) == 2
    export(dataset, tmp_path / "voc", "voc")
    assert len(photo_source(tmp_path / "voc", classes=CLASSES)) == 7


def test_paths_of_no_known_format(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    for path, fault in ((tmp_path, "holds labels of no known format"), (tmp_path / "none", "does not exist")):
        with pytest.raises(GeneratorError, match=rf"{fault} \(cityscapes: a folder with gtFine .* yolo: data\.yaml"):
            recognised(path)


def picture(path: Path, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


# ---- VOC of others

OBJECT = (
    "<object><name>{}</name>{}<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


def voc(folder: Path, name: str, *objects: str, size: tuple[int, int] = (40, 30)) -> None:
    picture(folder / f"JPEGImages/{name}.jpg")
    (folder / "Annotations").mkdir(exist_ok=True)
    shape = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
    text = f"<annotation><filename>{name}.jpg</filename>{shape}{''.join(objects)}</annotation>"
    (folder / f"Annotations/{name}.xml").write_text(text)


def test_voc_boxes_count_from_one_and_include_the_last_pixel(tmp_path):
    voc(tmp_path, "a", OBJECT.format("cup", "", 1, 1, 40, 30), OBJECT.format("cup", "<difficult>1</difficult>", 5, 6, 5, 6), OBJECT.format("cat", "", 1, 1, 2, 2))  # fmt: skip
    source = photo_source(tmp_path, classes=("cup",))
    assert source[0].boxes.tolist() == [[0, 0, 40, 30], [4, 5, 5, 6]] and source[0].ignore.tolist() == [False, True]
    assert not source.masks and source[0].key == "a"


def test_difficult_voc_objects_that_masks_leave_void_are_ignored_where_their_box_is(tmp_path):
    """As in VOC 2012: void is 255. An ordinary object without a pixel remains a mistake (see below)."""
    sure, hard = OBJECT.format("cup", "", 1, 1, 10, 10), OBJECT.format("cup", "<difficult>1</difficult>", 21, 6, 30, 15)
    voc(tmp_path, "a", sure, hard)
    masks = np.zeros((30, 40), np.uint8)
    masks[0:10, 0:10], masks[5:15, 20:30] = 1, 255
    (tmp_path / "SegmentationObject").mkdir()
    Image.fromarray(masks).save(tmp_path / "SegmentationObject/a.png")
    source = photo_source(tmp_path, classes=("cup",))
    assert source.masks and source[0].ignore.tolist() == [False, True]
    assert np.array_equal(source[0].masks[0], masks == 1) and np.array_equal(source[0].masks[1], masks == 255)
    cut = photo_source(tmp_path, crop=(5, 5, 28, 30), classes=("cup",))[0]
    assert cut.ignore.all() and np.array_equal(cut.masks[1], (masks == 255)[5:30, 5:28])


def test_a_voc_picture_is_that_of_the_files_own_name(tmp_path):
    """A stale <filename>, as copying leaves it, counts only where there is no such picture; none is used twice."""
    for name in "ab":
        voc(tmp_path, name, OBJECT.format("cup", "", 1, 1, 9, 9))
    labels = tmp_path / "Annotations/b.xml"
    labels.write_text(labels.read_text().replace("b.jpg", "a.jpg"))
    assert [photo.path.name for photo in photo_source(tmp_path, classes=("cup",)).photos] == ["a.jpg", "b.jpg"]
    (tmp_path / "JPEGImages/b.jpg").unlink()
    with pytest.raises(InputError, match=r"b\.xml: .*a\.jpg is the picture of a\.xml, too; give each picture one"):
        photo_source(tmp_path, classes=("cup",))
    (tmp_path / "Annotations/a.xml").unlink()
    assert photo_source(tmp_path, classes=("cup",)).photos[0].path.name == "a.jpg"


def test_voc_files_may_lie_beside_their_pictures(tmp_path):
    voc(tmp_path / "tree", "a", OBJECT.format("cup", "", 3, 3, 4, 4))
    (tmp_path / "flat").mkdir()
    for path in (tmp_path / "tree").rglob("a.*"):
        (tmp_path / "flat" / path.name).write_bytes(path.read_bytes())
    assert photo_source(tmp_path / "flat", classes=("cup",))[0].boxes.tolist() == [[2, 2, 4, 4]]


def test_all_problems_of_voc_labels_at_once(tmp_path):
    voc(tmp_path, "a", OBJECT.format("cup", "", 5, 5, 4, 4), OBJECT.format("cup", "", 5, 5, 99, 9), OBJECT.format("cup", "", "x", 5, 9, 9), OBJECT.format("jugg", "", 1, 1, 9, 9))  # fmt: skip
    voc(tmp_path, "b", size=(41, 30))
    voc(tmp_path, "c")
    (tmp_path / "JPEGImages/c.jpg").unlink()
    (tmp_path / "Annotations/d.xml").write_text("<annotation>")
    voc(tmp_path, "e", OBJECT.format("cup", "", 1, 1, 9, 9))
    (tmp_path / "SegmentationObject").mkdir()
    Image.fromarray(np.zeros((30, 40), np.uint8)).save(tmp_path / "SegmentationObject/e.png")
    (tmp_path / "ImageSets/Main").mkdir(parents=True)
    (tmp_path / "ImageSets/Main/all.txt").write_text("a\nb\nc\nd\ne\nf\n")
    with pytest.raises(InputError) as caught:
        photo_source(tmp_path / "ImageSets/Main/all.txt", classes=("jug", "cup"))
    text = str(caught.value)
    for part in (
        "all.txt: class 'jug' is not labelled here (did you mean 'jugg'?)",
        "a.xml: object 1 (cup): bbox is 0 wide and 0 high",
        "a.xml: object 2 (cup): bbox [4.0, 4.0, 95.0, 5.0] leaves the 40x30 picture",
        "a.xml: object 3 (cup): bndbox needs xmin, ymin, xmax and ymax",
        "b.jpg is 40x30, labelled as 41x30",
        "c.jpg does not exist",
        "d.xml:1:1: not XML",
        "e.xml: object 1 (cup): has no pixel in SegmentationObject",
        "f.xml: cannot be read: No such file or directory",
    ):
        assert part in text, (part, text)
    assert len(caught.value.problems) == 9


def test_a_voc_class_may_be_absent_but_not_all_of_them(tmp_path):
    voc(tmp_path, "a", OBJECT.format("cup", "", 1, 1, 9, 9))
    assert photo_source(tmp_path, classes=("cup", "elephant"))[0].labels.tolist() == [1]
    with pytest.raises(InputError, match=r"class 'elephant' is not labelled here \(known: cup\)"):
        photo_source(tmp_path, classes=("elephant",))


# ---- Cityscapes of others


def cityscapes(folder: Path, ids: Any, classes: Any = None) -> Path:
    picture(folder / "leftImg8bit/val/ulm/ulm_0_1_leftImg8bit.png", np.shape(ids)[::-1])
    labels = folder / "gtFine/val/ulm/ulm_0_1_gtFine_instanceIds.png"
    labels.parent.mkdir(parents=True)
    Image.fromarray(np.array(ids, np.uint16)).save(labels)
    if classes is not None:
        (folder / "gtFine/classes.json").write_text(json.dumps(classes))
    return folder


def test_cityscapes_own_classes_and_groups(tmp_path):
    ids = np.zeros((6, 8), int)
    ids[:2, :3], ids[4:, 5:], ids[2, :], ids[3, 3] = 26000, 26001, 24, 7
    example = photo_source(cityscapes(tmp_path, ids), classes=("car", "person"))[0]
    assert example.boxes.tolist() == [[0, 2, 8, 3], [0, 0, 3, 2], [5, 4, 8, 6]]
    assert example.labels.tolist() == [2, 1, 1] and example.ignore.tolist() == [True, False, False]
    assert np.array_equal(example.masks[1], ids == 26000)


def test_all_problems_of_cityscapes_labels_at_once(tmp_path):
    cityscapes(tmp_path, [[5000, 1000], [1001, 0]], [{"id": 1, "name": "mug"}])
    for name in ("ulm_0_2", "ulm_0_3", "ulm_0_4"):
        path = tmp_path / f"gtFine/val/ulm/{name}_gtFine_instanceIds.png"
        Image.fromarray(np.zeros((3, 3), np.uint16)).save(path)
    picture(tmp_path / "leftImg8bit/val/ulm/ulm_0_3_leftImg8bit.png", (4, 4))
    (tmp_path / "gtFine/val/ulm/ulm_0_4_gtFine_instanceIds.png").write_bytes(b"no picture")
    with pytest.raises(InputError) as caught:
        photo_source(tmp_path, classes=("mugg",))
    text = str(caught.value)
    for part in (
        "class 'mugg' is not labelled here (did you mean 'mug'?)",
        "ulm_0_1_gtFine_instanceIds.png: id 5000 is of the unknown class 5",
        "ulm_0_2_gtFine_instanceIds.png: labels a picture that does not exist",
        "ulm_0_3_leftImg8bit.png is 4x4, labelled as 3x3",
        "ulm_0_4_gtFine_instanceIds.png: is not a picture",
    ):
        assert part in text, (part, text)
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("table", ["{", '{"mug": 1}', '[{"id": "x", "name": "mug"}]', '[{"id": 1}]'])
def test_broken_class_tables(tmp_path, table):
    cityscapes(tmp_path, [[0, 1000]])
    (tmp_path / "gtFine/classes.json").write_text(table)
    with pytest.raises(InputError, match=r'classes\.json: must list objects with "id" and "name"'):
        photo_source(tmp_path, classes=("mug",))


# ---- files that other programs wrote

SAMPLES = [
    ("datumaro_assets/roboflow_dataset/yolo/train", ("label_0", "label_1"), 2),
    ("icevision_samples/voc", ("person", "aeroplane", "car", "dog", "chair"), 2),
    ("datumaro_assets/cityscapes_dataset/dataset/gtFine/test", ("car", "train"), 2),
]


@pytest.mark.skipif(not FORMATS.is_dir(), reason=f"needs samples of formats in {FORMATS}")
@pytest.mark.parametrize(("path", "classes", "count"), SAMPLES, ids=[re.sub(r"\W", "-", s[0]) for s in SAMPLES])
def test_samples_of_other_programs(path, classes, count):
    source = photo_source(FORMATS / path, classes=classes)
    examples = [source[k] for k in range(len(source))]
    assert len(examples) == count and sum(len(one.labels) for one in examples) > 0
    for one in examples:
        height, width = one.image.shape[:2]
        assert (one.boxes >= 0).all() and (one.boxes[:, 2::2] <= width).all() and (one.boxes[:, 3::2] <= height).all()
