"""Candidates around objects: where they lie, and that the second stage learns from them."""

import numpy as np
import pytest
from discs import Discs

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.base.draw import Draw  # noqa: E402
from generator.train.batches import as_target, as_tensor  # noqa: E402
from generator.train.device import seeded  # noqa: E402
from generator.train.model import TwoStage  # noqa: E402
from generator.train.nearby import COPIES, MOVED, nearby  # noqa: E402


def test_every_side_moves_evenly_by_a_part_of_the_boxs_own() -> None:
    torch.manual_seed(0)
    boxes = torch.tensor([[100.0, 200, 140, 300]]).repeat(500, 1)
    moved = (nearby(boxes, 1000, 1000) - boxes.repeat(COPIES, 1)) / torch.tensor([40.0, 100, 40, 100])
    assert moved.abs().max() <= MOVED
    for side in moved.T:  # against the even distribution's own quantiles
        ranks = np.sort((side.numpy() / MOVED + 1) / 2)
        assert np.abs(ranks - (np.arange(4000) + 0.5) / 4000).max() < 1.95 / np.sqrt(4000)


def test_they_lie_in_the_picture_and_none_is_around_nothing() -> None:
    torch.manual_seed(0)
    found = nearby(torch.tensor([[0.0, 0, 80, 64], [70, 50, 80, 64]]), 64, 80)
    assert found.shape == (2 * COPIES, 4)
    assert (found >= 0).all() and (found <= torch.tensor([80.0, 64, 80, 64])).all()
    assert (found[:, 2:] > found[:, :2]).all()
    assert nearby(torch.zeros(0, 4), 64, 80).shape == (0, 4)


def test_the_second_stage_learns_from_them_and_in_inference_there_are_none() -> None:
    """A fresh first stage finds nothing; the candidates on objects are then the true boxes and those around them."""
    model = TwoStage("efficientnet_lite0", 2, masks=False, size=64, weights="none")
    example, chosen = Discs()[0], []
    inner = model.roi_heads.box_roi_pool.forward

    def pooled(features: object, boxes: list[torch.Tensor], shapes: object) -> torch.Tensor:
        chosen.append(boxes[0])
        return inner(features, boxes, shapes)

    model.roi_heads.box_roi_pool.forward = pooled
    far = torch.tensor([[0.0, 40, 10, 60]])
    model.rpn.forward = lambda images, features, targets=None: ([far], {})
    picture = as_tensor(example.image.astype(np.float32) / 255)
    with seeded(Draw(0, 0)):
        losses = model.train()([picture], [as_target(example, masks=False)])
    assert len(chosen[0]) == 1 + 3 + 3 * COPIES
    assert losses["loss_box_reg"] > 0.05  # true boxes alone need no correction
    model.eval()([picture])
    assert torch.equal(chosen[1], far)
