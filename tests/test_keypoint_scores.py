"""Scores of keypoints against their definitions, computed here, and pycocotools on files of its own format."""

import contextlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from generator.dataset.atomic import write_json
from generator.dataset.examples import Example
from generator.train.result import Judged
from generator.train.score import Detection, Detections, Evaluation, score

SIDE, NAMES = 200, ("a", "b", "c", "d")
THRESHOLDS = np.linspace(0.5, 0.95, 10)


class Points:
    """Pictures of up to three objects of two classes, each keypoint labelled with a chance of 3 in 4."""

    name, classes, keypoints = "points", ("x", "y"), NAMES

    def __init__(self, count: int, objects: int = 3, masks: bool = False) -> None:
        self.count, self.objects, self.masks = count, objects, masks

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        rng = np.random.default_rng(index)
        corner, size = rng.uniform(0, 120, (self.objects, 2)), rng.uniform(20, 70, (self.objects, 2))
        boxes = np.round(np.concatenate([corner, corner + size], 1)).astype(np.float32)
        places = boxes[:, None, :2] + rng.uniform(0, 1, (self.objects, 4, 2)) * size[:, None]
        seen = rng.choice([0, 1, 2, 2], (self.objects, 4))
        points = np.concatenate([places, seen[..., None]], 2).astype(np.float32) * (seen > 0)[..., None]
        masks = np.zeros((self.objects, SIDE, SIDE), bool)
        for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(int), strict=True):
            mask[y0:y1, x0 : x1 - 5] = True
        image, ignore = np.zeros((SIDE, SIDE, 3), np.uint8), np.zeros(self.objects, bool)
        labels = rng.integers(1, 3, self.objects)
        return Example(image, boxes, labels, masks if self.masks else None, ignore, str(index), keypoints=points)


def guesses(source: Points, off: float, missed: float = 0.0) -> list[Detections]:
    """Objects with their keypoints moved by `off` pixels or so, a part of them missed, and false ones."""
    found = []
    for index in range(len(source)):
        rng, example = np.random.default_rng([index, 1]), source[index]
        items = []
        for box, label, points in zip(example.boxes, example.labels, example.keypoints, strict=True):
            if rng.random() < missed:
                continue
            moved = points[:, :2] + rng.normal(0, off, (4, 2))
            told = tuple((float(x), float(y), 1.0) for x, y in moved)
            sure = float(rng.uniform(0.2, 1))
            items.append(
                Detection(box=tuple(box.tolist()), label=int(label), score=sure, size=(SIDE, SIDE), keypoints=told)
            )
        false = {"box": (0.0, 0.0, 30.0, 30.0), "label": 1, "score": float(rng.uniform(0.2, 1)), "size": (SIDE, SIDE)}
        items.append(Detection(**false, keypoints=tuple((5.0 * k, 9.0, 1.0) for k in range(4))))
        found.append(Detections(key=example.key, items=tuple(sorted(items, key=lambda item: -item.score))))
    return found


@pytest.mark.parametrize("masks", [False, True])
def test_one_detection_of_one_object_has_the_precision_that_its_similarity_says(masks: bool) -> None:
    expected = [similarity_and_precision(index, masks) for index in range(8)]
    assert len({precision for _, precision in expected}) > 3
    for similarity, precision in expected:
        assert precision == pytest.approx((similarity >= THRESHOLDS).mean())


def similarity_and_precision(index: int, masks: bool) -> tuple[float, float]:
    """exp(-d² / (2 area (2 * 0.05)²)) in the mean of the labelled keypoints, and what is said of that detection."""
    source = Points(index + 1, objects=1, masks=masks)
    example, one = source[index], guesses(source, 2.5)[index]
    hit = [item for item in one.items if item.box[0:2] == tuple(example.boxes[0, :2].tolist())]
    truth, sides = example.keypoints[0], example.boxes[0, 2:] - example.boxes[0, :2]
    area = example.masks[0].sum() if masks else sides.prod()
    apart = np.square(np.array(hit[0].keypoints)[:, :2] - truth[:, :2]).sum(1)[truth[:, 2] > 0]
    similarity = np.exp(-apart / (2 * area * (2 * 0.05) ** 2)).mean()

    class Only(Points):
        def __getitem__(self, _: int) -> Example:
            return super().__getitem__(index)

    only = replace_items(one, tuple(hit))
    return float(similarity), score(Only(1, 1, masks), [only], 0.1, NAMES).keypoint.ap


def replace_items(one: Detections, items: tuple[Detection, ...]) -> Detections:
    return one.model_copy(update={"items": items})


