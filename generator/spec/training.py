"""`Real` and `Train`: the config's sections of photographs and of what to learn from them."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from generator.base.strict import Strict
from generator.spec.bounds import Count, Share


class RealSource(Strict):
    """Real photographs with labels: a COCO .json, YOLO's data.yaml or images/SPLIT, a VOC folder or ImageSets list, or
    Cityscapes' gtFine/SPLIT. `images` is a folder (default: named as the label file, without .json), or
    ``package:NAME/SUB`` for files inside an installed Python package. `crop` (x0 y0 x1 y1) keeps a part of each."""

    labels: str
    images: str = ""
    crop: tuple[int, int, int, int] | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        return {"labels": value} if isinstance(value, str) else value


class Real(Strict):
    """Real photographs: `train` is mixed in, `val` chooses checkpoint and threshold, `test` is only ever evaluated."""

    train: RealSource | None = None
    val: RealSource | None = None
    test: RealSource


class Train(Strict):
    """What to train, and on which mixtures. Every arm has the same initialization, steps and augmentation.

    Of the arms, `synthetic`, `real` and `mixed` learn from one mixture throughout. `finetune` learns from synthetic
    samples for the first `pretrain` of the steps, then from real ones; `replay` keeps a share of `replayed` synthetic
    ones in the second phase. That phase's effective rate, rate / (1 - momentum), is `finetune_rate` times the first's.

    `real_share` is the exact share of real samples seen by the mixed arm. `size` is the shorter side the network sees.
    `smallest` is the share of each class's synthetic instances, smallest first, that become ignore regions, for all
    classes or by name (``{default: 0.3, person: 0.6}``); `upside_down` the probability of a vertical flip, for scenes
    seen from above.

    `rare` names classes and tags that at least this share of the samples shows. `sampling` is how examples are drawn
    within each source: `plain` (each once per epoch), `repeat` (what has classes or tags in less than `repeat_below` of
    the examples up to `repeat_most` times as often), `classes` (all classes alike), `even` (all combinations of the
    tags of `axes` alike, such as ``{time: [day, night]}``). `rarest_crop` is the share of pictures that are cropped
    around an object of the rarest class they show. `point_masks` refines the masks of mask_rcnn at the points they are
    least sure of (PointRend).
    """

    model: Literal["mask_rcnn", "faster_rcnn"] = "mask_rcnn"
    backbone: Literal["mobilenet_v3", "resnet50", "efficientnet_lite0"] = "efficientnet_lite0"
    init: str = ""
    arms: tuple[Literal["synthetic", "mixed", "real", "finetune", "replay"], ...] = ("synthetic", "mixed")
    steps: Count = 1000
    batch: Count = 4
    size: Annotated[int, Field(ge=64)] = 320
    rate: Annotated[float, Field(gt=0)] = 0.02
    real_share: Share = 0.5
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    seeds: Count = 1
    checkpoint_every: Count = 100
    smallest: Share | dict[str, Share] = 0.0
    upside_down: Share = 0.0
    pretrain: Annotated[float, Field(gt=0, lt=1)] = 0.5
    replayed: Annotated[float, Field(gt=0, lt=1)] = 0.5
    finetune_rate: Annotated[float, Field(gt=0)] = 0.05
    finetune_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    rare: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    sampling: Literal["plain", "repeat", "classes", "even"] = "plain"
    axes: dict[str, tuple[str, ...]] = {}
    repeat_below: Annotated[float, Field(gt=0, le=1)] = 0.1
    repeat_most: Annotated[float, Field(ge=1)] = 4.0
    rarest_crop: Share = 0.0
    point_masks: bool = False

    @field_validator("arms")
    @classmethod
    def _arms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name each arm once, at least one")
        return value

    @model_validator(mode="after")
    def _phases_and_axes(self) -> "Train":
        if set(self.arms) & {"finetune", "replay"} and self.steps < 2:
            raise ValueError("steps: the arms finetune and replay need at least 2, one for each phase")
        if self.point_masks and self.model != "mask_rcnn":
            raise ValueError("point_masks: only mask_rcnn has masks to refine")
        if self.sampling == "even" and not self.axes:
            raise ValueError("axes: sampling `even` needs at least one, such as {time: [day, night]}")
        return self
