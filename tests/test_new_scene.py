"""A first scene for objects that nobody here has thought of."""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from typer.testing import CliRunner

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.color import encode
from generator.base.draw import Draw
from generator.base.errors import AssetError, DatasetError, GeneratorError
from generator.cli import app
from generator.distributions.base import Value
from generator.fitting.beginning import Beginning
from generator.fitting.looks import Studio
from generator.fitting.palette import monochrome, palette, palettes
from generator.fitting.template import CAPS, FLOORS, LOOKED, config_text, limits, targets
from generator.sampling.sampler import Sampler
from generator.spec.load import load_config, load_scene


@pytest.fixture
def meshes(tmp_path: Path) -> Path:
    folder = tmp_path / "things"
    for label, extent in (("peg", 0.02), ("hook", 0.03)):
        (folder / label).mkdir(parents=True)
        for k in range(2):
            trimesh.creation.box((extent, extent / 2, extent / 3)).export(folder / label / f"{label}{k}.ply")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve pictures of 96 x 64 with a green square on violet ground, two to a picture."""
    folder = tmp_path / "train"
    folder.mkdir()
    images, annotations = [], []
    for k in range(12):
        picture = np.full((64, 96, 3), (110, 40, 160), np.uint8)
        for j, x in enumerate((10 + k, 55 + k)):
            picture[20 + k : 36 + k, x : x + 16] = (30, 170, 60)
            annotations.append({"id": 2 * k + j, "image_id": k, "category_id": 7, "bbox": [x, 20 + k, 16, 16]})
        Image.fromarray(picture).save(folder / f"{k}.png")
        images.append({"id": k, "file_name": f"{k}.png", "width": 96, "height": 64})
    for one in annotations:
        one |= {"area": 256, "iscrowd": 0}
    labels = tmp_path / "train.json"
    labels.write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": [{"id": 7, "name": "peg"}]})
    )
    return labels


def test_everything_is_measured_by_the_objects(meshes: Path, tmp_path: Path) -> None:
    texts = {}
    for label, extent in (("peg", 0.02), ("hook", 0.03)):
        begun = Beginning.of("things", (label,), meshes, None, "")
        assert begun.classes[0].extent == pytest.approx(extent)
        texts[label] = begun.text
    path = tmp_path / "things.yaml"
    path.write_text(texts["peg"])
    spec = load_scene(path, Catalog.open(meshes))
    low, high = spec.camera.position.shell.radius if hasattr(spec.camera.position, "shell") else (0.044, 0.18)
    assert (low, high) == pytest.approx((0.02 * 2.2, 0.02 * 9), rel=0.05)
    assert "[0.066, 0.27]" in texts["hook"]


def test_scenes_are_filled_and_show_every_class(meshes: Path, tmp_path: Path) -> None:
    begun = Beginning.of("things", ("peg", "hook"), meshes, None, "")
    path = tmp_path / "things.yaml"
    path.write_text(begun.text)
    catalog = Catalog.open(meshes)
    sampler = Sampler(load_scene(path, catalog), AssetStore(catalog), (96, 64))
    seen = {one.label for index in range(12) for one in sampler(0, index).objects if one.label}
    assert seen == {"peg", "hook"}


def test_a_folder_without_the_class_says_what_it_has(meshes: Path) -> None:
    with pytest.raises(AssetError, match=r"'pegs'.*did you mean 'peg'"):
        targets(["pegs", "hook"], meshes)
    with pytest.raises(AssetError, match="did you mean 'mug'"):
        targets(["mugg"], None)
    with pytest.raises(DatasetError, match="no such folder"):
        Beginning.of("x", ("peg",), meshes / "none", None, "")
    with pytest.raises(GeneratorError, match="--label"):
        Beginning.of("x", (), meshes, None, "")
    with pytest.raises(GeneratorError, match="letters"):
        Beginning.of("a b", ("peg",), meshes, None, "")


def test_labels_that_make_no_scene_are_told_before_any_work(photos: Path) -> None:
    kept = json.loads(photos.read_text())
    photos.write_text(json.dumps({**kept, "categories": [{"id": 7, "name": "coffee mug"}]}))
    with pytest.raises(GeneratorError, match=r"train\.json: 'coffee mug' cannot be classes of a scene: rename them"):
        Beginning.of("x", (), None, photos, "")
    photos.write_text(json.dumps({**kept, "categories": [{"id": 7, "name": "mug"}], "images": [], "annotations": []}))
    with pytest.raises(DatasetError, match=r"train\.json: lists no photographs"):
        Beginning.of("x", (), None, photos, "")


def test_a_class_that_nothing_is_labelled_with_is_none_of_the_scenes(photos: Path, meshes: Path) -> None:
    """Roboflow's exports name all classes together as one more."""
    kept = json.loads(photos.read_text())
    kept["categories"].insert(0, {"id": 0, "name": "pegs and such", "supercategory": "none"})
    photos.write_text(json.dumps(kept))
    assert [one.label for one in Beginning.of("x", (), meshes, photos, "").classes] == ["peg"]


