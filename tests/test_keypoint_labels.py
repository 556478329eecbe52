"""Keypoints from where they are labelled to what a trainer is given: names, places, mirrors."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dominoes import NAMES, Dominoes
from exporting import CLASSES, built
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from generator.base.draw import Draw
from generator.base.errors import InputError, TrainError
from generator.dataset.examples import Example
from generator.dataset.export import export
from generator.dataset.imports import photo_source
from generator.dataset.keypoint_sources import KeypointFrames
from generator.dataset.keypoints import agreed, aligned, keypoints_of, opposites
from generator.dataset.subset import Part
from generator.mix.harmonized import Harmonized
from generator.mix.pruning import Pruned
from generator.spec.harmonizing import Rules
from generator.train.augment import Augment, mirror, upside_down

GEOMETRY = Augment(
    zoom=(0.75, 1.8), mirror=0.5, upside_down=0.5, contrast=0, brightness=0, gamma=1, tint=0, saturation=0, gray=0,
    blur=0, noise=0, keep=0.0,
)  # fmt: skip


def dotted(seed: int, masks: bool) -> Example:
    """Three bright discs, one per colour, on a dark rectangle; keypoint k is disc k's centre."""
    rng = np.random.default_rng(seed)
    points = rng.uniform((8, 8), (92, 62), (3, 2))
    v, u = np.mgrid[:70, :100] + 0.5
    image = np.zeros((70, 100, 3), np.uint8)
    for k, (x, y) in enumerate(points):
        image[..., k] = 255 * (np.hypot(u - x, v - y) < 5)
    whole = np.ones((1, 70, 100), bool)
    labelled = np.column_stack([points, [2, 1, 2]])[None].astype(np.float32)
    box = np.array([[0, 0, 100, 70]], np.float32)
    shown = whole if masks else None
    return Example(image, box, np.ones(1, int), shown, np.zeros(1, bool), "", keypoints=labelled)


@given(st.integers(0, 10_000), st.booleans())
@settings(deadline=None, max_examples=60)
def test_keypoints_stay_on_the_dots_that_they_mark(seed: int, masks: bool) -> None:
    """Found again in the picture alone: the middle of each colour's pixels. A dot that the border cuts has another."""
    picture, after = GEOMETRY(dotted(seed, masks), 90, Draw(seed))
    height, width = picture.shape[:2]
    for k, (x, y, seen) in enumerate(after.keypoints[0]):
        light = picture[..., k]
        whole = not any(edge.any() for edge in (light[0], light[-1], light[:, 0], light[:, -1]))
        if whole and light.any():
            v, u = ndimage.center_of_mass(light)
            np.testing.assert_allclose((x, y), (u + 0.5, v + 0.5), atol=0.6)
            assert seen == (1 if k == 1 else 2)
        elif not light.any():
            assert (x, y, seen) == (0, 0, 0)
        assert 0 <= x <= width and 0 <= y <= height


@pytest.mark.parametrize("turn", [mirror, upside_down])
def test_sides_change_places_in_a_mirror(turn) -> None:
    before = Dominoes()[0]
    after = turn(before, opposites(NAMES))
    own = turn(before).keypoints
    np.testing.assert_array_equal(after.keypoints[:, [0, 2, 1]], own)
    np.testing.assert_array_equal(turn(after, opposites(NAMES)).keypoints, before.keypoints)
    assert not np.array_equal(after.keypoints, own)


def test_light_leaves_keypoints_alone() -> None:
    example = Dominoes()[0]
    still = Augment(zoom=(1.0, 1.0), mirror=0.0)
    _, after = still(example, 64, Draw(0))
    np.testing.assert_array_equal(after.keypoints, example.keypoints)


def test_opposites_are_of_whole_words_and_both_must_be_there() -> None:
    names = ("bottom_front_left", "bottom_front_right", "leftover", "left_eye", "nose")
    assert opposites(names) == (1, 0, 2, 3, 4)
    assert opposites(()) == ()


def test_painted_frames_and_their_coco_export_carry_the_same_keypoints(tmp_path: Path) -> None:
    """Names, places to a float's digits, and visibility; what lies outside of the picture is not labelled."""
    dataset = built(tmp_path / "data")
    export(dataset, tmp_path / "coco", "coco")
    for split in ("train", "val"):
        painted = KeypointFrames(dataset, split)
        photos = photo_source(tmp_path / "coco" / f"{split}.json", classes=CLASSES)
        assert agreed({"painted": painted, "photos": photos}) == photos.keypoints == ("away", "pole", "rim")
        for k in range(len(painted)):
            a, b = aligned(painted[k], painted.keypoints, photos.keypoints), photos[k]
            np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-4)
            np.testing.assert_array_equal(a.labels, b.labels)
            balls, (away, pole, rim) = a.labels == 1, a.keypoints.transpose(1, 0, 2)
            assert not away.any() and not a.keypoints[~balls].any()
            np.testing.assert_array_equal(pole[balls, 0], np.where(pole[balls, 2] > 0, 20.25, 0))
            assert {*map(tuple, rim.tolist())} <= {(50, 7.125, 1), (0, 0, 0)}


