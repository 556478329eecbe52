"""The two-stage detectors: torchvision's Mask R-CNN and Faster R-CNN, from parts that also train on two CPU cores.

He et al., "Mask R-CNN" (ICCV 2017); Ren et al., "Faster R-CNN" (NeurIPS 2015); Lin et al., "Feature Pyramid Networks"
(CVPR 2017). Tensors are named as in torchvision, so that its checkpoints can be given as `init`.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torchvision.models import MobileNet_V3_Large_Weights, ResNet50_Weights, WeightsEnum, mobilenet_v3_large, resnet50
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import RPNHead
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import FeaturePyramidNetwork, LastLevelMaxPool

from generator.base.errors import TrainError
from generator.train import efficientnet
from generator.train.ignore import IgnoringProposals, IgnoringRoIHeads
from generator.train.keypointheads import CELLS, add_keypoints
from generator.train.pointheads import PointRoIHeads, RememberingPredictor
from generator.train.pointrend import PointHead

Weights = Literal["auto", "imagenet", "none"]
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ASPECTS = (0.5, 1.0, 2.0)
RPN_IOU = {"bg_iou_thresh": 0.3, "positive_fraction": 0.5}
BOX_IOU = {"fg_iou_thresh": 0.5, "bg_iou_thresh": 0.5, "bbox_reg_weights": None}


@dataclass(frozen=True)
class Body:
    """The layers of a classifier. Those named in `taps`, at strides 4, 8, 16 and 32, feed the pyramid.

    `frozen` names the first layers, up to stride 4, as torchvision's detectors keep them: they see edges and colours,
    which no few hundred pictures teach better, and are dear, for they see most pixels: learning without them takes 2.5
    CPU s per step of 8 pictures of 320 pixels instead of 3.2 (AMD EPYC, efficientnet_lite0).
    """

    layers: nn.Module
    taps: tuple[str, ...]
    channels: tuple[int, ...]
    frozen: tuple[str, ...]
    normalize: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET
    pretrained: bool = False


@dataclass(frozen=True)
class Parts:
    """Sizes of what stands on the body: the full ones of torchvision's `..._fpn_v2`, and light ones for CPUs.

    `proposals` go on from the first stage (training, inference); `rois` of them per image are trained on, up to the
    part `objects` of which lie on objects. An anchor is on an object from the overlap `anchored` on; `first` is the
    weight of the first stage's loss of boxes, which torchvision divides by all anchors looked at, few of which are on
    one. The light ones learn boxes from more places, and normalise by groups (Wu & He, ECCV 2018), which four pictures
    at a time do not disturb.
    """

    width: int
    proposals: tuple[int, int]
    rois: int
    objects: float
    anchored: float
    first: float
    full: bool

    def norm(self, channels: int) -> nn.Module:
        return nn.BatchNorm2d(channels) if self.full else nn.GroupNorm(16, channels)


LIGHT = Parts(width=96, proposals=(300, 200), rois=64, objects=0.5, anchored=0.5, first=4.0, full=False)
FULL = Parts(width=256, proposals=(2000, 1000), rois=512, objects=0.25, anchored=0.7, first=1.0, full=True)


def _efficientnet_lite0(weights: Weights) -> Body:
    pretrained = weights != "none"
    net = efficientnet.pretrained() if pretrained else efficientnet.EfficientNetLite0()
    scale = efficientnet.MEAN, efficientnet.STD
    return Body(net.features, ("3", "5", "11", "16"), (24, 40, 112, 320), ("0", "1", "2", "3"), scale, pretrained)


def _mobilenet_v3(weights: Weights) -> Body:
    net, taps = mobilenet_v3_large(), ("3", "6", "12", "16")
    pretrained = weights == "imagenet" and _fetch(net, MobileNet_V3_Large_Weights.IMAGENET1K_V2)
    return Body(net.features, taps, (24, 40, 112, 960), ("0", "1", "2", "3"), pretrained=pretrained)


def _resnet50(weights: Weights) -> Body:
    net, taps = resnet50(), ("layer1", "layer2", "layer3", "layer4")
    pretrained = weights == "imagenet" and _fetch(net, ResNet50_Weights.IMAGENET1K_V2)
    return Body(net, taps, (256, 512, 1024, 2048), ("conv1", "bn1", "layer1"), pretrained=pretrained)


def _fetch(net: nn.Module, weights: WeightsEnum) -> bool:
    """Load torchvision's weights, from its cache or the net. TrainError where they cannot be had."""
    try:
        net.load_state_dict(weights.get_state_dict(progress=False, check_hash=True))
    except (OSError, RuntimeError) as error:
        raise TrainError(
            f"{weights.url}: cannot be fetched ({error}); fetch it elsewhere and set `train.init` to the file, or use "
            "`backbone: efficientnet_lite0`, whose weights are installed"
        ) from error
    return True