def test_a_config_names_the_folder_of_the_photographs_that_was_named(tmp_path: Path) -> None:
    words = ("a", Path("a.yaml"), (96, 64), None, Path("r.json"), False)
    assert "train: {labels: r.json, images: far/away}" in config_text(*words, images="far/away")
    assert "train: {labels: r.json}" in config_text(*words)


def test_colours_are_those_of_the_photographs(photos: Path) -> None:
    found = palettes(photos, "", ("peg",))
    for name, color in (("peg", (30, 170, 60)), ("", (110, 40, 160))):
        law = Value("color").parse(found[name])
        drawn = np.array([law.sample(Draw(k)) for k in range(200)])  # linear
        assert np.abs(np.median(encode(drawn), 0) * 255 - color).max() < 25


def test_what_is_none_of_the_classes_often_has_their_colours(meshes: Path, photos: Path, tmp_path: Path) -> None:
    catalog = Catalog.open(meshes)
    shares = {}
    for known in (photos, None):
        path = tmp_path / f"{known is None}.yaml"
        path.write_text(Beginning.of("things", ("peg",), meshes, known, "").text)
        sampler = Sampler(load_scene(path, catalog), AssetStore(catalog), (96, 64))
        others = [one for index in range(25) for one in sampler(0, index).objects if not one.label]
        colors = np.array([one.material.color for one in others if one.material.color])
        hue, far = encode(colors) * 255 - (30, 170, 60), 60
        shares[known] = float((np.abs(hue).max(1) < far).mean())
    assert shares[None] < 0.1 < 0.3 < shares[photos] < 0.7


def test_a_palette_has_every_tone_as_often_as_it_occurs() -> None:
    pixels = np.repeat(np.array([[250, 250, 250], [10, 10, 10]], np.uint8), (300, 100), axis=0)
    weights = sorted(one["weight"] for one in palette(pixels, Draw(0))["mixture"])
    assert weights == [25, 75]


def test_the_verb_writes_what_can_be_read_and_overwrites_nothing(
    meshes: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["new-scene", "pegs", "--assets", str(meshes), "--like", str(photos), "--rounds", "0"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.exception
    config = load_config(tmp_path / "configs/pegs.yaml")
    assert config.size == (96, 64) and config.scene == "scenes/pegs.yaml"
    assert load_scene(tmp_path / "scenes/pegs.yaml", Catalog.open(meshes)).classes == ("peg",)
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, GeneratorError) and "exist already" in str(again.exception)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.1, 0.4, 0.9, 1.0])
def test_caps_and_floors_are_such_as_the_scene_can_keep(rate: float) -> None:
    """Of LOOKED times as many scenes, a plan needs that many that are no edge case, and that many that are."""
    caps, floors = limits({tag: rate for tag in CAPS})
    assert all(LOOKED * (1 - rate) >= 1 - cap - 1e-9 and cap >= CAPS[tag] for tag, cap in caps.items())
    assert all(LOOKED * rate >= floor - 1e-9 and 0 < floor <= FLOORS[tag] for tag, floor in floors.items())
    assert (caps == CAPS) == (rate < 0.5) and (not caps) == (rate == 1) and (not floors) == (rate == 0)
    assert limits(None) == (CAPS, FLOORS)


def test_a_config_tells_which_caps_its_scene_cannot_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, words = tmp_path / "config.yaml", ("a", Path("a.yaml"), (96, 64), None, None, False)
    often = {"cut": 0.9, "hidden": 0.2}
    (tmp_path / "a.yaml").write_text(Beginning.of("a", ("mug",), None, None, "").text)
    path.write_text(config_text(*words, often))
    assert load_config(path).balance.caps == {"dim": 0.2, "smeared": 0.25, "hidden": 0.3, "cut": 0.85, "small": 0.3}
    assert "cannot keep are wider than usual, or left out: cut\n" in path.read_text()
    assert "cannot keep" not in config_text(*words)


def test_looks_know_the_edge_cases_of_what_they_see(meshes: Path, tmp_path: Path) -> None:
    path = tmp_path / "things.yaml"
    path.write_text(Beginning.of("things", ("peg",), meshes, None, "").text)
    catalog = Catalog.open(meshes)
    sampler = Sampler(load_scene(path, catalog), AssetStore(catalog), (96, 64))
    with Studio((meshes,), (96, 64)) as studio:
        looks = studio.looks(path, range(24), lambda *_: None)
    dim = [sampler(0, index).facts["world.strength"] < 0.25 for index in range(24)]
    assert 0 < sum(dim) < 24
    assert [("dim" in one.tags) for one in looks] == dim


def test_photographs_without_colours_make_pictures_without_colours(photos: Path, meshes: Path) -> None:
    assert monochrome(photos, "") == 0 and "monochrome: 0.0" in Beginning.of("a", ("peg",), meshes, photos, "").text
    for path in sorted((photos.parent / "train").iterdir())[:9]:
        Image.open(path).convert("L").save(path)
    assert monochrome(photos, "") == pytest.approx(0.75)
    assert "monochrome: 0.75" in Beginning.of("a", ("peg",), meshes, photos, "").text
