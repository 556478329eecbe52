"""Photographs with odd names are found, and those that cannot be read are named, all at once, before anything runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.base.errors import GeneratorError, InputError
from generator.dataset.imports import photo_source

NAMES = ["a b.png", "Zürich #1 (копия).PNG", "100%.jpg", "two.dots.png", "-minus.png", "UPPER.JPG"]


def picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 16, 3), 20 * number, np.uint8)).save(path)


def coco(folder: Path, names: list[str]) -> Path:
    images = [{"id": k, "file_name": name, "width": 16, "height": 12} for k, name in enumerate(names)]
    ones = [{"id": k, "image_id": k, "category_id": 1, "bbox": [1, 2, 3, 4]} for k in range(len(names))]
    path = folder / "set.json"
    path.write_text(json.dumps({"images": images, "annotations": ones, "categories": [{"id": 1, "name": "mug"}]}))
    return path


def yolo(folder: Path, names: list[str]) -> Path:
    for name in names:
        place = folder / "labels/train" / Path(name).with_suffix(".txt").name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("0 0.15625 0.333333333 0.1875 0.333333333\n")
    (folder / "data.yaml").write_text("train: images/train\nnames: [mug]\n")
    return folder / "data.yaml"


def voc(folder: Path, names: list[str]) -> Path:
    (folder / "Annotations").mkdir(parents=True)
    for name in names:
        box = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>4</xmax><ymax>6</ymax></bndbox>"
        text = f"<annotation><filename>{name}</filename><object><name>mug</name>{box}</object></annotation>"
        (folder / "Annotations" / Path(name).with_suffix(".xml").name).write_text(text)
    return folder


PLACES = {"coco": (coco, "set"), "yolo": (yolo, "images/train"), "voc": (voc, "JPEGImages")}


@pytest.mark.parametrize("kind", list(PLACES))
def test_odd_names_are_names(kind: str, tmp_path: Path) -> None:
    make, place = PLACES[kind]
    for number, name in enumerate(NAMES):
        picture(tmp_path / place / name, number)
    source = photo_source(make(tmp_path, NAMES), classes=("mug",))
    assert len(source) == len(NAMES)
    shown = sorted(round(int(source[k].image[0, 0, 0]) / 20) for k in range(len(source)))
    assert shown == list(range(len(NAMES)))
    assert all(np.allclose(source[k].boxes, [[1, 2, 4, 6]], atol=1e-3) for k in range(len(source)))


@pytest.mark.parametrize("kind", list(PLACES))
def test_pictures_that_cannot_be_read_are_all_named(kind: str, tmp_path: Path) -> None:
    make, place = PLACES[kind]
    names = ["sound.png", "text.png", "empty.png", "gone.png"]
    for number, name in enumerate(names[:3]):
        picture(tmp_path / place / name, number)
    (tmp_path / place / "text.png").write_text("no picture")
    (tmp_path / place / "empty.png").write_bytes(b"")
    with pytest.raises(InputError) as told:
        photo_source(make(tmp_path, names), classes=("mug",))
    lines = str(told.value).splitlines()
    assert len(lines) == 3 and "sound" not in str(told.value)
    assert all(any(name in line for line in lines) for name in ("text", "empty", "gone"))


def test_a_picture_that_ends_too_early_is_named_when_it_is_wanted(tmp_path: Path) -> None:
    """Of JPEGs only headers are read at first: of a hundred thousand photographs, that is all there is time for."""
    noise = np.random.default_rng(0).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    (tmp_path / "set").mkdir()
    Image.fromarray(noise).save(tmp_path / "set/a.jpg", quality=100)
    whole = (tmp_path / "set/a.jpg").read_bytes()
    (tmp_path / "set/a.jpg").write_bytes(whole[: len(whole) - 60])
    source = photo_source(coco(tmp_path, ["a.jpg"]), classes=("mug",))
    with pytest.raises(GeneratorError, match=r"a\.jpg: cannot be decoded: .*replace or remove this picture"):
        source[0]
