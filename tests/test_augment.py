"""Augmentation: pictures and labels must move together, and be a pure function of their name."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from generator.base.draw import Draw
from generator.dataset.examples import Example
from generator.train.augment import Augment, boxes_of, crop, mirror, scaled, upside_down

PLAIN = Augment(
    zoom=(1.0, 1.0), mirror=0, contrast=0, brightness=0, gamma=1, tint=0, saturation=0, gray=0, blur=0, noise=0
)


def rectangles(height: int = 48, width: int = 64, count: int = 5, seed: int = 0, masks: bool = True) -> Example:
    """Rectangles, each painted in its own red (40, 80, ...) on black where it is not covered by a later one."""
    rng = np.random.default_rng(seed)
    image, ids = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), int)
    for k in range(count):
        x0, y0 = rng.integers(0, width - 16), rng.integers(0, height - 16)
        w, h = rng.integers(9, 16, 2)
        image[y0 : y0 + h, x0 : x0 + w, 0], ids[y0 : y0 + h, x0 : x0 + w] = 40 * (k + 1), k + 1
    found = np.stack([ids == k + 1 for k in range(count)])
    labels = np.arange(1, count + 1)
    return Example(image, boxes_of(found), labels, found if masks else None, np.zeros(count, bool), "rectangles")


@pytest.mark.parametrize("change", [mirror, upside_down])
def test_a_mirror_twice_is_nothing_and_once_takes_labels_along(change) -> None:
    before = rectangles()
    once, twice = change(before), change(change(before))
    np.testing.assert_array_equal(twice.image, before.image)
    np.testing.assert_array_equal(twice.boxes, before.boxes)
    np.testing.assert_array_equal(once.boxes, boxes_of(once.masks))
    assert not np.array_equal(once.boxes, before.boxes)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_masks_stay_on_what_they_mark(seed: int) -> None:
    """Without changes of light, the pixels inside a mask keep that instance's own red; its edge is blended."""
    before = rectangles(seed=seed % 7)
    picture, after = replace(PLAIN, zoom=(0.7, 1.6), mirror=0.5, upside_down=0.5)(before, 48, Draw(seed))
    np.testing.assert_array_equal(after.boxes, boxes_of(after.masks))
    assert picture.shape[:2] == after.masks.shape[1:]
    for label, mask in zip(after.labels, after.masks, strict=True):
        inside = ndimage.binary_erosion(mask, np.ones((5, 5)))
        np.testing.assert_allclose(picture[inside][:, 0] * 255, 40 * label, atol=1.5)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_boxes_alone_move_as_boxes_of_masks_do(seed: int) -> None:
    change = replace(PLAIN, zoom=(0.7, 1.6), mirror=0.5, upside_down=0.5, keep=0.0)
    with_masks = np.stack([np.eye(1, 48 * 64, 64 * y + x, dtype=bool).reshape(48, 64) for y, x in [(5, 5), (40, 60)]])
    with_masks[0, 5:25, 5:30] = with_masks[1, 30:41, 40:61] = True
    rich = Example(
        np.zeros((48, 64, 3), np.uint8), boxes_of(with_masks), np.array([1, 2]), with_masks, np.zeros(2, bool), ""
    )
    _, a = change(rich, 40, Draw(seed))
    _, b = change(replace(rich, masks=None), 40, Draw(seed))
    common = sorted(set(a.labels) & set(b.labels))
    for label in common:
        np.testing.assert_allclose(a.boxes[a.labels == label], b.boxes[b.labels == label], atol=1.01)
    assert set(a.labels) <= set(b.labels)


