"""The head that finds keypoints: per keypoint a heat map over the object's box (He et al., "Mask R-CNN", section 5)."""

from torch import Tensor, nn
from torchvision.models.detection.keypoint_rcnn import KeypointRCNNHeads, KeypointRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads

CELLS = 14  # of a box; the heat maps have four times as many


class HeatMaps(KeypointRCNNPredictor):
    """torchvision's, stored row by row, as its loss takes for granted."""

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = super().forward(x)
        return maps.contiguous()


def add_keypoints(heads: RoIHeads, pool: nn.Module, channels: int, layers: list[int], count: int) -> None:
    """Let the second stage also find `count` keypoints of every object: ``loss_keypoint`` in training; in inference
    ``keypoints`` (n, count, 3), x and y in pixels and 1, and ``keypoints_scores`` (n, count), logits of a heat map."""
    heads.keypoint_roi_pool = pool
    heads.keypoint_head = KeypointRCNNHeads(channels, layers)
    heads.keypoint_predictor = HeatMaps(layers[-1], count)
