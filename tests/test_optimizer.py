"""Optimizers: what a step does, at which rate, and that a run taken up again with either is the same run."""

from pathlib import Path

import pytest
from test_recipes import Squares

from generator.base.errors import TrainError
from generator.mix.recipes import phases
from generator.spec.training import Optimizer, Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.base.draw import Draw  # noqa: E402
from generator.train import checkpoint  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.program import Program  # noqa: E402
from generator.train.run import Run  # noqa: E402

TINY = Train(model="fcos", steps=4, batch=1, size=64, checkpoint_every=1)
SOURCES = {"real": Squares("real"), "synthetic": Squares("synthetic")}


def spec_of(optimizer: Optimizer, **keys: object) -> Train:
    return TINY.model_copy(update={"optimizer": optimizer, **keys})


def run(folder: Path, spec: Train, stop: int = -1, arm: str = "finetune") -> dict[str, object]:
    def on_step(step: int, _: object) -> None:
        if step == stop:
            raise KeyboardInterrupt

    return checkpoint.load(train(SOURCES, phases(arm, spec), spec, folder, 0, on_step))


def test_two_steps_of_adamw_are_the_papers(tmp_path: Path) -> None:
    """Algorithm 2 of Loshchilov & Hutter, in double precision, from the gradients that were there."""
    program = Program.of(SOURCES, {"real": 1.0}, spec_of("adamw"), 0, Augment())
    state = Run.begin(program, 0)
    weights = [weight for weight in state.model.parameters() if weight.requires_grad]
    expected = [weight.detach().double() for weight in weights]
    first, second = ([torch.zeros_like(one) for one in expected] for _ in range(2))
    for step, rate in enumerate((3e-3, 1e-3)):
        state.learn(program.batch(step), rate, Draw(0, step))
        for k, weight in enumerate(weights):
            gradient = weight.grad.double()
            first[k] = 0.9 * first[k] + 0.1 * gradient
            second[k] = 0.999 * second[k] + 0.001 * gradient**2
            mean, square = first[k] / (1 - 0.9 ** (step + 1)), second[k] / (1 - 0.999 ** (step + 1))
            expected[k] -= rate * (mean / (square.sqrt() + 1e-8) + 0.05 * expected[k])
    for weight, value in zip(weights, expected, strict=True):
        assert torch.allclose(weight.detach().double(), value, rtol=0, atol=2e-6)


@pytest.mark.parametrize(("optimizer", "rate"), [("adamw", 1e-3), ("sgd", 0.02)])
def test_each_has_a_rate_of_its_own_that_is_told(optimizer: Optimizer, rate: float) -> None:
    program = Program.of(SOURCES, {"real": 1.0}, spec_of(optimizer), 0, Augment())
    assert program.stages[0].phase.rate == program.settings["train"]["rate"] == rate
    assert phases("real", spec_of(optimizer, rate=0.5))[0].rate == 0.5
    with pytest.raises(ValueError, match="rate"):
        Train(rate=0)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_adamw_fine_tunes_a_twentieth_as_far_whatever_its_momentum(momentum: float) -> None:
    """Under gradients that do not change, each goes its rate per step in the end; SGD goes rate / (1 - momentum)."""
    ways: dict[Optimizer, list[float]] = {"adamw": [], "sgd": []}
    for kind, way in ways.items():
        for phase in phases("finetune", spec_of(kind, finetune_momentum=momentum, rate=1e-3)):
            weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
            settings = {"weight_decay": 0.0}
            if kind == "adamw":
                stepped = torch.optim.AdamW([weight], phase.rate, (phase.momentum, 0.999), **settings)
            else:
                stepped = torch.optim.SGD([weight], phase.rate, phase.momentum, **settings)
            for _ in range(200):
                before, weight.grad = weight.item(), torch.ones_like(weight)
                stepped.step()
            way.append(before - weight.item())
    for way in ways.values():
        assert way[1] / way[0] == pytest.approx(0.05, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_stop_in_either_phase_changes_nothing(optimizer: Optimizer, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", spec_of(optimizer))
    for stop in (1, 2, 3):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / str(stop), spec_of(optimizer), stop)
        again = run(tmp_path / str(stop), spec_of(optimizer))
        assert all(torch.equal(again["weights"][name], value) for name, value in whole["weights"].items())


def test_runs_from_before_there_was_a_choice_are_of_sgd(tmp_path: Path) -> None:
    """They go on as such, and are not taken for another's."""
    old = spec_of("sgd", rate=0.02)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, old, 2, "real")
    content = checkpoint.load(tmp_path / "checkpoint.pt")
    del content["train"]["optimizer"]
    checkpoint.save(tmp_path / "checkpoint.pt", content)
    with pytest.raises(TrainError, match=r"'optimizer': 'sgd'.*now.*'optimizer': 'adamw'"):
        run(tmp_path, spec_of("adamw"), arm="real")
    assert run(tmp_path, old, arm="real")["train"]["optimizer"] == "sgd"