def test_the_same_name_gives_the_same_picture_and_another_another() -> None:
    (first, _), (again, _), (other, _) = (Augment()(rectangles(), 48, Draw(0, step)) for step in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@given(st.integers(0, 10_000), st.sampled_from([32, 48, 100]))
@settings(deadline=None, max_examples=40)
def test_pictures_are_in_range_and_never_larger_than_asked(seed: int, size: int) -> None:
    picture, _ = Augment()(rectangles(), size, Draw(seed))
    assert picture.dtype == np.float32
    assert 0 <= picture.min() <= picture.max() <= 1
    assert min(picture.shape[:2]) <= size
    assert max(picture.shape[:2]) <= round(size * 64 / 48)


@pytest.mark.parametrize("masks", [True, False])
def test_crops_ignore_what_they_mostly_cut_off_and_drop_what_is_outside(masks: bool) -> None:
    found = np.zeros((3, 20, 20), bool)
    found[0, 2:6, 2:6] = found[1, 2:12, 8:12] = found[2, 15:19, 15:19] = True
    before = Example(
        np.zeros((20, 20, 3), np.uint8), boxes_of(found), np.array([1, 2, 3]), found, np.zeros(3, bool), ""
    )
    after = crop(before if masks else replace(before, masks=None), (0, 0, 20, 4), keep=0.3)  # half of 1, a fifth of 2
    assert after.labels.tolist() == [1, 2]
    assert after.ignore.tolist() == [False, True]
    assert after.boxes.tolist() == [[2, 2, 6, 4], [8, 2, 12, 4]]


def test_shrinking_by_two_averages_pixels_and_keeps_halved_boxes() -> None:
    mask = np.zeros((1, 8, 8), bool)
    mask[0, 2:6, 4:8] = True
    image = np.repeat(mask[0, :, :, None], 3, 2).astype(np.uint8) * 200
    one = Example(image, boxes_of(mask), np.ones(1, np.int64), mask, np.zeros(1, bool), "")
    picture, small = scaled(one, 4, 4)
    assert small.boxes.tolist() == [[2, 1, 4, 3]]
    assert picture.mean() == pytest.approx(image.mean() / 255, abs=0.01)


@pytest.mark.parametrize("level", [8, 60])
def test_what_is_dark_stays_to_be_seen(level: int) -> None:
    """A square three times as bright as its dark ground, under many lights, never drowns in it."""
    example = rectangles()
    example.image[:] = level
    example.image[10:30, 10:30] = 3 * level
    change = Augment(zoom=(1.0, 1.0), mirror=0, blur=0, noise=0)
    for seed in range(100):
        picture, _ = change(example, 48, Draw(seed))
        assert picture[15:25, 15:25].mean() > 1.5 * picture[35:, 35:].mean() > 0


def test_pictures_without_objects_pass() -> None:
    empty = rectangles(count=1)
    none = replace(
        empty, boxes=empty.boxes[:0], labels=empty.labels[:0], masks=empty.masks[:0], ignore=empty.ignore[:0]
    )
    _, labels = Augment()(none, 48, Draw(0))
    assert labels.boxes.shape == (0, 4)
    assert labels.masks.shape[0] == 0


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_crops_hold_the_rarest_object_whole(seed: int) -> None:
    """Of five classes the fourth is the rarest that counts: the second is ignored. All of the fourth's pixels are in
    the crop, enlarged as the crop is."""
    before = rectangles(seed=seed % 7)
    before = replace(before, ignore=before.labels == 2)
    change = replace(PLAIN, zoom=(0.8, 2.2), keep=0.0, rarest=1.0, common=(0.5, 0.01, 0.4, 0.05, 0.9))
    picture, after = change(before, 48, Draw(seed))
    zoom = float(np.exp((Draw(seed) / "zoom").rng().uniform(0, np.log(2.2))))
    assert picture.shape[0] == 48  # never smaller than the network's own size
    box, own = after.boxes[after.labels == 4][0], before.boxes[3]
    np.testing.assert_allclose(box[2:] - box[:2], zoom * (own[2:] - own[:2]), atol=2.5)


def test_crops_around_the_rarest_show_it_whole_and_free_ones_do_not() -> None:
    before = rectangles(seed=3)
    change = replace(PLAIN, zoom=(1.5, 2.2), keep=0.97, common=(0.5, 0.3, 0.4, 0.05, 0.9))

    def whole(rarest: float) -> int:
        """In how many of 60 crops of the picture the fourth counts: at least 97 % of it are there."""
        crops = [replace(change, rarest=rarest)(before, 48, Draw(seed))[1] for seed in range(60)]
        return sum(4 in one.labels[~one.ignore] for one in crops)

    assert whole(1.0) == 60
    assert whole(0.0) < 50
