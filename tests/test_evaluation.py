"""Precision, runs, scaling and confusion against pycocotools, closed forms and hand counts."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset.examples import Example
from generator.train.comparing import Matrix, confusion, power_law
from generator.train.detections import Detection, Detections
from generator.train.matching import SIZES, Matches, Packed
from generator.train.slices import runs_of

SIDE, CLASSES = 160, ("a", "b", "c")


def scene(seed: int, ties: bool = True) -> tuple[Example, Detections]:
    """Random boxes of all sizes, some ignored, and detections near them, with equal scores among them (or not)."""
    rng = (Draw(seed) / "scene").rng()
    n = int(rng.integers(0, 7))
    corner, side = rng.integers(0, 60, (n, 2)), rng.integers(6, 100, (n, 2))
    boxes = np.concatenate([corner, corner + side], 1).astype(np.float32).reshape(-1, 4)
    labels, ignore = rng.integers(1, 3, n), rng.random(n) < 0.2
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    moved = np.concatenate(
        [boxes + rng.integers(-4, 5, boxes.shape), rng.integers(0, 30, (2, 4)) + np.array([0, 0, 60, 60])]
    )
    items = [
        Detection(
            box=tuple(box), label=int(label), score=float(np.round(rng.random(), 1 if ties else 9)), size=(SIDE, SIDE)
        )
        for box, label in zip(moved.tolist(), [*labels, 1, 2], strict=True)
    ]
    return Example(image, boxes, labels, None, ignore, str(seed)), Detections(key=str(seed), items=tuple(items))


def scenes(count: int, ties: bool = True) -> tuple[list[Example], list[Detections]]:
    made = [scene(seed, ties) for seed in range(count)]
    return [one for one, _ in made], [one for _, one in made]


def by_pycocotools(examples: Sequence[Example], found: Sequence[Detections]) -> COCOeval:
    """The reference alone, from annotations written here."""

    def side(box: Sequence[float]) -> list[float]:
        return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]

    def index(annotations: list[dict[str, object]]) -> COCO:
        made = COCO()
        made.dataset = {
            "images": [{"id": k, "height": SIDE, "width": SIDE} for k in range(len(examples))],
            "categories": [{"id": k + 1, "name": name} for k, name in enumerate(CLASSES)],
            "annotations": [
                {"area": one["bbox"][2] * one["bbox"][3]} | one | {"id": k + 1} for k, one in enumerate(annotations)
            ],
        }
        made.createIndex()
        return made

    with contextlib.redirect_stdout(io.StringIO()):
        truth = index([
            {"image_id": k, "category_id": int(label), "bbox": side(box), "iscrowd": int(ignore)}
            | ({} if one.masks is None else {"area": int(one.masks[at].sum())})
            for k, one in enumerate(examples)
            for at, (box, label, ignore) in enumerate(zip(one.boxes, one.labels, one.ignore, strict=True))
        ])  # fmt: skip
        guess = index([
            {"image_id": k, "category_id": item.label, "bbox": side(item.box), "iscrowd": 0, "score": item.score}
            for k, one in enumerate(found) for item in one.items
        ])  # fmt: skip
        run = COCOeval(truth, guess, "bbox")
        run.evaluate()
        run.accumulate()
    return run


@pytest.mark.parametrize("count", [1, 5, 40])
def test_precision_is_pycocotools_for_every_size(count: int) -> None:
    examples, found = scenes(count)
    expected = by_pycocotools(examples, found).eval["precision"]  # (IoU, recall, class, size, most)
    matches = Matches.of(examples, found, CLASSES, "bbox")
    for k, size in enumerate(SIZES):
        np.testing.assert_allclose(matches.precision(size), expected[..., k, -1], atol=1e-6, rtol=0)
    assert (expected[..., 2, :] == -1).any()  # nothing is ever of class c


def round_in(one: Example) -> Example:
    """With the ellipse in each box as its mask, of 0.79 of the box's pixels."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    low, high = one.boxes[:, :2, None, None], one.boxes[:, 2:, None, None]
    middle, half = (low + high) / 2, (high - low) / 2
    masks = ((x - middle[:, 0]) / half[:, 0]) ** 2 + ((y - middle[:, 1]) / half[:, 1]) ** 2 <= 1
    return replace(one, masks=masks)


def test_boxes_of_things_with_masks_have_the_sizes_of_their_masks() -> None:
    """COCO's `area` is the mask's, for boxes too."""
    examples, found = scenes(40)
    masked = [round_in(one) for one in examples]
    expected = by_pycocotools(masked, found).eval["precision"]
    matches = Matches.of(masked, found, CLASSES, "bbox")
    for k, size in enumerate(SIZES):
        np.testing.assert_allclose(matches.precision(size), expected[..., k, -1], atol=1e-6, rtol=0)
    assert not np.allclose(expected[..., 1, -1], Matches.of(examples, found, CLASSES, "bbox").precision("small"))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 11), min_size=1, max_size=20))
def test_precision_of_resampled_pictures_is_that_of_their_copies(pictures: list[int]) -> None:
    examples, found = scenes(12, ties=False)
    matches = Matches.of(examples, found, CLASSES, "bbox")
    copies = by_pycocotools([examples[k] for k in pictures], [found[k] for k in pictures])
    np.testing.assert_allclose(
        matches.precision(pictures=pictures), copies.eval["precision"][..., 0, -1], atol=1e-6, rtol=0
    )


