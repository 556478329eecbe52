"""What changes while training: the model, its optimizer, and the running average of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.spec.training import Optimizer, Train
from generator.train import checkpoint, team
from generator.train.batches import Batch
from generator.train.device import choose_device, half_of, seeded
from generator.train.model import Detector
from generator.train.transfer import Transfer, fill

if TYPE_CHECKING:
    from generator.train.program import Program, Stage

WEIGHT_DECAY: dict[Optimizer, float] = {"adamw": 0.05, "sgd": 1e-4}  # of AdamW it is decoupled from the gradient
SECOND_BETA, LARGEST_GRADIENT = 0.999, 5.0
THEN = ", then "
Losses = dict[str, float]


@dataclass
class Best:
    """The weights that found most on the validation photographs. `looks` are (step, score) of every look at them."""

    score: float = -1.0
    step: int = -1
    weights: checkpoint.Weights = field(default_factory=dict)
    looks: list[tuple[int, float]] = field(default_factory=list)

    def judged(self, step: int, score: float, weights: checkpoint.Weights) -> None:
        self.looks.append((step, score))
        if score > self.score:
            self.score, self.step = score, step
            self.weights = {name: value.clone() for name, value in weights.items()}

    def stale(self, patience: int) -> bool:
        """Whether the last so many looks found no more than an earlier one; never for 0."""
        return patience > 0 and len([step for step, _ in self.looks if step > self.step]) >= patience


@dataclass
class Run:
    """`mean` is the running average of the weights; `log` has one entry per step done; `transfers` says what each phase
    took over from what was before it. `half` is the type of 16 bits to compute in, if any; `scaler` keeps gradients of
    float16 from vanishing. `before` tells what a run that was resumed elsewhere was computed in until then. `joined` is
    the model, in a team averaging its gradients."""

    spec: Train
    model: Detector
    optimizer: torch.optim.Optimizer
    device: torch.device
    classes: tuple[str, ...]
    mean: checkpoint.Weights
    transfers: dict[str, Any]
    scaler: torch.amp.GradScaler
    half: torch.dtype | None = None
    before: str = ""
    joined: nn.Module = field(init=False)
    log: list[Losses] = field(default_factory=list)
    best: Best = field(default_factory=Best)

    @property
    def numbers(self) -> str:
        """What the networks compute in, and where: ``bfloat16 on cpu``, or ``bfloat16 on cpu, then float32 on cpu``."""
        now = f"{str(self.half or torch.float32).removeprefix('torch.')} on {self.device.type}"
        told = self.before.split(THEN) if self.before else []
        return THEN.join(told if told[-1:] == [now] else [*told, now])

    def __post_init__(self) -> None:
        self.joined = team.joined(self.model, self.device)

    @classmethod
    def begin(cls, program: "Program", seed: int, step: int = 0) -> "Run":
        """At the beginning, or with fresh weights for the phase of a later step."""
        stage, spec = program.stage(step), program.spec
        model, transfer = create(spec, stage.classes, seed, stage.batches.keypoints)
        device = choose_device()
        model = _ready(model, device)
        taken = {stage.phase.name: transfer.as_data()} if transfer else {}
        mean = {name: value.clone() for name, value in model.state_dict().items()}
        half = half_of(spec.precision, device)
        scaler = torch.amp.GradScaler(device.type, enabled=half == torch.float16)
        return cls(
            spec, model, _optimizer(model, stage, spec.optimizer), device, stage.classes, mean, taken, scaler, half
        )

    def enter(self, stage: "Stage", draw: Draw) -> None:
        """Begin the next phase with the averaged weights: what fits goes on, rows of new classes start fresh, nothing
        is frozen that was not, and the optimizer remembers nothing."""
        with seeded(draw / "weights"):
            model = checkpoint.build(self.spec, len(stage.classes), False, stage.batches.keypoints)
        transfer = fill(model, self.mean, self.classes, stage.classes)
        if self.model.statistics_frozen:
            model.freeze()
        self.model, self.classes = _ready(model, self.device), stage.classes
        self.joined = team.joined(self.model, self.device)
        self.optimizer = _optimizer(self.model, stage, self.spec.optimizer)
        self.mean = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.transfers[stage.phase.name] = transfer.as_data()

    def state(self) -> dict[str, Any]:
        own = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        done = {"weights": self.mean, "log": self.log, "transfers": self.transfers, "scaler": self.scaler.state_dict()}
        return {**own, **done, "best": vars(self.best), "numbers": self.numbers}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.mean = {name: value.to(self.device) for name, value in state["weights"].items()}
        self.log, self.transfers = list(state["log"]), dict(state.get("transfers", {}))
        if scale := state.get("scaler"):  # one that was begun elsewhere may have needed none
            self.scaler.load_state_dict(scale)
        self.best = Best(**state.get("best", {}))
        self.before = state.get("numbers", "")

    def learn(self, batch: Batch, rate: float, draw: Draw) -> Losses:
        """One step of gradient descent. TrainError, naming the pictures, where loss or gradient is not finite; the
        weights are then as they were."""
        batch = batch.to(self.device)
        chance = draw / "proposals" / team.rank() if team.rank() else draw / "proposals"
        with seeded(chance), torch.autocast(self.device.type, self.half, enabled=self.half is not None):
            losses = self.joined(batch.pictures, batch.targets)
        total = torch.stack([loss.float() for loss in losses.values()]).sum()
        self.optimizer.zero_grad()
        self.scaler.scale(total).backward()
        self.scaler.unscale_(self.optimizer)
        length = torch.nn.utils.clip_grad_norm_(self.model.parameters(), LARGEST_GRADIENT)
        if not (torch.isfinite(total) and torch.isfinite(length)) and not self._overflowed(total):
            raise TrainError(_diverged(draw.index, batch.keys, losses))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return team.mean(losses)

    def _overflowed(self, total: Tensor) -> bool:
        """In float16 a scale that is too high gives infinite gradients: the step is left out and the scale halved. At
        scale 1 they are the model's own."""
        return self.scaler.is_enabled() and self.scaler.get_scale() > 1 and bool(torch.isfinite(total))

    def averaged(self) -> Detector:
        """A detector of the averaged weights, ready for inference."""
        model = checkpoint.build(self.spec, len(self.classes), False, self.model.keypoints)
        model.load_state_dict(self.mean)
        return _ready(model, self.device).eval()

    @torch.no_grad()
    def average(self, decay: float) -> None:
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                self.mean[name].lerp_(value, 1 - decay)
            else:
                self.mean[name].copy_(value)


