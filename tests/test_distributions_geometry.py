"""Positions, rotations and colours: every marginal that is uniform for the right law, and independent second opinions.

KS and chi-squared at fixed seeds; each fails by chance for one seed in ten thousand."""

import math

import numpy as np
import pytest
from scipy import stats
from skimage.color import lab2rgb, rgb2lab
from test_distributions import parse, samples

from generator.base.draw import Draw
from generator.base.geometry import Array, rotation_matrix
from generator.distributions.colors import encoded, linear
from generator.distributions.lab import linear_rgb

ALPHA = 1e-4
N = 4000

# Positions: each marginal that is uniform for the right law.


def uniform(*marginals: Array) -> None:
    for values in marginals:
        assert stats.kstest(values, stats.uniform.cdf).pvalue > ALPHA


def independent(a: Array, b: Array) -> None:
    counts = np.histogram2d(a, b, 5, ((0, 1), (0, 1)))[0]
    assert stats.chisquare(counts.ravel()).pvalue > ALPHA


def turned(x: Array, y: Array) -> Array:
    """Azimuth as a share of the full circle."""
    share: Array = np.arctan2(y, x) / (2 * np.pi) % 1
    return share


def test_a_shell_is_uniform_by_volume() -> None:
    points = samples("position", {"shell": {"radius": [1, 2], "elevation": [-30, 60], "azimuth": [0, 360]}}, N)
    radius = np.linalg.norm(points, axis=1)
    height = (points[:, 2] / radius + 0.5) / (math.sin(math.radians(60)) + 0.5)
    share, turn = (radius**3 - 1) / 7, turned(points[:, 0], points[:, 1])
    uniform(share, height, turn)
    independent(share, height)
    independent(height, turn)


def test_a_shell_of_one_radius_is_a_sphere() -> None:
    points = samples("position", {"shell": {"radius": [2, 2]}}, N)
    assert np.allclose(np.linalg.norm(points, axis=1), 2)
    uniform(*((points / 2 + 1) / 2).T)  # Archimedes: every coordinate is uniform


def test_a_ball_is_uniform_by_volume_about_its_center() -> None:
    points = samples("position", {"ball": 0.5, "center": [1, 2, 3]}, N) - [1, 2, 3]
    radius = np.linalg.norm(points, axis=1)
    share, height, turn = (radius / 0.5) ** 3, (points[:, 2] / radius + 1) / 2, turned(points[:, 0], points[:, 1])
    uniform(share, height, turn)
    independent(share, height)
    independent(height, turn)


def test_a_box_is_uniform_by_volume() -> None:
    points = samples("position", {"box": [[-1, 0, 2], [1, 0.5, 5]]}, N)
    x, y, z = ((points - [-1, 0, 2]) / [2, 0.5, 3]).T
    uniform(x, y, z)
    independent(x, y)
    independent(y, z)


def test_a_ring_is_uniform_by_area() -> None:
    points = samples("position", {"disk": 0.5, "hole": 0.2, "center": [0, 0, 1]}, N)
    share = (points[:, 0] ** 2 + points[:, 1] ** 2 - 0.04) / 0.21
    assert np.all(points[:, 2] == 1)
    turn = turned(points[:, 0], points[:, 1])
    uniform(share, turn)
    independent(share, turn)


@pytest.mark.parametrize("axis", [[0, 0, 3], [1, 0, 0], [0, 0, -1], [1, -2, 2]])
def test_a_disk_faces_along_its_axis(axis: list[float]) -> None:
    points = samples("position", {"disk": 2, "axis": axis}, N)
    assert np.allclose(points @ axis, 0)
    uniform(np.linalg.norm(points, axis=1) ** 2 / 4)
    across = np.cross(axis, [0.3, 0.5, 0.7])
    u, v = across / np.linalg.norm(across), np.cross(axis, across) / np.linalg.norm(np.cross(axis, across))
    uniform(turned(points @ u, points @ v))


def test_a_tube_is_uniform_by_volume_along_its_axis() -> None:
    points = samples("position", {"cylinder": 2, "hole": 1, "height": [1, 4], "axis": [0, 1, 0]}, N)
    share = (points[:, 0] ** 2 + points[:, 2] ** 2 - 1) / 3
    height, turn = (points[:, 1] - 1) / 3, turned(points[:, 0], points[:, 2])
    uniform(share, height, turn)
    independent(share, height)
    independent(height, turn)


def test_a_line_is_uniform_by_length() -> None:
    points = samples("position", {"line": [[0, 0, 1], [2, -4, 1]]}, N)
    assert np.allclose(points[:, 1], -2 * points[:, 0]) and np.all(points[:, 2] == 1)
    uniform(points[:, 0] / 2)


def test_a_sum_of_positions_is_an_offset_from_what_is_shared() -> None:
    anchor = {"ref": "anchor", "of": {"box": [[0, 0, 0], [9, 9, 9]]}}
    near, there = parse("position", {"sum": [anchor, {"ball": 0.1}]}), parse("position", anchor)
    offsets = np.array([near.sample(Draw(0, i) / "a") - there.sample(Draw(0, i) / "b") for i in range(500)])
    assert np.linalg.norm(offsets, axis=1).max() <= 0.1 + 1e-12
    uniform((np.linalg.norm(offsets, axis=1) / 0.1) ** 3)


# Rotations.


