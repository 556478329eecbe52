"""`RunConfig`: how many frames, where, on what machine, and how to train. `scenes/` says what may appear."""

import pkgutil
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from generator.base.errors import did_you_mean
from generator.base.strict import Strict
from generator.spec.quotas import Quota

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
# The files are named only: what they hold stands above this package, and need not be imported to check a word.
LABELS = tuple(sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parents[1] / "truth" / "annotations")])))


class Frames(Strict):
    """How many frames of each split to paint. Splits use different scene indices, so no scene is in two of them."""

    train: Count
    val: Annotated[int, Field(ge=0)] = 0


class Farm(Strict):
    """Where painting runs. `workers: auto` is one per CPU core, or one per GPU; `address` joins a Ray cluster.

    `shard` frames are committed together. `timeout` is the seconds that one frame may take; a frame that kills or
    outlasts its worker `attempts` times, alone, is quarantined as poison. Frames in quarantine are replaced by others
    of the same tags, in at most `refills` rounds. A worker is replaced when it holds more than `recycle_mb` of memory,
    or has painted `recycle_frames` (0: never). `gpu_share` is the part of a GPU that a worker reserves: 0.25 puts four
    on each.
    """

    workers: Count | Literal["auto"] = "auto"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    address: str = "local"
    shard: Count = 8
    attempts: Count = 3
    timeout: Annotated[float, Field(gt=0)] = 300.0
    refills: Annotated[int, Field(ge=0)] = 2
    recycle_mb: Annotated[float, Field(ge=0)] = 0.0
    recycle_frames: Annotated[int, Field(ge=0)] = 0
    gpu_share: Annotated[float, Field(gt=0, le=1)] | None = None


class Audit(Strict):
    """Rays against the painter's own passes. A frame with more than `pixels` disagreeing is quarantined; a run with
    more than `quarantine` of its frames there stops."""

    pixels: Share = 0.002
    quarantine: Share = 0.05


class Balance(Strict):
    """Caps and floors on tags, as shares of the kept frames, before painting and after.

    `combinations` is the least share that is kept of every combination of tags that occurs, so that caps do not wipe
    out night-and-crowded; `evenness` bounds every class's share of instances to within this factor of the mean,
    `image_evenness` its share of pictures; `empty` caps frames that show no annotated object; `proposals` bounds the
    scenes looked at per painted frame.

    `instance_caps` and `instance_floors` are shares of the annotated objects that lie in frames with the tag. `groups`
    names tags that exclude each other (``time: [day, dusk, night]``). `prevalence` is how often an edge case really
    occurs: it then gets `edge_factor` times that, in at most `edge_cap` of the frames. `variety` is the greatest share
    of an edge case's frames that one combination of the other tags may have. A plan stays `margin` (relative) within
    caps and floors, so that what is measured on painted frames keeps them.
    """

    caps: dict[str, Share] = {}
    floors: dict[str, Share] = {}
    combinations: Share = 0.02
    evenness: Annotated[float, Field(ge=1)] | None = None
    empty: Share = 1.0
    proposals: Annotated[float, Field(ge=1)] = 4.0
    image_evenness: Annotated[float, Field(ge=1)] | None = None
    instance_caps: dict[str, Share] = {}
    instance_floors: dict[str, Share] = {}
    groups: dict[str, tuple[str, ...]] = {}
    quotas: tuple[Quota, ...] = ()
    prevalence: dict[str, Share] = {}
    edge_factor: Annotated[float, Field(ge=1)] = 5.0
    edge_cap: Annotated[float, Field(gt=0, lt=1)] = 0.5
    variety: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.0

    @model_validator(mode="after")
    def _floors_below_caps(self) -> "Balance":
        for floors, caps in ((self.floors, self.caps), (self.instance_floors, self.instance_caps)):
            for tag, floor in floors.items():
                if floor > caps.get(tag, 1.0):
                    raise ValueError(f"{tag!r}: floor {floor:g} is above its cap {caps[tag]:g}")
        for name, tags in self.groups.items():
            if len(set(tags)) != len(tags) or not tags:
                raise ValueError(f"groups.{name}: name each tag once, at least one")
        return self

    @model_serializer(mode="wrap")
    def _what_is_asked(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Rules that are not asked for are left out from `image_evenness` on, so that a plan made before such a rule
        existed still counts as the same order."""
        fields = list(type(self).model_fields)
        later = fields[fields.index("image_evenness") :]
        unasked = {name for name in later if getattr(self, name) == type(self).model_fields[name].default}
        return {name: value for name, value in handler(self).items() if name not in unasked}


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


class RunConfig(Strict):
    """One run, from scene spec to report. `assets` are folders of meshes, images and HDRIs, besides the `assets/`
    folder beside the scene's own; `output` is where everything goes (default: runs/NAME); `engine` overrides the
    scene's. `painter` is blender; or paste, which cuts out what Blender paints and pastes it on the world's photograph;
    or collage, which pastes the meshes' own textures, unlit; or raycast, for tries. `labels` are what is kept of each
    frame besides picture, instance ids, and per instance box, fractions, occluders, pose, size and keypoints;
    `truth/annotations` defines each.
    """

    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    scene: str
    assets: tuple[str, ...] = ()
    seed: int = 0
    frames: Frames
    size: tuple[Annotated[int, Field(ge=16, le=16384)], Annotated[int, Field(ge=16, le=16384)]]
    engine: Literal["cycles", "eevee"] | None = None
    painter: Literal["blender", "raycast", "paste", "collage"] = "blender"
    labels: tuple[Annotated[str, Field(json_schema_extra={"enum": list(LABELS)})], ...] = ("amodal", "depth")
    output: str = ""
    farm: Farm = Farm()
    audit: Audit = Audit()
    balance: Balance = Balance()
    real: Real | None = None
    train: Train | None = None

    @field_validator("labels")
    @classmethod
    def _labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in LABELS:
                raise ValueError(f"unknown label {name!r}{did_you_mean(name, LABELS)}")
        if len(set(value)) != len(value):
            raise ValueError("name each label once")
        return value
