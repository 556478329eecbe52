"""The training loop, to be read from top to bottom.

Every batch, augmentation and sampled proposal is a pure function of (seed, step), so a run that is stopped and taken
up again equals one that was not, bit for bit on a CPU with the same number of threads.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset import atomic
from generator.dataset.examples import Source
from generator.mix.sampler import Mixture
from generator.spec.config import Train
from generator.train import checkpoint
from generator.train.augment import Augment
from generator.train.batches import Batch, Batches, prefetched
from generator.train.device import choose_device, seeded, use_cores
from generator.train.model import Detector

MOMENTUM, WEIGHT_DECAY, LARGEST_GRADIENT = 0.9, 1e-4, 5.0
AUGMENT = Augment()
Losses = dict[str, float]
Settings = dict[str, Any]


def train(
    sources: Mapping[str, Source],
    shares: Mapping[str, float],
    spec: Train,
    folder: Path,
    seed: int,
    on_step: Callable[[int, Losses], None] | None = None,
    augment: Augment = AUGMENT,
) -> Path:
    """Train one detector and return `folder/model.pt`: the averaged weights, and all that made them.

    `shares` are parts of the samples seen, per source. A run found unfinished in the folder goes on from its last
    checkpoint, and a finished one is returned as it is; TrainError if it was begun with other settings. `on_step` is
    told each step, from 0, and its losses, which `folder/log.jsonl` holds too, one line per step. Where `spec.init` is
    given, ``fresh`` in `model.pt` lists the tensors that did not fit and started anew.
    """
    used = {name: source for name, source in sources.items() if shares.get(name, 0) > 0}
    mixture = Mixture({name: len(source) for name, source in used.items()}, shares, spec.batch, seed)
    settings = _settings(used, mixture, spec, seed, augment)
    finished, unfinished = folder / "model.pt", folder / "checkpoint.pt"
    if _begun(finished, settings):
        return finished

    use_cores()
    run = Run.begin(spec, settings["classes"], seed)
    if _begun(unfinished, settings):
        run.restore(checkpoint.load(unfinished))
    ordered = tuple(used[name] for name in mixture.names)
    batches = Batches(ordered, mixture, augment, spec.size, spec.model == "mask_rcnn", seed)
    for step, batch in prefetched(batches, len(run.log), spec.steps):
        losses = run.learn(batch, spec.rate * schedule(step, spec.steps), Draw(seed, step))
        run.average(min(spec.ema, (1 + step) / (10 + step)))
        run.log.append(losses)
        if on_step:
            on_step(step, losses)
        if (step + 1) % spec.checkpoint_every == 0 and step + 1 < spec.steps:
            checkpoint.save(unfinished, {**settings, **run.state()})
            _write_log(folder, run.log)

    _write_log(folder, run.log)
    checkpoint.save(finished, {**settings, "weights": run.mean, "fresh": run.fresh})
    unfinished.unlink(missing_ok=True)
    return finished


@dataclass
class Run:
    """What changes while training. `mean` is the running average of the weights; `log` has one entry per step done.

    `fresh` names the tensors that `spec.init` did not fill.
    """

    model: Detector
    optimizer: torch.optim.SGD
    device: torch.device
    mean: checkpoint.Weights
    fresh: list[str]
    log: list[Losses] = field(default_factory=list)

    @classmethod
    def begin(cls, spec: Train, classes: list[str], seed: int) -> "Run":
        device = choose_device()
        model, fresh = create(spec, tuple(classes), seed)
        model = model.to(device).to(memory_format=torch.channels_last).train()
        learned = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer = torch.optim.SGD(learned, spec.rate, MOMENTUM, weight_decay=WEIGHT_DECAY)
        mean = {name: value.clone() for name, value in model.state_dict().items()}
        return cls(model, optimizer, device, mean, fresh)

    def state(self) -> dict[str, Any]:
        own = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        return {**own, "weights": self.mean, "log": self.log}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean = {name: value.to(self.device) for name, value in state["weights"].items()}
        self.log = list(state["log"])

    def learn(self, batch: Batch, rate: float, draw: Draw) -> Losses:
        """One step of gradient descent. TrainError, naming the pictures, where loss or gradient is not finite."""
        batch = batch.to(self.device)
        cuda = self.device.type == "cuda"
        with seeded(draw / "proposals"), torch.autocast(self.device.type, torch.bfloat16, enabled=cuda):
            losses = self.model(batch.pictures, batch.targets)
        total = torch.stack([loss.float() for loss in losses.values()]).sum()
        self.optimizer.zero_grad()
        total.backward()
        length = torch.nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_GRADIENT)
        if not (torch.isfinite(total) and torch.isfinite(length)):
            raise TrainError(_diverged(draw.index, batch.keys, losses))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return {name: loss.item() for name, loss in losses.items()}

    @torch.no_grad()
    def average(self, decay: float) -> None:
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                self.mean[name].lerp_(value, 1 - decay)
            else:
                self.mean[name].copy_(value)


def create(spec: Train, classes: tuple[str, ...], seed: int) -> tuple[Detector, list[str]]:
    """A detector, with ImageNet weights where a package carries them, then whatever fits of `spec.init`; and the names
    of the tensors which that did not fill."""
    with seeded(Draw(seed) / "weights"):
        model = Detector(spec.backbone, len(classes), spec.model == "mask_rcnn", spec.size)
    fresh = checkpoint.initialize(model, Path(spec.init), classes) if spec.init else []
    return model, fresh


def schedule(step: int, steps: int) -> float:
    """Share of the full rate: a linear rise over the first tenth (at most 200 steps), then half a cosine to zero."""
    rise = max(min(steps // 10, 200), 1)
    return min((step + 1) / rise, 0.5 + 0.5 * math.cos(math.pi * max(step - rise, 0) / max(steps - rise, 1)))


def _settings(used: Mapping[str, Source], mixture: Mixture, spec: Train, seed: int, augment: Augment) -> Settings:
    """Plain data of all that decides the weights: what a resumed run must agree on."""
    elsewhere = {"arms", "seeds", "real_share", "checkpoint_every"}
    return {
        "train": spec.model_dump(mode="json", exclude=elsewhere),
        "classes": list(_agreed_classes(used, spec)),
        "seed": seed,
        "shares": mixture.shares,
        "sizes": {name: len(source) for name, source in sorted(used.items())},
        "augment": json.loads(json.dumps(asdict(augment))),
    }


def _agreed_classes(used: Mapping[str, Source], spec: Train) -> tuple[str, ...]:
    first, *others = sorted(used)
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


def _begun(path: Path, settings: Settings) -> bool:
    """Whether this run has left that file. TrainError where another run has."""
    if not path.exists():
        return False
    found = checkpoint.load(path)
    different = [name for name in settings if found.get(name) != settings[name]]
    if different:
        what = "; ".join(f"{name} was {found.get(name)}, now {settings[name]}" for name in different)
        raise TrainError(f"{path}: a run with other settings is here ({what}); remove its folder or choose another")
    return True


def _diverged(step: int, keys: list[str], losses: Mapping[str, Tensor]) -> str:
    values = ", ".join(f"{name} {loss.item():.3g}" for name, loss in losses.items())
    return (
        f"step {step}: loss or gradient is not finite ({values}) on {', '.join(keys)}; "
        "look at these pictures and their labels, or lower `train.rate`"
    )


def _write_log(folder: Path, log: list[Losses]) -> None:
    lines = [json.dumps({"step": step, **losses}) + "\n" for step, losses in enumerate(log)]
    atomic.write_bytes(folder / "log.jsonl", "".join(lines).encode())
