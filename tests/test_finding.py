"""The verb `detect`: what is written of photographs without labels is what the detector finds, and is read again."""

import json
from pathlib import Path

import numpy as np
import pytest
from discs import Discs, run
from PIL import Image
from test_cli import call
from typer.testing import CliRunner

from generator.base.errors import InputError
from generator.cli import app
from generator.dataset import rle
from generator.dataset.imports import photo_source

pytestmark = pytest.mark.torch
from generator.train import checkpoint, finding  # noqa: E402
from generator.train.detections import Detection, Detections  # noqa: E402
from generator.train.evaluate import detect, opened  # noqa: E402


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures; the second lies on its side, as its EXIF data say, in a folder of its own."""
    (tmp_path / "photos/deeper").mkdir(parents=True)
    first, second, third = (Image.fromarray(np.ascontiguousarray(Discs()[k].image[:48])) for k in range(3))
    first.save(tmp_path / "photos/b.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    second.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "photos/deeper/a.PNG", exif=exif)
    third.save(tmp_path / "photos/c.png")
    return tmp_path / "photos"


def test_what_is_found_is_written_and_read_again(model: Path, photos: Path, tmp_path: Path) -> None:
    found, sheet = tmp_path / "found.json", tmp_path / "sheet.png"
    done = call("detect", model, photos, "-o", found, "--sheet", sheet, "--threshold", 0.06)
    assert done.returncode == 0, done.stderr
    told = json.loads(found.read_text())
    assert [one["file_name"] for one in told["images"]] == ["b.png", "c.png", "deeper/a.PNG"]
    source = photo_source(found, str(photos), classes=Discs().classes)
    assert source.masks and len(source) == 3
    for k, index in enumerate((0, 2, 1)):
        upright = np.ascontiguousarray(Discs()[index].image[:48])
        np.testing.assert_array_equal(source[k].image, upright)
        own = detect(opened(model), upright).above(0.06)
        rows = [one for one in told["annotations"] if one["image_id"] == k + 1]
        assert [one["score"] for one in rows] == [round(item.score, 4) for item in own]
        assert [one["category_id"] for one in rows] == [item.label for item in own]
        x0, y0, w, h = np.array([one["bbox"] for one in rows]).reshape(-1, 4).T
        np.testing.assert_allclose(np.stack([x0, y0, x0 + w, y0 + h], 1), [item.box for item in own], atol=0.01)
    assert told["annotations"], "an untrained detector is sure of much, a little"
    with Image.open(sheet) as picture:
        assert picture.width > 3 * 48


def test_a_checkpoint_is_read_once(model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be large."""
    read, own = list[Path](), checkpoint.load
    monkeypatch.setattr(checkpoint, "load", lambda path: read.append(path) or own(path))
    found = tmp_path / "found.json"
    for words in (["detect", model, photos, "-o", found, "--threshold", 0.06],
                  ["evaluate", model, "--data", found, "--images", photos]):  # fmt: skip
        done = CliRunner().invoke(app, [*map(str, words)])
        assert done.exit_code == 0, done.output
        assert read == [model]
        read.clear()


def test_what_has_no_pixel_is_left_out(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (48, 80)
    mask, none = np.zeros(size, bool), rle.encode(np.zeros(size, bool))["counts"]
    mask[3:9, 4:11] = True
    boxes = {(4, 3, 11, 9): rle.encode(mask)["counts"], (1, 1, 5, 5): none, (7, 7, 7, 9): rle.encode(mask)["counts"]}
    items = tuple(Detection(box=box, label=1, score=0.9, size=size, counts=counts) for box, counts in boxes.items())
    monkeypatch.setattr(finding, "detect", lambda detector, image, key: Detections(key=key, items=items))
    source = finding.photographs(photos / "b.png", ("disc",))
    (tmp_path / "found.json").write_text(json.dumps(finding.as_coco(source, finding.find(None, source, 0.5, print))))
    example = photo_source(tmp_path / "found.json", str(photos), classes=("disc",))[0]
    assert example.boxes.tolist() == [[4, 3, 11, 9]] and (example.masks[0] == mask).all()


def test_pictures_that_cannot_be_read_are_all_told_first(model: Path, photos: Path, tmp_path: Path) -> None:
    for name in ("x.jpg", "y.jpg"):
        (photos / name).write_bytes(b"no picture")
    done = call("detect", model, photos, "-o", tmp_path / "found.json")
    said = done.stderr
    assert done.returncode == 2
    assert "x.jpg is not a picture" in said and "y.jpg is not a picture" in said and "replace or remove it" in said
    assert not (tmp_path / "found.json").exists()


def test_places_without_pictures_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no picture"):
        finding.photographs(tmp_path, ())
    with pytest.raises(InputError, match=r"nowhere.png does not exist"):
        finding.photographs(tmp_path / "nowhere.png", ())
