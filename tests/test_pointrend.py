"""Point-wise refinement of masks against direct computations."""

import numpy as np
import pytest

import generator.train  # noqa: F401  (before torch: it says how threads wait)

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.base.draw import Draw  # noqa: E402
from generator.spec.training import Train  # noqa: E402
from generator.train.device import seeded  # noqa: E402
from generator.train.model import TwoStage  # noqa: E402
from generator.train.pointrend import (  # noqa: E402
    PointHead,
    in_picture,
    least_sure,
    point_loss,
    refine,
    sample,
    subdivide,
    uncertain_points,
)


def disc(points: torch.Tensor) -> torch.Tensor:
    """Logits (n, 1, p) of a disc about the middle: a judge that knows the truth."""
    return (40 * (0.3 - (points - 0.5).norm(dim=2)))[:, None]


def grid(size: int) -> torch.Tensor:
    """Centres (1, size * size, 2) of all pixels, row by row."""
    along = (torch.arange(size) + 0.5) / size
    return torch.stack([along.repeat(size), along.repeat_interleave(size)], 1)[None]


def on_grid(size: int) -> torch.Tensor:
    return disc(grid(size)).reshape(1, 1, size, size)


def test_samples_are_bilinear() -> None:
    """By hand on random maps: a quarter between four centres, and at the centres themselves."""
    values = torch.from_numpy((Draw(0) / "map").rng().random((2, 3, 4, 5), np.float32))
    inside = torch.tensor([[[1.75 / 5, 2.25 / 4]]]).expand(
        2, -1, -1
    )  # x between columns 1 and 2, y between rows 1 and 2
    a, b = 0.25, 0.75
    expected = (1 - b) * ((1 - a) * values[..., 1, 1] + a * values[..., 1, 2]) + b * (
        (1 - a) * values[..., 2, 1] + a * values[..., 2, 2]
    )
    torch.testing.assert_close(sample(values, inside)[..., 0], expected)
    centre = torch.tensor([[[3.5 / 5, 0.5 / 4]]]).expand(2, -1, -1)
    torch.testing.assert_close(sample(values, centre)[..., 0], values[..., 0, 3])


def test_the_least_sure_pixels_are_those_nearest_the_edge() -> None:
    mask = on_grid(16)
    indices, points = least_sure(mask, 20)
    order = mask.abs().flatten().argsort()
    assert set(indices[0].tolist()) == set(order[:20].tolist())
    torch.testing.assert_close(points[0], grid(16)[0][indices[0]])


def test_with_every_point_judged_subdivision_is_the_judge_itself() -> None:
    torch.testing.assert_close(subdivide(on_grid(4), disc, steps=2, count=16 * 16), on_grid(16))


def test_few_points_give_the_mask_that_all_would() -> None:
    """From 8 x 8 to 64 x 64 with a quarter of the judgements: every pixel on the right side, where doubling alone
    errs."""
    refined, direct = subdivide(on_grid(8), disc, steps=3, count=400), on_grid(64)
    assert ((refined > 0) == (direct > 0)).all()
    doubled = subdivide(on_grid(8), disc, steps=3, count=0)
    assert ((doubled > 0) != (direct > 0)).sum() > 20


def test_training_points_crowd_at_the_edge() -> None:
    """Three quarters are the least sure of three times as many; the rest lie anywhere."""
    coarse = on_grid(28).expand(3, -1, -1, -1)
    with seeded(Draw(0) / "points"):
        points = uncertain_points(coarse, 400)
    assert points.shape == (3, 400, 2)
    assert ((points >= 0) & (points <= 1)).all()
    unsure = sample(coarse, points).abs().squeeze(1)
    chosen, free = unsure[:, :300], unsure[:, 300:]
    with seeded(Draw(0) / "points"):
        many = sample(coarse, torch.rand(3, 1200, 2)).abs().squeeze(1)
    torch.testing.assert_close(chosen.sort(1).values, many.sort(1).values[:, :300])
    assert free.mean() > 2 * chosen.mean()


def test_points_of_boxes_are_points_of_the_picture() -> None:
    boxes = torch.tensor([[10.0, 20, 30, 60]])
    points = torch.tensor([[[0.0, 0], [1, 1], [0.5, 0.25]]])
    expected = torch.tensor([[[10 / 80, 20 / 100], [30 / 80, 60 / 100], [20 / 80, 30 / 100]]])
    torch.testing.assert_close(in_picture(points, boxes, (100, 80)), expected)


def test_a_head_learns_an_edge_that_the_coarse_mask_cannot_hold() -> None:
    """Pictures whose fine features show the object; the coarse 4 x 4 mask errs on many pixels, the refined one on a
    quarter of them at most."""
    truth = (on_grid(64)[0] > 0).float()
    features, boxes, owner = on_grid(64).sign(), torch.tensor([[0.0, 0, 64, 64]]), torch.tensor([0])
    coarse = torch.nn.functional.adaptive_avg_pool2d(truth[None], 4) * 4 - 2
    with seeded(Draw(0) / "head"):
        head = PointHead(1, 16, 2)
        optimizer = torch.optim.Adam(head.parameters(), 0.02)
        losses = []
        for _ in range(120):
            loss = point_loss(head, features, coarse, boxes, truth, owner, 60)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.3 * np.mean(losses[:10])
    refined = refine(head, features, coarse, boxes, owner, (64, 64), steps=4, count=400)
    plain = torch.nn.functional.interpolate(coarse, scale_factor=16.0, mode="bilinear")
    wrong = [int(((mask[0] > 0).float() != truth).sum()) for mask in (refined, plain)]
    assert wrong[1] > 40
    assert wrong[0] < 0.25 * wrong[1]


def test_a_detector_learns_and_uses_its_points() -> None:
    """One step of each: the point head gets a gradient; masks come out in the picture's size, and the point head, which
    is made to say yes, decides them."""
    with seeded(Draw(0) / "detector"):
        detector = TwoStage("efficientnet_lite0", 2, masks=True, size=64, weights="none", points=True)
        mask = torch.zeros(1, 64, 72, dtype=torch.uint8)
        mask[0, 10:40, 20:50] = 1
        nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64),
                   "masks": torch.zeros(0, 60, 64, dtype=torch.uint8), "ignore": torch.zeros(0, 4)}  # fmt: skip
        target = {"boxes": torch.tensor([[20.0, 10, 50, 40]]), "labels": torch.tensor([2]), "masks": mask,
                  "ignore": torch.zeros(0, 4)}  # fmt: skip
        losses = detector.train()([torch.rand(3, 64, 72), torch.rand(3, 60, 64)], [target, nothing])
        losses["loss_points"].backward()
    assert losses["loss_points"] > 0
    assert detector.roi_heads.point_head.last.weight.grad.abs().sum() > 0
    assert detector.backbone.fpn.layer_blocks[0][0].weight.grad.abs().sum() > 0
    alone = detector([torch.rand(3, 60, 64)], [nothing])
    assert alone["loss_points"] == 0

    detector.eval()
    found = detector([torch.rand(3, 80, 96), torch.rand(3, 64, 64)])
    assert len(found[0]["boxes"]) > 0
    assert found[0]["masks"].shape[2:] == (80, 96)
    with torch.no_grad():
        detector.roi_heads.point_head.last.bias.fill_(1e4)
        sure = detector([torch.rand(3, 64, 64)])[0]
    counted = (sure["masks"] > 0.999).flatten(1).sum(1)
    assert (counted > 0).all()


def test_box_detectors_have_no_masks_to_refine() -> None:
    with pytest.raises(ValueError, match="only mask_rcnn"):
        Train(model="faster_rcnn", point_masks=True)
