"""The pretrained backbone really sees: its own classifier recognises photographs."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.torch
import skimage.data  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from generator.train import efficientnet  # noqa: E402
from generator.train.device import half_of  # noqa: E402


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


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_gradients_in_16_bits_are_those_of_double_precision(kernel: int, stride: int) -> None:
    layer = efficientnet.Depthwise(6, 6, kernel, stride, 0 if stride > 1 else kernel // 2, groups=6, bias=False)
    torch.manual_seed(kernel)
    torch.nn.init.normal_(layer.weight)
    x, pull = torch.randn(2, 6, 13, 14), torch.randn(2, 6, -(-13 // stride), -(-14 // stride))

    def gradients(kind: torch.dtype, half: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        own, into = layer.to(kind), x.to(kind).detach().requires_grad_()
        own.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            out = own(into)
        assert out.dtype == (torch.bfloat16 if half else kind)
        (out.to(kind) * pull.to(kind)).sum().backward()
        return out.detach().double(), into.grad.double(), own.weight.grad.double()

    for half, exact in zip(gradients(torch.float32, True), gradients(torch.float64, False), strict=True):
        assert (half - exact).norm() < 0.01 * exact.norm()  # 8 bits of mantissa


def test_16_bits_are_chosen_where_the_processor_multiplies_them() -> None:
    known = {"avx512_bf16", "amx_bf16"} & set(Path("/proc/cpuinfo").read_text().split())
    assert half_of("auto", torch.device("cpu")) == (torch.bfloat16 if known else None)
    assert half_of("float32", torch.device("cpu")) is None
