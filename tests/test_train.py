"""Training on tiny pictures of discs: it learns, it resumes exactly, it says what is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from discs import TINY, Discs, run
from PIL import Image
from stopping import stopped

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset.coco_labels import Photo
from generator.dataset.examples import Example
from generator.dataset.sources import PhotoSource
from generator.spec.training import Train
from generator.train import checkpoint
from generator.train.augment import Augment
from generator.train.detections import Detections
from generator.train.evaluate import choose_threshold, detect, evaluate
from generator.train.loop import train
from generator.train.model import TwoStage
from generator.train.program import schedule
from generator.train.run import create
from generator.train.transfer import HEADS

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("run"))


def losses(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def total(line: Mapping[str, float]) -> float:
    return sum(value for name, value in line.items() if name.startswith("loss"))


@pytest.mark.slow
def test_learning_lowers_the_loss_and_finds_discs(tmp_path: Path) -> None:
    model = run(tmp_path, TINY.model_copy(update={"steps": 40, "ema": 0.9}))
    log = [total(line) for line in losses(tmp_path)]
    assert np.mean(log[-10:]) < 0.5 * np.mean(log[:10])
    result = evaluate(model, Discs(), choose_threshold(model, Discs()))
    assert result.box.ap50 > 0.5  # 0 without learning
    assert result.mask.ap50 > 0.5
    assert result.box_counts.f1 > 0.5


def test_a_run_taken_up_again_equals_one_that_was_not_stopped(trained: Path, tmp_path: Path) -> None:
    stopped(run, tmp_path, 4)
    assert checkpoint.load(tmp_path / "checkpoint.pt")["log"] == checkpoint_log(tmp_path)
    steps: list[int] = []
    resumed = checkpoint.load(run(tmp_path, on_step=lambda step, _: steps.append(step)))
    assert steps == [3, 4, 5]
    whole = checkpoint.load(trained)
    assert resumed["weights"].keys() == whole["weights"].keys()
    assert all(torch.equal(resumed["weights"][name], value) for name, value in whole["weights"].items())
    assert losses(tmp_path) == losses(trained.parent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "model.pt", "seen.json"]


def checkpoint_log(folder: Path) -> list[dict[str, float]]:
    return [{name: value for name, value in line.items() if name != "step"} for line in losses(folder)]


def test_a_finished_run_is_returned_and_another_run_is_not_overwritten(trained: Path) -> None:
    before = trained.read_bytes()
    assert run(trained.parent, on_step=lambda step, _: pytest.fail("trained again")) == trained
    assert run(trained.parent, TINY.model_copy(update={"seeds": 3, "arms": ("real",)})) == trained
    with pytest.raises(TrainError, match="other settings"):
        run(trained.parent, TINY.model_copy(update={"rate": 0.5}))
    assert trained.read_bytes() == before


def test_the_checkpoint_says_what_made_it(trained: Path) -> None:
    content = checkpoint.load(trained)
    assert content["classes"] == ["disc", "ellipse"]
    assert (content["seed"], content["shares"], content["sizes"]) == (0, {"synthetic": 1.0}, {"synthetic": 6})
    assert Train.model_validate(content["train"]) == TINY.model_copy(update={"checkpoint_every": 100, "rate": 1e-3})


def test_detections_lie_in_the_picture_surest_first(trained: Path) -> None:
    found = detect(trained, Discs()[0].image, "x")
    assert found.key == "x"
    scores = [item.score for item in found.items]
    assert scores == sorted(scores, reverse=True)
    for item in found.items:
        assert 0 <= item.box[0] <= item.box[2] <= 80
        assert 0 <= item.box[1] <= item.box[3] <= 64
        assert item.mask().shape == (64, 80)


def test_the_average_is_not_the_last_step(tmp_path: Path, trained: Path) -> None:
    last = checkpoint.load(run(tmp_path, TINY.model_copy(update={"ema": 0.0})))["weights"]
    mean = checkpoint.load(trained)["weights"]
    assert any(not torch.equal(last[name], mean[name]) for name in mean)


def test_numbers_that_are_not_finite_stop_the_run_and_name_the_pictures(tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"rate": 1e30, "steps": 3})
    with pytest.raises(TrainError, match=r"not finite .* on synthetic/disc\d, synthetic/disc\d"):
        run(tmp_path, spec)
    assert not (tmp_path / "model.pt").exists()


class Poisoned(Augment):
    """One picture becomes not a number."""

    def __call__(self, example: Example, size: int, draw: Draw) -> tuple[np.ndarray, Example]:
        picture, example = super().__call__(example, size, draw)
        return picture * np.float32("nan" if example.key == "disc4" else "1"), example


def test_a_poisoned_picture_is_named_and_the_last_good_checkpoint_kept(tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"checkpoint_every": 1, "batch": 1, "model": "faster_rcnn"})
    with pytest.raises(TrainError, match=r"step \d: .* on synthetic/disc4; .* last checkpoint is kept"):
        run(tmp_path, spec, augment=Poisoned())
    kept = checkpoint.load(tmp_path / "checkpoint.pt")
    assert 0 < len(kept["log"]) < 6
    assert all(torch.isfinite(value).all() for value in kept["weights"].values())
    assert all(torch.isfinite(value).all() for value in kept["model"].values())
    steps: list[int] = []
    run(tmp_path, spec, on_step=lambda step, _: steps.append(step))  # goes on once the picture is mended
    assert steps == list(range(len(kept["log"]), 6))


def test_sets_with_nothing_in_them_are_refused(tmp_path: Path, trained: Path) -> None:
    with pytest.raises(TrainError, match="'synthetic' is empty"):
        train({"synthetic": Discs(0)}, {"synthetic": 1.0}, TINY, tmp_path, 0)
    with pytest.raises(TrainError, match="no pictures to evaluate on"):
        evaluate(trained, Discs(0))
    Image.new("RGB", (64, 64)).save(tmp_path / "one.png")
    blank = PhotoSource("blank", [Photo(tmp_path / "one.png", "one.png", 64, 64, False)], classes=("disc", "ellipse"))
    with pytest.raises(TrainError, match="none shows any of disc, ellipse"):
        train({"real": blank}, {"real": 1.0}, TINY, tmp_path, 0)


def test_checkpoints_of_other_models_say_so(trained: Path, tmp_path: Path) -> None:
    content = checkpoint.load(trained)
    with pytest.raises(TrainError, match="not of the model that the file names"):
        checkpoint.detector({**content, "train": {**content["train"], "model": "faster_rcnn"}})
    with pytest.raises(TrainError, match="no finished detector: it has no classes"):
        checkpoint.detector({name: value for name, value in content.items() if name != "classes"})
    other = TINY.model_copy(update={"backbone": "mobilenet_v3", "init": str(trained)})
    with pytest.raises(TrainError, match="its body is efficientnet_lite0"):
        create(other, ("disc", "ellipse"), 0)


def test_boxes_alone_train_faster_rcnn_but_not_mask_rcnn(tmp_path: Path) -> None:
    bare = {"real": Discs(masks=False)}
    with pytest.raises(TrainError, match="faster_rcnn"):
        train(bare, {"real": 1.0}, TINY, tmp_path / "mask", 0)
    spec = TINY.model_copy(update={"model": "faster_rcnn", "steps": 1})
    result = evaluate(train(bare, {"real": 1.0}, spec, tmp_path / "box", 0), Discs(2, masks=False))
    assert result.mask is None


def test_sources_of_other_classes_are_refused(tmp_path: Path, trained: Path) -> None:
    other = Discs(classes=("ellipse", "disc"))
    with pytest.raises(TrainError, match="different classes"):
        train({"real": other, "synthetic": Discs()}, {"real": 0.5, "synthetic": 0.5}, TINY, tmp_path, 0)
    with pytest.raises(TrainError, match="same classes in the same order"):
        evaluate(trained, other)


@pytest.mark.parametrize("step", [0, 9, 10, 55, 99])
def test_the_rate_rises_over_a_tenth_and_falls_as_a_cosine(step: int) -> None:
    expected = (step + 1) / 10 if step < 10 else (1 + np.cos(np.pi * (step - 10) / 90)) / 2
    assert schedule(step, 100) == pytest.approx(expected)


def test_the_first_layers_and_batch_statistics_are_frozen(trained: Path) -> None:
    fresh, learned = create(TINY, ("disc", "ellipse"), 0)[0].state_dict(), checkpoint.load(trained)["weights"]
    same = {name for name in fresh if torch.equal(fresh[name], learned[name])}
    body = {name for name in fresh if name.startswith("backbone.body.")}
    assert {name for name in body if "running" in name or name.split(".")[2] in ("0", "1", "2", "3")} <= same
    assert "backbone.body.4.layers.0.0.weight" not in same


def test_a_detector_that_learned_from_harmonized_labels_is_opened_again(tmp_path: Path) -> None:
    rules = {"synthetic": [{"drop": ["cube"]}], "real": [{"rename": {"ball": "disc"}}]}
    spec = Train(model="fcos", backbone="mobilenet_v3", size=64, weights="none", harmonize=rules)
    made = checkpoint.build(spec, 1)
    content = {"train": spec.model_dump(mode="json"), "classes": ["disc"], "weights": made.state_dict()}
    checkpoint.save(tmp_path / "model.pt", content)
    again = checkpoint.detector(checkpoint.load(tmp_path / "model.pt"))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in made.state_dict().items())


@pytest.mark.parametrize(("model", "masks"), [("fcos", False), ("faster_rcnn", False), ("mask_rcnn", True)])
def test_what_finds_nothing_is_judged_by_what_it_could_find(
    model: str, masks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = checkpoint.build(Train(model=model, backbone="mobilenet_v3", size=64, weights="none"), 2)
    nothing = [Detections(key=f"disc{k}", items=()) for k in range(2)]
    monkeypatch.setattr("generator.train.evaluate._search", lambda detector, source: nothing)
    assert (evaluate(made, Discs(2)).mask is not None) == masks


# --- init -----------------------------------------------------------------------------------------------------------


def test_init_moves_rows_by_class_name_and_tells_what_is_fresh(trained: Path) -> None:
    stored = checkpoint.load(trained)["weights"]
    model, _ = create(TINY, ("ball", "ellipse", "disc"), 1)
    own = {name: value.clone() for name, value in model.state_dict().items()}
    done = checkpoint.initialize(model, trained, ("ball", "ellipse", "disc"))
    new = model.state_dict()
    assert done.fresh == done.unused == ()
    assert done.rows == dict.fromkeys(sorted(HEADS & own.keys()), ("ellipse", "disc"))
    assert {*done.kept, *done.rows} == new.keys()
    for name in ("box_predictor.cls_score.weight", "mask_predictor.mask_fcn_logits.bias"):
        rows, old = new[f"roi_heads.{name}"], stored[f"roi_heads.{name}"]
        assert torch.equal(rows[[0, 2, 3]], old[[0, 2, 1]])
        assert torch.equal(rows[1], own[f"roi_heads.{name}"][1])
    boxes = "roi_heads.box_predictor.bbox_pred.weight"
    assert torch.equal(new[boxes][8:16], stored[boxes][[8, 9, 10, 11, 4, 5, 6, 7]])


def test_init_from_a_classifier_fills_the_body_alone(tmp_path: Path) -> None:
    from torchvision.models import mobilenet_v3_large

    classifier = mobilenet_v3_large()
    torch.save(classifier.state_dict(), tmp_path / "classifier.pth")
    model = TwoStage("mobilenet_v3", 1, masks=False, size=64)
    assert not model.statistics_frozen
    done = checkpoint.initialize(model, tmp_path / "classifier.pth", ("disc",))
    assert model.statistics_frozen
    assert all(not name.startswith("backbone.body") for name in done.fresh)
    assert done.rows == {}
    assert torch.equal(model.backbone.body["0"][0].weight, classifier.features[0][0].weight)


def test_init_of_nothing_that_fits_is_refused(tmp_path: Path) -> None:
    torch.save({"something": torch.zeros(3)}, tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no tensors")
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    torch.save(torch.zeros(3), tmp_path / "bare.pth")
    for name, message in [
        ("list.pth", "holds a list, not tensors by name"),
        ("bare.pth", "holds a Tensor, not tensors by name"),
        ("other.pth", "no tensor fits"),
        ("text.pth", "not a file of tensors"),
        ("none", "no such file"),
    ]:
        with pytest.raises(TrainError, match=message):
            create(TINY.model_copy(update={"init": str(tmp_path / name)}), ("disc",), 0)