def coco(folder: Path, keypoints: object, categories: object = ("tip", "foot")) -> Path:
    Image.new("RGB", (20, 10)).save(folder / "a.png")
    data = {
        "images": [{"id": 1, "file_name": "a.png", "width": 20, "height": 10}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [2, 2, 6, 6], "keypoints": keypoints}],
        "categories": [{"id": 7, "name": "cone", "keypoints": categories}],
    }
    (folder / "labels.json").write_text(json.dumps(data))
    return folder / "labels.json"


def test_coco_keypoints_by_hand(tmp_path: Path) -> None:
    path = coco(tmp_path, [3, 4, 2, 7, 2.5, 1])
    source = photo_source(path, str(tmp_path), classes=("cone",))
    assert source.keypoints == ("foot", "tip")
    np.testing.assert_array_equal(source[0].keypoints, [[[7.5, 3, 1], [3.5, 4.5, 2]]])
    cut = photo_source(path, str(tmp_path), (2, 1, 7, 9), ("cone",))
    np.testing.assert_array_equal(cut[0].keypoints, [[[0, 0, 0], [1.5, 3.5, 2]]])


@pytest.mark.parametrize("empty", [None, []])
def test_objects_may_have_no_keypoints_although_their_category_names_some(tmp_path: Path, empty: object) -> None:
    source = photo_source(coco(tmp_path, empty), str(tmp_path), classes=("cone",))
    assert source.keypoints == ("foot", "tip") and not source[0].keypoints.any()


@pytest.mark.parametrize(
    ("keypoints", "names", "said"),
    [
        ([1, 2, 2], ["tip", "foot"], "keypoints needs x y v for each of the category's 2"),
        ([1, 2, 2, 3, "4", 2], ["tip", "foot"], "keypoints holds something that is not a finite number"),
        ([1, 2, 2, 3, 4, 3], ["tip", "foot"], "keypoints: visibility is 0, 1 or 2"),
        ([1, 2, 2, 3, 4, 2], ["tip", "tip"], "'cone' needs different names as keypoints"),
        ([1, 2, 2, 3, 4, 2], "tip", "'cone' needs different names as keypoints"),
    ],
)
def test_what_is_wrong_with_keypoints(tmp_path: Path, keypoints: object, names: object, said: str) -> None:
    with pytest.raises(InputError) as error:
        photo_source(coco(tmp_path, keypoints, names), str(tmp_path), classes=("cone",))
    assert said in str(error.value)


def test_sources_agree_by_name_whatever_the_order() -> None:
    shuffled, fewer = Dominoes(names=("right_ear", "bottom", "left_ear")), Dominoes(names=("bottom",))
    assert agreed({"real": fewer, "synthetic": Dominoes()}) == NAMES
    for source in (shuffled, fewer):
        example = aligned(source[0], source.keypoints, NAMES)
        known = [name in source.keypoints for name in NAMES]
        np.testing.assert_array_equal(example.keypoints[:, known], Dominoes()[0].keypoints[:, known])
        assert not example.keypoints[:, np.logical_not(known)].any()
    bare = aligned(replace(shuffled[0], keypoints=None), (), NAMES)
    assert bare.keypoints.shape == (1, 3, 3) and not bare.keypoints.any()


def test_names_that_do_not_match_and_no_names_at_all_are_refused() -> None:
    with pytest.raises(TrainError, match=r"'synthetic' has 'beard', which 'real' has not \(did you mean 'bear'\?\)"):
        real = Dominoes()
        real.keypoints = ("bear", "tail")
        other = Dominoes()
        other.keypoints = ("beard",)
        agreed({"synthetic": other, "real": real})
    with pytest.raises(TrainError, match="'real' and 'synthetic' has none: show shapes that have some, declare"):
        agreed({"synthetic": Dominoes(names=()), "real": Dominoes(names=())})


def test_wrapped_sources_pass_keypoints_on() -> None:
    whole = Dominoes()
    for wrapped in (
        Part(whole, [0, 3]),
        Pruned(whole, {"domino": 5}),
        Pruned(whole, {"domino": 5}, "background"),
        Harmonized(whole, Rules.model_validate({"rules": [{"rename": {"domino": "tile"}}]}), ("tile",)),
    ):
        assert keypoints_of(wrapped) == NAMES
        np.testing.assert_array_equal(wrapped[0].keypoints, whole[0].keypoints)
    gone = Pruned(whole, {"domino": 5000}, "background")[0]
    assert gone.keypoints.shape == (0, 3, 3)
