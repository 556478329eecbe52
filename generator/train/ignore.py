"""Regions that are neither object nor background: what lies in them teaches neither.

torchvision's two stages, with one change: a candidate that would be background, but lies mostly inside an ignored
region of its picture (targets' ``ignore``, float (k, 4) boxes), gets the label -1, which the samplers skip.
"""

from typing import Any

import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork

from generator.train.nearby import nearby

Targets = list[dict[str, Tensor]]
INSIDE = 0.5


def covered(boxes: Tensor, regions: Tensor) -> Tensor:
    """Which boxes (n, 4) lie with at least half their area in one of the regions (k, 4); bool (n,)."""
    low = torch.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return (shared >= INSIDE * area[:, None].clamp(min=1e-6)).any(1)


def _unlabel(labels: list[Tensor], boxes: list[Tensor], targets: Targets) -> list[Tensor]:
    """Background (0) inside ignored regions becomes -1."""
    return [
        torch.where((label == 0) & covered(box, target["ignore"]), torch.full_like(label, -1), label)
        if len(target["ignore"])
        else label
        for label, box, target in zip(labels, boxes, targets, strict=True)
    ]


class IgnoringProposals(RegionProposalNetwork):
    """First stage. `weight` is a factor of its loss of boxes."""

    weight = 1.0

    def compute_loss(self, *outputs: Any) -> Any:
        objectness, boxes = super().compute_loss(*outputs)
        return objectness, self.weight * boxes

    def assign_targets_to_anchors(self, anchors: list[Tensor], targets: Targets) -> Any:
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        return _unlabel(labels, anchors, targets), boxes


class IgnoringRoIHeads(RoIHeads):
    """Second stage. It also learns from candidates `nearby` every object."""

    def forward(self, features: Any, proposals: Any, image_shapes: Any, targets: Targets | None = None) -> Any:
        if self.training and targets is not None:
            proposals = [
                torch.cat([own, nearby(target["boxes"], *shape).to(own.dtype)])
                for own, target, shape in zip(proposals, targets, image_shapes, strict=True)
            ]
        return super().forward(features, proposals, image_shapes, targets)

    def select_training_samples(self, proposals: list[Tensor], targets: Targets | None) -> Any:
        self._targets = targets or []
        return super().select_training_samples(proposals, targets)

    def assign_targets_to_proposals(
        self, proposals: list[Tensor], gt_boxes: list[Tensor], gt_labels: list[Tensor]
    ) -> Any:
        matched, labels = super().assign_targets_to_proposals(proposals, gt_boxes, gt_labels)
        return matched, _unlabel(labels, proposals, self._targets)
