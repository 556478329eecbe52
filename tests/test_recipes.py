"""Recipes of two phases: what is learned from when, what is taken over, and that stopping changes nothing."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from results_of import Photographs

import generator.train  # noqa: F401  (before torch: it says how threads wait)
from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.cli.identities import DATA
from generator.cli.judging import Lot, lots
from generator.cli.training import Work
from generator.dataset.atomic import write_json
from generator.dataset.examples import Example
from generator.mix.recipes import ARMS, phases, pooled, sources_of
from generator.spec.training import Train

TINY = Train(model="faster_rcnn", arms=ARMS, steps=4, batch=2, size=64, pretrain=0.5, checkpoint_every=1)


# --- plans ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("steps", [2, 3, 1000, 1001])
@pytest.mark.parametrize("pretrain", [0.001, 0.5, 0.999])
def test_every_arm_has_the_same_steps_and_whole_shares(arm: str, steps: int, pretrain: float) -> None:
    plan = phases(arm, TINY.model_copy(update={"steps": steps, "pretrain": pretrain}))
    assert sum(phase.steps for phase in plan) == steps
    assert all(phase.steps > 0 for phase in plan)
    assert all(sum(phase.shares.values()) == pytest.approx(1) for phase in plan)


def test_arms_of_two_phases_begin_with_synthetic_samples_alone() -> None:
    assert [dict(phase.shares) for phase in phases("finetune", TINY)] == [{"synthetic": 1}, {"real": 1}]
    replay = phases("replay", TINY.model_copy(update={"replayed": 0.25}))
    assert [dict(phase.shares) for phase in replay] == [{"synthetic": 1}, {"real": 0.75, "synthetic": 0.25}]
    assert sources_of(phases("finetune", TINY)) == ("real", "synthetic")
    assert sources_of(phases("real", TINY)) == ("real",)


@pytest.mark.parametrize(
    ("photographs", "share"), [(0, 0.0), (6, 6 * 50 / 2800), (25, 25 * 50 / 2800), (28, 0.5), (59, 0.5), (None, 0.5)]
)
def test_few_photographs_are_not_seen_again_and_again(photographs: int | None, share: float) -> None:
    spec = TINY.model_copy(update={"steps": 350, "batch": 8})
    (phase,) = phases("mixed", spec, photographs)
    assert phase.shares["real"] == pytest.approx(share) and sum(phase.shares.values()) == pytest.approx(1)
    (asked,) = phases("mixed", spec.model_copy(update={"real_share": 0.3}), photographs)
    assert asked.shares == pytest.approx({"real": 0.3, "synthetic": 0.7})


def test_the_photographs_that_count_are_those_an_arm_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Half of 40: 20 photographs for 1250 steps of 2 are seen 50 times each in 0.4 of the samples."""
    plans = []
    monkeypatch.setattr("generator.train.loop.train", lambda given, plan, *rest: plans.append(plan))
    monkeypatch.setattr("generator.cli.training.validator", lambda *rest: None)
    monkeypatch.setattr("generator.cli.training.judge", lambda *rest: None)
    photographs = Photographs(40)
    spec = TINY.model_copy(update={"steps": 1250})
    sources, scenes = {"real": photographs, "synthetic": photographs}, [f"{k // 2}" for k in range(40)]
    bench: Any = SimpleNamespace(project=SimpleNamespace(folder=tmp_path))
    for share in (1.0, 0.5):
        Work(bench, spec, sources, scenes).do(Lot("mixed", 0, share), lambda *told: None)
    assert [plan[0].shares["real"] for plan in plans] == pytest.approx([0.5, 0.4])


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_fine_tuning_moves_a_twentieth_as_far_whatever_the_momentum(momentum: float) -> None:
    """The paper's own numbers: base 0.01 / (1 - 0.9) = 0.1; fine-tuning 5e-4 with momentum 0.9, or 5e-3 without."""
    keys = {"optimizer": "sgd", "rate": 0.01, "finetune_momentum": momentum}
    first, second = phases("finetune", TINY.model_copy(update=keys))
    assert first.rate / (1 - first.momentum) == pytest.approx(0.1)
    assert second.rate == pytest.approx(0.005 * (1 - momentum))


