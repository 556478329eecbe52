"""What a run will do, settled before its first step: the stages, their batches, and the settings that made it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from generator.base.errors import TrainError
from generator.dataset.examples import Source
from generator.dataset.keypoints import agreed, opposites
from generator.mix.orders import Order
from generator.mix.recipes import Phase
from generator.mix.sampler import Mixture
from generator.mix.sampling import Sampling, orders_of
from generator.mix.traits import commonness, told_by, traits_of
from generator.spec.training import Train
from generator.train import checkpoint, team
from generator.train.augment import Augment
from generator.train.batches import Batch, Batches
from generator.train.model import BODIES
from generator.train.nearby import COPIES, MOVED
from generator.train.pasting import Paste
from generator.train.run import Run

Settings = dict[str, Any]
Fall = Literal["cosine", "step"]
DROPS = (0.75, 11 / 12)  # steps 18,000 and 22,000 of 24,000, as in Detectron2's and Poucin et al.'s schedules
# these decide what is trained, not how
ELSEWHERE = {
    "arms",
    "seeds",
    "real_share",
    "checkpoint_every",
    "label_shares",
    "synthetic_shares",
    "workers",
    "parallel",
}
PHASED = {"pretrain", "replayed", "finetune_rate", "finetune_momentum"}  # the phases tell these
YOUNGER = {  # told if asked
    *("rare", "sampling", "axes", "repeat_below", "repeat_most", "rarest_crop", "point_masks", "harmonize"),
    *("smallest_becomes", "schedule", "precision", "validate_every", "patience", "weights", "zoom", "paste"),
}
LATER = {"candidates"}  # finished files without it are of this program all the same


@dataclass(frozen=True)
class Stage:
    """A phase at its place in the run: steps `first` to before `end`, and the classes that it learns."""

    phase: Phase
    first: int
    classes: tuple[str, ...]
    batches: Batches
    fall: Fall = "cosine"

    @property
    def end(self) -> int:
        return self.first + self.phase.steps

    def rate(self, step: int) -> float:
        return self.phase.rate * schedule(step - self.first, self.phase.steps, self.fall)


@dataclass(frozen=True)
class Program:
    """`settings` is plain data of all that decides the weights: what a resumed run must agree on."""

    spec: Train
    seed: int
    stages: tuple[Stage, ...]
    settings: Settings

    @classmethod
    def of(
        cls,
        sources: Mapping[str, Source],
        plan: Sequence[Phase] | Mapping[str, float],
        spec: Train,
        seed: int,
        augment: Augment,
    ) -> "Program":
        """TrainError for sources that are empty, show nothing, or do not fit each other or the model."""
        phases = (Phase("train", spec.steps, plan, spec.highest_rate),) if isinstance(plan, Mapping) else tuple(plan)
        stages = tuple(_stages(sources, phases, spec, seed, augment))
        return cls(spec, seed, stages, _settings(stages, spec, seed, augment))

    @property
    def steps(self) -> int:
        return self.stages[-1].end

    def stage(self, step: int) -> Stage:
        """The stage that a step is in."""
        return next(stage for stage in self.stages if step < stage.end)

    def looks(self, step: int) -> bool:
        """Whether the weights after this step are validated. Earlier phases may learn other classes."""
        every, last = self.spec.validate_every, self.stages[-1]
        return every > 0 and step >= last.first and ((step + 1 - last.first) % every == 0 or step + 1 == last.end)

    def batch(self, step: int) -> Batch:
        stage = self.stage(step)
        return stage.batches(step, step - stage.first, team.rank(), team.size())

    def seen(self, steps: int) -> dict[str, list[int]]:
        """How often each example of each source is seen in the first steps, in the source's order."""
        times: dict[str, Any] = {}
        for stage in self.stages:
            for name, one in stage.batches.mixture.seen(min(max(steps - stage.first, 0), stage.phase.steps)).items():
                times[name] = times.get(name, 0) + one
        return {name: one.tolist() for name, one in sorted(times.items())}

    def begun(self, path: Path) -> bool:
        """Whether this run has left that file. TrainError where another run has."""
        if not path.exists():
            return False
        found = checkpoint.load(path)
        unsaid = LATER - found.keys() if "log" not in found else set()  # what goes on must agree on everything
        different = [name for name in self.settings if name not in unsaid and found.get(name) != self.settings[name]]
        if different:
            what = "; ".join(f"{name} was {found.get(name)}, now {self.settings[name]}" for name in different)
            raise TrainError(f"{path}: a run with other settings is here ({what}); remove its folder or choose another")
        return True

    def resumed(self, state: Mapping[str, Any]) -> Run:
        """The run that left a checkpoint, in the phase of its last step: a phase is entered by its first one."""
        run = Run.begin(self, self.seed, len(state["log"]) - 1)
        run.restore(state)
        return run

    def detector(self, run: Run, stage: Stage) -> dict[str, Any]:
        """What a finished file holds: of this run, at the end of a stage."""
        seen = {name: [min(times), max(times)] for name, times in self.seen(len(run.log)).items()}
        made: Settings = {"weights": run.mean, "transfers": run.transfers, "seen": seen, "numbers": run.numbers}
        if run.best.looks and stage is self.stages[-1]:
            made |= {"weights": run.best.weights, "validations": run.best.looks, "chosen": run.best.step}
        return {**self.settings, **made, "classes": list(stage.classes)}


