"""Lenses against OpenCV's published formulas, written out here, and against their own inverses."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.base.lens import PINHOLE, Lens

BARREL = Lens(kind="brown", k=(-0.3, 0.1, -0.01), p=(0.002, -0.003))
PINCUSHION = Lens(kind="brown", k=(0.2, 0.05))
EQUIDISTANT = Lens(kind="equidistant")
FISHEYE = Lens(kind="kannala_brandt", k=(-0.02, 0.004, -0.001, 0.0002))
FOLDING = Lens(kind="kannala_brandt", k=(-0.1,))
LENSES = [PINHOLE, BARREL, PINCUSHION, EQUIDISTANT, FISHEYE, FOLDING]


def direction(theta: float, phi: float) -> np.ndarray:
    """Unit vector at the angle theta from the axis."""
    return np.array([math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)])


def opencv_brown(x: float, y: float, k: tuple[float, ...], p: tuple[float, float]) -> tuple[float, float]:
    """docs.opencv.org, calib3d: the distortion of `projectPoints` with k1 k2 p1 p2 k3."""
    r2 = x**2 + y**2
    k1, k2, k3 = (*k, 0.0, 0.0, 0.0)[:3]
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    return (
        x * radial + 2 * p[0] * x * y + p[1] * (r2 + 2 * x**2),
        y * radial + p[0] * (r2 + 2 * y**2) + 2 * p[1] * x * y,
    )


def opencv_fisheye(x: float, y: float, k: tuple[float, ...]) -> tuple[float, float]:
    """docs.opencv.org, calib3d_fisheye, for points with Z = 1."""
    r = math.hypot(x, y)
    theta = math.atan(r)
    bent = theta + sum(c * theta ** (2 * j + 3) for j, c in enumerate(k))
    return bent / r * x, bent / r * y


@pytest.mark.parametrize("at", [(0.1, 0.0), (0.3, -0.2), (-0.5, 0.4), (0.0, -0.6)])
def test_known_points_by_the_published_formulas(at: tuple[float, float]) -> None:
    point = np.array([*at, 1.0])
    for lens in (BARREL, PINCUSHION):
        assert lens.project(7 * point) == pytest.approx(opencv_brown(*at, lens.k, lens.p), abs=1e-15)
    for lens in (EQUIDISTANT, FISHEYE, FOLDING):
        assert lens.project(0.2 * point) == pytest.approx(opencv_fisheye(*at, lens.k), abs=1e-15)
    assert PINHOLE.project(3 * point) == pytest.approx(at, abs=1e-15)


def test_the_axis_is_the_middle() -> None:
    for lens in LENSES:
        assert (lens.project(np.array([0.0, 0.0, 2.0])) == 0).all()
        assert lens.unproject(np.zeros(2)) == pytest.approx([0, 0, 1])


coefficient = st.floats(-0.3, 0.3)


@given(st.tuples(coefficient, coefficient, coefficient), st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)),
       st.floats(0, 0.98), st.floats(0, 6.28))  # fmt: skip
def test_brown_there_and_back(k: tuple[float, ...], p: tuple[float, float], share: float, phi: float) -> None:
    lens = Lens(kind="brown", k=k, p=p)
    seen = direction(share * min(lens.reach, 1.3), phi)
    again = lens.unproject(lens.project(seen))
    assert again[2] == 1 and again / np.linalg.norm(again) == pytest.approx(seen, abs=1e-9)


@given(st.tuples(*[st.floats(-0.1, 0.1)] * 4), st.floats(0, 0.98), st.floats(0, 6.28))
def test_fisheyes_there_and_back(k: tuple[float, ...], share: float, phi: float) -> None:
    for lens in (Lens(kind="kannala_brandt", k=k), EQUIDISTANT):
        seen = direction(share * lens.reach, phi)
        assert lens.unproject(lens.project(seen)) == pytest.approx(seen, abs=1e-9)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.kind)
def test_every_place_of_the_image_comes_from_one_direction(lens: Lens) -> None:
    """Back and there, over a square that reaches beyond the image of most of these lenses."""
    plane = np.stack(np.meshgrid(*[np.linspace(-2.5, 2.5, 101)] * 2), -1)
    rays = lens.unproject(plane)
    seen = np.isfinite(rays).all(-1)
    assert (np.isnan(rays).all(-1) == ~seen).all() and seen[50, 50]
    assert np.abs(lens.project(rays)[seen] - plane[seen]).max() < 1e-9
    assert seen.all() == (lens in (PINHOLE, PINCUSHION, FISHEYE))
    radius = np.hypot(plane[..., 0], plane[..., 1])
    ends = {EQUIDISTANT: math.pi, FOLDING: 2 / 3 * FOLDING.reach}
    if lens in ends:
        assert (seen == (radius < ends[lens])).all()
    length = np.linalg.norm(rays[seen], axis=-1)
    assert (np.abs(length - 1) < 1e-12).all() if lens.fisheye else (rays[seen][:, 2] == 1).all()


def test_reach_in_closed_form() -> None:
    """Where the derivative of the radius vanishes first."""
    assert Lens(kind="brown", k=(-0.3,)).reach == pytest.approx(math.atan(1 / math.sqrt(0.9)))
    assert FOLDING.reach == pytest.approx(1 / math.sqrt(0.3))
    assert Lens(kind="brown", p=(0.03, 0.04)).reach == pytest.approx(math.atan(1 / (6 * 0.05)))
    assert PINCUSHION.reach == PINHOLE.reach == pytest.approx(math.pi / 2) and EQUIDISTANT.reach == math.pi


def test_up_to_its_reach_brown_keeps_every_orientation_and_there_it_folds() -> None:
    """The derivatives by finite differences: positive in the disk, zero on its rim against the tangential vector."""
    lens = Lens(kind="brown", k=(-0.2, 0.02), p=(0.01, 0.02))
    limit = math.tan(lens.reach)

    def turned(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        h = 1e-6
        dx = [
            (b - a) / (2 * h)
            for a, b in zip(opencv_brown(x - h, y, lens.k, lens.p), opencv_brown(x + h, y, lens.k, lens.p), strict=True)
        ]
        dy = [
            (b - a) / (2 * h)
            for a, b in zip(opencv_brown(x, y - h, lens.k, lens.p), opencv_brown(x, y + h, lens.k, lens.p), strict=True)
        ]
        return dx[0] * dy[1] - dx[1] * dy[0]

    phi, r = np.meshgrid(np.linspace(0, 2 * np.pi, 90), np.linspace(0, 0.995, 50) * limit)
    assert (turned(r * np.cos(phi), r * np.sin(phi)) > 0).all()
    against = -np.array([0.02, 0.01]) / math.hypot(0.01, 0.02) * limit
    assert turned(*against) == pytest.approx(0, abs=1e-6)


def test_what_a_polynomial_would_fold_back_is_not_seen() -> None:
    """At tan = 1.6 this formula gives 0.37, well inside the picture."""
    lens, wide = Lens(kind="brown", k=(-0.3,)), np.array([1.6, 0, 1.0])
    assert 0 < opencv_brown(1.6, 0, lens.k, lens.p)[0] < 0.4
    assert np.isnan(lens.project(wide)).all()
    assert np.isnan(FOLDING.project(direction(FOLDING.reach + 0.01, 1))).all()
    assert np.isnan(FOLDING.unproject(np.array([1.3, 0]))).all(), "the greatest radius is 1.22"


def test_behind_is_seen_by_fisheyes_alone() -> None:
    behind = direction(2.0, 0.5)
    assert EQUIDISTANT.project(behind) == pytest.approx([2 * math.cos(0.5), 2 * math.sin(0.5)])
    assert EQUIDISTANT.unproject(EQUIDISTANT.project(behind))[2] < 0
    for lens in (PINHOLE, BARREL):
        assert np.isnan(lens.project(behind)).all() and np.isnan(lens.project(np.array([1.0, 0, 0]))).all()
    for lens in LENSES:
        assert np.isnan(lens.project(np.zeros(3))).all() and np.isnan(lens.project(np.array([0, 0, -1.0]))).all()


def test_shapes_are_kept() -> None:
    for lens in LENSES:
        assert lens.project(np.ones((2, 3, 4, 3))).shape == (2, 3, 4, 2)
        assert lens.unproject(np.zeros((5, 2))).shape == (5, 3) and lens.unproject(np.zeros((0, 2))).shape == (0, 3)