def test_pooled_shares_follow_sizes_down_to_the_floor() -> None:
    assert pooled({"real": 300, "synthetic": 100}) == pytest.approx({"real": 0.75, "synthetic": 0.25})
    assert pooled({"real": 990, "synthetic": 10}, 0.2) == pytest.approx({"real": 0.8, "synthetic": 0.2})
    assert pooled({"real": 60, "more": 30, "synthetic": 10}, 0.4) == pytest.approx(
        {"real": 0.4, "more": 0.2, "synthetic": 0.4}
    )
    assert pooled({"real": 5}, 0.2) == {"real": 1}
    with pytest.raises(TrainError, match="empty"):
        pooled({"real": 0})


@pytest.mark.parametrize(("keys", "says"), [({"arms": ["replay"], "steps": 1}, "one for each phase"),
                                            ({"sampling": "even"}, "needs at least one")])  # fmt: skip
def test_settings_that_cannot_work_say_why(keys: Mapping[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Train.model_validate(keys)


# --- training -------------------------------------------------------------------------------------------------------

import torch  # noqa: E402

from generator.train import checkpoint  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.forgetting import forgetting  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.program import Program  # noqa: E402
from generator.train.sharing import taken_over  # noqa: E402
from generator.train.transfer import HEADS, fill  # noqa: E402


def same(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> list[str]:
    """Names of tensors that are equal in both."""
    return sorted(name for name in a.keys() & b.keys() if torch.equal(a[name], b[name]))


class Squares:
    """One bright square on dark ground per picture, its class the parity of the index."""

    masks = False

    def __init__(self, name: str, classes: tuple[str, ...] = ("a", "b"), count: int = 3) -> None:
        self.name, self.classes, self.count = name, classes, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        x, y = (Draw(0, index) / self.name).rng().integers(0, 40, 2)
        image = np.full((64, 64, 3), 30, np.uint8)
        image[y : y + 20, x : x + 20] = 220
        box = np.array([[x, y, x + 20, y + 20]], np.float32)
        return Example(image, box, np.array([index % 2 + 1]), None, np.zeros(1, bool), f"{self.name}{index}")


def run(folder: Path, arm: str, real: Squares | None = None, **kwargs: object) -> Path:
    sources = {"synthetic": Squares("synthetic"), "real": real or Squares("real")}
    return train(sources, phases(arm, TINY), TINY, folder, 0, **kwargs)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pretrained on classes a, b; fine-tuned on c, b."""
    return run(tmp_path_factory.mktemp("tuned"), "finetune", Squares("real", ("c", "b")))


@pytest.mark.torch
def test_a_stop_on_either_side_of_the_phase_change_changes_nothing(tuned: Path, tmp_path: Path) -> None:
    whole = checkpoint.load(tuned)
    steps: list[int] = []

    def stop(step: int, _: Mapping[str, float]) -> None:
        steps.append(step)
        if len(steps) in (3, 5):  # in step 2, the first of fine-tuning, and again in step 3
            raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, "finetune", Squares("real", ("c", "b")), on_step=stop)
    again = checkpoint.load(run(tmp_path, "finetune", Squares("real", ("c", "b")), on_step=stop))
    assert steps == [0, 1, 2, 2, 3, 3]
    assert again.keys() == whole.keys()
    assert same(again["weights"], whole["weights"]) == sorted(whole["weights"])
    assert [again[name] == whole[name] for name in ("transfers", "seen", "phases")] == [True] * 3
    assert (tmp_path / "log.jsonl").read_text() == (tuned.parent / "log.jsonl").read_text()
    assert not (tmp_path / "checkpoint.pt").exists()


@pytest.mark.torch
def test_a_first_phase_that_another_arm_went_through_is_taken_over(tuned: Path, tmp_path: Path) -> None:
    """And gives the very weights, log and notes of an arm that went through all of it."""
    steps: dict[str, list[int]] = {"alone": [], "beside": []}
    alone = run(tmp_path / "alone", "replay", on_step=lambda step, _: steps["alone"].append(step))
    beside = [tmp_path / "nowhere", tuned.parent]
    taken = run(tmp_path / "taken", "replay", on_step=lambda step, _: steps["beside"].append(step), beside=beside)
    assert steps == {"alone": [0, 1, 2, 3], "beside": [2, 3]}
    for name in ("model.pt", "pretrain.pt"):
        one, other = checkpoint.load(alone.parent / name), checkpoint.load(taken.parent / name)
        assert same(one["weights"], other["weights"]) == sorted(one["weights"])
        assert {k: v for k, v in one.items() if k != "weights"} == {k: v for k, v in other.items() if k != "weights"}
    for name in ("log.jsonl", "seen.json", "transfers.json"):
        assert (alone.parent / name).read_text() == (taken.parent / name).read_text()


@pytest.mark.torch
@pytest.mark.parametrize("change", ["rate", "seed", "pretrain", "pictures", "classes", "log"])
def test_a_first_phase_of_other_settings_is_not_taken_over(change: str, tuned: Path, tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"rate": {"rate": 0.0007}, "pretrain": {"pretrain": 0.75}}.get(change, {}))
    first = Squares("synthetic", ("a", "c") if change == "classes" else ("a", "b"), 4 if change == "pictures" else 3)
    program = Program.of({"synthetic": first, "real": Squares("real")}, phases("finetune", spec), spec,
                         int(change == "seed"), Augment())  # fmt: skip
    folder = shutil.copytree(tuned.parent, tmp_path / "there")
    if change == "log":
        (folder / "log.jsonl").write_text((folder / "log.jsonl").read_text().splitlines()[0] + "\n")
    assert taken_over(program, [folder]) is None
    assert (taken_over(program, [tuned.parent]) is None) == (change != "log")


def test_only_detectors_of_the_same_seed_and_pictures_share_their_first_phase(tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"seeds": 2, "label_shares": [0.5]})
    work = Work(SimpleNamespace(project=SimpleNamespace(folder=tmp_path)), spec, {}, [])  # type: ignore[arg-type]
    for lot in lots(spec):
        painted = "more" if lot == Lot("replay", 0, 0.5) else "painted"
        write_json(work.folder(lot) / DATA, {name: painted for name in sources_of(phases(lot.arm, spec))})
    alike = work.alike(Lot("finetune", 0), phases("finetune", spec))
    names = {one.name for one in alike}
    assert {"finetune-r0.5-0", "replay-0"} <= names
    assert all(name.endswith("-0") for name in names) and not names & {"finetune-0", "real-0", "replay-r0.5-0"}


@pytest.mark.torch
def test_the_phase_change_tells_what_was_reset(tuned: Path) -> None:
    made = checkpoint.load(tuned)["transfers"]
    assert list(made) == ["finetune"]
    boxes = sorted(name for name in HEADS if "box_predictor" in name)
    assert made["finetune"]["rows"] == {name: ["b"] for name in boxes}
    assert made["finetune"]["fresh"] == made["finetune"]["unused"] == []
    assert checkpoint.load(tuned)["classes"] == ["c", "b"]
    assert checkpoint.load(tuned.parent / "pretrain.pt")["classes"] == ["a", "b"]
    assert [phase["classes"] for phase in checkpoint.load(tuned)["phases"]] == [["a", "b"], ["c", "b"]]


@pytest.mark.torch
def test_rows_go_with_their_class_and_new_ones_stay_fresh(tuned: Path) -> None:
    stored = checkpoint.load(tuned.parent / "pretrain.pt")["weights"]
    model = checkpoint.build(TINY, 2, pretrained=False)
    own = {name: value.clone() for name, value in model.state_dict().items()}
    done = fill(model, stored, ("a", "b"), ("c", "b"))
    rows, name = model.state_dict(), "roi_heads.box_predictor.cls_score.weight"
    assert torch.equal(rows[name][[0, 2]], stored[name][[0, 2]])  # background and b
    assert torch.equal(rows[name][1], own[name][1])  # c is not a
    body = [name for name in own if name not in done.rows]
    assert set(body) <= set(same(rows, stored))
    assert str(done) == f"{len(body)} tensors taken over, 4 by rows (b), 0 fresh, 0 unused"


@pytest.mark.torch
def test_fine_tuning_freezes_nothing_that_pretraining_trained(tuned: Path) -> None:
    """Every layer that pretraining has moved from its fresh values moves again, however little."""
    final, middle = (checkpoint.load(path)["weights"] for path in (tuned, tuned.parent / "pretrain.pt"))
    detector = checkpoint.detector(checkpoint.load(tuned))
    learned = {name for name, weight in detector.named_parameters() if weight.requires_grad}
    assert any(name.startswith("backbone.body") for name in learned)
    still = set(same(final, middle)) & {name for name in learned if "backbone.body" in name and "weight" in name}
    assert len(still) < 0.1 * len(learned)


@pytest.mark.torch
def test_how_often_everything_was_seen_is_told(tuned: Path) -> None:
    seen = json.loads((tuned.parent / "seen.json").read_text())
    assert {name: sum(times) for name, times in seen.items()} == {"synthetic": 4, "real": 4}
    assert checkpoint.load(tuned)["seen"] == {name: [min(times), max(times)] for name, times in seen.items()}


@pytest.mark.torch
def test_replay_shows_both_in_the_second_phase_and_refuses_other_classes(tmp_path: Path) -> None:
    replayed = run(tmp_path, "replay")
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert Counter({name: sum(times) for name, times in seen.items()}) == Counter(synthetic=6, real=2)
    assert checkpoint.load(replayed)["transfers"]["replay"]["rows"] == {}
    with pytest.raises(TrainError, match="different classes"):
        run(tmp_path / "other", "replay", Squares("real", ("c", "b")))


@pytest.mark.torch
def test_forgetting_is_the_precision_lost_per_class(tuned: Path) -> None:
    result = forgetting(tuned.parent / "pretrain.pt", tuned, {"synthetic": Squares("synthetic")})
    lost = result.sources["synthetic"]
    assert [one.name for one in lost] == ["a", "b"]
    assert lost[0].after in (0, None)  # a detector of c and b finds no a
    assert all(one.lost is None or one.lost == pytest.approx(one.before - one.after) for one in lost)


# --- sampling within a run ------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_a_program_draws_as_its_settings_say() -> None:
    """Class a is in every second of ten pictures; classes take turns, quotas are kept, crops know what is rare."""
    sources = {"real": Squares("real", count=9)}  # five of a, four of b
    plan = phases("real", TINY)

    def shown(**keys: object) -> Counter[str]:
        program = Program.of(sources, plan, TINY.model_copy(update={"steps": 4, **keys}), 0, Augment())
        mixture = program.stages[0].batches.mixture
        return Counter("ab"[index % 2] for step in range(40) for _, index in mixture.batch(step))

    assert shown(sampling="classes") == {"a": 40, "b": 40}
    assert shown(rare={"b": 0.75}) == {"a": 20, "b": 60}
    plain = shown()
    assert 43 <= plain["a"] <= 46
    rarest = Program.of(sources, plan, TINY.model_copy(update={"rarest_crop": 0.5}), 0, Augment())
    assert rarest.stages[0].batches.augment.common == pytest.approx((5 / 9, 4 / 9))
    assert rarest.settings["augment"] == Program.of(sources, plan, TINY, 0, Augment()).settings["augment"]
    assert rarest.settings["train"] != Program.of(sources, plan, TINY, 0, Augment()).settings["train"]
