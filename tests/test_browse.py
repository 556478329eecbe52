"""The page to browse: everything it refers to is there, what it searches by is true, and its overlays show the labels."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import CLASSES, drawn, meshes, shaded
from PIL import Image

from generator.base.errors import DatasetError
from generator.base.frame import Frame
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.report.browse import write_pages
from generator.report.layers import LAYERS
from generator.spec.config import LABELS
from generator.truth.labels import label


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data")
    Dataset.create_or_check(
        folder, Manifest(scene="<i>&", spec="a", assets="b", seed=0, classes=CLASSES, size=(96, 72), labels=LABELS)
    )
    writer = ShardWriter(folder, 0, LABELS, meshes())
    for index in range(4):
        frame = label(drawn(index), meshes())
        frame = dataclasses.replace(frame, rgb=shaded(frame))
        writer.add("train", frame, drawn(index), facts={}, tags=("night",) * (index % 2))
    writer.commit()
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def page(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    write_pages(dataset, folder)
    return folder


def data(page: Path) -> dict[str, Any]:
    text = (page / "index.js").read_text()
    assert text.startswith("const DATA=") and text.endswith(";\n")
    return dict(json.loads(text[len("const DATA=") : -2]))


def test_every_file_a_frame_needs_is_there(page: Path) -> None:
    found = data(page)
    assert found["rasters"] == ["masks", *(name for name in LABELS if name in LAYERS)]
    for key in found["key"]:
        for name in found["rasters"]:
            with Image.open(page / "frames" / "0000" / f"{key}.{name}.png") as layer:
                assert layer.size == (96, 72)
        with Image.open(page / "frames" / "0000" / f"{key}.jpg") as picture:
            assert picture.size == (96, 72)


def test_nothing_is_fetched_from_elsewhere_and_names_are_escaped(page: Path) -> None:
    html = (page / "index.html").read_text()
    assert "<i>&" not in html and "&lt;i&gt;&amp;" in html
    assert re.findall(r"https?://[^\"]+", html) == ["http://www.w3.org/2000/svg"]
    assert "loading:way" in html and 'lazy?"lazy"' in html


def test_what_is_searched_by_is_true_of_the_frames(dataset: Dataset, page: Path) -> None:
    found = data(page)
    for n, (record, frame, _) in enumerate(dataset):
        assert found["key"][n] == record.key and found["split"][n] == 0
        assert [found["tags"][t] for t in found["tag"][n]] == list(record.tags)
        expected = set()
        for one in frame.annotated:
            size = sum(one.visible_pixels >= side**2 for side in (32, 96))
            seen = 0 if one.visible_fraction < 0.25 else 1 if one.visible_fraction <= 0.75 else 2
            expected.add((one.label, size, seen))
        assert {(CLASSES[k // 9], k // 3 % 3, k % 3) for k in found["kind"][n]} == expected


def test_what_is_drawn_are_the_labels(dataset: Dataset, page: Path) -> None:
    record, frame, _ = next(iter(dataset))
    text = (page / "frames" / "0000" / f"{record.key}.js").read_text()
    key, facts = json.loads("[" + text.removeprefix("shown(").removesuffix(");\n") + "]")
    assert key == record.key
    assert [tuple(o["box"]) for o in facts["objects"]] == [one.box for one in frame.annotated]
    for o, one in zip(facts["objects"], frame.annotated, strict=True):
        corners = np.array([c for c in o["corners"] if c])
        if len(corners) == 8 and one.amodal_box:
            x0, y0, x1, y1 = one.amodal_box
            assert (corners.min(0) <= (x0 + 1, y0 + 1)).all() and (corners.max(0) >= (x1 - 1, y1 - 1)).all()


def test_masks_are_seen_where_the_objects_are(dataset: Dataset, page: Path) -> None:
    for record, frame, _ in dataset:
        shown = np.array(Image.open(page / "frames" / "0000" / f"{record.key}.masks.png"))
        assert np.array_equal(shown[..., 3] > 0, np.isin(frame.instance, [one.id for one in frame.annotated]))
        hidden = np.array(Image.open(page / "frames" / "0000" / f"{record.key}.amodal.png"))[..., 3] > 0
        whole = np.zeros(hidden.shape, bool)
        for one in frame.annotated:
            whole |= frame.amodal_mask(one.id)
        assert hidden.any() and not (hidden & ~whole).any()


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_layer_of_an_empty_frame_is_a_picture(name: str) -> None:
    from conftest import scene

    from generator.truth.annotations import ANNOTATIONS, Shot

    sample = scene(size=(32, 24))
    frame: Frame = label(sample, meshes())
    shown = LAYERS[name](frame, ANNOTATIONS[name].measure(Shot(frame, sample, meshes())))
    assert shown.shape[:2] == (24, 32) and shown.dtype == np.uint8


def test_a_page_that_cannot_be_written_is_told(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("a file, where a folder is wanted")
    with pytest.raises(DatasetError, match=r"page: cannot be written: Not a directory; check the folder"):
        write_pages(dataset, tmp_path / "page")
