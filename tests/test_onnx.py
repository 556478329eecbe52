"""A detector in ONNX finds what it finds in torch."""

import json
from pathlib import Path

import numpy as np
import pytest

import generator.train  # noqa: F401  (before torch: it says how threads wait)
from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.spec.training import Train

pytestmark = pytest.mark.torch
import onnx  # noqa: E402
import torch  # noqa: E402

from generator.train import checkpoint  # noqa: E402
from generator.train.device import seeded  # noqa: E402
from generator.train.onnx import difference, export_onnx, run_onnx, to_onnx  # noqa: E402

SPEC = Train(model="mask_rcnn", size=64)


def picture(height: int, width: int) -> np.ndarray:
    return (Draw(height, width) / "picture").rng().random((3, height, width), np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector with random weights whose scores lie far apart, so that rounding cannot change their order."""
    with seeded(Draw(3) / "onnx"):
        detector = checkpoint.build(SPEC, 2, pretrained=False)
        detector.roi_heads.box_predictor.cls_score.weight.data *= 30
        detector.roi_heads.box_predictor.bbox_pred.weight.data *= 5
    path = tmp_path_factory.mktemp("onnx") / "model.pt"
    content = {"train": SPEC.model_dump(mode="json"), "classes": ["nut", "bolt"], "weights": detector.state_dict()}
    checkpoint.save(path, content)
    return path


@pytest.fixture(scope="module")
def exported(model: Path) -> Path:
    return export_onnx(model, model.with_suffix(".onnx"))


@pytest.mark.parametrize(("height", "width"), [(64, 80), (90, 70)])
def test_any_picture_gives_what_torch_gives(model: Path, exported: Path, height: int, width: int) -> None:
    detector = checkpoint.detector(checkpoint.load(model))
    shown = picture(height, width)
    found = run_onnx(exported, shown)
    assert len(found["boxes"]) > 3
    assert found["masks"].shape == (len(found["boxes"]), 1, height, width)
    assert difference(detector, exported, shown) < 1e-3


def test_the_file_names_the_classes(exported: Path) -> None:
    assert {one.key: json.loads(one.value) for one in onnx.load(exported).metadata_props} == {
        "classes": ["nut", "bolt"]
    }


def test_another_detector_is_found_out(model: Path, exported: Path, tmp_path: Path) -> None:
    other = checkpoint.detector(checkpoint.load(model))
    other.roi_heads.box_predictor.cls_score.bias.data += torch.tensor([0.0, 2.0, -2.0])
    assert difference(other, exported, picture(64, 80)) > 1e-2


def test_a_picture_without_detections_gives_empty_outputs(model: Path) -> None:
    detector = checkpoint.detector(checkpoint.load(model))
    detector.roi_heads.box_predictor.cls_score.bias.data[0] = 1e4  # all is background
    shown = picture(64, 80)
    file = to_onnx(detector, shown, ("nut", "bolt"))
    assert run_onnx(file, shown)["boxes"].shape == (0, 4)
    assert difference(detector, file, shown) == 0


def test_a_checkpoint_that_is_not_finished_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "half.pt", {"weights": {}})
    with pytest.raises(TrainError, match="no finished detector"):
        export_onnx(tmp_path / "half.pt", tmp_path / "x.onnx")
