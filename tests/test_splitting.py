"""The verb `split`: nothing leaks, parts are sound COCO files, and bad input leaves nothing behind."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from generator.balance.dealing import deal, halves, videos
from generator.base.errors import DatasetError, GeneratorError
from generator.cli import app
from generator.cli.splitting import MANIFEST
from generator.dataset.imports import photo_source

PICTURES = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Fifteen videos of four pictures; every third video is at night; two classes, and one field nobody knows."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = folder / "photos"
    pictures.mkdir()
    images, annotations, rows = [], [], ["image,tag"]
    for k in range(PICTURES):
        name = f"v{k // 4:02d}_{k % 4}.png"
        night = k // 4 % 3 == 0
        Image.new("RGB", (12, 8), (20, 20, 20) if night else (200, 200, 200)).save(pictures / name)
        images.append({"id": k + 1, "file_name": name, "width": 12, "height": 8, "camera": "old"})
        box = [1, 1, 4, 4]
        annotations.append({"id": k + 1, "image_id": k + 1, "category_id": 1 + k % 2, "bbox": box, "area": 16})
        rows += [f"{name},night"] * night
    categories = [{"id": 1, "name": "mug"}, {"id": 2, "name": "bowl"}]
    data = {"info": {"year": 2020}, "images": images, "annotations": annotations, "categories": categories}
    (folder / "photos.json").write_text(json.dumps(data))
    (folder / "tags.csv").write_text("\n".join(rows) + "\n")
    return folder


def run(*arguments: object):
    return CliRunner().invoke(app, ["split", *map(str, arguments)])


def parts_of(out: Path) -> dict[str, list[str]]:
    return json.loads((out / MANIFEST).read_text())["parts"]


def test_a_coco_file_is_dealt_out_with_all_that_it_says(photos, tmp_path):
    found = run(photos / "photos.json", "-o", tmp_path / "out", "--tags", photos / "tags.csv", "--sequence", r"v\d+")
    assert found.exit_code == 0, found.output
    parts, whole = parts_of(tmp_path / "out"), json.loads((photos / "photos.json").read_text())
    assert sorted(key for keys in parts.values() for key in keys) == sorted(i["file_name"] for i in whole["images"])
    where = {key[:3]: name for name, keys in parts.items() for key in keys}
    assert all(where[key[:3]] == name for name, keys in parts.items() for key in keys)  # no video is in two parts
    seen = []
    for name, keys in parts.items():
        data = json.loads((tmp_path / "out" / f"{name}.json").read_text())
        assert [one["file_name"] for one in data["images"]] == keys and data["info"] == {"year": 2020}
        assert {one["image_id"] for one in data["annotations"]} == {one["id"] for one in data["images"]}
        assert all(one["camera"] == "old" for one in data["images"])
        assert len(photo_source(tmp_path / "out" / f"{name}.json", str(photos / "photos"), classes=("mug",))) == len(
            keys
        )
        nights = sum(int(key[1:3]) % 3 == 0 for key in keys)
        assert nights > 0  # the tag is in every part
        seen += data["annotations"]
    assert sorted(one["id"] for one in seen) == [one["id"] for one in whole["annotations"]]


def test_a_balanced_test_keeps_its_rules_and_names_what_it_leaves_out(photos, tmp_path):
    found = run(
        photos / "photos.json", "-o", tmp_path, "--shares", "0.5,0.5", "--tags", photos / "tags.csv",
        "--balanced-test", "--cap", "night=0.2",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    made = json.loads((tmp_path / MANIFEST).read_text())
    nights = [int(key[1:3]) % 3 == 0 for key in made["parts"]["test"]]
    assert 0 < sum(nights) <= 0.2 * len(nights) and len(made["unused"]) > 0
    assert len(made["unused"]) + sum(map(len, made["parts"].values())) == PICTURES


def test_the_same_seed_gives_the_same_bytes_and_another_another_split(photos, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert run(photos / "photos.json", "-o", tmp_path / name, "--seed", seed).exit_code == 0
    first, again, other = ((tmp_path / name / MANIFEST).read_bytes() for name in "abc")
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--shares", "0.7,0.2"), "add up to 1"),
        (("--shares", "most"), "must be numbers"),
        (("--shares", "1.2,-0.2"), "add up to 1"),
        (("--sequence", "(("), "no regular expression"),
        (("--sequence", "scene"), "is not in 'v00_0.png'"),
        (("--sequence", "v"), "would be empty: 1 scenes"),
        (("--cap", "night"), "TAG=SHARE"),
        (("--tags", "none.csv"), "cannot be read"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(photos, tmp_path, arguments, words):
    found = run(photos / "photos.json", "-o", tmp_path / "out", *arguments)
    assert isinstance(found.exception, GeneratorError) and words in str(found.exception)
    assert not (tmp_path / "out").exists()


def test_a_tag_of_a_picture_that_is_not_there_is_named(photos, tmp_path):
    (tmp_path / "tags.csv").write_text("image,tag\nelsewhere.png,night\n")
    found = run(photos / "photos.json", "-o", tmp_path / "out", "--tags", tmp_path / "tags.csv")
    assert isinstance(found.exception, DatasetError) and "no picture 'elsewhere.png'" in str(found.exception)


def test_videos_are_what_the_first_group_finds():
    keys = ["a/01_5.jpg", "a/02_5.jpg", "b/01_5.jpg"]
    assert videos(keys, r"^(\w)/").tolist() == [0, 0, 1]
    assert videos(keys, r"\d+").tolist() == [0, 1, 0]


def test_a_part_with_rules_keeps_scenes_whole():
    from test_balance_splits import pool

    frames, scene = pool(200, 0), np.arange(200) // 4
    dealt = deal(frames, [str(k) for k in range(200)], {"train": 0.5, "test": 0.5}, scene, {"test": halves(frames)})
    test = np.array([int(key) for key in dealt.parts["test"]])
    assert (np.bincount(test // 4, minlength=50) % 4 == 0).all()
    assert (frames.bits[test].mean(0) <= 0.5).all() and dealt.groups == 50
