"""The curriculum: every asset under every view at every distance, in order, once."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from placement import Make, Write, sampler_of
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation
from test_placement_views import camera_of, middle

from generator.assets.store import AssetStore
from generator.base.errors import InputError
from generator.base.scene import ObjectSample, SceneSample
from generator.base.splits import FIRST
from generator.sampling.curriculum import depths, directions, facing
from generator.spec.scene import CurriculumSpec

TEXT = "a: {asset: {shape: [mug, box, torus]}, label: none, count: 2, scale: 0.1, \
curriculum: {views: 12, inplane: 2, steps: 3, depth: [0.5, 2]}, place: {in: frustum, gap: 0, overlap: 0.5}}"
N = 12 * 2 * 3 * 3 // 2  # scenes until all has been shown


@pytest.fixture
def filled(write: Write, store: AssetStore) -> Make:
    return partial(sampler_of, write, store)


def shown(one: ObjectSample, scene: SceneSample, store: AssetStore) -> tuple[str, int, int, float]:
    """Asset, view, turn (quarters) and planar depth of an object, from its pose alone."""
    camera, center = camera_of(scene), middle(one, store)
    turn = Rotation.from_quat(one.pose.rotation, scalar_first=True)
    eye = camera.world_from_camera[:3, 3]
    line = (eye - center) / np.linalg.norm(eye - center)
    seen = turn.inv().apply(line)
    all_ = directions(12)
    view = int((all_ @ seen).argmax())
    assert all_[view] @ seen > 1 - 1e-9, "exactly one of the views"
    up, own = -camera.world_from_camera[:3, 1], turn.apply([0, 0, 1.0])
    flat = [v - v @ line * line for v in (up, own)]
    angle = np.degrees(np.arctan2(np.cross(*flat) @ line, flat[0] @ flat[1]))
    return one.mesh.asset, view, round(angle / 90) % 4, round(float(camera.project(center[None])[1][0]), 6)


def test_every_combination_comes_once_from_near_to_far(filled: Make, store: AssetStore) -> None:
    sampler = filled(TEXT)
    for start in (0, FIRST["val"]):
        lessons = [shown(o, s, store) for i in range(N) for s in [sampler(0, start + i)] for o in s.instances]
        assert len(lessons) == 2 * N and set(Counter(lessons).values()) == {1}
        far = [lesson[3] for lesson in lessons]
        assert far == sorted(far) and far[0] == 0.5 and far[-1] == 2, "and a split starts anew"
        assert {lesson[2] for lesson in lessons} == {0, 2}, "two turns, half a turn apart"
        assert [lesson[0] for lesson in lessons[:3]] == ["shape/box", "shape/mug", "shape/torus"], "objects innermost"
    again = [shown(o, s, store) for s in [sampler(0, N)] for o in s.instances]
    first = [shown(o, s, store) for s in [sampler(0, 0)] for o in s.instances]
    assert again == first, "then from the start"


def test_the_place_in_the_image_is_random(filled: Make, store: AssetStore) -> None:
    sampler, spots = filled(TEXT), []
    for index in range(60):
        scene = sampler(0, index)
        spots += list(camera_of(scene).project(np.array([middle(o, store) for o in scene.instances]))[0])
    shares = np.array(spots) / [160, 120]
    assert (shares >= 0).all() and (shares <= 1).all() and (abs(shares.mean(0) - 0.5) < 0.1).all()
    assert (shares.std(0) > 0.2).all()


@pytest.mark.parametrize("count", [12, 42, 162, 642])
def test_views_are_evenly_spread(count: int) -> None:
    """Each view's own part of the sphere, by the dual areas of their convex hull, is nearly the same."""
    views = directions(count)
    assert views.shape == (count, 3) and np.allclose(np.linalg.norm(views, axis=1), 1)
    assert np.allclose(views.mean(0), 0) and np.allclose(views.T @ views / count, np.eye(3) / 3)
    nearest = np.degrees(np.arccos(np.sort(views @ views.T, axis=1)[:, -2]))
    assert nearest.max() / nearest.min() < 1.3
    hull = ConvexHull(views)
    corners = views[hull.simplices]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    own = np.bincount(hull.simplices.ravel(), np.repeat(areas / 3, 3))
    assert own.max() / own.min() < 1.6


def test_the_projected_area_falls_by_equal_steps() -> None:
    distances = depths(CurriculumSpec(steps=6, depth=(0.4, 3)))
    assert distances[[0, -1]] == pytest.approx([0.4, 3]) and np.allclose(
        np.diff(1 / distances**2), np.diff(1 / distances**2)[0]
    )


def test_a_turn_keeps_the_view() -> None:
    towards, up = np.array([0.0, 0.6, 0.8]), np.array([0.0, 0.8, -0.6])
    for view in directions(42):
        for turn in (0.0, 1.0, 4.0):
            rotation = Rotation.from_quat(facing(view, turn, towards, up), scalar_first=True)
            assert rotation.apply(view) == pytest.approx(towards)
        turned = Rotation.from_quat(facing(view, 1.0, towards, up), scalar_first=True)
        still = Rotation.from_quat(facing(view, 0.0, towards, up), scalar_first=True)
        assert (turned * still.inv()).as_rotvec() == pytest.approx(1.0 * towards)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("in: frustum", "on: stage", "curriculum needs `place: {in: frustum}`"),
        ("gap: 0,", "size: 0.2,", "curriculum needs `place: {in: frustum}` without `size`"),
        ("count: 2", "count: {normal: [3, 1]}", "curriculum needs a `count` that has a greatest value"),
        ("depth: [0.5, 2]", "depth: [2, 0.5]", "depth must be [near, far]"),
    ],
)
def test_a_curriculum_that_cannot_be_says_so(filled: Make, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        filled(TEXT.replace(old, new).replace(", overlap: 0.5", ""))
    assert message in str(raised.value)