def test_many_objects_have_the_precision_that_pycocotools_reads_from_files(tmp_path: Path) -> None:
    """Through its own loaders, which take areas and boxes of detections from their keypoints."""
    source = Points(12)
    found = guesses(source, 2.0, missed=0.2)
    images, truth, results = [], [], []
    for k, (index, one) in enumerate(zip(range(12), found, strict=True)):
        example = source[index]
        images.append({"id": k, "height": SIDE, "width": SIDE})
        for box, label, points in zip(example.boxes.tolist(), example.labels, example.keypoints, strict=True):
            w, h = box[2] - box[0], box[3] - box[1]
            truth.append(
                {"id": len(truth) + 1, "image_id": k, "category_id": int(label), "bbox": [*box[:2], w, h],
                 "area": w * h, "iscrowd": 0, "keypoints": points.ravel().tolist(),
                 "num_keypoints": int((points[:, 2] > 0).sum())}
            )  # fmt: skip
        for item in one.items:
            flat = np.array(item.keypoints).ravel().tolist()
            results.append({"image_id": k, "category_id": item.label, "keypoints": flat, "score": item.score})
    categories = [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]
    write_json(tmp_path / "truth.json", {"info": {}, "images": images, "annotations": truth, "categories": categories})
    write_json(tmp_path / "found.json", results)
    with contextlib.redirect_stdout(io.StringIO()):
        index = COCO(str(tmp_path / "truth.json"))
        run = COCOeval(index, index.loadRes(str(tmp_path / "found.json")), "keypoints")
        run.params.kpt_oks_sigmas = np.full(4, 0.05)
        run.evaluate()
        run.accumulate()
        run.summarize()
    result = score(source, found, 0.5, NAMES).keypoint
    assert 0.2 < result.ap < 0.9
    assert (result.ap, result.ap50, result.ap75) == pytest.approx(tuple(run.stats[:3]))


@pytest.mark.parametrize("threshold", [0.1, 0.6])
def test_the_share_placed_rightly_is_counted_by_hand(threshold: float) -> None:
    source = Points(10, objects=1)
    found = guesses(source, 5.0, missed=0.3)
    right, labelled = np.zeros(4), np.zeros(4)
    for index, one in enumerate(found):
        example = source[index]
        truth, box = example.keypoints[0], example.boxes[0]
        labelled += truth[:, 2] > 0
        for item in one.items:
            if item.box == tuple(box.tolist()) and item.score >= threshold:
                apart = np.hypot(*(np.array(item.keypoints)[:, :2] - truth[:, :2]).T)
                right += (apart <= 0.1 * max(box[2] - box[0], box[3] - box[1])) & (truth[:, 2] > 0)
    placed = score(source, found, threshold, NAMES).placed
    assert 0 < right.sum() < labelled.sum()
    assert placed.pck == pytest.approx(right.sum() / labelled.sum())
    assert list(placed.names.values()) == pytest.approx((right / labelled).tolist())


def test_ignored_objects_count_neither_way() -> None:
    class Ignored(Points):
        def __getitem__(self, index: int) -> Example:
            return replace(super().__getitem__(index), ignore=np.array([False, True, True]))

    class First(Points):
        def __getitem__(self, index: int) -> Example:
            return super().__getitem__(index).only(np.array([True, False, False]))

    found = guesses(Points(6), 0.0)
    alone = [replace_items(one, tuple(i for i in one.items if i.box[0:2] == first(k))) for k, one in enumerate(found)]
    some = score(Ignored(6), found, 0.1, NAMES)
    assert some.placed == score(First(6), alone, 0.1, NAMES).placed
    assert some.placed.pck == 1


def first(index: int) -> tuple[float, ...]:
    return tuple(Points(6)[index].boxes[0, :2].tolist())


def test_files_of_other_detectors_say_nothing_of_keypoints_and_old_ones_are_read() -> None:
    source = Points(2)
    found = [replace_items(one, tuple(item.model_copy(update={"keypoints": ()}) for item in one.items))
             for one in guesses(source, 1.0)]  # fmt: skip
    told = score(source, found, 0.5)
    assert not {"keypoint", "placed"} & told.model_dump(mode="json").keys()
    assert "keypoints" not in told.model_dump_json()
    assert Evaluation.model_validate_json(told.model_dump_json()) == told


def test_results_hold_keypoints_and_their_matches() -> None:
    source = Points(5)
    told = score(source, guesses(source, 3.0), 0.5, NAMES)
    again = Evaluation.model_validate_json(told.model_dump_json())
    assert again == told and again.keypoint is not None
    judged = Judged.of(source, again, [str(k) for k in range(5)], {})
    assert set(judged.matches) == {"bbox", "keypoints"}
    assert judged.matches["keypoints"].matches().ap() == pytest.approx(told.keypoint.ap)
    assert Judged.model_validate_json(judged.model_dump_json()) == judged
