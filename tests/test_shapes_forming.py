"""The ways to make a body, against closed forms."""

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.assets.shapes.body import Body, centred, creased, stood
from generator.assets.shapes.forming import block, extrude, lathe, skin, sweep, triangulated, vessel
from generator.assets.shapes.outline import area, circle, crosses, filleted, flowing, inset, rectangle
from generator.base.errors import AssetError


def body(one: Body) -> trimesh.Trimesh:
    return trimesh.Trimesh(one.vertices, one.faces, process=False)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 2), st.floats(0.05, 3), st.integers(3, 90))
def test_a_spun_rectangle_is_a_prism_over_a_regular_polygon(radius, height, segments):
    one = body(lathe(np.array([(0, 0), (radius, 0), (radius, height), (0, height)]), segments))
    assert one.is_watertight and one.euler_number == 2
    assert one.volume == pytest.approx(segments / 2 * radius**2 * np.sin(2 * np.pi / segments) * height)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 2), st.floats(0.05, 0.4), st.integers(5, 40), st.integers(8, 60))
def test_a_spun_circle_is_a_torus(radius, tube, sides, segments):
    """Pappus, with the polygons' areas: a chord's ring is shorter than the circle by sin(2 pi / n) n / (2 pi)."""
    one = body(lathe(circle(tube, sides) + np.array([radius, 0]), segments))
    ring = segments * np.sin(2 * np.pi / segments)
    assert one.is_watertight and one.euler_number == 0
    assert one.volume == pytest.approx(area(circle(tube, sides)) * radius * ring)


def test_a_circle_swept_around_a_circle_is_a_torus_too():
    turn = 2 * np.pi * np.arange(200) / 200
    one = body(sweep(np.column_stack([np.cos(turn), np.sin(turn), 0 * turn]), 0.3, closed=True, sides=120))
    assert one.is_watertight and one.euler_number == 0
    assert one.volume == pytest.approx(2 * np.pi**2 * 0.3**2, rel=2e-3)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.floats(0.2, 3), st.integers(3, 30))
def test_a_swept_straight_line_is_a_prism_in_every_direction(start, length, sides):
    way = np.add(start, (0.1, 0.2, 0.3))
    path = np.array(start) + np.outer(np.linspace(0, length, 7), way / np.linalg.norm(way))
    one = body(sweep(path, circle(0.1, sides)))
    assert one.is_watertight and one.volume == pytest.approx(area(circle(0.1, sides)) * length)


def test_round_ends_make_a_capsule():
    one = body(sweep(np.array([(0, 0, 0), (1, 0, 0)], float), 0.2, ends="round", sides=200))
    assert one.is_watertight and one.volume == pytest.approx(np.pi * 0.2**2 * (1 + 4 / 3 * 0.2), rel=0.01)
    np.testing.assert_allclose(one.bounds[:, 0], [-0.2, 1.2], atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 40), st.floats(0.05, 0.6), st.floats(0.1, 2))
def test_an_extruded_ring_encloses_its_area_times_its_height(sides, hole, height):
    outer, inner = circle(1.0, sides), circle(hole * np.cos(np.pi / sides), 17)
    one = body(extrude(outer, height, [inner]))
    assert one.is_watertight and one.euler_number == 0
    assert one.volume == pytest.approx((area(outer) - area(inner)) * height)


def test_a_chamfer_takes_off_a_frustum_at_either_end():
    side, height, cut = 2.0, 1.0, 0.1
    ends = 2 * cut / 3 * (side**2 + (side - 2 * cut) ** 2 + side * (side - 2 * cut))
    one = body(extrude(rectangle(side, side), height, bevel=cut))
    assert one.is_watertight and one.volume == pytest.approx(side**2 * (height - 2 * cut) + ends)


def test_a_vessel_holds_what_its_walls_leave():
    r, h, wall, floor = 1.0, 2.0, 0.1, 0.3
    one = body(vessel(np.array([(r, 0), (r, h)]), wall, floor, segments=256))
    lip = (
        np.pi * (wall / 2) ** 2 / 2 * 2 * np.pi * (r - wall / 2)
    )  # half a torus rises above the line, then is pressed down
    rough = np.pi * (r**2 * floor + (r**2 - (r - wall) ** 2) * (h - floor))
    assert one.is_watertight and one.euler_number == 2
    assert one.volume == pytest.approx((rough + lip) * h / (h + wall / 2), rel=2e-3)
    assert one.bounds[1, 2] == pytest.approx(h)


