"""What is wrong with the material of a training run is said once, with its place, before or at the picture it is in."""

import json
import urllib.error
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generator.base.errors import GeneratorError, InputError, TrainError
from generator.cli.preparing import Prepared, photographs
from generator.dataset.examples import Source
from generator.spec.harmonizing import Rules
from generator.spec.training import RealSource, Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.train import efficientnet, model  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.run import create  # noqa: E402

TINY = Train(model="fcos", steps=1, batch=1, size=64)
BOX = {"image_id": 0, "category_id": 1, "bbox": [5, 5, 20, 20], "iscrowd": 0}


def photos(folder: Path, *annotations: dict[str, Any], names: tuple[str, ...] = ("cone", "cube")) -> Source:
    """One photograph of 64x64 with those annotations."""
    (folder / "real").mkdir(exist_ok=True)
    Image.new("RGB", (64, 64)).save(folder / "real/0.png")
    data = {
        "images": [{"id": 0, "file_name": "0.png", "width": 64, "height": 64}],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
        "annotations": [{"id": k, **one} for k, one in enumerate(annotations)],
    }
    (folder / "real.json").write_text(json.dumps(data))
    return photographs(folder / "c.yaml", RealSource(labels=str(folder / "real.json")), ("cone", "cube"), Rules())


def run(source: Source, folder: Path) -> Path:
    return train({"real": source}, {"real": 1.0}, TINY, folder / "run", 0)


@pytest.mark.parametrize("annotations", [(), ({**BOX, "iscrowd": 1},)])
def test_sets_without_an_object_are_refused(annotations: tuple[dict[str, Any], ...], tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"'real' has 1 pictures, but none shows any of cone, cube"):
        run(photos(tmp_path, *annotations), tmp_path)
    assert not (tmp_path / "run").exists()


def test_a_picture_that_does_not_decode_is_named(tmp_path: Path) -> None:
    source = photos(tmp_path, BOX)
    picture = tmp_path / "real/0.png"
    picture.write_bytes(picture.read_bytes()[:-40])
    with pytest.raises(GeneratorError, match=r"real/0\.png: cannot be decoded: .*; replace or remove this picture"):
        run(source, tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"bbox": [50, 5, 30, 20]}, "leaves the 64x64 picture"),
        ({"bbox": [5, 5, 0, 20]}, "0 wide and 20 high"),
        ({"category_id": 9}, "unknown category 9"),
    ],
)
def test_labels_that_cannot_be_are_refused_with_their_place(change: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"real\.json: annotations\[1\] \(id 1\): .*{says}"):
        photos(tmp_path, BOX, {**BOX, **change})


def test_names_that_do_not_match_suggest_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"class 'cone' is not labelled here \(did you mean 'cones'\?\)"):
        photos(tmp_path, BOX, names=("cones", "cube"))


def test_a_class_that_a_source_lacks_is_told() -> None:
    ready = Prepared({}, {"real": {"images": 1, "shown": {"cone": 1, "cube": 0}}})
    assert ready.told() == ["real: no picture shows cube; only other sources can teach it"]


# --- weights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weights", "same"), [("auto", True), ("imagenet", True), ("none", False)])
def test_the_body_begins_with_the_weights_that_are_asked_for(weights: str, same: bool) -> None:
    detector, _ = create(TINY.model_copy(update={"weights": weights}), ("cone",), 0)
    packaged = efficientnet.pretrained().features
    assert torch.equal(detector.backbone.body["5"].layers[0][0].weight, packaged[5].layers[0][0].weight) is same
    assert detector.statistics_frozen is same


def test_weights_that_cannot_be_fetched_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(model.ResNet50_Weights, "get_state_dict", unreachable)
    with pytest.raises(TrainError, match=r"cannot be fetched .*no route.*set `train\.init`"):
        create(TINY.model_copy(update={"backbone": "resnet50", "weights": "imagenet"}), ("cone",), 0)
    fetched = model.resnet50().state_dict()
    monkeypatch.setattr(model.ResNet50_Weights, "get_state_dict", lambda *_, **__: fetched)
    detector, _ = create(TINY.model_copy(update={"backbone": "resnet50", "weights": "imagenet"}), ("cone",), 0)
    assert torch.equal(detector.backbone.body.conv1.weight, fetched["conv1.weight"]) and detector.statistics_frozen