BODIES = {
    "efficientnet_lite0": (_efficientnet_lite0, LIGHT),
    "mobilenet_v3": (_mobilenet_v3, LIGHT),
    "resnet50": (_resnet50, FULL),
}


class Pyramid(nn.Module):
    """A body and the feature pyramid over its taps, from the `first` on; one more level, for large things, is pooled
    from the last."""

    def __init__(self, body: Body, parts: Parts, first: int = 0) -> None:
        super().__init__()
        names = {tap: str(level) for level, tap in enumerate(body.taps) if level >= first}
        self.body = IntermediateLayerGetter(body.layers, return_layers=names)
        self.fpn = FeaturePyramidNetwork(list(body.channels[first:]), parts.width, LastLevelMaxPool(), parts.norm)
        self.out_channels = parts.width

    def forward(self, x: Tensor) -> "OrderedDict[str, Tensor]":
        features: OrderedDict[str, Tensor] = self.fpn(self.body(x))
        return features


class Anchors(AnchorGenerator):
    """In float32 whatever the features are computed in: bfloat16 knows no place behind the 256th pixel to less than two
    pixels, and a narrow box would have no width."""

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        found: list[Tensor] = super().forward(image_list, [one[:, :0].float() for one in feature_maps])
        return found


class ProposalHead(RPNHead):
    """Gives float32 whatever it computes in: proposals are decoded in its type."""

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        scores, moves = super().forward(x)
        return [one.float() for one in scores], [one.float() for one in moves]


