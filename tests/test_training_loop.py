"""The loop beside the steps themselves: validation, early stops, schedules, precision, clipping."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_recipes import Squares

from generator.base.errors import TrainError
from generator.mix.recipes import phases
from generator.spec.training import Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.base.draw import Draw  # noqa: E402
from generator.train import checkpoint, device  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.batches import Batch  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.model import Detector  # noqa: E402
from generator.train.program import Program, schedule  # noqa: E402
from generator.train.run import LARGEST_GRADIENT, Run  # noqa: E402

TINY = Train(model="fcos", steps=6, batch=1, size=64, checkpoint_every=1, validate_every=2)
SOURCES = {"real": Squares("real"), "synthetic": Squares("synthetic")}


class Judge:
    """Scores as scripted, and the weights that each was given for."""

    def __init__(self, *scores: float) -> None:
        self.scores, self.weights = list(scores), []

    def __call__(self, model: Detector) -> float:
        assert not model.training
        self.weights.append({name: value.clone() for name, value in model.state_dict().items()})
        return self.scores.pop(0)


def run(folder: Path, judge: Judge, arm: str = "real", **keys: object) -> dict[str, object]:
    spec = TINY.model_copy(update=keys)
    return checkpoint.load(train(SOURCES, phases(arm, spec), spec, folder, 0, validate=judge))


def test_validation_chooses_the_weights(tmp_path: Path) -> None:
    judge = Judge(0.2, 0.5, 0.4)
    made = run(tmp_path, judge)
    assert made["validations"] == [(1, 0.2), (3, 0.5), (5, 0.4)] and made["chosen"] == 3
    best, last = judge.weights[1:]
    assert all(torch.equal(made["weights"][name], best[name]) for name in best)
    assert any(not torch.equal(best[name], last[name]) for name in best)


@pytest.mark.parametrize(("patience", "looks"), [(0, 5), (1, 2), (2, 5)])
def test_patience_is_looks_without_a_better_one(tmp_path: Path, patience: int, looks: int) -> None:
    made = run(tmp_path, Judge(0.3, 0.2, 0.4, 0.4, 0.1), validate_every=1, steps=5, patience=patience)
    assert len(made["validations"]) == looks
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == looks
    assert made["chosen"] == (0 if looks == 2 else 2)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_what_an_early_stop_left_out_was_not_seen(tmp_path: Path) -> None:
    made = run(tmp_path, Judge(0.3, 0.2), steps=300, patience=1)
    assert made["seen"] == {"real": [1, 2]}  # three pictures, four steps


def test_a_run_taken_up_again_chooses_the_same(tmp_path: Path) -> None:
    class Stopped(Judge):
        def __call__(self, model: Detector) -> float:
            if len(self.weights) == 1:
                raise KeyboardInterrupt
            return super().__call__(model)

    whole = run(tmp_path / "whole", Judge(0.5, 0.2, 0.4))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", Stopped(0.5))
    again = run(tmp_path / "stopped", Judge(0.2, 0.4))
    assert again["validations"] == whole["validations"] and again["chosen"] == whole["chosen"] == 1
    assert all(torch.equal(again["weights"][name], value) for name, value in whole["weights"].items())


def test_only_the_last_phase_is_validated(tmp_path: Path) -> None:
    judge = Judge(0.5, 0.4)
    made = run(tmp_path, judge, "finetune", steps=7, pretrain=3 / 7, validate_every=3)
    assert [step for step, _ in made["validations"]] == [5, 6]
    assert "validations" not in checkpoint.load(tmp_path / "pretrain.pt")


def test_validation_needs_photographs(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"no real photographs to validate on; give `real\.val`"):
        train(SOURCES, {"real": 1.0}, TINY, tmp_path, 0)
    with pytest.raises(ValueError, match="counts validations"):
        Train(patience=2)


# --- rates and numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "share"), [(0, 0.005), (199, 1), (17_999, 1), (18_000, 0.1), (21_999, 0.1), (22_000, 0.01)]
)
def test_steps_fall_where_the_published_ones_do(step: int, share: float) -> None:
    assert schedule(step, 24_000, "step") == pytest.approx(share)


def test_both_schedules_are_taken_from_the_settings() -> None:
    rates = {
        fall: [Program.of(SOURCES, {"real": 1.0}, TINY.model_copy(update={"schedule": fall, "steps": 100}), 0, Augment())
               .stages[0].rate(step) / TINY.highest_rate for step in (50, 80)]
        for fall in ("cosine", "step")
    }  # fmt: skip
    assert rates["step"] == pytest.approx([1, 0.1])
    assert rates["cosine"] == pytest.approx([(1 + np.cos(np.pi * (step - 10) / 90)) / 2 for step in (50, 80)])


def begun(**keys: object) -> tuple[Program, Run]:
    program = Program.of(SOURCES, {"real": 1.0}, TINY.model_copy(update=keys), 0, Augment())
    return program, Run.begin(program, 0)


def test_gradients_are_clipped_to_a_length() -> None:
    program, state = begun(optimizer="sgd")
    forward = state.model.forward
    state.model.forward = lambda *some: {name: 1e4 * loss for name, loss in forward(*some).items()}
    before = [weight.detach().clone() for weight in state.model.parameters() if weight.requires_grad]
    state.learn(program.batch(0), 0.01, Draw(0, 0))
    after = [weight.detach() for weight in state.model.parameters() if weight.requires_grad]
    gradient = torch.sqrt(sum((weight.grad**2).sum() for weight in state.model.parameters() if weight.grad is not None))
    assert gradient == pytest.approx(LARGEST_GRADIENT, rel=1e-4)
    moved = torch.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True)))
    decay = 1e-4 * torch.sqrt(sum((b**2).sum() for b in before))
    assert abs(moved - 0.01 * LARGEST_GRADIENT) < 0.01 * decay + 1e-4


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_gives_nearly_the_same_loss(precision: str) -> None:
    whole, half = (
        state.learn(program.batch(0), 0.0, Draw(0, 0))
        for program, state in (begun(precision="float32"), begun(precision=precision))
    )
    assert half.keys() == whole.keys()
    assert sum(half.values()) == pytest.approx(sum(whole.values()), rel=0.05)
    assert half != whole


def test_a_run_that_needed_no_scale_goes_on_in_float16() -> None:
    """As where it was begun in bfloat16 and is resumed on an older GPU."""
    program, first = begun(precision="bfloat16")
    first.log.append(first.learn(program.batch(0), 0.001, Draw(0, 0)))
    again = begun(precision="float16")[1]
    fresh = again.scaler.get_scale()
    again.restore(first.state())
    assert again.scaler.is_enabled() and again.scaler.get_scale() == fresh
    assert again.numbers == "bfloat16 on cpu, then float16 on cpu"


def test_chance_is_put_back_on_the_gpu_in_use_and_no_other_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch would begin work on every GPU of the machine, and warn of it."""
    asked, back = list[object](), list[object]()
    for name, does in {
        "is_available": lambda: True, "device_count": lambda: 8, "current_device": lambda: 3,
        "get_rng_state": lambda one: asked.append(one) or one, "set_rng_state": lambda state, one: back.append(one),
        "manual_seed_all": lambda seed: None,
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, does)
    with warnings.catch_warnings(), device.seeded(Draw(0, 0)):
        warnings.simplefilter("error")
    assert asked == back == [3]


