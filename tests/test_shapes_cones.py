"""The two targets of scenes/cones.yaml against closed forms: volumes, bounds, silhouettes."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.assets.mesh import Mesh
from generator.assets.shapes.cushion import cushion
from generator.assets.shapes.traffic_cone import rounded_square, traffic_cone


def body(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def frustum(low: float, high: float, height: float) -> float:
    return np.pi * height / 3 * (low**2 + low * high + high**2)


@settings(max_examples=20, deadline=None)
@given(
    st.floats(0.1, 0.5), st.floats(0.3, 0.36), st.floats(0.05, 0.2), st.floats(0.02, 0.08), st.floats(0, 0.2),
    st.floats(0, 0.15), st.floats(0.01, 0.04),
)  # fmt: skip
def test_a_traffic_cone_is_closed_and_as_large_as_asked(height, radius, mouth, plate, corner, flare, wall):
    """Every size is given as a share of the height."""
    sizes = height * np.array([radius, 1, mouth, plate, corner, flare, wall])
    mesh = traffic_cone(height, *sizes)
    solid = body(mesh)
    assert solid.is_watertight and solid.is_winding_consistent and solid.volume > 0
    assert solid.euler_number == 0  # one hole, from mouth to ground
    half = height / 2
    np.testing.assert_allclose(mesh.bounds, [[-half, -half, 0], [half, half, height]], atol=1e-6)
    assert 2000 <= len(mesh.faces) <= 6000


def test_volume_of_a_traffic_cone_is_plate_plus_shell():
    height, radius, base, mouth, plate, wall = 0.3, 0.07, 0.2, 0.03, 0.01, 0.005
    mesh = traffic_cone(height, radius, base, mouth, plate, corner=0.03, flare=0, wall=wall, segments=256)
    flat = base**2 - (4 - np.pi) * 0.03**2 - np.pi * (radius - wall) ** 2
    shell = frustum(radius, mouth, height - plate) - frustum(radius - wall, mouth - wall, height - plate)
    assert body(mesh).volume == pytest.approx(flat * plate + shell, rel=0.01)


def test_the_cone_stands_on_an_even_ground_and_one_can_look_through_it():
    solid = body(traffic_cone())
    through = solid.ray.intersects_any([[0, 0, 1.0]], [[0, 0, -1.0]])
    beside = solid.ray.intersects_any([[0.08, 0.08, 1.0]], [[0, 0, -1.0]])
    assert not through[0] and beside[0]
    assert (solid.vertices[:, 2] < 1e-7).sum() >= 3 * 64


def test_rounded_square_against_its_area_and_symmetry():
    angle = 2 * np.pi * np.arange(4096) / 4096
    distance = rounded_square(angle, 1.0, 0.4)
    area = 0.5 * (distance**2).mean() * 2 * np.pi
    assert area == pytest.approx(4 - (4 - np.pi) * 0.4**2, rel=1e-4)
    np.testing.assert_allclose(distance, np.roll(distance, 1024), rtol=1e-9)
    np.testing.assert_allclose(rounded_square(angle, 1.0, 1.0), 1.0, rtol=1e-9)  # all corner: a circle


PLAIN = {"bulge": 0.0, "pinch": 0.0, "soft": 0.0, "seam": 0.0, "wrinkles": 0.0, "lopsided": 0.0}


def test_a_cushion_without_air_is_a_cube():
    mesh = cushion(0.2, **PLAIN)
    assert body(mesh).volume == pytest.approx(0.008, rel=1e-5)
    np.testing.assert_allclose(mesh.bounds, [[-0.1, -0.1, 0], [0.1, 0.1, 0.2]], atol=1e-7)


@pytest.mark.parametrize("bulge", [0.05, 0.15, 0.3])
def test_bulging_adds_four_thirds_of_the_bulge(bulge):
    mesh = cushion(0.2, **{**PLAIN, "bulge": bulge}, steps=60)
    assert body(mesh).volume == pytest.approx(0.008 * (1 + 4 / 3 * bulge), rel=2e-3)
    assert np.ptp(mesh.bounds[:, 2]) == pytest.approx(0.2 * (1 + bulge), rel=1e-3)


def test_pinching_moves_edges_in_and_leaves_corners():
    mesh = cushion(0.2, **{**PLAIN, "pinch": 0.1})
    centred = mesh.vertices - mesh.bounds.mean(0)
    corner = np.abs(centred).min(1) > 0.0999
    assert corner.sum() == 8
    middle = np.sort(np.abs(centred), axis=1)[np.linalg.norm(centred, axis=1).argsort()]
    on_edge = middle[(middle[:, 0] < 1e-6) & (np.abs(middle[:, 1] - middle[:, 2]) < 1e-6)]
    np.testing.assert_allclose(on_edge, [[0, 0.09, 0.09]] * 12, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 0.3), st.floats(-0.05, 0.1), st.floats(0, 0.01))
def test_every_cushion_is_closed_and_stands_on_the_ground(variant, bulge, pinch, wrinkles):
    mesh = cushion(bulge=bulge, pinch=pinch, wrinkles=wrinkles, variant=variant)
    solid = body(mesh)
    assert solid.is_watertight and solid.is_winding_consistent and solid.euler_number == 2
    assert mesh.bounds[0, 2] == pytest.approx(0, abs=1e-7)
    assert 0.6 * 0.24**3 < solid.volume < 1.7 * 0.24**3
    assert 2000 <= len(mesh.faces) <= 6000


def test_variants_differ_and_repeat():
    assert cushion(variant=3).sha256 == cushion(variant=3.2).sha256 != cushion(variant=4).sha256