def test_skin_over_shrinking_rings_is_a_frustum_or_a_pyramid():
    square = np.column_stack([rectangle(2, 2), np.zeros(4)])
    for share, volume in ((0.5, 4 * 3 / 3 * (1 + 0.5 + 0.25)), (0.0, 4 * 3 / 3)):
        one = body(skin([square, square * share + (0, 0, 3)]))
        assert one.is_watertight and one.volume == pytest.approx(volume)


def test_triangles_cover_an_outline_but_not_its_holes():
    outer, hole = rectangle(4, 3), circle(0.5, 12)[::-1]
    faces = triangulated([outer, hole])
    points = np.vstack([outer, hole])[faces]
    areas = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]) / 2
    assert (areas > 0).all() and areas.sum() == pytest.approx(12 + area(hole))


def test_rounding_a_corner_takes_off_the_square_less_the_quarter_disc():
    rounded = filleted([(0, 0, 0.5), (4, 0, 0.5), (4, 3, 0.5), (0, 3, 0.5)], steps=200)
    assert area(rounded) == pytest.approx(12 - (4 - np.pi) * 0.25, rel=1e-5)
    notch = filleted([(0, 0), (4, 0), (4, 4), (2, 4), (2, 2, 0.5), (0, 2)], steps=200)  # the corner that points inwards
    assert area(notch) == pytest.approx(12 + (1 - np.pi / 4) * 0.25, rel=1e-5)


def test_a_rounding_too_large_takes_all_there_is():
    assert area(filleted([(0, 0, 9), (2, 0, 9), (2, 2, 9), (0, 2, 9)], steps=200)) == pytest.approx(np.pi, rel=2e-3)


def test_inset_of_a_regular_polygon_is_a_smaller_one():
    line = inset(circle(1.0, 7), 0.1 * np.cos(np.pi / 7))
    np.testing.assert_allclose(line, circle(0.9, 7), atol=1e-12)


def test_a_flowing_line_meets_its_points_and_stays_between_them():
    knots = np.array([(1, 0), (2, 1), (2, 2), (0.5, 3), (0.7, 4)], float)
    line = flowing(knots, 401)
    away = np.linalg.norm(line[:, None] - knots, axis=2).min(0)
    assert away.max() < 0.01
    np.testing.assert_allclose([line.min(0), line.max(0)], [knots.min(0), knots.max(0)], atol=1e-3)
    assert (np.diff(line[:, 1]) > -1e-12).all()


def test_crossing_lines_are_seen():
    assert crosses(np.array([(0, 0), (1, 1), (1, 0), (0, 1)], float))
    assert not crosses(rectangle(1, 1, 0.2))
    with pytest.raises(AssetError):
        extrude(np.array([(0, 0), (1, 1), (1, 0), (0, 1)], float), 1)


def test_a_path_that_bends_too_sharply_is_refused():
    with pytest.raises(AssetError):
        sweep(np.array([(0, 0, 0), (0.1, 0, 0), (0.1, 0.1, 0)]), 0.2)


def test_creases_part_a_cylinder_into_its_side_and_its_ends():
    """Along either rim each vertex is doubled, and the triangles stay where they were."""
    one = lathe(np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float), 32)
    points, faces = creased(one.vertices, one.faces, np.radians(38))
    assert len(points) == len(one.vertices) + 2 * 32
    np.testing.assert_array_equal(points[faces], one.vertices[one.faces])
    parts = trimesh.Trimesh(points, faces, process=False).split(only_watertight=False)
    assert sorted(len(part.faces) for part in parts) == [32, 32, 64]


def test_a_sphere_has_no_creases():
    ball = trimesh.creation.icosphere(3)
    points, _ = creased(np.asarray(ball.vertices), np.asarray(ball.faces), np.radians(38))
    assert len(points) == len(ball.vertices)


def test_turning_moving_and_mirroring_keep_a_body_sound():
    one = block(1, 2, 3).moved(0.5, 0.5, 0.5).turned("z", 90).turned("x", 30).scaled(2, 1, 1)
    for made_one in (one, one.mirrored("x"), one.mirrored("z")):
        assert body(made_one).volume == pytest.approx(12)
    np.testing.assert_allclose(
        Body(np.array([[1.0, 0, 0]]), one.faces).turned("z", 90).vertices, [[0, 1, 0]], atol=1e-12
    )


def test_standing_and_centring():
    stands, floats = (place(block(1, 2, 3).moved(7, 8, 9)) for place in (stood, centred))
    np.testing.assert_allclose(stands.bounds, [[-0.5, -1, 0], [0.5, 1, 3]], atol=1e-6)
    np.testing.assert_allclose(floats.bounds, [[-0.5, -1, -1.5], [0.5, 1, 1.5]], atol=1e-6)