def schedule(step: int, steps: int, fall: Fall = "cosine") -> float:
    """Share of the full rate: a linear rise over the first tenth (at most 200 steps), then half a cosine to zero, or a
    tenth of it from each of `DROPS` on."""
    rise = max(min(steps // 10, 200), 1)
    if fall == "step":
        return min((step + 1) / rise, 1.0) * 0.1 ** sum(step >= drop * steps for drop in DROPS)
    return min((step + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * max(step - rise, 0) / max(steps - rise, 1)))


def _stages(
    sources: Mapping[str, Source], phases: Sequence[Phase], spec: Train, seed: int, augment: Augment
) -> Iterator[Stage]:
    first, points = 0, _agreed_keypoints(sources, phases, spec)
    augment = replace(augment, opposites=opposites(points))
    for phase in phases:
        used = {name: source for name, source in sources.items() if phase.shares.get(name, 0) > 0}
        sizes = {name: len(source) for name, source in used.items()}
        mixture = Mixture(sizes, phase.shares, spec.batch, seed, _orders(used, phase, sampling_of(spec)))
        classes = _agreed_classes(used, spec)
        ordered = tuple(used[name] for name in mixture.names)
        cropping, masks = _crops(augment, used, spec), spec.model == "mask_rcnn"
        pasting = Paste.of(used["synthetic"], spec.paste, augment.keep) if spec.paste and len(used) > 1 else None
        batches = Batches(ordered, mixture, cropping, spec.size, masks, seed, points, pasting)
        yield Stage(phase, first, classes, batches, spec.schedule)
        first += phase.steps


def _orders(used: Mapping[str, Source], phase: Phase, sampling: Sampling) -> dict[str, Order]:
    """Orders that need no knowledge of the examples are not made by reading them."""
    if sampling.plain:
        return {}
    return orders_of(sampling, {name: traits_of(source) for name, source in used.items()}, phase.shares)


def _crops(augment: Augment, used: Mapping[str, Source], spec: Train) -> Augment:
    """The augmentation with the commonness of each class, where crops look for the rarest."""
    if not spec.rarest_crop:
        return augment
    traits = [one for name in sorted(used) for one in traits_of(used[name])]
    common = commonness(traits, used[min(used)].classes)
    return replace(augment, rarest=spec.rarest_crop, common=common)


def sampling_of(spec: Train) -> Sampling:
    return Sampling(spec.sampling, spec.rare, spec.axes, spec.repeat_below, spec.repeat_most)


def _settings(stages: Sequence[Stage], spec: Train, seed: int, augment: Augment) -> Settings:
    last = stages[-1]
    unasked = {name for name in YOUNGER if getattr(spec, name) == Train.model_fields[name].default}
    told = spec.model_dump(mode="json", exclude=ELSEWHERE | PHASED | unasked)
    settings = {
        "train": told | {"rate": spec.highest_rate},
        "classes": list(last.classes),
        "seed": seed,
        "shares": last.batches.mixture.shares,
        "sizes": {
            name: len(source)
            for stage in stages
            for name, source in zip(stage.batches.mixture.names, stage.batches.sources, strict=True)
        },
        "augment": _plain(augment),
        **_candidates(spec),
    }
    if last.batches.keypoints:
        settings["keypoints"] = list(last.batches.keypoints)
    if len(stages) > 1:
        settings["phases"] = [asdict(stage.phase) | {"classes": list(stage.classes)} for stage in stages]
    return settings


def _candidates(spec: Train) -> Settings:
    """The constants by which the two stages of a detector choose what they learn from; nothing for other models."""
    if spec.model in ("depth", "fcos"):
        return {}
    parts = {**asdict(BODIES[spec.backbone][1]), "copies": COPIES, "moved": MOVED}
    return {"candidates": {name: list(value) if isinstance(value, tuple) else value for name, value in parts.items()}}


def _plain(augment: Augment) -> Settings:
    """Without what the settings of training tell."""
    told = ("rarest", "common", "opposites")
    fields = {name: value for name, value in asdict(augment).items() if name not in told}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _agreed_keypoints(sources: Mapping[str, Source], phases: Sequence[Phase], spec: Train) -> tuple[str, ...]:
    """Of all phases, so that each learns the same ones. TrainError where sources do not agree on any."""
    used = {name for phase in phases for name, share in phase.shares.items() if share > 0}
    if spec.model != "keypoint_rcnn":
        return ()
    return agreed({name: source for name, source in sources.items() if name in used})


def _refuse_unknown(used: Mapping[str, Source]) -> None:
    """TrainError for a source that tells no depth of any pixel."""
    for name, source in sorted(used.items()):
        depths = (source[index].depth for index in range(len(source)))
        if not any(depth is not None and depth.any() for depth in depths):
            raise TrainError(
                f"source {name!r} has {len(source)} pictures, but no pixel of any has a known depth; keep the label "
                "`depth` of painted frames, and give `depth` for photographs"
            )


def _agreed_classes(used: Mapping[str, Source], spec: Train) -> tuple[str, ...]:
    if spec.model == "depth":
        _refuse_unknown(used)
        return ()
    first, *others = sorted(used)
    for name in sorted(used):
        told = told_by(used[name])
        if told and not any(one.classes for one in told):
            raise TrainError(
                f"source {name!r} has {len(told)} pictures, but none shows any of {', '.join(used[name].classes)}; "
                "check its labels and the names of its categories"
            )
    for name in others:
        if used[name].classes != used[first].classes:
            raise TrainError(
                f"sources {first!r} and {name!r} name different classes: {', '.join(used[first].classes)} and "
                f"{', '.join(used[name].classes)}; give them the same ones in the same order"
            )
    bare = [name for name in sorted(used) if not used[name].masks]
    if bare and spec.model == "mask_rcnn":
        raise TrainError(
            f"mask_rcnn learns from masks, but {', '.join(map(repr, bare))} has boxes only; "
            "set `train.model: faster_rcnn`, or give labels with segmentations"
        )
    return used[first].classes
