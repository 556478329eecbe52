"""A finished detector as one ONNX file, resizing and non-maximum suppression included: no torch is needed to run it.

Input ``image``: float32 (3, h, w), RGB in [0, 1], of any size. Outputs: ``boxes`` float32 (n, 4), half-open x0 y0 x1 y1
in the picture's pixels, ``labels`` int64 (n,) from 1 on, ``scores`` float32 (n,), and of a mask detector ``masks``
float32 (n, 1, h, w), a probability per pixel; of one for k keypoints ``keypoints`` float32 (n, k, 3), x y in
pixels and 1, and ``keypoints_scores`` float32 (n, k), logits; of a model that tells depth, ``depth`` alone, float32
(h, w) in metres. The file's metadata has the names of classes and keypoints as JSON.
"""

import copy
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset import atomic
from generator.train import checkpoint
from generator.train.depthnet import DepthNet
from generator.train.model import Detector, TwoStage
from generator.train.pointheads import PointRoIHeads

OPSET = 17
OUTPUTS = ("boxes", "labels", "scores", "masks")
KEYPOINTS = ("keypoints", "keypoints_scores")
CLOSE = 1e-3


def export_onnx(model: Path, out: Path, picture: NDArray[np.float32] | None = None) -> Path:
    """Write a `model.pt` as ONNX and check it: on `picture`, float32 (3, h, w) (default: noise), the file must find
    what torch finds. TrainError where it does not, or where `onnx` and `onnxruntime` are not installed."""
    content = checkpoint.load(model)
    detector = checkpoint.detector(content)
    shown = _noise(content["train"]["size"]) if picture is None else picture
    file = to_onnx(detector, shown, tuple(content["classes"]))
    differs = difference(detector, file, shown)
    if differs > CLOSE:
        raise TrainError(f"{out}: ONNX finds other things than torch ({differs:.2g}); nothing was written")
    atomic.write_bytes(out, file)
    return out


def to_onnx(detector: Detector, picture: NDArray[np.float32], classes: tuple[str, ...]) -> bytes:
    """The file's bytes, traced on a picture; any other size will do as well."""
    onnx = _package("onnx")
    heads = detector.roi_heads if isinstance(detector, TwoStage) else None
    if isinstance(heads, PointRoIHeads):
        raise TrainError("masks refined point by point cannot be exported; train without `point_masks`")
    masks = heads is not None and heads.has_mask()
    outputs: tuple[str, ...] = OUTPUTS if masks else OUTPUTS[:3] + KEYPOINTS * bool(detector.keypoints)
    axes = {"image": {1: "height", 2: "width"}, **{name: {0: "found"} for name in outputs}}
    if "masks" in outputs:
        axes["masks"] |= {2: "height", 3: "width"}
    if isinstance(detector, DepthNet):
        outputs, axes = ("depth",), {"image": axes["image"], "depth": {0: "height", 1: "width"}}
    buffer, image = io.BytesIO(), torch.from_numpy(picture)
    with warnings.catch_warnings():  # of tracing: sizes that are read as numbers are those that never change
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _exportable(detector),
            ([image],),
            buffer,  # type: ignore[arg-type]
            opset_version=OPSET,
            dynamo=False,
            input_names=["image"],
            output_names=list(outputs),
            dynamic_axes=axes,
        )
    made = onnx.load_from_string(buffer.getvalue())
    made.metadata_props.add(key="classes", value=json.dumps(list(classes)))
    if detector.keypoints:
        made.metadata_props.add(key="keypoints", value=json.dumps(list(detector.keypoints)))
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def run_onnx(file: bytes | Path, picture: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """The outputs by name, surest first."""
    runtime = _package("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    source = str(file) if isinstance(file, Path) else file
    session = runtime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": picture}), strict=True))


def difference(detector: Detector, file: bytes | Path, picture: NDArray[np.float32]) -> float:
    """The greatest difference of any output between torch and ONNX, boxes and keypoints as parts of the picture's
    longer side, depth of the greatest; infinite where they find another number of things."""
    with torch.no_grad():
        expected = {name: value.numpy() for name, value in detector.to("cpu")([torch.from_numpy(picture)])[0].items()}
    found, longest = run_onnx(file, picture), max(picture.shape)
    if {name: value.shape for name, value in expected.items()} != {name: value.shape for name, value in found.items()}:
        return float("inf")
    deepest = float(expected["depth"].max()) if "depth" in expected else 1
    scale = {"boxes": longest, "keypoints": longest, "depth": deepest}
    apart = [np.abs(found[name] - expected[name]).max(initial=0) / scale.get(name, 1) for name in expected]
    return float(max(apart))


class _GroupNorm(nn.Module):
    """`nn.GroupNorm` with every size but the first written out: ONNX cannot guess one where there are no things."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        channels, height, width = (int(side) for side in x.shape[1:])
        groups = self.norm.num_groups
        flat = x.reshape(x.shape[0], groups, channels // groups * height * width)
        spread = (flat.var(2, unbiased=False, keepdim=True) + self.norm.eps).sqrt()
        plain = ((flat - flat.mean(2, keepdim=True)) / spread).reshape(x.shape[0], channels, height, width)
        return plain * self.norm.weight[:, None, None] + self.norm.bias[:, None, None]


def _exportable(detector: Detector) -> Detector:
    """A copy on the CPU whose second stage also works on no proposals."""
    copied = copy.deepcopy(detector).to("cpu").eval()
    for layer in list(copied.roi_heads.modules()) if isinstance(copied, TwoStage) else ():
        for name, child in list(layer.named_children()):
            if isinstance(child, nn.GroupNorm):
                setattr(layer, name, _GroupNorm(child))
    return copied


def _noise(size: int) -> NDArray[np.float32]:
    return (Draw(0) / "onnx").rng().random((3, size, size + size // 4), np.float32)


def _package(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise TrainError(f"the package {name!r} is not installed: pip install onnx onnxruntime") from error
