"""Scores against hand computations."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from generator.base.errors import TrainError
from generator.dataset import rle
from generator.dataset.examples import Example
from generator.train.score import Counts, Detection, Detections, Evaluation, best_threshold, judge, score

Box = tuple[int, int, int, int]
SIDE = 32


def masks_of(boxes: Sequence[Box]) -> np.ndarray:
    masks = np.zeros((len(boxes), SIDE, SIDE), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True):
        mask[y0:y1, x0:x1] = True
    return masks


class Real:
    """Pictures of boxes; `ignored` of each are ignored regions."""

    name, classes = "real", ("a", "b")

    def __init__(
        self, pictures: list[list[tuple[Box, int]]], ignored: set[Box] = frozenset(), masks: bool = True
    ) -> None:
        self.pictures, self.ignored, self.masks = pictures, ignored, masks

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Example:
        boxes = [box for box, _ in self.pictures[index]]
        labels = np.array([label for _, label in self.pictures[index]], np.int64)
        ignore = np.array([box in self.ignored for box in boxes], bool)
        image = np.zeros((SIDE, SIDE, 3), np.uint8)
        masks = masks_of(boxes) if self.masks else None
        return Example(image, np.array(boxes, np.float32).reshape(-1, 4), labels, masks, ignore, str(index))


def found(*items: tuple[Box, int, float], key: str = "0", masks: bool = True) -> Detections:
    counts = [rle.encode(mask)["counts"] if masks else "" for mask in masks_of([box for box, _, _ in items])]
    return Detections(
        key=key,
        items=tuple(
            Detection(box=box, label=label, score=sure, size=(SIDE, SIDE), counts=run)
            for (box, label, sure), run in zip(items, counts, strict=True)
        ),
    )


ONE, TWO, FAR = (0, 0, 10, 10), (12, 12, 24, 28), (20, 0, 30, 8)


def test_perfect_detections_have_average_precision_one() -> None:
    real = Real([[(ONE, 1), (TWO, 2)], [(FAR, 2)]])
    result = score(real, [found((ONE, 1, 0.9), (TWO, 2, 0.8)), found((FAR, 2, 0.7), key="1")], 0.5)
    assert result.box == result.mask
    assert (result.box.ap, result.box.ap50, result.box.ap75) == pytest.approx((1, 1, 1))
    assert result.box.classes == pytest.approx({"a": 1, "b": 1})
    assert (result.images, result.objects) == (2, 3)
    assert result.box_counts == result.mask_counts == Counts(true_positives=3, false_positives=0, missed=0)


def test_a_shift_costs_what_its_overlap_says() -> None:
    """Ten pixels shifted by two overlap by 80 / 120: right at 0.50, 0.55, 0.60, 0.65, wrong at the six above."""
    result = score(Real([[(ONE, 1)]]), [found(((2, 0, 12, 10), 1, 0.9))], 0.5)
    assert (result.box.ap, result.box.ap50, result.box.ap75) == pytest.approx((0.4, 1, 0))
    assert result.box.classes == {"a": pytest.approx(0.4), "b": None}


def test_a_surer_false_alarm_halves_precision() -> None:
    """Of two objects one is found, after a false alarm: precision 1/2 at the 51 of 101 recalls up to 0.5."""
    result = score(Real([[(ONE, 1), (TWO, 1)]]), [found((FAR, 1, 0.9), (ONE, 1, 0.8))], 0.5)
    assert result.box.ap == pytest.approx(51 * 0.5 / 101)
    assert result.box_counts == Counts(true_positives=1, false_positives=1, missed=1)
    assert (result.box_counts.precision, result.box_counts.recall, result.box_counts.f1) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("threshold", "counts"), [(0.85, (0, 1, 2)), (0.5, (1, 1, 1)), (0.1, (1, 2, 1))])
def test_counts_at_a_threshold(threshold: float, counts: tuple[int, int, int]) -> None:
    real = Real([[(ONE, 1), (TWO, 1)]])
    result = score(real, [found((FAR, 1, 0.9), (ONE, 1, 0.8), (ONE, 1, 0.3))], threshold).box_counts
    assert (result.true_positives, result.false_positives, result.missed) == counts


def test_another_class_is_no_hit() -> None:
    assert judge(Real([[(ONE, 1)]])[0], found((ONE, 2, 0.9)).items, "bbox") == [False]


def test_ignored_regions_count_neither_way() -> None:
    """Half of the detection lies in the region: enough to be excused; the region itself need not be found."""
    real = Real([[(TWO, 1), (ONE, 1)]], ignored={TWO})
    items = found(((12, 20, 24, 32), 1, 0.9), (ONE, 1, 0.8), (FAR, 1, 0.7)).items
    for kind in ("bbox", "segm"):
        assert judge(real[0], items, kind) == [None, True, False]
    result = score(real, [found((ONE, 1, 0.9), (TWO, 1, 0.8))], 0.5)
    assert result.objects == 1
    assert result.box.ap == pytest.approx(1)
    assert result.box_counts == Counts(true_positives=1, false_positives=0, missed=0)


def test_nothing_found_and_nothing_to_find() -> None:
    assert score(Real([[(ONE, 1)]]), [found()], 0.5).box.ap == 0
    nothing = score(Real([[]]), [found()], 0.5)
    assert nothing.box.ap is None
    assert nothing.box_counts.f1 == 0


def test_sources_of_boxes_alone_have_no_mask_score() -> None:
    result = score(Real([[(ONE, 1)]], masks=False), [found((ONE, 1, 0.9))], 0.5)
    assert result.mask is None
    assert result.mask_counts is None


def test_nothing_found_by_a_detector_of_boxes_is_no_mask_score() -> None:
    boxes = score(Real([[(ONE, 1)]]), [found()], 0.5, masks=False)
    assert boxes.box.ap == 0 and boxes.mask is None and boxes.mask_counts is None
    masks = score(Real([[(ONE, 1)]]), [found()], 0.5)
    assert masks.mask is not None and masks.mask.ap == 0


def test_an_evaluation_survives_json_with_its_masks() -> None:
    result = score(Real([[(ONE, 1), (TWO, 2)]]), [found((ONE, 1, 0.9), (TWO, 2, 0.8))], 0.25)
    again = Evaluation.model_validate_json(result.model_dump_json())
    assert again == result
    np.testing.assert_array_equal(again.detections[0].items[1].mask(), masks_of([TWO])[0])


def test_detections_of_other_pictures_are_refused() -> None:
    with pytest.raises(TrainError, match="not of these pictures"):
        score(Real([[(ONE, 1)]]), [found((ONE, 1, 0.9), key="7")], 0.5)


@pytest.mark.parametrize(
    ("items", "threshold"),
    [
        ([(ONE, 1, 0.9), (TWO, 1, 0.8), (FAR, 1, 0.3)], 0.55),  # best: both hits, between 0.8 and 0.3
        ([(ONE, 1, 0.9), (FAR, 1, 0.5), (TWO, 1, 0.4)], 0.2),  # 2*2/5 beats 2*1/3: below the last, above 0
        ([(FAR, 1, 0.9), (FAR, 1, 0.8), (ONE, 1, 0.3)], 0.15),
        ([], 0.5),
    ],
)
def test_the_threshold_is_in_the_middle_of_the_best_gap(items: list[tuple[Box, int, float]], threshold: float) -> None:
    assert best_threshold(Real([[(ONE, 1), (TWO, 1)]]), [found(*items)]) == pytest.approx(threshold)


def test_the_threshold_beats_every_other_one() -> None:
    """Against trying all: random detections of random objects."""
    rng = np.random.default_rng(0)
    pictures, all_found = [], []
    for key in range(6):
        corners = rng.integers(0, 20, (6, 2))
        boxes = [((x, y, x + 10, y + 10), 1) for x, y in corners.tolist()]
        pictures.append(boxes[:4])
        moved = [(tuple(np.add(box, rng.integers(-2, 3)).clip(0).tolist()), 1, float(rng.random())) for box, _ in boxes]
        all_found.append(found(*moved, key=str(key)))
    real = Real(pictures)
    chosen = score(real, all_found, best_threshold(real, all_found)).box_counts.f1
    every = [item.score for one in all_found for item in one.items]
    assert chosen == pytest.approx(max(score(real, all_found, threshold).box_counts.f1 for threshold in every))


def test_masks_are_judged_by_pixels_not_by_boxes() -> None:
    """An L and the square around it: boxes agree wholly, pixels by 75 of 100; a thin diagonal does not reach half."""
    real = Real([[(ONE, 1)]])
    example = replace(real[0], masks=masks_of([ONE]) & ~masks_of([(4, 4, 10, 10)]))
    item = found((ONE, 1, 0.9)).items
    assert judge(example, item, "bbox") == judge(example, item, "segm") == [True]
    thin = replace(example, masks=masks_of([ONE]) & np.eye(SIDE, dtype=bool)[None])
    assert judge(thin, item, "segm") == [False]
