"""What rests lies on something, and stays."""

from functools import partial

import numpy as np
import pytest
import trimesh
from placement import Make, Write, meet, sampler_of, thing_at, triangles
from scipy.spatial import ConvexHull

from generator.assets.store import AssetStore
from generator.base.draw import Draw
from generator.base.geometry import Array, rotation_matrix
from generator.base.scene import MeshRef, ObjectSample
from generator.sampling.meshes import Solid
from generator.sampling.resting import spot_on, stable_poses

EVERYDAY = "[mug, bowl, plate, bottle, fork, teapot, can]"


@pytest.fixture
def filled(write: Write, store: AssetStore) -> Make:
    return partial(sampler_of, write, store)


def heights(mesh: Array, at: Array) -> Array:
    """Heights at which a vertical line through (2,) meets a mesh (m, 3, 3), in no order."""
    a, b, c = (mesh[:, k, :2] - at for k in range(3))
    areas = np.stack([np.cross(x, y) for x, y in ((b, c), (c, a), (a, b))], 1)
    hit = (areas > 0).all(1) | (areas < 0).all(1)
    return (mesh[hit, :, 2] * areas[hit]).sum(1) / areas[hit].sum(1)


def centroid(one: ObjectSample, store: AssetStore) -> Array:
    """Centre of mass in the world, by trimesh."""
    mesh = store.mesh(one.mesh)
    solid = trimesh.Trimesh(mesh.vertices * np.array(one.pose.scale), mesh.faces, process=True, merge_tex=True)
    return rotation_matrix(np.array(one.pose.rotation)) @ solid.center_mass + one.pose.position


@pytest.mark.parametrize("sink", [0, 0.01])
def test_what_rests_on_the_stage_touches_it(filled: Make, store: AssetStore, sink: float) -> None:
    text = f"a: {{asset: {{shape: {EVERYDAY}}}, label: none, count: 8, rotation: uniform, \
place: {{on: stage, sink: {sink}, center: [0.3, -0.2], area: [0.8, 0.6]}}}}"
    for index in range(5):
        for one in filled(text)(0, index).instances:
            mesh = triangles(one, store)
            assert mesh[..., 2].min() == pytest.approx(-sink, abs=1e-6)
            middle = (mesh.max((0, 1)) + mesh.min((0, 1))) / 2
            assert abs(middle[0] - 0.3) <= 0.4 and abs(middle[1] + 0.2) <= 0.3


def test_what_rests_on_another_touches_it_from_above_and_does_not_tip(filled: Make, store: AssetStore) -> None:
    text = "t: {asset: {shape: [box, plate, cylinder, bowl]}, label: none, count: 4, \
scale: {uniform: [0.5, 1]}, place: {on: stage}}, \
b: {asset: {shape: [mug, box, fork, torus]}, label: none, count: 4, scale: {uniform: [0.1, 1]}, \
rotation: {yaw: {uniform: [0, 360]}, tilt: {uniform: [0, 30]}}, place: {on: t, short: skip}}"
    rested = 0
    for index in range(8):
        ones = {o.name: (o, triangles(o, store)) for o in filled(text)(0, index).instances}
        below = [mesh for name, (_, mesh) in ones.items() if name.startswith("t/")]
        for name, (one, mesh) in ones.items():
            if not name.startswith("b/"):
                continue
            at = centroid(one, store)[:2]
            under = [m for m in below if len(heights(m, at)) and mesh[..., 2].min() > m[..., 2].min()]
            assert under, f"the centre of mass of {name} is above something"
            assert not any(meet(mesh, m) for m in below), name
            lower = mesh - [0, 0, 1e-4]
            assert any(meet(lower, m) for m in below), "and a tenth of a millimetre further down it would meet it"
            rested += 1
    assert rested > 15


