"""Depth as a thing to learn: the loss, the measures, what augmentation does to it, and training on small pictures."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stopping import stopped

import generator.train  # noqa: F401  (before torch: it says how threads wait)
from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset.depth_sources import bare
from generator.dataset.examples import Example
from generator.mix.recipes import phases
from generator.spec.training import Train
from generator.train.augment import Augment
from generator.train.deptherrors import DepthErrors, DepthEvaluation

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.train import checkpoint  # noqa: E402
from generator.train.depthjudge import evaluate_depth, predict_depth  # noqa: E402
from generator.train.depthnet import DepthNet, scale_invariant  # noqa: E402
from generator.train.evaluate import detect  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.onnx import run_onnx, to_onnx  # noqa: E402

TINY = Train(model="depth", steps=6, batch=2, size=64, checkpoint_every=3)
PLAIN = Augment(contrast=0, brightness=0, gamma=1, tint=0, saturation=0, gray=0, blur=0, noise=0)


class Walls:
    """A wall at 4 to 8 m, the farther the darker, with a checkered square of known size before it."""

    name, classes, masks = "walls", (), False

    def __init__(self, count: int = 8) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        rng = (Draw(0, index) / "walls").rng()
        y, x = np.mgrid[:64, :80] + 0.5
        far, near = rng.uniform(4, 8), rng.uniform(1, 3)
        side, middle = 30 / near, rng.uniform((24, 30), (40, 50))
        square = (abs(y - middle[0]) < side) & (abs(x - middle[1]) < side)
        pattern = (np.floor((y - middle[0]) * near / 8) + np.floor((x - middle[1]) * near / 8)) % 2 > 0
        image = np.where(square, np.where(pattern, 240, 120), 110 - 12 * far)[..., None].repeat(3, 2)
        depth = np.where(square, near, far).astype(np.float32)
        depth[:4] = 0
        return replace(bare(image.astype(np.uint8), f"wall{index}"), depth=depth)


class Blind(Walls):
    """Without any known depth, or without depth at all."""

    def __init__(self, none: bool) -> None:
        super().__init__(2)
        self.none = none

    def __getitem__(self, index: int) -> Example:
        return replace(super().__getitem__(index), depth=None if self.none else np.zeros((64, 80), np.float32))


def run(folder: Path, spec: Train = TINY, **kwargs: object) -> Path:
    return train({"synthetic": Walls()}, {"synthetic": 1.0}, spec, folder, 0, **kwargs)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("depth"))


# --- loss and measures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_the_loss_is_equation_4_written_out(balance: float) -> None:
    rng = (Draw(1) / "loss").rng()
    logarithms, depth = rng.normal(size=(5, 7)), rng.uniform(0.5, 9, (5, 7))
    depth[rng.random((5, 7)) < 0.4] = 0
    d = [logarithms[i, j] - math.log(depth[i, j]) for i in range(5) for j in range(7) if depth[i, j]]
    pairs = sum(a * b for a in d for b in d)
    expected = sum(a * a for a in d) / len(d) - balance * pairs / len(d) ** 2
    found = scale_invariant(torch.tensor(logarithms), torch.tensor(depth), balance)
    assert float(found) == pytest.approx(expected, abs=1e-12)
    moved = scale_invariant(torch.tensor(logarithms + 3), torch.tensor(depth), balance)
    assert (abs(float(moved - found)) < 1e-9) == (balance == 1.0)


def test_unknown_pixels_have_no_gradient_and_none_known_is_no_loss() -> None:
    logarithms = torch.zeros(3, 4, requires_grad=True)
    depth = torch.full((3, 4), 2.0)
    depth[0] = 0
    scale_invariant(logarithms, depth).backward()
    assert (logarithms.grad[0] == 0).all() and (logarithms.grad[1:] != 0).all()
    blind = scale_invariant(logarithms, torch.zeros(3, 4))
    logarithms.grad = None
    blind.backward()
    assert blind.item() == 0 and torch.isfinite(logarithms.grad).all()


def test_measures_are_those_of_the_formulas() -> None:
    rng = (Draw(2) / "measures").rng()
    rows, pairs = [], []
    for k, share in enumerate((0.1, 0.8)):
        truth = rng.uniform(0.5, 9, (6, 5)).astype(np.float32)
        truth[rng.random((6, 5)) < share] = 0
        found = (np.where(truth, truth, 1) * rng.lognormal(0.4, 0.3, (6, 5))).astype(np.float32)
        rows.append((f"p{k}", found, truth))
        pairs.append([(float(a), float(b)) for a, b in zip(found.ravel(), truth.ravel(), strict=True) if b])
    result = DepthEvaluation.of("test", [*rows, ("sky", rows[0][1], np.zeros((6, 5), np.float32))])
    assert result.keys == ("p0", "p1") and result.unknown == 1
    for scaled, got in ((False, result.metric), (True, result.scaled)):
        each = [_measures(some, scaled) for some in pairs]
        for name in DepthErrors.model_fields:
            assert getattr(got, name) == pytest.approx((each[0][name] + each[1][name]) / 2, rel=1e-5), name
    assert result.metric.abs_rel != pytest.approx(result.scaled.abs_rel, rel=0.05)


def _measures(pairs: list[tuple[float, float]], scaled: bool) -> dict[str, float]:
    factor = np.median([t for _, t in pairs]) / np.median([d for d, _ in pairs]) if scaled else 1.0
    pairs, n = [(d * factor, t) for d, t in pairs], len(pairs)
    return {
        "abs_rel": sum(abs(d - t) / t for d, t in pairs) / n,
        "rmse": math.sqrt(sum((d - t) ** 2 for d, t in pairs) / n),
        "log10": sum(abs(math.log10(d) - math.log10(t)) for d, t in pairs) / n,
        **{f"delta{k}": sum(max(d / t, t / d) < 1.25**k for d, t in pairs) / n for k in (1, 2, 3)},
    }


# --- augmentation ---------------------------------------------------------------------------------------------------


def test_depth_moves_with_the_pixels_and_shrinks_with_the_zoom() -> None:
    """The picture tells each pixel's place in it; 1 / depth of a plane is linear in that place."""
    rows, columns = np.mgrid[:64, :80] + 0.5
    inverse = lambda x, y: 0.2 + 0.0004 * x - 0.0008 * y  # noqa: E731
    image = np.stack([columns * 3, rows * 3, columns * 0], -1).astype(np.uint8)
    plane = replace(bare(image, "plane"), depth=(1 / inverse(columns, rows)).astype(np.float32))
    zooms = []
    for step in range(40):
        picture, labels = replace(PLAIN, upside_down=0.5)(plane, 48, Draw(0, step))
        assert labels.depth.shape == picture.shape[:2] and labels.depth.dtype == np.float32
        x, y = (picture[..., k].astype(float) * 255 / 3 + 0.2 for k in (0, 1))  # + what rounding down took away
        steps = [abs(x[0, -2] - x[0, 1]) / (x.shape[1] - 3), abs(y[-2, 0] - y[1, 0]) / (y.shape[0] - 3)]
        zoom = 64 / 48 / np.sqrt(steps[0] * steps[1])
        zooms.append(zoom)
        inside = np.s_[1:-1, 1:-1]
        np.testing.assert_allclose(labels.depth[inside], (1 / inverse(x, y) / zoom)[inside], rtol=0.025)
    assert min(zooms) < 0.85 and max(zooms) > 1.3


