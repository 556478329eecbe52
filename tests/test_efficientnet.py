"""The pretrained backbone really sees: its own classifier recognises photographs."""

import numpy as np
import pytest

pytestmark = pytest.mark.torch
import skimage.data  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from generator.train import efficientnet  # noqa: E402


@pytest.fixture(scope="module")
def classifier() -> efficientnet.EfficientNetLite0:
    return efficientnet.pretrained().eval()


def seen(classifier: efficientnet.EfficientNetLite0, photograph: np.ndarray) -> torch.Tensor:
    """Probabilities (1000,) for the middle of a photograph."""
    picture = torch.from_numpy(photograph.copy()).permute(2, 0, 1)[None].float() / 255
    short = min(picture.shape[2:])
    resized = functional.interpolate(picture, scale_factor=256 / short, mode="bilinear", antialias=True)
    top, left = ((side - 224) // 2 for side in resized.shape[2:])
    middle = resized[..., top : top + 224, left : left + 224]
    with torch.no_grad():
        return classifier((middle - 0.5) / 0.5).softmax(1)[0]


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("chelsea", {281, 282, 285}),  # tabby, tiger cat, Egyptian cat
        ("coffee", {967, 504, 968}),  # espresso, coffee mug, cup
        ("rocket", {657, 744, 812}),  # missile, projectile, space shuttle
    ],
)
def test_photographs_are_recognised(classifier: efficientnet.EfficientNetLite0, name: str, classes: set[int]) -> None:
    probabilities = seen(classifier, getattr(skimage.data, name)())
    assert len(classes & set(probabilities.topk(5).indices.tolist())) >= 2
    assert float(probabilities[list(classes)].sum()) > 0.5


@pytest.mark.parametrize("size", [31, 32, 33])
@pytest.mark.parametrize("kernel", [3, 5])
def test_same_padding_is_tensorflows(kernel: int, size: int) -> None:
    """Output pixel i is the sum over a window that starts at stride * i minus half the padding, rounded down."""
    layer = efficientnet.SameConv(1, 1, kernel, 2, bias=False)
    torch.nn.init.ones_(layer.weight)
    row = torch.arange(1.0, size + 1)
    out = -(-size // 2)
    before = max((out - 1) * 2 + kernel - size, 0) // 2
    windows = [[j for j in range(2 * i - before, 2 * i - before + kernel) if 0 <= j < size] for i in range(out)]
    sums = [float(row[window].sum()) for window in windows]
    result = layer(row.expand(1, 1, size, size))[0, 0]
    assert result.shape == (out, out)
    middle = out // 2
    assert (result[middle] / kernel).tolist() == pytest.approx(sums)
