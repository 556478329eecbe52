"""Keypoints that shapes declare: where they lie, how they follow deformations, and whether they are seen."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from exporting import CLASSES, built
from hypothesis import given
from hypothesis import strategies as st

from generator.assets.shapes import SHAPES, parameters
from generator.assets.store import AssetStore
from generator.base.scene import Deform, MeshRef
from generator.dataset.export import export
from generator.truth.labels import label


@cache
def marked() -> list[str]:
    """Shapes that declare keypoints. All have to be made to know."""
    return [name for name in SHAPES if SHAPES[name]().keypoints]


def point(name: str, key: str, **sizes: float) -> list[float]:
    mesh = SHAPES[name](**sizes)
    return [float(v) for v in mesh.vertices[mesh.keypoints[key]]]


def test_tips_rims_corners_and_handles_lie_where_their_sizes_say() -> None:
    assert point("cone", "tip", height=0.6) == pytest.approx([0, 0, 0.3], abs=1e-6)
    assert point("traffic_cone", "tip", height=0.7) == pytest.approx([0, 0, 0.7], abs=1e-6)
    assert point("box", "top_front_right", x=2, y=4, z=6) == [1, -2, 3]
    assert point("box", "bottom_back_left", x=2, y=4, z=0.001) == pytest.approx([-1, 2, -0.0005])
    assert point("bowl", "rim", height=0.07) == pytest.approx([0, 0, 0.07], abs=1e-6)
    mug = SHAPES["mug"](radius=0.04, handle=0.03)
    left, right = mug.bounds[:, 0]
    assert point("mug", "rim", radius=0.04, handle=0.03)[:2] == pytest.approx([left + 0.04, 0], abs=1e-4)
    x, y, z = point("mug", "handle", radius=0.04, handle=0.03)
    assert (x, y) == pytest.approx((right, 0), abs=1e-6) and 0.02 < z < 0.08
    assert set(SHAPES["mug"](handle=0).keypoints) == {"rim", "foot"}


def test_plate_corners_of_a_traffic_cone_lie_on_its_round_corners() -> None:
    """At 45 degrees, half the diagonal less what a corner of radius r rounds off: (sqrt(2) - 1) r."""
    expected = 0.105 * np.sqrt(2) - (np.sqrt(2) - 1) * 0.025
    for side, angle in (("right_back", 45), ("left_back", 135), ("left_front", 225), ("right_front", 315)):
        x, y, z = point("traffic_cone", side)
        assert np.hypot(x, y) == pytest.approx(expected, rel=1e-3) and 0 < z < 0.018
        assert np.degrees(np.arctan2(y, x)) % 360 == pytest.approx(angle, abs=1e-3)


def test_several_shapes_have_keypoints_and_variants_of_a_class_the_same() -> None:
    classes: dict[str, set[str]] = {}
    for name in marked():
        mesh, bare = (
            SHAPES[name](),
            set(range(len(SHAPES[name]().vertices))) - set(SHAPES[name]().faces.ravel().tolist()),
        )
        assert bare <= set(mesh.keypoints.values()), "vertices of no face are keypoints"
        low, high = mesh.bounds
        points = mesh.vertices[list(mesh.keypoints.values())]
        assert (points >= low).all() and (points <= high).all() and len(np.unique(points, axis=0)) == len(points)
        classes.setdefault(name.partition("_")[0], set()).update(mesh.keypoints)
    assert len(marked()) >= 15 and classes["mug"] == {"rim", "foot", "handle"} and len(classes["box"]) == 8


@given(st.deferred(lambda: st.sampled_from(marked())), st.lists(st.floats(0.8, 1.2), min_size=9, max_size=9))
def test_sizes_may_vary_and_the_bounds_stay_those_of_the_surface(name: str, factors: list[float]) -> None:
    sizes = {key: value * f for (key, value), f in zip(parameters(name).items(), factors, strict=False)}
    mesh = SHAPES[name](**sizes)
    surface = mesh.vertices[np.unique(mesh.faces)]
    assert mesh.bounds == pytest.approx(np.stack([surface.min(0), surface.max(0)]), abs=1e-7)


def test_keypoints_follow_a_twist(store: AssetStore) -> None:
    """About the box's axis: every corner keeps its distance from it, and the upper ones turn together."""
    bent = store.mesh(MeshRef(asset="shape/box", deform=(Deform(kind="twist", amount=0.8),)))
    assert len(bent.vertices) > 100
    turned = []
    for y in ("front", "back"):
        for x in ("left", "right"):
            low, high = (bent.vertices[bent.keypoints[f"{z}_{y}_{x}"]] for z in ("bottom", "top"))
            assert np.hypot(*low[:2]) == pytest.approx(np.sqrt(0.5), abs=1e-5) and low[2] == pytest.approx(
                -0.5, abs=1e-5
            )
            assert np.hypot(*high[:2]) == pytest.approx(np.sqrt(0.5), abs=1e-5) and high[2] == pytest.approx(
                0.5, abs=1e-5
            )
            turned.append((np.arctan2(high[1], high[0]) - np.arctan2(low[1], low[0]) + np.pi) % (2 * np.pi) - np.pi)
    assert np.ptp(turned) < 1e-5 and abs(turned[0]) == pytest.approx(0.8, abs=1e-4)