class BoxPredictor(FastRCNNPredictor):
    """Gives float32 whatever it computes in."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scores, moves = super().forward(x)
        return scores.float(), moves.float()


class Detector(nn.Module):
    """What all detectors have: a `backbone` with a body, whose first layers are kept once it has been trained.

    In training they take pictures as they come: augmentation has brought them to size. In inference they resize them
    themselves and boxes and masks are in the picture's own pixels. Pictures are float RGB (3, h, w) in [0, 1].
    `keypoints` are the names of those that it finds, `masks` says whether it finds masks. `classes` are the names of
    those that it was trained to tell, once it is finished.
    """

    backbone: Pyramid
    classes: tuple[str, ...] = ()
    keypoints: tuple[str, ...] = ()
    masks = False
    statistics_frozen = False
    _frozen: tuple[str, ...] = ()

    def keep(self, body: Body) -> None:
        """Note which layers are the first ones, and keep them if they have been trained."""
        self._frozen = body.frozen
        if body.pretrained:
            self.freeze()

    def freeze(self) -> None:
        """For a body that has been trained: keep its first layers, and all its batch statistics, which four pictures
        at a time would only blur."""
        layers = self.backbone.body
        for name in self._frozen:
            layers[name].requires_grad_(False)
        self.statistics_frozen = True
        self.train(self.training)

    def train(self, mode: bool = True) -> "Detector":
        super().train(mode)
        if self.statistics_frozen:
            for layer in self.backbone.body.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
        return self


class TwoStage(Detector, GeneralizedRCNN):
    """Mask R-CNN, or with `masks` false Faster R-CNN, for `classes` classes and pictures whose shorter side is `size`.
    With `points`, masks are refined at the points they are least sure of (`pointrend`). With `keypoints`, their names,
    Keypoint R-CNN."""

    rpn: IgnoringProposals
    roi_heads: IgnoringRoIHeads

    def __init__(
        self, backbone: str, classes: int, masks: bool, size: int, weights: Weights = "auto", points: bool = False,
        keypoints: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        make, parts = BODIES[backbone]
        body = make(weights)
        pyramid = Pyramid(body, parts)
        roi_heads = _roi_heads(parts, classes + 1, masks, points)
        if keypoints:
            layers = [512] * 8 if parts.full else [parts.width] * 4
            add_keypoints(roi_heads, _pool(parts, CELLS), parts.width, layers, len(keypoints))
        super().__init__(pyramid, _proposals(parts, size), roi_heads, transform_of(body, size))
        self.keypoints, self.masks = keypoints, masks
        self.keep(body)


def transform_of(body: Body, size: int) -> GeneralizedRCNNTransform:
    """Pictures to the shorter side `size`, the longer at most four times that, and normalised as the body wants."""
    return GeneralizedRCNNTransform(size, 4 * size, *map(list, body.normalize), _skip_resize=True)


def _proposals(parts: Parts, size: int) -> IgnoringProposals:
    """Anchors one octave apart, the smallest about a twentieth of the shorter side: 8 pixels of 192, 32 of 640."""
    finest = max(8, 2 ** round(math.log2(size / 20)))
    anchors = Anchors(tuple((finest << level,) for level in range(5)), (ASPECTS,) * 5)
    head = ProposalHead(parts.width, len(ASPECTS), conv_depth=2 if parts.full else 1)
    train, test = parts.proposals
    before, after = {"training": 2 * train, "testing": 2 * test}, {"training": train, "testing": test}
    proposals = IgnoringProposals(
        anchors, head, batch_size_per_image=256, pre_nms_top_n=before, post_nms_top_n=after, nms_thresh=0.7,
        fg_iou_thresh=parts.anchored, **RPN_IOU,
    )  # fmt: skip
    proposals.weight = parts.first
    return proposals


def _roi_heads(parts: Parts, classes: int, masks: bool, points: bool) -> IgnoringRoIHeads:
    heads = (PointRoIHeads if points else IgnoringRoIHeads)(
        _pool(parts, 7),
        _box_head(parts),
        BoxPredictor(1024 if parts.full else 512, classes),
        batch_size_per_image=parts.rois,
        positive_fraction=parts.objects,
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=100,
        **BOX_IOU,
    )
    if masks:
        heads.mask_roi_pool = _pool(parts, 14)
        layers = [256] * 4 if parts.full else [parts.width] * 2
        heads.mask_head = MaskRCNNHeads(parts.width, layers, 1, parts.norm)
        predictor = RememberingPredictor if points else MaskRCNNPredictor
        heads.mask_predictor = predictor(layers[-1], layers[-1], classes)
    if points:
        heads.point_head = PointHead(parts.width)
    return heads


def _pool(parts: Parts, cells: int) -> MultiScaleRoIAlign:
    """Features of a box as cells x cells, from the level of whose pixels it has about as many. An object of
    `canonical_scale` is looked up at stride 16."""
    canonical = 224 if parts.full else 112
    return MultiScaleRoIAlign(["0", "1", "2", "3"], cells, sampling_ratio=2, canonical_scale=canonical)


def _box_head(parts: Parts) -> nn.Module:
    if parts.full:
        return FastRCNNConvFCHead((parts.width, 7, 7), [256] * 4, [1024], norm_layer=nn.BatchNorm2d)
    return TwoMLPHead(parts.width * 7 * 7, 512)
