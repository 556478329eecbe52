"""Ignored regions, and every backbone for a step."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import Discs, run

from generator.spec.training import Train
from generator.train.batches import as_target
from generator.train.evaluate import evaluate
from generator.train.ignore import IgnoringProposals, covered
from generator.train.model import TwoStage

pytestmark = pytest.mark.torch


def test_covered_agrees_with_counting_pixels() -> None:
    rng = np.random.default_rng(0)
    corner, size = rng.integers(0, 20, (2, 40, 2)), rng.integers(1, 12, (2, 40, 2))
    boxes, regions = np.concatenate([corner, corner + size], 2)
    regions = regions[:3]
    pixels = np.zeros((2, 40, 32, 32), bool)
    for side, some in enumerate((boxes, regions)):
        for k, (x0, y0, x1, y1) in enumerate(some):
            pixels[side, k, y0:y1, x0:x1] = True
    shared = (pixels[0, :, None] & pixels[1, None, :3]).sum((2, 3))
    expected = (2 * shared >= pixels[0].sum((1, 2))[:, None]).any(1)
    found = covered(torch.tensor(boxes, dtype=torch.float32), torch.tensor(regions, dtype=torch.float32))
    assert found.tolist() == expected.tolist()
    assert 0 < expected.sum() < 40


def test_ignored_regions_are_no_background() -> None:
    """With the whole picture ignored no candidate is background; without, those that match no disc are."""
    model = TwoStage("efficientnet_lite0", 2, masks=True, size=64, weights="none")
    assert isinstance(model.rpn, IgnoringProposals)
    example = Discs()[0]
    strangers = torch.tensor([[0.0, 34, 16, 60], [50, 40, 70, 60], [60, 46, 80, 64]])
    anchors = [torch.cat([torch.from_numpy(example.boxes), strangers])]
    for ignore, background in [([], True), ([[0.0, 0, 80, 64]], False)]:
        target = as_target(example, masks=True) | {"ignore": torch.tensor(ignore).reshape(-1, 4)}
        labels, _ = model.rpn.assign_targets_to_anchors(anchors, [target])
        assert bool((labels[0] == 0).any()) is background
        _, _, chosen, _ = model.roi_heads.select_training_samples(anchors, [target])
        assert bool((chosen[0] == 0).any()) is background
        assert (chosen[0] > 0).any()


def test_ignored_instances_are_no_targets() -> None:
    example = replace(Discs()[0], ignore=np.array([False, True, False]))
    target = as_target(example, masks=True)
    assert len(target["boxes"]) == len(target["labels"]) == len(target["masks"]) == 2
    assert target["ignore"].tolist() == [example.boxes[1].tolist()]


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "kind"), [("mobilenet_v3", "faster_rcnn"), ("resnet50", "mask_rcnn")])
def test_every_backbone_takes_a_step_and_detects(backbone: str, kind: str, tmp_path: Path) -> None:
    spec = Train(backbone=backbone, model=kind, steps=1, batch=1, size=64)
    result = evaluate(run(tmp_path, spec), Discs(1))
    assert (result.mask is None) == (kind == "faster_rcnn") or not result.detections[0].items
