"""Files of a training run: written whole or not at all, read without running code."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.base.errors import TrainError
from generator.dataset import atomic
from generator.spec.config import Train
from generator.train.model import Detector

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
    return content


def read(path: Path) -> dict[str, Any]:
    """Any file of tensors."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise TrainError(f"{path}: no such file; give `init` the path of a .pth or .pt file") from error
    except Exception as error:
        raise TrainError(f"{path}: not a file of tensors that torch can read ({error})") from error
    return dict(content)


def detector(content: Mapping[str, Any], device: torch.device | str = "cpu") -> Detector:
    """The finished detector of a `model.pt`, ready for inference."""
    spec = Train.model_validate(content["train"])
    model = Detector(spec.backbone, len(content["classes"]), spec.model == "mask_rcnn", spec.size, pretrained=False)
    model.load_state_dict(content["weights"])
    return model.to(device).to(memory_format=torch.channels_last).eval()


def initialize(model: Detector, path: Path, classes: tuple[str, ...]) -> list[str]:
    """Load what fits by name and shape, and return the names of the tensors that kept their fresh values.

    Reads checkpoints of this program, of torchvision's detectors and of torchvision's classifiers (body only). Rows of
    the heads follow the classes' names where the file tells them, so a class keeps its weights when others come or go.
    """
    content = read(path)
    stored = {_renamed(name): value for name, value in _weights(content).items()}
    own = model.state_dict()
    if "classes" in content and tuple(content["classes"]) != classes:
        stored = _by_class(stored, own, tuple(content["classes"]), classes)
    fits = {name: value for name, value in stored.items() if name in own and own[name].shape == value.shape}
    if not fits:
        raise TrainError(f"{path}: no tensor fits this model; is it of another backbone?")
    model.load_state_dict(fits, strict=False)
    if any(name.startswith("backbone.body") for name in fits):
        model.freeze()
    return sorted(own.keys() - fits.keys())


def _weights(content: Mapping[str, Any]) -> Weights:
    """The tensors of a file, whether at its top or under one of the usual keys."""
    for key in ("weights", "model", "state_dict"):
        if isinstance(content.get(key), Mapping):
            return dict(content[key])
    return {name: value for name, value in content.items() if isinstance(value, Tensor)}


def _renamed(name: str) -> str:
    """A classifier's layers are the detector's body."""
    if name.startswith(("backbone.", "rpn.", "roi_heads.")):
        return name
    return "backbone.body." + name.removeprefix("features.")


def _by_class(stored: Weights, fresh: Weights, old: tuple[str, ...], new: tuple[str, ...]) -> Weights:
    """Head tensors have one row (boxes: four) per class, background first: move the rows of classes both know."""
    rows = [(0, 0)] + [(old.index(name) + 1, new.index(name) + 1) for name in new if name in old]
    moved = dict(stored)
    for name in HEADS & stored.keys() & fresh.keys():
        one = stored[name].unflatten(0, (len(old) + 1, -1)) if len(stored[name]) % (len(old) + 1) == 0 else None
        if one is None or one.shape[2:] != fresh[name].shape[1:]:
            continue
        value = fresh[name].clone().unflatten(0, (len(new) + 1, -1))
        for source, target in rows:
            value[target] = one[source]
        moved[name] = value.flatten(0, 1)
    return moved


HEADS = frozenset(
    f"roi_heads.{layer}.{kind}"
    for layer in ("box_predictor.cls_score", "box_predictor.bbox_pred", "mask_predictor.mask_fcn_logits")
    for kind in ("weight", "bias")
)