def test_an_overflow_of_float16_leaves_out_the_step_and_lowers_the_scale() -> None:
    program, state = begun(precision="float16")
    state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126)
    before = {name: value.clone() for name, value in state.model.named_parameters()}
    state.learn(program.batch(0), 0.1, Draw(0, 0))
    assert all(torch.equal(value, before[name]) for name, value in state.model.named_parameters())
    assert state.scaler.get_scale() == 2.0**125


@pytest.mark.parametrize(
    ("precision", "kind", "bf16", "expected"),
    [
        ("auto", "cpu", True, torch.bfloat16),
        ("auto", "cpu", False, None),
        ("auto", "cuda", True, torch.bfloat16),
        ("auto", "cuda", False, torch.float16),
        ("float32", "cuda", True, None),
        ("bfloat16", "cpu", False, torch.bfloat16),
    ],
)
def test_the_type_of_16_bits_is_what_the_device_can(
    precision: str, kind: str, bf16: bool, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bf16)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": bf16})
    assert device.half_of(precision, torch.device(kind)) == expected


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_detector_tells_what_it_was_computed_in(precision: str, tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"precision": precision, "steps": 1, "validate_every": 0})
    model = checkpoint.load(train(SOURCES, {"real": 1.0}, spec, tmp_path, 0))
    assert model["numbers"].startswith(f"{precision} on ")
    assert all(one.dtype == torch.float32 for one in model["weights"].values() if one.is_floating_point())


