"""The audit must find each fault that is planted, and nothing in a sound frame."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing
from painted import painted

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.lens import Lens
from generator.truth.audit import AuditResult, Limits, adrift, audit, edges
from generator.truth.labels import label


@pytest.fixture
def frame() -> Frame:
    """24 frames of rings and dots hold one with several large instances."""
    return max((painted(i, size=(160, 120))[0] for i in range(24)), key=lambda f: len(np.unique(f.instance)))


def check(frame: Frame, index: np.ndarray | None = None, depth: np.ndarray | None = None) -> AuditResult:
    return audit(frame, frame.instance if index is None else index, frame.depth if depth is None else depth)


def test_a_sound_frame_passes(frame: Frame) -> None:
    result = check(frame)
    assert result.passed and result.compared == 160 * 120 and result.disagree == result.inner == result.holes == 0
    assert result.overlap == 1 and result.depth_error == 0
    assert frame.rgb is not None and result.mean == pytest.approx(frame.rgb.astype(float).mean())


def test_without_passes_only_frame_and_picture_are_judged(frame: Frame) -> None:
    result = audit(frame)
    assert result.passed and result.compared == 0 and np.isnan(result.depth_error)


def test_edges_by_brute_force(frame: Frame) -> None:
    ids, found = frame.instance, edges(frame.instance)
    for y, x in np.random.Generator(np.random.Philox(2)).integers(0, (120, 160), (400, 2)):
        near = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        near = [(a, b) for a, b in near if 0 <= a < 120 and 0 <= b < 160]
        assert found[y, x] == any(ids[a, b] != ids[y, x] for a, b in near)


def test_every_differing_pixel_counts_and_ties_at_edges_are_not_inner(frame: Frame) -> None:
    index = frame.instance.copy()
    rows, columns = np.nonzero(edges(frame.instance))
    index[rows[:7], columns[:7]] = 999
    result = check(frame, index)
    assert (result.disagree, result.inner) == (7, 0) and result.passed


def test_pixels_far_from_edges_are_inner(frame: Frame) -> None:
    ids = frame.instance
    calm = [(y, x) for y in range(2, 118) for x in range(2, 158) if np.ptp(ids[y - 2 : y + 3, x - 2 : x + 3]) == 0]
    index = ids.copy()
    for y, x in calm[:: len(calm) // 5][:5]:
        index[y, x] = 999
    assert (check(frame, index).disagree, check(frame, index).inner) == (5, 5)


def test_too_many_differing_pixels_fail(frame: Frame) -> None:
    result = check(frame, np.roll(frame.instance, 2, axis=1))
    assert not result.passed and "another object" in result.reasons[0]


def test_a_small_missing_instance_fails_though_few_pixels_differ(frame: Frame) -> None:
    ids, counts = np.unique(frame.instance[frame.instance > 0], return_counts=True)
    small = ids[counts >= 16][counts[counts >= 16].argmin()]
    index = np.where(frame.instance == small, 0, frame.instance).astype(np.uint16)
    result = audit(frame, index, frame.depth, Limits(pixels=1.0))
    assert result.overlap == 0 and result.reasons == ("an instance's painted and labelled masks overlap by only 0.00",)


def test_depth_is_compared_where_indices_agree(frame: Frame) -> None:
    assert "depth differs" in check(frame, depth=frame.depth * np.float32(1.01)).reasons[0]
    assert check(frame, depth=frame.depth * np.float32(1.01)).depth_error == pytest.approx(0.01, rel=1e-3)
    index, depth = frame.instance.copy(), frame.depth.copy()
    where = tuple(np.argwhere(frame.instance > 0)[0])
    index[where], depth[where] = 999, 1e6
    assert check(frame, index, depth).depth_error == 0


def test_a_surface_on_one_side_only_is_a_hole(frame: Frame) -> None:
    depth = frame.depth.copy()
    depth[frame.instance == 0] = 5  # the painter saw a floor that the labels do not know
    result = check(frame, depth=depth)
    assert result.holes == (frame.instance == 0).sum() and any("only in the picture" in r for r in result.reasons)


@pytest.mark.parametrize(
    ("level", "words"), [(0, ["black", "blank"]), (128, ["blank"]), (255, ["blank", "white"])], ids=str
)
def test_pictures_that_show_nothing_fail(frame: Frame, level: int, words: list[str]) -> None:
    result = check(frame.with_rgb(np.full((120, 160, 3), level, np.uint8)))
    assert len(result.reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, result.reasons, strict=True))


def test_faults_of_the_frame_itself_are_reasons(frame: Frame) -> None:
    wrong = replace(frame, depth=np.full_like(frame.depth, np.nan))
    assert any("finite depth" in reason for reason in audit(wrong).reasons)


def test_another_size_is_a_reason_not_a_crash(frame: Frame) -> None:
    result = audit(frame, frame.instance[:50], frame.depth[:50])
    assert not result.passed and "differ in size" in result.reasons[0] and result.compared == 0


def test_depth_behind_a_fisheye_is_compared_by_its_size(frame: Frame) -> None:
    behind = replace(frame, depth=-frame.depth)
    assert audit(behind, behind.instance, behind.depth).passed
    assert "depth differs" in audit(behind, behind.instance, behind.depth * np.float32(0.99)).reasons[0]


def test_two_looks_at_one_frame_keep_all_reasons_once(frame: Frame) -> None:
    dark = check(frame.with_rgb(np.zeros((120, 160, 3), np.uint8)))
    both = check(frame).also(dark).also(dark)
    assert both.reasons == dark.reasons and both.compared == 160 * 120 and both.mean == check(frame).mean


def posed(store: AssetStore, lens: str = "pinhole") -> Frame:
    rng = np.random.Generator(np.random.Philox(4))
    ones = [
        thing(shape, rng.uniform(-0.7, 0.7, 3), rng.uniform(0.1, 0.5, 3) * [-1, 1, 1], rng.normal(size=4))
        for shape in ("box", "torus", "cone", "plane", "sphere") * 3
    ]
    sample = scene(*ones, focal=150 if lens == "pinhole" else 60)
    camera = sample.camera.model_copy(update={"lens": Lens(kind=lens)})
    return label(sample.model_copy(update={"camera": camera}), store)


@pytest.mark.parametrize("lens", ["pinhole", "equidistant"])
def test_true_poses_hold_their_pixels(store: AssetStore, lens: str) -> None:
    assert adrift(posed(store, lens)) == []


@pytest.mark.parametrize(
    ("lens", "change"),
    [
        ("pinhole", {"position": (0.1, 0, 0)}), ("pinhole", {"position": (0, 0, 0.4)}), ("pinhole", {"position": (0, -0.1, 0)}),
        ("pinhole", {"extent": (-0.05, -0.05, -0.05)}), ("equidistant", {"position": (0, 0, 0.4)}),
    ],
)  # fmt: skip
def test_poses_that_do_not_fit_their_pixels_are_found(store: AssetStore, lens: str, change: dict[str, Any]) -> None:
    """Ten centimetres aside, forty in depth, a box five centimetres too small."""
    frame = posed(store, lens)
    one = max(frame.instances, key=lambda i: i.visible_pixels)
    moved = {name: tuple(np.add(getattr(one, name), by)) for name, by in change.items()}
    wrong = tuple(replace(i, **moved) if i is one else i for i in frame.instances)
    assert adrift(replace(frame, instances=wrong)) == [f"{one.name}: its pixels lie outside the box of its pose"]
