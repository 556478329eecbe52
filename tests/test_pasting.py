"""Painted objects on photographs: pixels, labels and how often, against what was pasted by hand."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset.examples import Example
from generator.spec.training import Train
from generator.train.pasting import SCALES, Paste, Pasted, covered

RED, GREEN, GRAY = (200, 20, 30), (20, 180, 40), (90, 90, 90)


class Frames:
    """Grey frames of 80 x 60: a red disc of class a, and in the odd ones a green square of class b at the border."""

    name, classes, masks = "frames", ("a", "b"), True

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Example:
        rows, columns = np.mgrid[:60, :80]
        masks = [np.hypot(rows - 30, columns - 40) < 10 + index]
        if index % 2:
            masks.append((rows < 20) & (columns < 20))
        image = np.full((60, 80, 3), GRAY, np.uint8)
        for mask, color in zip(masks, (RED, GREEN), strict=False):
            image[mask] = color
        boxes = [[m.any(0).argmax(), m.any(1).argmax(), 80 - m.any(0)[::-1].argmax(), 60 - m.any(1)[::-1].argmax()]
                 for m in masks]  # fmt: skip
        labels, ignore = np.arange(1, len(masks) + 1), np.zeros(len(masks), bool)
        return Example(image, np.array(boxes, np.float32), labels, np.array(masks), ignore, f"f{index}")


def photo(masks: bool = False, size: tuple[int, int] = (120, 160)) -> Example:
    """Blue, with one object of class b in the middle."""
    height, width = size
    image = np.full((height, width, 3), (20, 30, 220), np.uint8)
    box = np.array([[width / 4, height / 4, 3 * width / 4, 3 * height / 4]], np.float32)
    mask = np.zeros((1, height, width), bool)
    mask[0, height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = True
    return Example(image, box, np.array([2]), mask if masks else None, np.zeros(1, bool), "photo")


@pytest.mark.parametrize("masks", [False, True])
def test_pixels_and_labels_are_of_what_was_pasted(masks: bool) -> None:
    paste, before = Paste.of(Frames(), {"a": 1.0}, 0.3), photo(masks)
    radii = []
    for step in range(60):
        after = paste(before, Draw(0, step))
        changed = (after.image != before.image).any(-1)
        x0, y0, x1, y1 = after.boxes[-1].astype(int)
        assert not changed[:y0].any() and not changed[y1:].any()
        assert not changed[:, :x0].any() and not changed[:, x1:].any()
        assert (after.image[(y0 + y1) // 2, (x0 + x1) // 2] == RED).all()
        assert after.labels.tolist() == [2, 1] and not after.ignore[-1]
        assert (after.image[changed].min(0) >= (20, 20, 30)).all(), "between the photograph's blue and the disc's red"
        assert after.image[changed][:, 1].max() <= 30, "nothing grey of the frame came along"
        radii.append((x1 - x0) / 2)
    # discs 19 to 25 pixels wide in frames half as high as the photograph, by half a pixel at either end
    assert 19 * SCALES[0] - 1 <= min(radii) and max(radii) <= 25 * SCALES[1] + 1 and max(radii) > 1.3 * min(radii)
    assert before.image[..., 0].max() == 20, "the photograph itself is as it was"


def test_masks_lose_what_is_covered() -> None:
    paste, before = Paste.of(Frames(), {"a": 1.0}, 0.3), photo(masks=True)
    for step in range(20):
        after = paste(before, Draw(0, step))
        assert after.masks is not None and before.masks is not None
        own, new = after.masks
        assert not (own & new).any() and ((own | new) >= before.masks[0]).all() and not (own & ~before.masks[0]).any()
        rows, columns = np.nonzero(own)
        limits = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert after.boxes[0].tolist() == limits


@pytest.mark.parametrize(("rows", "masks", "ignored"), [
    (41, False, False), (43, False, True), (41, True, False), (43, True, True),
])  # fmt: skip
def test_what_is_hardly_seen_any_more_is_ignored(rows: int, masks: bool, ignored: bool) -> None:
    """Of 60 rows 18 are three tenths."""
    over = np.zeros((120, 160), bool)
    over[30 : 30 + rows, 30:130] = True
    after = covered(photo(masks), [Pasted(1, over)], 0.3)
    assert after.ignore.tolist() == [ignored, False] and len(after.boxes) == 2


def test_later_ones_lie_above_earlier_ones() -> None:
    low, high = np.zeros((2, 120, 160), bool)
    low[:20, :20] = True
    high[:, 10:40] = True
    after = covered(photo(), [Pasted(1, low), Pasted(2, high)], 0.3)
    assert after.boxes[1:].tolist() == [[0, 0, 10, 20], [10, 0, 40, 120]] and not after.ignore.any()
    gone = covered(photo(), [Pasted(1, low), Pasted(2, low)], 0.3)
    assert gone.labels.tolist() == [2, 2], "nothing is left of the one below"


def test_as_often_as_is_asked_for_and_from_all_frames() -> None:
    paste = Paste.of(Frames(), {"a": 0.3}, 0.3)
    drawn = [paste(photo(), Draw(7, step)) for step in range(600)]
    assert stats.binomtest(sum(len(one.labels) > 1 for one in drawn), 600, 0.3).pvalue > 0.001
    again = paste(photo(), Draw(7, 3))
    assert (again.image == drawn[3].image).all() and (again.boxes == drawn[3].boxes).all()
    read: Counter[int] = Counter()

    class Watched(Frames):
        def __getitem__(self, index: int) -> Example:
            read[index] += 1
            return super().__getitem__(index)

    always = replace(paste, donor=Watched(), shares={"a": 1.0})
    for step in range(400):
        always(photo(), Draw(1, step))
    assert stats.chisquare([read[k] for k in range(4)]).pvalue > 0.001


def test_objects_at_the_border_in_pieces_and_ignored_ones_stay_where_they_are() -> None:
    class Ignored(Frames):
        def __getitem__(self, index: int) -> Example:
            one = super().__getitem__(index)
            return replace(one, ignore=np.ones(len(one.labels), bool))

    class Parted(Frames):
        """By a pole in front."""

        def __getitem__(self, index: int) -> Example:
            one = super().__getitem__(index)
            one.masks[:, :, 40:43] = False  # type: ignore[index]
            return one

    discs = Paste.of(Frames(), {"a": 1.0}, 0.3)
    for paste in (Paste.of(Frames(), {"b": 1.0}, 0.3), replace(discs, donor=Ignored()), replace(discs, donor=Parted())):
        for step in range(10):
            assert paste(photo(), Draw(0, step)).labels.tolist() == [2]


def test_what_cannot_be_pasted_is_told() -> None:
    with pytest.raises(TrainError, match=r"no painted frame shows 'B' \(known: a, b\)"):
        Paste.of(Frames(), {"B": 0.5}, 0.3)
    bare: Any = Frames()
    bare.masks = False
    with pytest.raises(TrainError, match="has no masks to cut objects out by"):
        Paste.of(bare, {"a": 0.5}, 0.3)


@pytest.mark.parametrize(("asked", "said"), [
    ({"arms": ("synthetic", "real")}, "no arm sees photographs beside painted frames"),
    ({"model": "depth", "arms": ("mixed",)}, "not what depth learns"),
    ({"model": "keypoint_rcnn", "arms": ("mixed",)}, "not what keypoint_rcnn learns"),
])  # fmt: skip
def test_where_there_is_nothing_to_paste_on_it_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Train(paste={"a": 0.5}, **asked)


@pytest.mark.torch
def test_photographs_get_them_beside_painted_frames_alone() -> None:
    from generator.mix.recipes import phases
    from generator.train.augment import Augment
    from generator.train.program import Program

    class Photographs(Frames):
        name, masks = "real", False

        def __getitem__(self, index: int) -> Example:
            return replace(photo(), key=f"r{index}")

    spec = Train(model="faster_rcnn", arms=("real", "mixed", "replay"), steps=4, batch=8, size=64, paste={"a": 1.0})
    sources: Any = {"synthetic": Frames(), "real": Photographs()}
    for arm in ("mixed", "replay", "real"):
        used = sources if arm != "real" else {"real": sources["real"]}
        program, plain = (
            Program.of(used, phases(arm, one), one, 0, Augment())
            for one in (spec, spec.model_copy(update={"paste": {}}))
        )
        assert "paste" not in plain.settings["train"] and program.settings["train"]["paste"] == {"a": 1.0}
        batches = [(program.batch(step), plain.batch(step)) for step in range(4)]
        found = [(key, one) for batch, _ in batches for key, one in zip(batch.keys, batch.targets, strict=True)]
        usual = [one for _, batch in batches for one in batch.targets]
        for (key, one), other in zip(found, usual, strict=True):
            more = key.startswith("real/") and arm != "real"
            assert (len(one["labels"]) + len(one["ignore"]) > len(other["labels"]) + len(other["ignore"])) <= more
        labels = [int(label) for key, one in found if key.startswith("real/") for label in one["labels"]]
        assert (1 in labels) == (arm != "real")
