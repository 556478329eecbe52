"""`RunConfig`: how many frames, where, on what machine, and how to train. `scenes/` says what may appear."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from generator.base.strict import Strict

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class Frames(Strict):
    """How many frames of each split to paint. Splits use different scene indices, so no scene is in two of them."""

    train: Count
    val: Annotated[int, Field(ge=0)] = 0


class Farm(Strict):
    """Where painting runs. `workers: auto` is one per CPU core, or one per GPU; `address` joins a Ray cluster."""

    workers: Count | Literal["auto"] = "auto"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    address: str = "local"
    shard: Count = 8
    attempts: Count = 3
    timeout: Annotated[float, Field(gt=0)] = 300.0


class Audit(Strict):
    """Rays against the painter's own passes. A frame with more than `pixels` disagreeing is quarantined; a run with
    more than `quarantine` of its frames there stops."""

    pixels: Share = 0.002
    quarantine: Share = 0.05


class Balance(Strict):
    """Caps and floors on tags, as shares of the kept frames, before painting and after.

    `combinations` is the least share that is kept of every combination of tags that occurs, so that caps do not wipe
    out night-and-crowded; `evenness` bounds every class's share of instances to within this factor of the mean;
    `empty` caps frames that show no annotated object; `proposals` bounds the scenes looked at per painted frame.
    """

    caps: dict[str, Share] = {}
    floors: dict[str, Share] = {}
    combinations: Share = 0.02
    evenness: Annotated[float, Field(ge=1)] | None = None
    empty: Share = 1.0
    proposals: Annotated[float, Field(ge=1)] = 4.0

    @model_validator(mode="after")
    def _floors_below_caps(self) -> "Balance":
        for tag, floor in self.floors.items():
            if floor > self.caps.get(tag, 1.0):
                raise ValueError(f"{tag!r}: floor {floor:g} is above its cap {self.caps[tag]:g}")
        return self


class RealSource(Strict):
    """Real photographs with COCO labels. `images` is a folder (default: named as the label file, without .json), or
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

    `real_share` is the exact share of real samples seen by the mixed arm. `size` is the shorter side the network sees.
    `smallest` is the share of each class's synthetic instances, smallest first, that become ignore regions;
    `upside_down` the probability of a vertical flip, for scenes seen from above.
    """

    model: Literal["mask_rcnn", "faster_rcnn"] = "mask_rcnn"
    backbone: Literal["mobilenet_v3", "resnet50", "efficientnet_lite0"] = "efficientnet_lite0"
    init: str = ""
    arms: tuple[Literal["synthetic", "mixed", "real"], ...] = ("synthetic", "mixed")
    steps: Count = 1000
    batch: Count = 4
    size: Annotated[int, Field(ge=64)] = 320
    rate: Annotated[float, Field(gt=0)] = 0.02
    real_share: Share = 0.5
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.99
    seeds: Count = 1
    checkpoint_every: Count = 100
    smallest: Share = 0.0
    upside_down: Share = 0.0

    @field_validator("arms")
    @classmethod
    def _arms(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name each arm once, at least one")
        return value


class RunConfig(Strict):
    """One run, from scene spec to report. `assets` are folders of meshes, images and HDRIs, besides the `assets/`
    folder beside the scene's own; `output` is where everything goes (default: runs/NAME); `engine` overrides the
    scene's.
    """

    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    scene: str
    assets: tuple[str, ...] = ()
    seed: int = 0
    frames: Frames
    size: tuple[Annotated[int, Field(ge=16, le=16384)], Annotated[int, Field(ge=16, le=16384)]]
    engine: Literal["cycles", "eevee"] | None = None
    labels: tuple[Literal["amodal", "depth", "normal"], ...] = ("amodal", "depth")
    output: str = ""
    farm: Farm = Farm()
    audit: Audit = Audit()
    balance: Balance = Balance()
    real: Real | None = None
    train: Train | None = None
