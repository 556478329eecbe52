"""Sharper masks: a coarse mask is refined at the points it is least sure of.

Kirillov et al., "PointRend: Image Segmentation as Rendering" (CVPR 2020). In training a few points per object, most of
them uncertain, are judged by a small network that sees fine features and the coarse prediction there. In inference the
coarse mask is doubled in size again and again, and only its least sure points are judged anew.

Points are (x, y) in [0, 1] of a box or a picture; pixel centres lie at (k + 0.5) / size.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

Judge = Callable[[Tensor], Tensor]
OVERSAMPLE, IMPORTANT = 3, 0.75  # of the paper, section 4.1


def sample(features: Tensor, points: Tensor) -> Tensor:
    """Values (n, channels, p) of maps (n, channels, h, w) at points (n, p, 2), interpolated; 0 outside."""
    grid = 2 * points[:, :, None] - 1
    return functional.grid_sample(features, grid, align_corners=False).squeeze(3)


def uncertainty(logits: Tensor) -> Tensor:
    """0 where foreground and background are equally likely, less elsewhere."""
    return -logits.abs()


def uncertain_points(coarse: Tensor, count: int, oversample: int = OVERSAMPLE, important: float = IMPORTANT) -> Tensor:
    """Points (n, count, 2) to train on, for coarse logits (n, 1, h, w): of `oversample` times as many even ones the
    `important` share of `count` that is least sure, the rest even. Drawn from torch's generator."""
    n, device = len(coarse), coarse.device
    many = torch.rand(n, oversample * count, 2, device=device)
    unsure = uncertainty(sample(coarse, many)).squeeze(1)
    kept = round(important * count)
    chosen = many.gather(1, unsure.topk(kept, dim=1).indices[..., None].expand(-1, -1, 2))
    return torch.cat([chosen, torch.rand(n, count - kept, 2, device=device)], 1)


def in_picture(points: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Points of boxes (n, 4), x0 y0 x1 y1 in pixels, as points of the picture of `size` (height, width)."""
    corner, extent = boxes[:, None, :2], (boxes[:, 2:] - boxes[:, :2])[:, None]
    return (corner + points * extent) / torch.tensor([size[1], size[0]], device=points.device, dtype=points.dtype)


def subdivide(coarse: Tensor, judge: Judge, steps: int, count: int) -> Tensor:
    """Logits (n, 1, h * 2**steps, w * 2**steps): `steps` times doubled, with the `count` least sure pixels replaced by
    what `judge` says of points (n, p, 2): logits (n, 1, p)."""
    mask = coarse
    for _ in range(steps):
        mask = functional.interpolate(mask, scale_factor=2.0, mode="bilinear", align_corners=False)
        indices, points = least_sure(mask, count)
        flat = mask.flatten(2).scatter(2, indices[:, None], judge(points))
        mask = flat.reshape(mask.shape)
    return mask


def least_sure(mask: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Indices (n, p) of the least sure pixels of logits (n, 1, h, w), row by row, and their centres (n, p, 2)."""
    height, width = mask.shape[2:]
    indices = uncertainty(mask).flatten(1).topk(min(count, height * width), dim=1).indices
    x, y = indices % width + 0.5, indices // width + 0.5
    return indices, torch.stack([x / width, y / height], 2)


class PointHead(nn.Module):
    """Says of each point whether it is in the mask, from fine features (n, channels, p) and the coarse logit there
    (n, 1, p), which every layer sees anew. The same for all points: a multilayer perceptron as 1-wide convolutions."""

    def __init__(self, channels: int, width: int = 256, layers: int = 3) -> None:
        super().__init__()
        into = [channels] + [width] * (layers - 1)
        self.layers = nn.ModuleList(nn.Conv1d(n + 1, width, 1) for n in into)
        self.last = nn.Conv1d(width + 1, 1, 1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        x = fine
        for layer in self.layers:
            x = functional.relu(layer(torch.cat([x, coarse], 1)))
        logits: Tensor = self.last(torch.cat([x, coarse], 1))
        return logits


def point_loss(
    head: PointHead, features: Tensor, coarse: Tensor, boxes: Tensor, masks: Tensor, owner: Tensor, count: int
) -> Tensor:
    """Binary cross-entropy at `count` points per object.

    `features` (pictures, channels, h, w) cover pictures of the size of `masks` (n, H, W), bool or 0 and 1; `coarse`
    (n, 1, h, w) are logits within `boxes` (n, 4) in the pictures' pixels; `owner` (n,) is each object's picture.
    """
    points = uncertain_points(coarse.detach(), count)
    size = (int(masks.shape[1]), int(masks.shape[2]))
    places = in_picture(points, boxes, size)
    logits = head(sample(features[owner], places), sample(coarse, points))
    truth = sample(masks[:, None].to(logits.dtype), places)
    return functional.binary_cross_entropy_with_logits(logits, truth)


@torch.no_grad()
def refine(
    head: PointHead, features: Tensor, coarse: Tensor, boxes: Tensor, owner: Tensor, size: tuple[int, int],
    steps: int = 3, count: int = 784,
) -> Tensor:  # fmt: skip
    """Coarse logits (n, 1, h, w) of boxes in pictures of `size` (height, width), made 2**steps times finer. The paper
    judges 28 * 28 points per step."""

    def judge(points: Tensor) -> Tensor:
        return head(sample(features[owner], in_picture(points, boxes, size)), sample(coarse, points))

    return subdivide(coarse, judge, steps, count)
