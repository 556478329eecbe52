"""FCOS: what it is told to learn, that it learns it, and that it is stored and exported like the others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_recipes import Squares

from generator.base.draw import Draw
from generator.spec.training import Train

pytestmark = pytest.mark.torch
import torch  # noqa: E402

from generator.train import checkpoint  # noqa: E402
from generator.train.augment import Augment  # noqa: E402
from generator.train.batches import as_target, as_tensor  # noqa: E402
from generator.train.evaluate import evaluate  # noqa: E402
from generator.train.loop import train  # noqa: E402
from generator.train.onestage import STRIDES, OneStage  # noqa: E402
from generator.train.run import create  # noqa: E402

TINY = Train(model="fcos", steps=2, batch=2, size=64)
STILL = Augment(zoom=(1.0, 1.0), mirror=0.0)


@pytest.fixture(scope="module")
def fresh() -> OneStage:
    torch.manual_seed(0)
    return OneStage("efficientnet_lite0", 2, 64, weights="none")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train({"real": Squares("real")}, {"real": 1.0}, TINY, tmp_path_factory.mktemp("fcos"), 0)


def losses(model: OneStage, ignored: bool, nudge: bool = False) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Losses of one picture whose lower right corner may be ignored, and the gradient by the scores of classes, of
    shape (8 x 8, classes) for the level of stride 8. `nudge` makes the scores in that corner others."""
    example = Squares("real")[0]
    region = np.array([[40, 40, 64, 64]], np.float32)  # places lie at 0, 8, ..., 56
    example = replace(
        example,
        boxes=np.concatenate([np.array([[4, 4, 24, 24]], np.float32), region]),
        labels=np.array([1, 1]),
        ignore=np.array([False, True]),
    )
    target = as_target(example, masks=False)
    if not ignored:
        target["ignore"] = target["ignore"][:0]
    kept: list[torch.Tensor] = []
    inner = model.head.classification_head.forward

    def scores(features: list[torch.Tensor]) -> torch.Tensor:
        out = inner(features).detach()
        if nudge:
            out[0, :64].view(8, 8, 3)[6:, 6:] += 5
        kept.append(out.requires_grad_())
        return out

    model.head.classification_head.forward = scores
    try:
        picture, _ = STILL(example, 64, Draw(0, 0))
        found = model.train()([as_tensor(picture)], [target])
        sum(found.values()).backward()
    finally:
        model.head.classification_head.forward = inner
    return found, kept[0].grad[0, :64].view(8, 8, 3)


def test_ignored_regions_teach_nothing(fresh: OneStage) -> None:
    plain, nudged = losses(fresh, True), losses(fresh, True, nudge=True)
    assert plain[0]["loss_classification"].item() == nudged[0]["loss_classification"].item()
    assert not plain[1][6:, 6:].any() and plain[1][:6].any()
    free, other = losses(fresh, False), losses(fresh, False, nudge=True)
    assert free[1][6:, 6:].any()
    assert other[0]["loss_classification"] > free[0]["loss_classification"]


def test_levels_have_the_strides_that_their_anchors_say(fresh: OneStage) -> None:
    with torch.no_grad():
        features = list(fresh.eval().backbone(torch.zeros(1, 3, 128, 192)).values())
    assert [tuple(one.shape[-2:]) for one in features] == [(128 // s, 192 // s) for s in STRIDES]
    assert [size for (size,) in fresh.anchor_generator.sizes] == list(STRIDES)


def test_init_moves_rows_by_class_name(trained: Path) -> None:
    stored = checkpoint.load(trained)["weights"]
    model, transfer = create(TINY.model_copy(update={"init": str(trained)}), ("b", "c"), 1)
    rows = "head.classification_head.cls_logits.weight"
    assert transfer.fresh == () and set(transfer.rows) == {rows, rows.replace("weight", "bias")}
    assert transfer.rows[rows] == ("b",)
    new = model.state_dict()[rows]
    assert torch.equal(new[[0, 1]], stored[rows][[0, 2]]) and not torch.equal(new[2], stored[rows][1])


def test_a_detector_of_two_stages_gives_its_body_alone(trained: Path) -> None:
    model, transfer = create(TINY.model_copy(update={"model": "faster_rcnn", "init": str(trained)}), ("a", "b"), 1)
    kept = {name.split(".")[0] for name in transfer.kept}
    assert kept == {"backbone"} and model.statistics_frozen
    assert all(name.startswith("head.") or "fpn" in name for name in transfer.unused)


def test_a_stored_one_is_opened_and_judged(trained: Path) -> None:
    result = evaluate(trained, Squares("real"))
    assert result.mask is None and result.objects == 3
    for found in result.detections:
        assert {item.label for item in found.items} <= {1, 2}


def test_onnx_finds_the_same(trained: Path, tmp_path: Path) -> None:
    """With scores far enough apart to have an order."""
    from generator.train.onnx import export_onnx, run_onnx

    content = checkpoint.load(trained)
    scores = content["weights"]["head.classification_head.cls_logits.weight"]
    scores += torch.randn(scores.shape, generator=torch.Generator().manual_seed(0))
    checkpoint.save(tmp_path / "m.pt", content)
    picture = as_tensor(Squares("real")[1].image.astype(np.float32) / 255).numpy()
    found = run_onnx(export_onnx(tmp_path / "m.pt", tmp_path / "m.onnx", picture), picture)
    assert len(found["boxes"]) > 3 and found["labels"].dtype == np.int64
    assert set(found["labels"].tolist()) == {1, 2}  # never 0, whatever its row says


@pytest.mark.slow
def test_it_learns_to_find_squares(tmp_path: Path) -> None:
    """Whose class it cannot know: they look alike."""

    class Same(Squares):
        def __getitem__(self, index: int):
            return replace(super().__getitem__(index), labels=np.array([1]))

    spec = TINY.model_copy(update={"steps": 60, "batch": 2, "ema": 0.9})
    result = evaluate(train({"real": Same("real", count=8)}, {"real": 1.0}, spec, tmp_path, 0), Same("real", count=8))
    assert result.box.ap50 > 0.8
