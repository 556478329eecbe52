"""`Real` and `Train`: the config's sections of photographs and of what to learn from them."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from generator.base.strict import Strict
from generator.spec.bounds import Count, Share
from generator.spec.harmonizing import Harmonize

Scale = Annotated[float, Field(ge=0.1, le=10)]
Part = Annotated[float, Field(gt=0, le=1)]
Optimizer = Literal["adamw", "sgd"]
RATES: dict[Optimizer, float] = {"adamw": 1e-3, "sgd": 0.02}  # what `rate: auto` is


class RealSource(Strict):
    """Real photographs with labels: a COCO .json, YOLO's data.yaml or images/SPLIT, a VOC folder or ImageSets list, or
    Cityscapes' gtFine/SPLIT. `images` is a folder (default: named as the label file, without .json, or else the one it
    lies in), or ``package:NAME/SUB`` for files inside an installed Python package. `crop` (x0 y0 x1 y1) keeps a part of
    each. `semantic` is a folder of semantic maps, for rules that split by them: PNGs of class values, named as the
    pictures. `depth` is a folder of depth maps, for the model that learns them: .npy or .exr in metres, or 16-bit PNGs
    whose unit is `depth_scale` metres; named as the pictures, 0 where depth is unknown.

    `sequence` is a regular expression; what its first group (or all of it) finds in a picture's key names the video
    that it is of. `block` neighbours of a video count as one scene where error bars are made and labels are saved.
    Without it, names that differ only in their last number are of one video. `tags` is a CSV of tags by key.
    """

    labels: str
    images: str = ""
    semantic: str = ""
    depth: str = ""
    depth_scale: Annotated[float, Field(gt=0)] = 0.001
    crop: tuple[int, int, int, int] | None = None
    sequence: str = ""
    block: Count = 20
    tags: str = ""

    @field_validator("sequence")
    @classmethod
    def _pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression ({error}), such as '(.+)_[0-9]+'") from error
        return value

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: object) -> object:
        return {"labels": value} if isinstance(value, str) else value


class Real(Strict):
    """Real photographs: `train` is mixed in, `val` chooses checkpoint and threshold, `test` is only ever evaluated.

    `classes` are those to learn from them and to judge by, where these are not the scene's: then `finetune` carries
    over what it can from the one set to the other."""

    classes: tuple[str, ...] = ()
    train: RealSource | None = None
    val: RealSource | None = None
    test: RealSource


class Train(Strict):
    """What to train, and on which mixtures. Every arm has the same initialization, steps and augmentation.

    Of the arms, `synthetic`, `real` and `mixed` learn from one mixture throughout. `finetune` learns from synthetic
    samples for the first `pretrain` of the steps, then from real ones; `replay` keeps a share of `replayed` synthetic
    ones in the second phase. That phase's effective rate is `finetune_rate` times the first's: rate / (1 - momentum)
    for `sgd`; for `adamw`, which averages gradients, the rate itself, and the momentum is its first beta.

    `label_shares` also trains every arm that learns from real photographs on these shares of them, nested and from all
    of their scenes, so that one sees how many labels the synthetic pictures save; `synthetic_shares` does so with the
    synthetic pictures, which tells whether more of them would help.

    `real_share` is the exact share of real samples seen by the mixed arm; `auto` is half, or so much less that no
    photograph is seen more than 50 times. `size` is the shorter side the network sees.
    `harmonize` holds the rules that make synthetic and real labels mean the same. `smallest` is the share of each
    class's synthetic instances, smallest first, that are taken away, for all classes or by name (``{default: 0.3,
    person: 0.6}``); or `match`: as many as make their sizes most like the real training set's. They become regions to
    `ignore`, or `background` (`smallest_becomes`). `upside_down` is the probability of a vertical flip, for scenes seen
    from above. `zoom` is the range of scales, even in their logarithm, at which pictures are learned from: above 1 a
    part of one, below 1 all of it, smaller; a wide one helps where things are to be found at other distances than in
    the photographs to learn from (Ghiasi et al., "Simple Copy-Paste", CVPR 2021: large scale jittering).

    The body begins with `weights` learned on ImageNet: `auto` takes those that an installed package carries
    (efficientnet_lite0), `imagenet` also fetches torchvision's, `none` takes none. `init` is a checkpoint to begin
    with, of this program or of torchvision; what it does not have, or has for other classes, starts fresh.

    Several detectors are trained at a time, in processes of their own: `parallel` of them, or with `auto` up to four on
    the cores of a CPU and one on a GPU. With several `workers`, on Ray Train, each learns from its part of every batch,
    on a GPU of its own where there are any; together they see what one would.

    `optimizer` is `adamw`, which needs fewer steps, or `sgd`; `rate: auto` is 0.001 or 0.02 then. The rate rises over
    the first tenth of a phase (at most 200 steps) and falls along a `cosine`, or by tenths after
    three quarters and eleven twelfths (`step`). With `validate_every`, the weights that find most on the real
    validation photographs are kept, looked at every so many steps of the last phase and at its end; `patience` such
    looks without a better one end the training early. `precision: auto` is bfloat16 where the GPU or the CPU knows it;
    other GPUs compute in float16 with scaled losses, other CPUs in float32. On a CPU it takes 0.7 of the time and,
    at equal steps, may cost a point: blood cells, 300 steps, three seeds: AP 0.588 instead of 0.597.

    `rare` names classes and tags that at least this share of the samples shows. `sampling` is how examples are drawn
    within each source: `plain` (each once per epoch), `repeat` (what has classes or tags in less than `repeat_below` of
    the examples up to `repeat_most` times as often), `classes` (all classes alike), `even` (all combinations of the
    tags of `axes` alike, such as ``{time: [day, night]}``). `rarest_crop` is the share of pictures that are cropped
    around an object of the rarest class they show. `paste` names classes, and on what share of the photographs that are
    seen beside painted frames objects of each are pasted, cut out of those frames (Dwibedi et al., ICCV 2017).
    `point_masks` refines the masks of mask_rcnn at the points they are least sure of (PointRend).

    `keypoint_rcnn` finds boxes, and the keypoints that shapes, asset.yaml or COCO categories name. Sources agree on
    their names, whatever the order; one may lack some, or all, and then teaches the others alone. Names that differ in
    the words left and right (left_eye, top_left) change places in a mirror.

    `depth` predicts metres along the optical axis for every pixel. It learns from the label of that name and from the
    folders that `real` names, knows no objects, and takes no option that is about them. Its best weights are those with
    the most pixels of the validation photographs within a factor of 1.25 of their depth.
    """

    model: Literal["mask_rcnn", "faster_rcnn", "fcos", "keypoint_rcnn", "depth"] = "mask_rcnn"
    backbone: Literal["mobilenet_v3", "resnet50", "efficientnet_lite0"] = "efficientnet_lite0"
    weights: Literal["auto", "imagenet", "none"] = "auto"
    init: str = ""
    arms: tuple[Literal["synthetic", "mixed", "real", "finetune", "replay"], ...] = ("synthetic", "mixed")
    steps: Count = 1000
    batch: Count = 4
    workers: Count = 1
    parallel: Count | Literal["auto"] = "auto"
    size: Annotated[int, Field(ge=64)] = 320
    optimizer: Optimizer = "adamw"
    rate: Annotated[float, Field(gt=0)] | Literal["auto"] = "auto"
    real_share: Share | Literal["auto"] = "auto"
    schedule: Literal["cosine", "step"] = "cosine"
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    validate_every: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[int, Field(ge=0)] = 0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    seeds: Count = 1
    checkpoint_every: Count = 100
    label_shares: tuple[Part, ...] = ()
    synthetic_shares: tuple[Part, ...] = ()
    harmonize: Harmonize = Harmonize()
    smallest: Share | Literal["match"] | dict[str, Share] = 0.0
    smallest_becomes: Literal["ignore", "background"] = "ignore"
    upside_down: Share = 0.0
    zoom: tuple[Scale, Scale] = (0.75, 1.5)
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
    paste: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    point_masks: bool = False

    @property
    def highest_rate(self) -> float:
        """The learning rate that the schedule's shares are of."""
        return RATES[self.optimizer] if self.rate == "auto" else self.rate

    @field_validator("arms")
    @classmethod
    def _arms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name each arm once, at least one")
        return value

    @field_validator("label_shares", "synthetic_shares")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(value)) != len(value):
            raise ValueError("name each share once")
        return value

    @field_validator("zoom")
    @classmethod
    def _zoom(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] > value[1]:
            raise ValueError(f"the smaller scale first: [{value[1]:g}, {value[0]:g}]")
        return value

    @model_validator(mode="after")
    def _phases_and_axes(self) -> "Train":
        if set(self.arms) & {"finetune", "replay"} and self.steps < 2:
            raise ValueError("steps: the arms finetune and replay need at least 2, one for each phase")
        if self.batch % self.workers:
            raise ValueError(f"batch: {self.batch} cannot be dealt out evenly to {self.workers} workers")
        if self.patience and not self.validate_every:
            raise ValueError(
                "patience: counts validations; say with `validate_every` after how many steps there is one"
            )
        if self.point_masks and self.model != "mask_rcnn":
            raise ValueError("point_masks: only mask_rcnn has masks to refine")
        if self.paste and (fault := self._nothing_to_paste_on()):
            raise ValueError(f"paste: {fault}; leave it out")
        if self.model == "depth" and (idle := self._about_objects()):
            raise ValueError(f"{', '.join(idle)}: about objects, of which the model `depth` knows none; leave it out")
        if self.sampling == "even" and not self.axes:
            raise ValueError("axes: sampling `even` needs at least one, such as {time: [day, night]}")
        return self

    def _nothing_to_paste_on(self) -> str:
        if self.model in ("keypoint_rcnn", "depth"):
            return f"knows boxes and masks, not what {self.model} learns"
        mixing = set(self.arms) & {"mixed", "replay"}
        return "" if mixing else "no arm sees photographs beside painted frames, as mixed and replay do"

    def _about_objects(self) -> list[str]:
        """What is asked for that needs objects."""
        rules = self.harmonize.synthetic.rules or self.harmonize.real.rules
        asked = {"harmonize": rules, "smallest": self.smallest, "sampling": self.sampling == "classes",
                 "rarest_crop": self.rarest_crop, "point_masks": self.point_masks}  # fmt: skip
        return [name for name, value in asked.items() if value]
