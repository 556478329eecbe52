"""The light one-stage detector: FCOS, which has no proposals to choose, pool and judge again.

Tian et al., "FCOS: Fully Convolutional One-Stage Object Detection" (ICCV 2019), as in torchvision, with its pyramid
from stride 8 on: level k of strides 8, 16, 32, 64 is responsible for objects of about 4 to 8 strides.
"""

from torch import Tensor, tensor
from torchvision.models.detection.fcos import FCOS, FCOSHead

from generator.train import team
from generator.train.ignore import Targets, covered
from generator.train.model import BODIES, Anchors, Detector, Pyramid, Weights, transform_of

STRIDES = (8, 16, 32, 64)
SURELY_NOT = -30.0  # as a logit: no loss, no gradient


class IgnoringHead(FCOSHead):
    """torchvision's head, with one change: places that would be background, but lie mostly inside an ignored region of
    their picture, teach nothing."""

    def compute_loss(
        self, targets: Targets, head_outputs: dict[str, Tensor], anchors: list[Tensor], matched_idxs: list[Tensor]
    ) -> dict[str, Tensor]:
        logits = head_outputs["cls_logits"].float().clone()
        for k, (target, places, matched) in enumerate(zip(targets, anchors, matched_idxs, strict=True)):
            if len(target["ignore"]):
                logits[k, (matched < 0) & covered(places, target["ignore"])] = SURELY_NOT
        outputs = {name: value.float() for name, value in head_outputs.items()} | {"cls_logits": logits}
        losses = super().compute_loss(targets, outputs, anchors, matched_idxs)
        share = _share(matched_idxs)
        return {f"loss_{name}": share * value for name, value in losses.items()}


def _share(matched: list[Tensor]) -> float:
    """torchvision divides losses by this worker's places on objects. With this factor they are divided by all workers'
    instead, so that the workers' average is what one worker would get from the whole batch; 1 for one alone."""
    own = sum(int((one >= 0).sum()) for one in matched)
    return max(own, 1) * team.size() / max(team.total(own, matched[0].device), 1)


class OneStage(Detector, FCOS):
    """FCOS for `classes` classes (numbered from 1; row 0 of the scores stays unused, as torchvision counts) and
    pictures whose shorter side is `size`. Boxes only."""

    no_class: Tensor

    def __init__(self, backbone: str, classes: int, size: int, weights: Weights = "auto") -> None:
        make, parts = BODIES[backbone]
        body = make(weights)
        pyramid = Pyramid(body, parts, first=1)
        anchors = Anchors(tuple((stride,) for stride in STRIDES), ((1.0,),) * len(STRIDES))
        head = IgnoringHead(parts.width, 1, classes + 1, num_convs=4 if parts.full else 2)
        super().__init__(
            pyramid, classes + 1, anchor_generator=anchors, head=head, score_thresh=0.05, nms_thresh=0.6,
            detections_per_img=100,
        )  # fmt: skip
        self.transform = transform_of(body, size)
        self.register_buffer("no_class", tensor([-1e4] + [0.0] * classes), persistent=False)
        self.keep(body)

    def postprocess_detections(
        self, head_outputs: dict[str, list[Tensor]], anchors: list[list[Tensor]], image_shapes: list[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        """Without what has no class, and in the order of the two-stage detectors' outputs."""
        outputs = {**head_outputs, "cls_logits": [logits + self.no_class for logits in head_outputs["cls_logits"]]}
        found = super().postprocess_detections(outputs, anchors, image_shapes)
        return [{name: one[name] for name in ("boxes", "labels", "scores")} for one in found]
