"""Files of a training run: written whole or not at all, read without running code."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.base.errors import TrainError
from generator.dataset import atomic
from generator.spec.training import Train
from generator.train.depthnet import DepthNet
from generator.train.model import Detector, TwoStage
from generator.train.onestage import OneStage
from generator.train.transfer import Transfer, fill

FORMAT = 1
Weights = dict[str, Tensor]


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Write atomically; an interrupted or failed write leaves the previous file as it was."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **content}, buffer)
    atomic.write_bytes(path, buffer.getvalue())


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote."""
    content = read(path)
    if content.get("format") != FORMAT:
        raise TrainError(f"{path}: not a checkpoint of this program (format {content.get('format')!r}, not {FORMAT})")
    if "train" in content:  # of runs before there was a choice
        content["train"] = {"optimizer": "sgd"} | content["train"]
    return content


def read(path: Path) -> dict[str, Any]:
    """Any file of tensors by name, of a mapping at its top."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainError(f"{path}: no such file; give the path of a .pth or .pt file") from error
    except Exception as error:
        reason = str(error).partition(". ")[0]  # what follows is advice to programmers
        raise TrainError(f"{path}: not a file of tensors that torch can read ({reason})") from error
    if not isinstance(content, Mapping):
        raise TrainError(f"{path}: holds a {type(content).__name__}, not tensors by name; give a file of a state_dict")
    return dict(content)


def detector(content: Mapping[str, Any], device: torch.device | str = "cpu") -> Detector:
    """The finished detector of a `model.pt`, ready for inference. TrainError where its tensors are another model's."""
    missing = [key for key in ("train", "classes", "weights") if key not in content]
    if missing:
        raise TrainError(f"no finished detector: it has no {', '.join(missing)}; give the model.pt that `train` wrote")
    spec, points = Train.model_validate(content["train"]), tuple(content.get("keypoints", ()))
    model = build(spec, len(content["classes"]), pretrained=False, keypoints=points)
    try:
        model.load_state_dict(content["weights"])
    except RuntimeError as error:
        raise TrainError(f"the tensors are not of the model that the file names: {error}; train it again") from None
    model.classes = tuple(content["classes"])
    return model.to(device).to(memory_format=torch.channels_last).eval()


def build(spec: Train, classes: int, pretrained: bool = True, keypoints: tuple[str, ...] = ()) -> Detector:
    """A fresh detector; its body has the ImageNet weights that the settings ask for if `pretrained` is set."""
    weights = spec.weights if pretrained else "none"
    if spec.model == "depth":
        return DepthNet(spec.backbone, spec.size, weights)
    if spec.model == "fcos":
        return OneStage(spec.backbone, classes, spec.size, weights)
    masks = spec.model == "mask_rcnn"
    return TwoStage(spec.backbone, classes, masks, spec.size, weights, spec.point_masks, keypoints)


def initialize(model: Detector, path: Path, classes: tuple[str, ...]) -> Transfer:
    """Load what fits by name and shape, and say what was taken over. A body that comes with it is then kept in part
    (`Detector.freeze`). TrainError where nothing fits, or where the file holds a detector of another backbone.

    Reads checkpoints of this program, of torchvision's detectors and of torchvision's classifiers (body only). Rows of
    the heads follow the classes' names where the file tells them, so a class keeps its weights when others come or go.
    The last layer for keypoints is taken over where the file tells the same ones.
    """
    content = read(path)
    stored = {_renamed(name): value for name, value in _weights(content).items()}
    if tuple(content.get("keypoints", ())) != model.keypoints:
        stored = {name: value for name, value in stored.items() if "keypoint_predictor" not in name}
    known = tuple(content["classes"]) if "classes" in content else None
    done = fill(model, stored, known, classes)
    taken = {*done.kept, *done.rows}
    if not taken:
        raise TrainError(f"{path}: no tensor fits this model; is it of another backbone?")
    if any(name.startswith("backbone.body") for name in stored) and not any(
        name.startswith("backbone.body") and name.endswith("weight") for name in taken
    ):
        made = Train.model_validate(content["train"]).backbone if "train" in content else "another one"
        raise TrainError(f"{path}: its body is {made}, which is not this model's; set `train.backbone` to it")
    if any(name.startswith("backbone.body") for name in taken):
        model.freeze()
    return done


def _weights(content: Mapping[str, Any]) -> Weights:
    """The tensors of a file, whether at its top or under one of the usual keys."""
    for key in ("weights", "model", "state_dict"):
        if isinstance(content.get(key), Mapping):
            return dict(content[key])
    return {name: value for name, value in content.items() if isinstance(value, Tensor)}


def _renamed(name: str) -> str:
    """A classifier's layers are the detector's body."""
    if name.startswith(("backbone.", "rpn.", "roi_heads.", "head.")):
        return name
    return "backbone.body." + name.removeprefix("features.")