def test_a_run_resumed_on_another_processor_tells_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def left(state: dict[str, Any], bf16: bool) -> dict[str, Any]:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": bf16})
        monkeypatch.setattr("generator.train.run.choose_device", lambda: torch.device("cpu"))
        run = begun()[1]
        if state:
            run.restore(state)
        return run.state()

    first = left({}, True)
    assert first["numbers"] == "bfloat16 on cpu" == left(first, True)["numbers"]
    second = left(first, False)
    assert second["numbers"] == "bfloat16 on cpu, then float32 on cpu" == left(second, False)["numbers"]
    assert "numbers" in first and left({k: v for k, v in first.items() if k != "numbers"}, False)["numbers"] == (
        "float32 on cpu"
    ), "an older checkpoint says nothing"


def test_settings_of_older_runs_mean_what_they_meant() -> None:
    """Keys that came later are told only where they are asked for, so that unfinished runs go on."""
    settings: Mapping[str, object] = begun(validate_every=0)[0].settings["train"]
    assert not {"schedule", "precision", "validate_every", "patience", "harmonize"} & settings.keys()
    assert begun(schedule="step")[0].settings["train"]["schedule"] == "step"


@pytest.mark.parametrize("model", ["faster_rcnn", "fcos"])
def test_half_precision_moves_no_anchor_and_rounds_no_box(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bfloat16, pixels behind the 256th are two apart: a narrow box would have no width, and no finite loss."""
    size = 320
    narrow = [[float(x), 250.0, x + 3.0, 262.5] for x in (257, 261, 300)]
    target = {"boxes": torch.tensor(narrow), "labels": torch.ones(3, dtype=torch.int64), "ignore": torch.zeros(0, 4)}
    found = []
    for precision in ("float32", "bfloat16"):
        state = begun(model=model, size=size, precision=precision)[1]
        anchors = (state.model.rpn if model == "faster_rcnn" else state.model).anchor_generator
        anchors.register_forward_hook(lambda *seen: found.append(seen[2][0]))
        batch = Batch([torch.rand(3, size, size)], [target], ["a"])
        if model == "faster_rcnn":
            heads = state.model.roi_heads
            chosen = heads.select_training_samples
            monkeypatch.setattr(heads, "select_training_samples", lambda *given, kept=chosen: seen_by(kept(*given)))
        losses = state.learn(batch, 0.0, Draw(0, 0))
        assert all(torch.isfinite(torch.tensor(loss)) for loss in losses.values())
    assert found[0].dtype == found[1].dtype == torch.float32 and torch.equal(found[0], found[1])


def seen_by(chosen: tuple[list[torch.Tensor], ...]) -> tuple[list[torch.Tensor], ...]:
    """Proposals and the changes to be learned, which are to be of 32 bits."""
    for one in (*chosen[0], *chosen[3]):
        assert one.dtype == torch.float32 and torch.isfinite(one).all()
    return chosen
