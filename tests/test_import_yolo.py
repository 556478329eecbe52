"""YOLO labels that others wrote; every problem is named with its place."""

from pathlib import Path

import numpy as np
import pytest
from test_import import picture

from generator.base.errors import GeneratorError, InputError
from generator.dataset.imports import photo_source


def yolo(folder: Path, rows: dict[str, str], table: str = "train: images\nnames: [cup, jar]\n") -> Path:
    (folder / "labels").mkdir()
    for name, text in rows.items():
        picture(folder / f"images/{name}.png")
        (folder / f"labels/{name}.txt").write_text(text)
    (folder / "data.yaml").write_text(table)
    return folder / "data.yaml"


def test_yolo_rows_are_boxes_polygons_or_poses(tmp_path):
    rows = {"a": "0 0.5 0.5 0.2 0.4\n\n1 0.25 0.2 0.5 0.2 0.5 0.6 0.25 0.6\n", "b": "1 0.5 0.5 1 1 .1 .1 2 .9 .9 0\n"}
    path = yolo(tmp_path, rows, "train: images\nkpt_shape: [2, 3]\nnames: {1: jar, 0: cup}\n")
    picture(tmp_path / "images/c.png")  # without labels: nothing to be seen on it
    source = photo_source(path, classes=("jar", "cup"))
    assert [source[k].key for k in range(3)] == ["a.png", "b.png", "c.png"] and not source.masks
    assert np.allclose(source[0].boxes, [[16, 9, 24, 21], [10, 6, 20, 18]]) and source[0].labels.tolist() == [2, 1]
    assert np.allclose(source[1].boxes, [[0, 0, 40, 30]]) and source[2].boxes.shape == (0, 4)


def test_all_problems_of_yolo_labels_at_once(tmp_path):
    rows = {
        "a": "2 .5 .5 .2 .2\n0 .5 .5 .2\n0.5 .5 .5 .2 .2\n0 .5 x .2 .2\n0 .5 .5 0 .2\n0 1.2 .5 .2 .2\n"
        "0 .1 .1 .2 .2 3 .2\n0 nan .5 .2 .2\n1 .1 .1 .1 .1 .1 .1\n0 .5 .5 .2 .2\n",
    }
    path = yolo(tmp_path, rows)
    (tmp_path / "labels/lost.txt").write_text("0 .5 .5 .2 .2\n")
    (tmp_path / "images/z.png").write_bytes(b"no picture")
    with pytest.raises(InputError) as caught:
        photo_source(path, classes=("cup", "jra", "jar"))
    text = str(caught.value)
    for line in (
        "data.yaml: class 'jra' is not labelled here (did you mean 'jar'?)",
        "a.txt:1:1: unknown class 2; data.yaml names 2",
        "a.txt:2:1: needs a class and four numbers of a box, or three and more corners x y of a polygon",
        "a.txt:3:1: unknown class 0.5; data.yaml names 2",
        "a.txt:4:1: could not convert string to float: 'x'",
        "a.txt:5:1: bbox is 0 wide and 6 high; remove this annotation or correct it",
        "a.txt:6:1: bbox [44.0, 12.0, 8.0, 6.0] leaves the 40x30 picture",
        "a.txt:7:1: polygon leaves the 40x30 picture",
        "a.txt:8:1: bbox holds something that is not a finite number",
        "a.txt:9:1: segmentation covers no pixel; remove this annotation",
        "lost.txt: labels a picture that does not exist",
        "z.png: " + str(tmp_path / "images/z.png") + " is not a picture",
    ):
        assert line in text, line
    assert len(caught.value.problems) == 12


@pytest.mark.parametrize("table", ["train: images", "train: [images/a, images/b]", "train: all.txt"])
def test_yolo_pictures_of_one_name_in_two_folders_are_told_apart(tmp_path, table):
    for folder, row in (("a", "0 .5 .5 .5 .5"), ("b", "1 .5 .5 1 1")):
        picture(tmp_path / f"images/{folder}/0001.png")
        (tmp_path / f"labels/{folder}").mkdir(parents=True)
        (tmp_path / f"labels/{folder}/0001.txt").write_text(row)
    (tmp_path / "all.txt").write_text("./images/a/0001.png\nimages/b/0001.png\n")
    (tmp_path / "data.yaml").write_text(f"{table}\nnames: [cup, jar]\n")
    source = photo_source(tmp_path / "data.yaml", classes=("cup", "jar"))
    found = {one.key: one.labels.tolist() for one in source}
    assert found == {"a/0001.png": [1], "b/0001.png": [2]}
    assert photo_source(tmp_path / "images/b", classes=("jar",))[0].key == "0001.png"


def test_yolo_labels_that_are_no_numbers_or_no_text_are_named(tmp_path):
    path = yolo(tmp_path, {"a": "inf .5 .5 .2 .2\n0 inf .5 .2 .2\nnan .5 .5 .2 .2\n", "b": "", "c": "", "d": ""})
    (tmp_path / "labels/b.txt").write_text("0 .5 .5 .2 .2\n", encoding="utf-16")
    (tmp_path / "labels/c.txt").write_text("0 .5 .5 .5 .5\n", encoding="utf-8-sig")
    with pytest.raises(InputError) as caught:
        photo_source(path, classes=("cup",))
    text = str(caught.value)
    assert len(caught.value.problems) == 4 and "b.txt: cannot be read as UTF-8 text" in text
    for line in ("a.txt:1:1: unknown class inf", "a.txt:2:1: bbox holds something", "a.txt:3:1: unknown class nan"):
        assert line in text, line
    for name in "ab":
        (tmp_path / f"labels/{name}.txt").unlink()
    assert photo_source(path, classes=("cup",))[2].boxes.tolist() == [[10, 7.5, 30, 22.5]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("train: images\n", "needs `names`"),
        ("names: {0: cup, 2: jar}\ntrain: images\n", "must be numbered 0, 1, 2"),
        ("names: [cup\n", "cannot be read"),
        ("names: [cup]\ntrain: pictures\n", "no pictures here; correct data.yaml"),
    ],
)
def test_broken_data_yaml(tmp_path, table, message):
    with pytest.raises(GeneratorError, match=message):
        photo_source(yolo(tmp_path, {"a": ""}, table), classes=("cup",))


def test_yolo_splits_may_be_lists_of_files(tmp_path):
    path = yolo(tmp_path, {"a": "0 .5 .5 .5 .5\n", "b": ""}, "train: [list.txt]\nnames: [cup]\n")
    (tmp_path / "list.txt").write_text("./images/a.png\n")
    source = photo_source(path, classes=("cup",))
    assert len(source) == 1 and np.allclose(source[0].boxes, [[10, 7.5, 30, 22.5]])
