"""Any scene that chance can think of: all of its labels are true of one another."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from test_oracle import FUZZED, anything

from generator.base.geometry import rotation_matrix
from generator.base.scene import SceneSample
from generator.spec.config import LABELS
from generator.truth.annotations import ANNOTATIONS, Shot
from generator.truth.annotations.coverage import alpha
from generator.truth.audit import adrift
from generator.truth.labels import label


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(anything())
def test_all_labels_hold_together(sample: SceneSample) -> None:
    frame = label(sample, FUZZED)
    shot = Shot(frame, sample, FUZZED)
    found = {name: ANNOTATIONS[name].measure(shot) for name in LABELS}
    hit, shown = np.isfinite(frame.depth), frame.instance > 0
    assert adrift(frame) == []
    depth, distance, normal = found["depth"], found["distance"], found["normal"]
    assert np.array_equal(np.isfinite(depth), hit) and np.array_equal(np.isfinite(distance), hit)
    assert frame.camera.lens.fisheye or (depth > 0).all()
    assert (distance[hit] >= np.abs(depth[hit]) * (1 - 1e-5)).all() and (distance > 0).all()
    rays = frame.camera.rays((0, 0, sample.width, sample.height))
    with np.errstate(invalid="ignore"):
        assert ((normal * rays).sum(-1)[hit] <= 1e-5).all(), "normals face the camera"
    assert np.array_equal(found["semantic"] > 0, shown & np.isin(frame.instance, labelled(frame)))
    nocs = found["nocs"]
    assert not nocs[~shown].any() and nocs.dtype == np.uint16
    soft = np.stack([alpha(found["coverage"], frame.instance, k) for k in range(len(frame.instances) + 1)])
    assert soft.sum(0) == pytest.approx(1) and soft.min() >= 0
    several = (soft > 0).sum(0) > 1
    assert not (several & ~found["mixed"]).any(), "a pixel of several instances is mixed"
    assert set(found["amodal"]) == {one.id for one in frame.instances if one.amodal_box}
    assert not found["flow"]["offset"][found["flow"]["visible"]].any(), "nothing moves"
    check_poses(sample, found)


def labelled(frame: object) -> list[int]:
    return [one.id for one in frame.instances if one.label is not None]  # type: ignore[attr-defined]


def check_poses(sample: SceneSample, found: dict[str, object]) -> None:
    """Corners of boxes in space, by the pose in the world instead of the camera's; pixels through the lens."""
    frame = label(sample, FUZZED)
    for number, one in enumerate(sample.instances, 1):
        low, high = FUZZED.mesh(one.mesh).bounds
        local = np.array([[(low, high)[k >> axis & 1][axis] for axis in range(3)] for k in range(8)])
        world = local @ one.pose.matrix()[:3, :3].T + one.pose.position
        camera = frame.camera.camera_from_world
        wanted = world @ camera[:3, :3].T + camera[:3, 3]
        box = found["boxes3d"][str(number)]  # type: ignore[index]
        # a mirrored axis swaps the ends of a box, not its corners
        corners = np.array(box["corners"])
        assert np.abs(corners[:, None] - wanted[None]).max(-1).min(1).max() < 1e-6
        pose = frame.instances[number - 1]
        back = (wanted - pose.position) @ rotation_matrix(np.array(pose.rotation))
        assert np.abs(back - local * one.pose.scale).max() < 1e-6


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(anything())
def test_keypoints_of_any_scene_lie_on_their_objects(sample: SceneSample) -> None:
    """A visible one has its object in its own pixel or beside it, or is nearer than the samples there; a labelled one
    projects from its vertex."""
    frame = label(sample, FUZZED)
    for number, one in enumerate(sample.instances, 1):
        mesh = FUZZED.mesh(one.mesh)
        shown = frame.instances[number - 1].keypoints
        assert set(shown) == (set(mesh.keypoints) if one.label else set())
        for name, (u, v, flag) in shown.items():
            world = one.pose.matrix() @ [*mesh.vertices[mesh.keypoints[name]].astype(float), 1]
            pixel, _ = frame.camera.project(world[None, :3])
            assert (flag == 0) == bool(np.isnan(pixel).any())
            if flag:
                assert (u, v) == pytest.approx(pixel[0], abs=1e-6)
            assert flag < 2 or (0 <= u < sample.width and 0 <= v < sample.height)


def test_the_fuzz_reaches_every_label() -> None:
    """What is checked above: a new label must be thought of there."""
    assert set(LABELS) == {
        "amodal", "boxes3d", "coverage", "depth", "distance", "flow", "mixed", "nocs", "normal", "semantic",
    }  # fmt: skip
