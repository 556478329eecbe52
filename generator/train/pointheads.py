"""The second stage with masks that are refined point by point (`pointrend`)."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

from generator.train.ignore import IgnoringRoIHeads, Targets
from generator.train.pointrend import PointHead, point_loss, refine

STRIDE = 4  # of the finest level of the pyramid
LEARNED, DOUBLINGS, JUDGED = 196, 2, 784


class RememberingPredictor(MaskRCNNPredictor):
    """Keeps the last coarse logits, which torchvision's stage does not return."""

    def forward(self, x: Tensor) -> Tensor:
        self.latest: Tensor = super().forward(x)
        return self.latest


class PointRoIHeads(IgnoringRoIHeads):
    """Adds ``loss_points`` in training; in inference its masks are four times as fine. Set `mask_predictor` to a
    `RememberingPredictor` and `point_head` to a `PointHead`."""

    point_head: PointHead

    def select_training_samples(self, proposals: list[Tensor], targets: Targets | None) -> Any:
        self._chosen = super().select_training_samples(proposals, targets)
        return self._chosen

    def forward(self, features: Any, proposals: Any, image_shapes: Any, targets: Targets | None = None) -> Any:
        result, losses = super().forward(features, proposals, image_shapes, targets)
        fine = features["0"]
        if self.training:
            losses["loss_points"] = self._learn(fine, targets or [])
        elif any(len(one["boxes"]) for one in result):
            self._sharpen(fine, result)
        return result, losses

    def _learn(self, fine: Tensor, targets: Targets) -> Tensor:
        proposals, matched, labels, _ = self._chosen
        positive = [label > 0 for label in labels]
        boxes = [box[some] for box, some in zip(proposals, positive, strict=True)]
        if not sum(map(len, boxes)):
            return self.mask_predictor.latest.sum() * 0
        height, width = (STRIDE * side for side in fine.shape[-2:])
        masks = [
            _padded(target["masks"][match[some]], height, width)
            for target, match, some in zip(targets, matched, positive, strict=True)
            if some.any()
        ]
        coarse = _of_class(
            self.mask_predictor.latest, torch.cat([one[k] for one, k in zip(labels, positive, strict=True)])
        )
        return point_loss(
            self.point_head, fine.float(), coarse, torch.cat(boxes), torch.cat(masks), _owners(boxes), LEARNED
        )

    def _sharpen(self, fine: Tensor, result: list[dict[str, Tensor]]) -> None:
        boxes = [one["boxes"] for one in result]
        coarse = _of_class(self.mask_predictor.latest, torch.cat([one["labels"] for one in result]))
        size = (STRIDE * fine.shape[-2], STRIDE * fine.shape[-1])
        owner = _owners(boxes)
        logits = refine(self.point_head, fine.float(), coarse, torch.cat(boxes), owner, size, DOUBLINGS, JUDGED)
        for one, mask in zip(result, logits.sigmoid().split([len(box) for box in boxes]), strict=True):
            one["masks"] = mask


def _of_class(logits: Tensor, labels: Tensor) -> Tensor:
    """(n, 1, h, w) of each thing's own class, from (n, classes, h, w)."""
    return logits[torch.arange(len(labels), device=labels.device), labels][:, None].float()


def _owners(boxes: list[Tensor]) -> Tensor:
    """Each box's picture."""
    lengths = torch.tensor([len(one) for one in boxes], device=boxes[0].device)
    return torch.repeat_interleave(torch.arange(len(boxes), device=boxes[0].device), lengths)


def _padded(masks: Tensor, height: int, width: int) -> Tensor:
    """To the size of the padded batch: pictures lie in its top left corner."""
    return functional.pad(masks, (0, width - masks.shape[2], 0, height - masks.shape[1]))
