"""What changes while training: the model, its optimizer, and the running average of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.spec.training import Train
from generator.train import checkpoint
from generator.train.batches import Batch
from generator.train.device import choose_device, seeded
from generator.train.model import Detector
from generator.train.transfer import Transfer, fill

if TYPE_CHECKING:
    from generator.train.program import Program, Stage

WEIGHT_DECAY, LARGEST_GRADIENT = 1e-4, 5.0
Losses = dict[str, float]


@dataclass
class Run:
    """`mean` is the running average of the weights; `log` has one entry per step done; `transfers` says what each phase
    took over from what was before it."""

    spec: Train
    model: Detector
    optimizer: torch.optim.SGD
    device: torch.device
    classes: tuple[str, ...]
    mean: checkpoint.Weights
    transfers: dict[str, Any]
    log: list[Losses] = field(default_factory=list)

    @classmethod
    def begin(cls, program: "Program", seed: int, step: int = 0) -> "Run":
        """At the beginning, or with fresh weights for the phase of a later step."""
        stage, spec = program.stage(step), program.spec
        model, transfer = create(spec, stage.classes, seed)
        device = choose_device()
        model = _ready(model, device)
        taken = {stage.phase.name: transfer.as_data()} if transfer else {}
        mean = {name: value.clone() for name, value in model.state_dict().items()}
        return cls(spec, model, _optimizer(model, stage), device, stage.classes, mean, taken)

    def enter(self, stage: "Stage", draw: Draw) -> None:
        """Begin the next phase with the averaged weights: what fits goes on, rows of new classes start fresh, nothing
        is frozen that was not, and the optimizer remembers nothing."""
        with seeded(draw / "weights"):
            model = checkpoint.build(self.spec, len(stage.classes), pretrained=False)
        transfer = fill(model, self.mean, self.classes, stage.classes)
        if self.model.statistics_frozen:
            model.freeze()
        self.model, self.classes = _ready(model, self.device), stage.classes
        self.optimizer = _optimizer(self.model, stage)
        self.mean = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.transfers[stage.phase.name] = transfer.as_data()

    def state(self) -> dict[str, Any]:
        own = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        return {**own, "weights": self.mean, "log": self.log, "transfers": self.transfers}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean = {name: value.to(self.device) for name, value in state["weights"].items()}
        self.log, self.transfers = list(state["log"]), dict(state.get("transfers", {}))

    def learn(self, batch: Batch, rate: float, draw: Draw) -> Losses:
        """One step of gradient descent. TrainError, naming the pictures, where loss or gradient is not finite; the
        weights are then as they were."""
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


def create(spec: Train, classes: tuple[str, ...], seed: int) -> tuple[Detector, Transfer | None]:
    """A detector, with ImageNet weights where a package carries them, then whatever fits of `spec.init`, and what that
    was."""
    with seeded(Draw(seed) / "weights"):
        model = checkpoint.build(spec, len(classes))
    return model, checkpoint.initialize(model, Path(spec.init), classes) if spec.init else None


def _ready(model: Detector, device: torch.device) -> Detector:
    return model.to(device).to(memory_format=torch.channels_last).train()


def _optimizer(model: Detector, stage: "Stage") -> torch.optim.SGD:
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    return torch.optim.SGD(learned, stage.phase.rate, stage.phase.momentum, weight_decay=WEIGHT_DECAY)


def _diverged(step: int, keys: list[str], losses: Mapping[str, Tensor]) -> str:
    values = ", ".join(f"{name} {loss.item():.3g}" for name, loss in losses.items())
    return (
        f"step {step}: loss or gradient is not finite ({values}) on {', '.join(keys)}; "
        "look at these pictures and their labels, or lower `train.rate`; the last checkpoint is kept"
    )
