"""What a network that has seen ImageNet makes of small pictures."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from generator.train.device import choose_device, use_cores
from generator.train.efficientnet import pretrained

LEVELS = (3, 5, 11, 16)  # blocks after which it is read: from texture to things
BATCH = 64


@torch.no_grad()
def features(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """(n, 992): mean and spread over the picture of each channel at four depths of EfficientNet-Lite0, whose weights
    stay as they come. Pictures are uint8 (64, 64, 3)."""
    use_cores()
    device = choose_device()
    layers = pretrained().features.to(device).eval()
    rows = []
    for first in range(0, len(pictures), BATCH):
        stack = np.stack(pictures[first : first + BATCH]).astype(np.float32) / 127.5 - 1
        x, told = torch.from_numpy(stack).permute(0, 3, 1, 2).to(device), []
        for k, layer in enumerate(layers):
            x = layer(x)
            if k in LEVELS:
                told += [x.mean((2, 3)), x.std((2, 3), unbiased=False)]
        rows.append(torch.cat(told, 1).cpu().numpy())
    return np.concatenate(rows).astype(np.float64)
