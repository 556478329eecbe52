"""Depth from one picture: the detectors' body and pyramid, a decoder from coarse to fine, and the logarithm of metres.

Eigen, Puhrsch & Fergus, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network" (NeurIPS 2014), for
the loss; Ronneberger et al., "U-Net" (MICCAI 2015), for the decoder.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.ops import Conv2dNormActivation

from generator.train.model import BODIES, Detector, Parts, Pyramid, Weights, transform_of

BALANCE = 0.5  # of absolute errors (0) and errors relative to the picture's mean (1): as Eigen et al. train
LOGARITHMS = (-7.0, 7.0)  # a millimetre to a kilometre: what is ever answered


class Decoder(nn.Module):
    """The pyramid's levels, the coarsest first, each twice as fine as what was made of those before: one channel at
    stride 4. Its tensors are named ``head``, as those of detectors."""

    def __init__(self, parts: Parts, levels: int = 4) -> None:
        super().__init__()
        width = parts.width // 2
        into = [parts.width + width] * (levels - 1) + [parts.width]
        self.steps = nn.ModuleList(Conv2dNormActivation(wide, width, 3, norm_layer=parts.norm) for wide in into)
        self.last = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, features: dict[str, Tensor]) -> Tensor:
        """Of (n, c, h, w) by level, the finest (n, 1, h, w)."""
        found: list[Tensor] = []
        for level in reversed(range(len(self.steps))):
            here = features[str(level)]
            coarser = [interpolate(one, here.shape[-2:], mode="bilinear") for one in found]
            found = [self.steps[level](torch.cat([here, *coarser], 1))]
        logarithms: Tensor = self.last(found[0])
        return logarithms


class DepthNet(Detector):
    """Depth of every pixel of pictures whose shorter side is `size`.

    In training it takes targets with ``depth``, float (h, w), metres along the optical axis, 0 where unknown, and gives
    the loss. In inference it gives a ``depth`` of each picture's own size, between a millimetre and a kilometre. It
    knows no camera: it takes all pictures to be of lenses such as those that it learned from.
    """

    def __init__(self, backbone: str, size: int, weights: Weights = "auto") -> None:
        super().__init__()
        make, parts = BODIES[backbone]
        body = make(weights)
        self.backbone = Pyramid(body, parts)
        self.transform = transform_of(body, size)
        self.head = Decoder(parts)
        self.keep(body)

    def forward(
        self, pictures: list[Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        batch, _ = self.transform(pictures)
        coarse = self.head(self.backbone(batch.tensors)).float()
        whole = interpolate(coarse, batch.tensors.shape[-2:], mode="bilinear")
        found = [one[:, :height, :width] for one, (height, width) in zip(whole, batch.image_sizes, strict=True)]
        if targets is not None:
            losses = [scale_invariant(one[0], target["depth"]) for one, target in zip(found, targets, strict=True)]
            return {"loss_depth": torch.stack(losses).mean()}
        sizes = [picture.shape[-2:] for picture in pictures]
        own = [interpolate(one[None], size, mode="bilinear")[0, 0] for one, size in zip(found, sizes, strict=True)]
        return [{"depth": one.clamp(*LOGARITHMS).exp()} for one in own]


def scale_invariant(logarithms: Tensor, depth: Tensor, balance: float = BALANCE) -> Tensor:
    """Eigen et al., equation 4: the mean of d² less `balance` times the square of the mean of d, where d are the
    differences of logarithms at the pixels whose depth is known (above 0); 0 where none is. Both are (h, w)."""
    seen = depth > 0
    count = seen.sum().clamp(min=1)
    truth = torch.where(seen, depth, 1.0).log()
    differences = torch.where(seen, logarithms - truth, 0.0)
    return differences.square().sum() / count - balance * (differences.sum() / count).square()
