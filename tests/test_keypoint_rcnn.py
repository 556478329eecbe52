"""Keypoint R-CNN on tiny pictures: it learns, it resumes exactly, it is stored and exported like the others."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dominoes import NAMES, Dominoes
from exporting import built, shot
from stopping import stopped

import generator.train  # noqa: F401  (before torch: it says how threads wait)
from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.cli.preparing import prepare
from generator.dataset.examples import Example
from generator.spec.training import Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.train import checkpoint  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.batches import as_target, as_tensor  # noqa: E402
from generator.train.device import seeded  # noqa: E402
from generator.train.evaluate import detect, evaluate  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.run import create  # noqa: E402

TINY = Train(model="keypoint_rcnn", steps=4, batch=2, size=64, checkpoint_every=2)
PREDICTOR = "roi_heads.keypoint_predictor.kps_score_lowres"
SHUFFLED = ("right_ear", "bottom", "left_ear")


def nothing(example: Example) -> Example:
    return replace(example.only(np.zeros(1, bool)), image=np.full_like(example.image, 30))


class Blank(Dominoes):
    """Every second picture shows nothing."""

    def __getitem__(self, index: int):
        example = super().__getitem__(index)
        return nothing(example) if index % 2 else example


def run(folder: Path, spec: Train = TINY, **kwargs: object) -> Path:
    """From blocks whose keypoints come in two orders, and pictures with boxes alone."""
    bare = Dominoes(names=())
    sources = {"a": Dominoes(), "b": Dominoes(names=SHUFFLED), "c": bare}
    return train(sources, {"a": 0.4, "b": 0.4, "c": 0.2}, spec, folder, 0, **kwargs)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("keypoints"))


def test_a_run_taken_up_again_equals_one_that_was_not_stopped(trained: Path, tmp_path: Path) -> None:
    stopped(run, tmp_path, 3)
    steps: list[int] = []
    resumed = checkpoint.load(run(tmp_path, on_step=lambda step, _: steps.append(step)))
    whole = checkpoint.load(trained)
    assert steps == [2, 3]
    assert whole["keypoints"] == list(NAMES)
    assert f"{PREDICTOR}.weight" in whole["weights"]
    assert all(torch.equal(resumed["weights"][name], value) for name, value in whole["weights"].items())
    assert (tmp_path / "log.jsonl").read_text() == (trained.parent / "log.jsonl").read_text()


def test_a_stored_one_is_opened_and_judged(trained: Path) -> None:
    detector = checkpoint.detector(checkpoint.load(trained))
    assert detector.keypoints == NAMES
    result = evaluate(trained, Dominoes(4))
    assert result.keypoint is not None and result.mask is None
    assert list(result.placed.names) == list(NAMES)
    bare = evaluate(trained, Dominoes(4, names=()))
    assert bare.keypoint is None and bare.box == result.box
    other = Dominoes(4)
    other.keypoints = ("bottom", "tail")
    with pytest.raises(TrainError, match="has tail too"):
        evaluate(trained, other)


def test_the_order_of_names_in_the_labels_changes_no_score(trained: Path) -> None:
    assert evaluate(trained, Dominoes(4, names=SHUFFLED)).placed == evaluate(trained, Dominoes(4)).placed


def test_finding_nothing_has_no_keypoints(trained: Path) -> None:
    model = checkpoint.detector(checkpoint.load(trained))
    model.roi_heads.score_thresh = 1.0
    assert detect(model, Dominoes()[0].image).items == ()


def test_pictures_of_nothing_and_ignored_objects_teach_no_keypoints() -> None:
    example = Dominoes()[0]
    for one in (nothing(example), replace(example, ignore=np.ones(1, bool))):
        target = as_target(one, masks=False, keypoints=True)
        assert target["keypoints"].shape == (0, 3, 3)
        model, _ = create(TINY, ("domino",), 0, NAMES)
        losses = model.train()([as_tensor(one.image.astype(np.float32) / 255)], [target])
        assert losses["loss_keypoint"].item() == 0
        sum(losses.values()).backward()
        assert not model.state_dict(keep_vars=True)[f"{PREDICTOR}.weight"].grad.any()
    assert "keypoints" not in as_target(example, masks=False)


def test_unlabelled_keypoints_teach_nothing() -> None:
    """Where one keypoint of three is not labelled, its heat map has no gradient, and the others have one."""
    example = Dominoes()[0]
    points = example.keypoints.copy()
    points[0, 1] = 0
    target = as_target(replace(example, keypoints=points), masks=False, keypoints=True)
    model, _ = create(TINY, ("domino",), 0, NAMES)
    losses = model.train()([as_tensor(example.image.astype(np.float32) / 255)], [target])
    losses["loss_keypoint"].backward()
    gradient = model.state_dict(keep_vars=True)[f"{PREDICTOR}.weight"].grad.abs().amax((0, 2, 3))
    assert gradient[1] == 0 and gradient[0] > 0 and gradient[2] > 0


def test_the_last_layer_is_taken_over_where_the_names_are_the_same(trained: Path) -> None:
    stored = checkpoint.load(trained)["weights"][f"{PREDICTOR}.weight"]
    spec = TINY.model_copy(update={"init": str(trained)})
    same, _ = create(spec, ("domino",), 1, NAMES)
    other, transfer = create(spec, ("domino",), 1, ("beak", "eye", "tail"))
    assert torch.equal(same.state_dict()[f"{PREDICTOR}.weight"], stored)
    assert not torch.equal(other.state_dict()[f"{PREDICTOR}.weight"], stored)
    assert transfer.fresh == (f"{PREDICTOR}.bias", f"{PREDICTOR}.weight")


def test_onnx_finds_the_same(trained: Path, tmp_path: Path) -> None:
    import onnx

    from generator.train.onnx import export_onnx, run_onnx

    content = checkpoint.load(trained)
    with seeded(Draw(3) / "onnx"):  # random weights whose scores lie far apart, so that rounding changes no order
        detector = checkpoint.build(TINY, 1, False, NAMES)
        detector.roi_heads.box_predictor.cls_score.weight.data *= 30
        detector.roi_heads.box_predictor.bbox_pred.weight.data *= 5
    checkpoint.save(tmp_path / "m.pt", content | {"weights": detector.state_dict()})
    picture = as_tensor(Dominoes()[1].image.astype(np.float32) / 255).numpy()
    found = run_onnx(export_onnx(tmp_path / "m.pt", tmp_path / "m.onnx", picture), picture)
    assert found["keypoints"].shape == (len(found["boxes"]), 3, 3) and len(found["boxes"]) > 0
    assert found["keypoints_scores"].shape == (len(found["boxes"]), 3)
    told = {one.key: json.loads(one.value) for one in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert told == {"classes": ["domino"], "keypoints": list(NAMES)}


def test_sources_without_keypoints_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"declare `keypoints` in a mesh's asset\.yaml"):
        train({"real": Dominoes(names=())}, {"real": 1.0}, TINY, tmp_path / "run", 0)
    assert not (tmp_path / "run").exists()


def test_every_arm_needs_a_source_with_keypoints(tmp_path: Path) -> None:
    """Painted balls have some. Photographs of boxes alone do beside them, not by themselves."""
    dataset, bare = built(tmp_path), Dominoes(names=())
    fine = TINY.model_copy(update={"arms": ("synthetic", "mixed")})
    found = prepare(dataset, None, bare, fine, Path("c.yaml")).sources["synthetic"]
    assert found[0].keypoints is not None
    with pytest.raises(TrainError, match="'real' has none"):
        prepare(dataset, None, bare, fine.model_copy(update={"arms": ("synthetic", "real")}), Path("c.yaml"))


def test_painted_frames_without_keypoints_are_refused_with_the_cure(tmp_path: Path) -> None:
    def plain(index: int):
        frame, sample = shot(index)
        return replace(frame, instances=tuple(replace(one, keypoints={}) for one in frame.instances)), sample

    dataset = built(tmp_path, make=plain)
    with pytest.raises(TrainError, match="'synthetic' has none: show shapes that have some"):
        prepare(dataset, None, None, TINY.model_copy(update={"arms": ("synthetic",)}), Path("c.yaml"))


@pytest.mark.slow
def test_it_learns_to_place_keypoints(tmp_path: Path) -> None:
    """Chance, a point anywhere in the box, places about a twentieth: a disc of radius 3 in 30 x 30 pixels."""
    spec = TINY.model_copy(update={"steps": 50, "batch": 2, "ema": 0.9, "checkpoint_every": 100})
    losses: list[float] = []
    told = {"on_step": lambda _, one: losses.append(one["loss_keypoint"]), "augment": Augment(mirror=0.0)}
    model = train({"a": Blank(12)}, {"a": 1.0}, spec, tmp_path, 0, **told)
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    result = evaluate(model, Blank(12))
    assert result.placed.pck > 0.5
    assert result.keypoint.ap50 > 0.5