def matrices(raw: object, count: int = N) -> Array:
    return np.array([rotation_matrix(q) for q in samples("rotation", raw, count)])


def test_orientations_are_uniform() -> None:
    """The image of any fixed vector is uniform on the sphere, so each coordinate is uniform in [-1, 1]; and the angle
    of the rotation has density (1 - cos t) / pi (Miles, Biometrika 1965)."""
    quaternions = samples("rotation", "uniform", N)
    turns = np.array([rotation_matrix(q) for q in quaternions])
    uniform(*((turns.reshape(N, 9).T + 1) / 2))
    independent((turns[:, 2, 0] + 1) / 2, turned(turns[:, 0, 0], turns[:, 1, 0]))
    angle = 2 * np.arccos(np.clip(np.abs(quaternions[:, 0]), 0, 1))
    assert stats.kstest(angle, lambda t: (t - np.sin(t)) / np.pi).pvalue > ALPHA
    axes = quaternions[:, 1:] * np.sign(quaternions[:, :1])
    uniform(*((axes / np.linalg.norm(axes, axis=1, keepdims=True) + 1).T / 2))


def test_an_upright_thing_leans_by_its_tilt_to_every_side() -> None:
    turns = matrices({"yaw": {"uniform": [0, 360]}, "tilt": {"uniform": [5, 25]}})
    tilt = np.degrees(np.arccos(turns[:, 2, 2]))
    towards = turned(turns[:, 0, 2], turns[:, 1, 2])
    uniform((tilt - 5) / 20, towards)
    independent((tilt - 5) / 20, towards)


def test_a_yaw_turns_about_the_vertical() -> None:
    turns = matrices({"yaw": {"uniform": [0, 90]}})
    assert np.allclose(turns[:, 2, 2], 1)
    uniform(4 * turned(turns[:, 0, 0], turns[:, 1, 0]))


def test_euler_angles_are_those_of_the_fixed_axes() -> None:
    turns = matrices({"euler": [90, 0, {"uniform": [0, 360]}]})
    assert np.allclose(turns[:, :, 1], [0, 0, 1])  # y goes up by the turn about x, and there z leaves it
    uniform(turned(turns[:, 0, 0], turns[:, 1, 0]))


def test_a_turn_around_an_axis_keeps_it_and_has_its_angle() -> None:
    axis = np.array([1, -2, 2]) / 3
    turns = matrices({"around": [1, -2, 2], "angle": {"uniform": [0, 180]}})
    assert np.allclose(turns @ axis, axis)
    start = np.array([2, 2, 1]) / 3
    image, side = turns @ start, np.cross(axis, start).astype(float)
    uniform(2 * turned(image @ start, image @ side))


# Colours.


def test_lab_agrees_with_scikit_image_wherever_a_screen_can_show_it() -> None:
    inside = 0
    for lab in np.random.default_rng(0).uniform([0, -60, -60], [100, 60, 60], (300, 3)):
        light = linear_rgb(*lab)
        if light.min() > 0.001 and light.max() < 0.999:
            inside += 1
            rgb = parse("color", {"lab": lab.tolist()}).sample(Draw(0))
            assert encoded(rgb) == pytest.approx(lab2rgb(lab), abs=1e-5)
    assert inside > 80


def test_lab_outside_the_screen_keeps_lightness_and_hue() -> None:
    """The brought-in colour lies between grey and the wanted one: found by scikit-image's own conversion."""
    for lab in ([50, 120, 0], [90, -100, 90], [30, 20, -120]):
        light = parse("color", {"lab": lab}).sample(Draw(0))
        got = rgb2lab(encoded(light))
        assert got[0] == pytest.approx(lab[0], abs=0.05)
        assert math.atan2(got[2], got[1]) == pytest.approx(math.atan2(lab[2], lab[1]), abs=0.01)
        assert min(light) < 1e-4 or max(light) > 1 - 1e-4, "on the edge of what can be shown"


def test_near_adds_to_hue_saturation_and_value() -> None:
    base = {"hsv": [0.95, 0.5, 0.5]}
    moved = parse("color", {"near": base, "hue": 0.1, "saturation": 0.25, "value": -0.125}).sample(Draw(0))
    assert moved == pytest.approx(parse("color", {"hsv": [0.05, 0.75, 0.375]}).sample(Draw(0)), abs=1e-6)
    assert parse("color", {"near": base}).sample(Draw(0)) == pytest.approx(
        parse("color", base).sample(Draw(0)), abs=1e-6
    )
    assert parse("color", {"near": base, "value": -2}).sample(Draw(0)) == pytest.approx([0, 0, 0])


def test_channels_follow_their_values() -> None:
    light = samples("color", {"rgb": [{"uniform": [0, 1]}, 0.5, {"uniform": [0.5, 1]}]}, N)
    red, _, blue = encoded(light).T
    uniform(red, 2 * blue - 1)
    grays = samples("color", {"gray": {"uniform": [0, 1]}}, N)
    assert np.all(grays == grays[:, :1])
    uniform(encoded(grays[:, 0]))
    value = encoded(samples("color", {"hsv": [{"uniform": [0, 1]}, {"uniform": [0, 1]}, {"uniform": [0, 1]}]}, N)).max(
        1
    )
    uniform(value)
    assert linear(np.array([0.0, 1.0])).tolist() == [0, 1]