def test_matches_come_back_from_a_file_as_they_were() -> None:
    """A detector's scores are float32: nothing of them is lost, equal ones stay equal."""
    examples, found = scenes(20)
    near = [
        item.model_copy(update={"score": float(np.float32(0.1) + k * np.float32(2**-24))})
        for k, item in enumerate(found[3].items)
    ]
    found[3] = found[3].model_copy(update={"items": tuple(near)})
    matches = Matches.of(examples, found, CLASSES, "bbox")
    again = Packed.model_validate_json(matches.packed().model_dump_json()).matches()
    np.testing.assert_array_equal(again.precision(), matches.precision())
    assert np.array_equal(
        again.cells["all"][0].score.astype(np.float32), matches.cells["all"][0].score.astype(np.float32)
    )
    broken = matches.packed().model_dump(mode="json")
    broken["objects"]["a"].append(1)
    with pytest.raises(ValueError, match=r"objects\.a: 21 pictures"):
        Packed.model_validate(broken)


# --- scenes ----------------------------------------------------------------------------------------------------------


def test_frames_that_follow_each_other_are_one_run() -> None:
    keys = [
        "a/f_000001.png",
        "a/f_000003.png",
        "a/f_000002.png",
        "a/f_000009.png",
        "b/f_000002.png",
        "still.png",
        "other.png",
    ]
    runs = runs_of(keys)
    assert runs[0] == runs[1] == runs[2]
    assert len(set(runs)) == 5
    assert runs_of(keys, gap=6)[3] == runs_of(keys, gap=6)[0]
    assert len(set(runs_of([f"{k:03d}.jpg" for k in range(10)], longest=4))) == 3
    city = [f"frankfurt_00000{k}_{frame:06d}_leftImg8bit" for k, frame in [(0, 294), (0, 295), (1, 295), (0, 297)]]
    assert len(set(runs_of(city))) == 3
    assert runs_of(city)[0] == runs_of(city)[1]


# --- comparisons ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "exponent", "floor"), [(5.0, 0.5, 0.2), (2.0, 1.0, 0.0), (30.0, 0.8, 0.35)])
def test_a_power_law_is_found_again(scale: float, exponent: float, floor: float) -> None:
    sizes = [100, 300, 1000, 3000, 10000]
    law = power_law(sizes, [scale * n**-exponent + floor for n in sizes])
    assert (law.scale, law.exponent) == pytest.approx((scale, exponent), rel=1e-3)
    assert law.floor == pytest.approx(floor, abs=1e-4)
    assert law.misfit < 1e-5
    assert law(2000) == pytest.approx(scale * 2000**-exponent + floor, abs=1e-4)


def test_a_power_law_beats_its_neighbours_on_noisy_errors() -> None:
    sizes = np.array([100.0, 200, 400, 800, 1600])
    errors = 3 * sizes**-0.6 + 0.3 + (Draw(0) / "noise").rng().normal(0, 0.005, 5)
    law = power_law(sizes, errors)

    def misfit(scale: float, exponent: float, floor: float) -> float:
        return float(np.sqrt(np.mean((scale * sizes**-exponent + floor - errors) ** 2)))

    own = misfit(law.scale, law.exponent, law.floor)
    assert own == pytest.approx(law.misfit)
    for factor in (0.97, 1.03):
        assert misfit(law.scale * factor, law.exponent, law.floor) > own
        assert misfit(law.scale, law.exponent * factor, law.floor) > own
        assert misfit(law.scale, law.exponent, law.floor * factor) > own
    assert 0 < law.floor_share(100) < law.floor_share(10_000) < 1
    with pytest.raises(TrainError, match="three or more"):
        power_law([100, 200, 200], [0.5, 0.4, 0.4])


def test_the_matrix_tells_the_shift() -> None:
    """Poucin et al., table 1."""
    found = Matrix(ap={"real": {"real": 0.357, "synthetic": 0.118}, "synthetic": {"real": 0.129, "synthetic": 0.316}})
    assert found.shift("synthetic", "real") == pytest.approx(0.187)
    assert found.shift("real", "synthetic") == pytest.approx(0.239)
    assert Matrix.model_validate_json(found.model_dump_json()) == found


def test_confusion_by_hand() -> None:
    """An a found as a, an a found as b, a b missed, a false alarm of b, one on an ignored region, one below the
    threshold."""
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10], [60, 0, 80, 20]], np.float32)
    example = Example(
        np.zeros((99, 99, 3), np.uint8), boxes, np.array([1, 1, 2, 1]), None, np.array([0, 0, 0, 1], bool), "x"
    )
    items = [((0, 0, 10, 9), 1, 0.9), ((20, 0, 30, 10), 2, 0.8), ((0, 50, 9, 59), 2, 0.7), ((62, 2, 70, 10), 1, 0.9),
             ((40, 0, 50, 10), 2, 0.2)]  # fmt: skip
    found = Detections(
        key="x", items=tuple(Detection(box=box, label=label, score=sure, size=(99, 99)) for box, label, sure in items)
    )
    counts = confusion([example], [found], ("a", "b"), 0.5)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 0]]
    nothing = Example(example.image, np.zeros((0, 4), np.float32), np.zeros(0, int), None, np.zeros(0, bool), "x")
    assert confusion([nothing], [found], ("a", "b"), 0.5).tolist() == [[0, 0, 0], [0, 0, 0], [2, 2, 0]]