# --- training -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_learning_tells_depth_better_than_any_constant(tmp_path: Path) -> None:
    model = run(
        tmp_path, TINY.model_copy(update={"steps": 60, "batch": 4, "ema": 0.9}), augment=replace(PLAIN, zoom=(1, 1))
    )
    result = evaluate_depth(model, Walls())
    truths = [Walls()[k].depth for k in range(8)]
    mean = np.mean([truth[truth > 0].mean() for truth in truths])
    constant = DepthEvaluation.of("mean", [("", np.full_like(one, mean), one) for one in truths])
    assert result.metric.abs_rel < 0.35 * constant.metric.abs_rel
    assert result.metric.delta1 > 0.6 > constant.metric.delta1
    assert result.scaled.abs_rel < 0.5 * constant.scaled.abs_rel


def test_a_run_taken_up_again_equals_one_that_was_not_stopped(trained: Path, tmp_path: Path) -> None:
    stopped(run, tmp_path, 4)
    resumed, whole = checkpoint.load(run(tmp_path)), checkpoint.load(trained)
    assert resumed["weights"].keys() == whole["weights"].keys()
    assert all(torch.equal(resumed["weights"][name], value) for name, value in whole["weights"].items())
    lines = (trained.parent / "log.jsonl").read_text().splitlines()
    assert set(json.loads(lines[0])) == {"step", "loss_depth"} and len(lines) == 6