@pytest.mark.parametrize("seed", [1, 2])
def test_corners_are_seen_where_nothing_lies_before_them(store: AssetStore, seed: int) -> None:
    """Projected by hand through each box's own turn, stretch and place; hidden where the boxes, by the slab method, cut
    the line of sight."""
    rng = np.random.Generator(np.random.Philox(seed))
    boxes = [
        thing(
            "box",
            rng.uniform(-0.6, 0.6, 3),
            rng.uniform(0.1, 0.6, 3),
            turn(rng.normal(size=3), float(rng.uniform(0, 360))),
        )
        for _ in range(8)
    ]
    frame = label(scene(*boxes), store)
    inverse, flags = [np.linalg.inv(one.pose.matrix()) for one in boxes], []
    for one, shown in zip(boxes, frame.instances, strict=True):
        for name, (u, v, flag) in shown.keypoints.items():
            sides = [side in name for side in ("right", "back", "top")]
            world = one.pose.matrix() @ [*(np.array(sides) - 0.5), 1]
            ahead = 2 - world[2]
            assert (u, v) == pytest.approx((80 + 150 * world[0] / ahead, 60 - 150 * world[1] / ahead), abs=1e-3)
            inside = 0 <= u < 160 and 0 <= v < 120
            eye = [0, 0, 2, 1]
            lax = all(clear(m @ eye, m @ world, -0.03, 0.97) for m in inverse)
            strict = all(
                clear(m @ eye, m @ world, 0.03 * (other is not one), 0.999)
                for m, other in zip(inverse, boxes, strict=True)
            )
            if inside and lax != strict:
                continue  # too close to tell
            assert flag == (2 if inside and strict else 1)
            flags.append(flag)
    assert len(flags) > 45 and flags.count(1) > 10 and flags.count(2) > 10


def clear(eye: np.ndarray, end: np.ndarray, slack: float, share: float) -> bool:
    """Whether the line from the eye over this share of the way to a point misses a unit cube, larger by `slack`."""
    o, d, half = eye[:3], (end - eye)[:3], 0.5 + slack
    with np.errstate(divide="ignore"):
        ends = np.stack([(-half - o) / d, (half - o) / d])
    return bool(max(ends.min(0).max(), 0) > min(ends.max(0).min(), share))


def test_distractors_have_no_keypoints(store: AssetStore) -> None:
    one, other = label(scene(thing("box"), thing("box", (0, 0, -3), label=None)), store).instances
    assert len(one.keypoints) == 8 and other.keypoints == {}


def test_keypoints_of_shapes_reach_coco_and_yolo(store: AssetStore, tmp_path: Path) -> None:
    """Names in the category, pixels as labelled: COCO's half a pixel less, YOLO's as shares of the picture."""

    def shot(index: int) -> Any:
        things = [thing("mug", (x, 0, 0), (6, 6, 6), turn((1, 0, 0), 60), label="ball") for x in (-0.4, 0.4)]
        sample = scene(*things, size=(96, 72), focal=90.0, index=index, classes=CLASSES)
        frame = label(sample, store)
        return frame.with_rgb(np.zeros((72, 96, 3), np.uint8)), sample

    dataset = built(tmp_path / "data", {"train": range(1)}, shot)
    for kind, options in (("coco", {}), ("yolo", {"task": "pose"})):
        export(dataset, tmp_path / kind, kind, options=options)
    points = shot(0)[0].instances[0].keypoints
    assert list(points) == ["foot", "handle", "rim"] and {flag for _, _, flag in points.values()} == {1, 2}
    wanted = np.array([points[name] for name in sorted(points)])
    coco = json.loads((tmp_path / "coco" / "train.json").read_bytes())
    assert coco["categories"][0]["keypoints"] == sorted(points)
    assert np.reshape(coco["annotations"][0]["keypoints"], (3, 3)) == pytest.approx(wanted - [0.5, 0.5, 0], abs=0.01)
    assert coco["annotations"][0]["num_keypoints"] == 3
    row = next((tmp_path / "yolo" / "labels").rglob("*.txt")).read_text().splitlines()[0].split()
    assert np.array(row[5:], float).reshape(3, 3) * (96, 72, 1) == pytest.approx(wanted, abs=0.01)