def create(
    spec: Train, classes: tuple[str, ...], seed: int, keypoints: tuple[str, ...] = ()
) -> tuple[Detector, Transfer | None]:
    """A detector, with ImageNet weights where a package carries them, then whatever fits of `spec.init`, and what that
    was."""
    with seeded(Draw(seed) / "weights"):
        model = checkpoint.build(spec, len(classes), keypoints=keypoints)
    return model, checkpoint.initialize(model, Path(spec.init), classes) if spec.init else None


def _ready(model: Detector, device: torch.device) -> Detector:
    return model.to(device).to(memory_format=torch.channels_last).train()


def _optimizer(model: Detector, stage: "Stage", kind: Optimizer) -> torch.optim.Optimizer:
    """SGD with momentum, or AdamW (Loshchilov & Hutter, ICLR 2019), whose steps do not shrink with the gradients of the
    few places on objects.

    Faster R-CNN (efficientnet_lite0) after 120 steps of 8 synthetic pictures of 224 pixels, on 2 CPU cores, one seed;
    the last two also with candidates `nearby`, as now:

    ============  ===================  ===========================  ============
    optimizer     AP / AP50, training  AP / AP50 / AP75, 44 photos  CPU s / step
    ============  ===================  ===========================  ============
    sgd, 0.02     0.023 / 0.096        0.044 / 0.153 / 0.004        1.31
    adamw, 0.001  0.080 / 0.275        0.163 / 0.500 / 0.044        1.35
    sgd, 0.02     0.163 / 0.421        0.236 / 0.583 / 0.141        1.41
    adamw, 0.001  0.314 / 0.620        0.363 / 0.785 / 0.300        1.38
    ============  ===================  ===========================  ============
    """
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    rate, momentum, decay = stage.phase.rate, stage.phase.momentum, WEIGHT_DECAY[kind]
    if kind == "adamw":
        return torch.optim.AdamW(learned, rate, (momentum, SECOND_BETA), weight_decay=decay)
    return torch.optim.SGD(learned, rate, momentum, weight_decay=decay)


def _diverged(step: int, keys: list[str], losses: Mapping[str, Tensor]) -> str:
    values = ", ".join(f"{name} {loss.item():.3g}" for name, loss in losses.items())
    return (
        f"step {step}: loss or gradient is not finite ({values}) on {', '.join(keys)}; "
        "look at these pictures and their labels, or lower `train.rate`; the last checkpoint is kept"
    )
