"""`RunConfig`: how many frames, where, on what machine, and how to train. `scenes/` says what may appear."""

import pkgutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from generator.base.draw import MOST
from generator.base.errors import did_you_mean
from generator.base.splits import FIRST
from generator.base.strict import Strict
from generator.spec.balancing import Balance
from generator.spec.bounds import Count, Share
from generator.spec.training import Real, Train

# The files are named only: what they hold stands above this package, and need not be imported to check a word.
LABELS = tuple(sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parents[1] / "truth" / "annotations")])))


class Frames(Strict):
    """How many frames of each split to paint. Splits use different scene indices, so no scene is in two of them."""

    train: Annotated[int, Field(ge=1, le=FIRST["val"])]
    val: Annotated[int, Field(ge=0, le=FIRST["test"] - FIRST["val"])] = 0


class Farm(Strict):
    """Where painting runs. `workers: auto` is one per CPU core, or one per GPU; `address` joins a Ray cluster.

    `shard` frames are committed together. `timeout` is the seconds that one frame may take; a frame that kills or
    outlasts its worker `attempts` times, alone, is quarantined as poison. Frames in quarantine are replaced by others
    of the same tags, in at most `refills` rounds. A worker is replaced when it holds more than `recycle_mb` of memory
    (auto: its part of its machine's; 0: never), or has painted `recycle_frames` (0: never). `gpu_share` is the part of
    a GPU that a worker reserves: 0.25 puts four on each. EEVEE draws on the default EGL device of its machine or
    container, whichever GPU the worker holds: to use several, give each a container.
    """

    workers: Count | Literal["auto"] = "auto"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    address: str = "local"
    shard: Count = 8
    attempts: Count = 3
    timeout: Annotated[float, Field(gt=0)] = 300.0
    refills: Annotated[int, Field(ge=0)] = 2
    recycle_mb: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    recycle_frames: Annotated[int, Field(ge=0)] = 0
    gpu_share: Annotated[float, Field(gt=0, le=1)] | None = None


class Audit(Strict):
    """Rays against the painter's own passes. A frame with more than `pixels` disagreeing is quarantined; a run with
    more than `quarantine` of its frames there stops."""

    pixels: Share = 0.002
    quarantine: Share = 0.05


class RunConfig(Strict):
    """One run, from scene spec to report. `assets` are folders of meshes, images and HDRIs, besides the `assets/`
    folder beside the scene's own, else beside the one above it; `output` is where everything goes (default: runs/NAME);
    `engine` overrides the scene's. `painter` is blender; or paste, which cuts out what Blender paints and pastes it on
    the world's photograph; or collage, which pastes the meshes' own textures, unlit; or raycast, for tries. `labels`
    are what is kept of each frame besides picture, instance ids, and per instance box, fractions, occluders, pose, size
    and keypoints; `truth/annotations` defines each.
    """

    run: Annotated[str, Field(pattern=r"^\.*[A-Za-z0-9_-][A-Za-z0-9_.-]*$")]  # no . or .., which are other folders
    scene: str
    assets: tuple[str, ...] = ()
    seed: Annotated[int, Field(ge=-MOST - 1, le=MOST)] = 0
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

    @model_validator(mode="after")
    def _depth_to_learn(self) -> "RunConfig":
        if self.train is None or self.train.model != "depth":
            return self
        if "depth" not in self.labels:
            raise ValueError("labels: the model `depth` learns from the label of that name; add it")
        found = {name: getattr(self.real, name) for name in ("train", "val", "test")} if self.real else {}
        if bare := [f"real.{name}.depth" for name, one in found.items() if one and not one.depth]:
            raise ValueError(f"{', '.join(bare)}: the model `depth` needs a folder of maps, named as the pictures")
        return self