def test_predictions_are_of_the_pictures_size_and_repeat(trained: Path) -> None:
    for size in ((64, 80), (50, 63), (97, 40)):
        image = (Draw(3) / "image").rng().integers(0, 256, (*size, 3), dtype=np.uint8)
        found = predict_depth(trained, image)
        assert found.shape == size and found.dtype == np.float32 and np.isfinite(found).all() and (found > 0).all()
        assert np.array_equal(found, predict_depth(trained, image))


def test_the_decoder_and_the_body_go_on_from_another_model(trained: Path, tmp_path: Path) -> None:
    made = checkpoint.build(TINY, 0, pretrained=False)
    assert isinstance(made, DepthNet)
    done = checkpoint.initialize(made, trained, ())
    assert done.fresh == done.unused == () and made.statistics_frozen
    detector = checkpoint.build(TINY.model_copy(update={"model": "faster_rcnn"}), 2, pretrained=False)
    done = checkpoint.initialize(detector, trained, ("a", "b"))
    assert not [name for name in done.fresh if name.startswith("backbone.")]
    assert done.unused and all(name.startswith("head.") for name in done.unused)


def test_the_best_of_several_looks_is_kept(tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"validate_every": 2})
    looks = iter((0.1, 0.7, 0.3))
    content = checkpoint.load(run(tmp_path, spec, validate=lambda model: next(looks)))
    assert content["chosen"] == 3 and content["classes"] == []


@pytest.mark.parametrize("none", [True, False])
def test_sources_without_known_depth_are_refused(none: bool, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="'synthetic' has 2 pictures, but no pixel of any has a known depth"):
        train({"synthetic": Blind(none)}, {"synthetic": 1.0}, TINY, tmp_path, 0)
    with pytest.raises(TrainError, match="have no depth to judge by" if none else "no pictures with known depth"):
        evaluate_depth(trained, Blind(none))


def test_models_of_one_kind_are_not_taken_for_the_other(trained: Path) -> None:
    with pytest.raises(TrainError, match="tells depth and finds no objects"):
        detect(trained, Walls()[0].image)
    detector = checkpoint.build(TINY.model_copy(update={"model": "fcos"}), 1, pretrained=False)
    with pytest.raises(TrainError, match="finds objects and tells no depth"):
        evaluate_depth(detector, Walls())


def test_fine_tuning_goes_on_with_all_that_was_learned(tmp_path: Path) -> None:
    spec = TINY.model_copy(update={"steps": 4, "pretrain": 0.5})
    sources = {"synthetic": Walls(), "real": Walls(3)}
    content = checkpoint.load(train(sources, phases("finetune", spec), spec, tmp_path, 0))
    (passed,) = content["transfers"].values()
    assert not passed["fresh"] and not passed["unused"]
    assert evaluate_depth(tmp_path / "pretrain.pt", Walls(2)).keys == ("wall0", "wall1")


def test_onnx_tells_the_same_depth_at_any_size(trained: Path) -> None:
    model = checkpoint.detector(checkpoint.load(trained))
    rng = (Draw(4) / "onnx").rng()
    file = to_onnx(model, rng.random((3, 64, 80), np.float32), ())
    for size in ((64, 80), (50, 121)):
        picture = rng.random((3, *size), np.float32)
        found = run_onnx(file, picture)["depth"]
        assert found.shape == size
        np.testing.assert_allclose(found, model([torch.from_numpy(picture)])[0]["depth"].detach(), rtol=1e-3)


@pytest.mark.parametrize(
    "asked",
    [{"point_masks": True}, {"smallest": 0.3}, {"rarest_crop": 0.5}, {"sampling": "classes"},
     {"harmonize": {"real": [{"drop": ["a"]}]}}],
)  # fmt: skip
def test_what_is_about_objects_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(asked))}: "):
        Train.model_validate({"model": "depth", **asked})