def test_points_on_level_faces_are_uniform_over_them(store: AssetStore) -> None:
    """The top of a box of 1 by 3: each quarter gets its share."""
    body = thing_at(store, "box", np.array([1.0, 3.0, 0.5]), np.array([1.0, 0, 0, 0]), np.array([0, 0, 2.0]))
    spots = np.stack(
        [spot for row in Draw(3).rng().random((2000, 3)) if (spot := spot_on(body, row[0], row[1:])) is not None]
    )
    assert len(spots) == 2000 and np.allclose(spots[:, 2], 2.25)
    counts = np.histogram2d(spots[:, 0], spots[:, 1], bins=[2, 2], range=[[-0.5, 0.5], [-1.5, 1.5]])[0]
    assert ((counts - 500) ** 2 / 500).sum() < 16.3  # chi-squared with 3 degrees of freedom, p = 0.001
    upright = thing_at(store, "plane", np.ones(3), np.array([0.5**0.5, 0.5**0.5, 0, 0]), np.zeros(3))
    assert spot_on(upright, 0.5, np.array([0.2, 0.2])) is None


def solid(store: AssetStore, shape: str, scale: Array) -> Solid:
    return Solid(store.mesh(MeshRef(asset=f"shape/{shape}")), scale)


def test_a_block_lies_on_each_side_as_often_as_its_solid_angle_says(store: AssetStore) -> None:
    """Seen from the middle, a side of 2a by 2b at distance d takes up 4 atan(ab / (d sqrt(a2 + b2 + d2)))."""
    size = np.array([1.0, 2.0, 3.0])
    poses, shares = stable_poses(solid(store, "box", size))
    x, y, z = size / 2
    whole = np.sqrt((size**2).sum()) / 2
    exact = {d: np.arctan2(a * b, d * whole) / np.pi for a, b, d in ((x, y, z), (y, z, x), (z, x, y))}
    assert len(poses) == 6 and shares.sum() == pytest.approx(1)
    for pose, share in zip(poses, shares, strict=True):
        body = size / 2 @ abs(rotation_matrix(pose)).T
        assert share == pytest.approx(exact[round(body[2], 6)], rel=1e-6)


@pytest.mark.parametrize("shape", ["mug", "bowl", "fork", "prism", "teapot", "cone", "cylinder"])
def test_stable_poses_are_those_of_trimesh(store: AssetStore, shape: str) -> None:
    """A second implementation: the same faces down, as often."""
    one = solid(store, shape, np.array([1.0, 0.9, 1.1]))
    hull = trimesh.Trimesh(one.vertices, one.faces).convex_hull
    theirs, chances = trimesh.poses.compute_stable_poses(hull, center_mass=one.centroid, sigma=0, n_samples=1, seed=0)
    poses, shares = stable_poses(one)
    downs = np.array([-rotation_matrix(p)[2] for p in poses])
    expected = np.zeros(len(downs))
    for pose, chance in zip(theirs, chances, strict=True):
        nearest = (downs @ -pose[2, :3]).argmax()
        assert downs[nearest] @ -pose[2, :3] > np.cos(np.radians(0.2))
        expected[nearest] += chance
    assert shares == pytest.approx(expected / expected.sum(), abs=0.03)


def test_what_lies_stably_would_have_to_rise_to_tip(filled: Make, store: AssetStore) -> None:
    """The centre of mass is above the hull of the points that touch the stage."""
    text = f"a: {{asset: {{shape: {EVERYDAY}}}, label: none, count: 6, place: {{on: stage, pose: stable}}}}"
    ups = set()
    for index in range(8):
        for one in filled(text)(0, index).instances:
            points = triangles(one, store).reshape(-1, 3)
            low = points[points[:, 2] < points[:, 2].min() + 1e-5, :2]
            at = centroid(one, store)[:2]
            foot = ConvexHull(low)
            assert (foot.equations @ np.append(at, 1) <= 1e-6).all(), one.name
            ups.add((one.mesh.asset, tuple(np.round(rotation_matrix(np.array(one.pose.rotation))[2], 2))))
    assert len(ups) > 12, "in several poses"


def test_flat_things_without_volume_stay_as_they_are(store: AssetStore) -> None:
    poses, shares = stable_poses(solid(store, "plane", np.ones(3)))
    assert poses.tolist() == [[1, 0, 0, 0]] and shares.tolist() == [1]
