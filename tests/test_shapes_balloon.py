"""Balloons, their strings and people: closed, as large as asked, volumes against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solidity import whole

from generator.assets.shapes import SHAPES, label_of
from generator.assets.shapes.balloon import balloon, balloon_foil_disc, balloon_foil_heart, latex, ribbon, widest
from generator.assets.shapes.person import person

NAMES = sorted(n for n in SHAPES if SHAPES[n].__module__.endswith((".balloon", ".person")))


def test_labels():
    assert {label_of(n) for n in NAMES if n.startswith("balloon")} == {"balloon"}
    assert label_of("ribbon") == "ribbon" and label_of("person") == "person"


@settings(max_examples=20, deadline=None)
@given(st.floats(0.05, 0.3), st.floats(1.6, 3.0), st.floats(0, 0.5))
def test_volume_is_that_of_the_solid_of_revolution(radius, slender, taper):
    """pi times the integral of r**2 over the height, with u from -1 to 1: (1 - u**2)(1 + taper u)**2 integrates to
    4/3 + 4/15 taper**2. A thin neck and a small lip add and take little."""
    height = slender * radius
    mesh = balloon(radius, height, taper, neck=0.03, lip=0.3)
    expected = np.pi * (radius / widest(taper)) ** 2 * height / 2 * (4 / 3 + 4 / 15 * taper**2)
    assert whole(mesh).volume == pytest.approx(expected, rel=0.012)
    np.testing.assert_allclose(np.ptp(mesh.bounds, axis=0)[:2], 2 * radius, rtol=2e-3)


def test_widest_is_the_greatest_of_a_fine_grid():
    u = np.linspace(-1, 1, 200_001)
    for taper in (0.0, 0.1, 0.3, 0.6):
        assert widest(taper) == pytest.approx((np.sqrt(1 - u**2) * (1 + taper * u)).max(), rel=1e-9)


def test_the_neck_hangs_below_and_its_knot_is_thinner_than_its_lip():
    body = latex(0.14, 0.34, 0.22, 0.09, 1.0)
    r, z = np.hypot(body.vertices[:, 0], body.vertices[:, 1]), body.vertices[:, 2]
    below = z < 0.01
    assert z.min() < -0.02 and r[below].max() < 0.04
    tip = r[z < z.min() + 1e-9].max()
    narrow = min(r[(z > low) & (z <= low + 0.004)].max() for low in np.arange(z.min() + 0.004, -0.006, 0.004))
    assert narrow < 0.6 * tip


def test_a_flat_disc_blown_up_is_an_ellipsoid():
    mesh = balloon_foil_disc(width=0.4, depth=0.2, wrinkles=0)
    assert whole(mesh).volume == pytest.approx(4 / 3 * np.pi * 0.2 * 0.2 * 0.1, rel=0.01)


def test_foil_encloses_two_thirds_of_its_outline_times_its_depth():
    """A lens whose section shrinks as cos while it rises as sin: the integral of cos**2 d(sin) from -1 to 1 is 4/3,
    times half the depth."""
    t = np.linspace(0, 2 * np.pi, 20_001)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    outline = abs((np.diff(x) * (y[1:] + y[:-1])).sum() / 2) * (0.4 / np.ptp(x)) ** 2
    mesh = balloon_foil_heart(width=0.4, depth=0.2, wrinkles=0)
    assert whole(mesh).volume == pytest.approx(outline * 0.2 * 2 / 3, rel=0.01)


def test_prints_differ_by_variant_and_fill_the_balloon():
    make = SHAPES["balloon_printed"]
    sheets = [make(variant=k).texture for k in range(7)]
    assert all(s.shape == (128, 256, 3) and s.dtype == np.uint8 and s.std() > 2 for s in sheets)
    assert len({s.tobytes() for s in sheets}) == 7
    uv = make().uv
    assert np.ptp(uv[..., 1]) == pytest.approx(1) and np.ptp(uv, axis=1).max() < 0.1  # no triangle smears across


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 16), st.integers(0, 99))
def test_a_ribbon_has_as_many_strings_that_meet_below(strings, variant):
    mesh = ribbon(length=1.0, spread=0.3, strings=strings, variant=variant)
    parts = whole(mesh).split() if strings > 1 else [whole(mesh)]
    low = mesh.vertices[mesh.vertices[:, 2] < mesh.bounds[0, 2] + 1e-3]
    assert len(mesh.faces) == 170 * strings and 1 <= len(parts) <= strings
    assert np.ptp(low[:, :2], axis=0).max() < 0.01 and np.ptp(mesh.bounds[:, 2]) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("variant", range(4))
def test_a_person_is_as_high_as_asked_and_wears_colours(variant):
    mesh = person(height=1.6, raised=0, variant=variant)
    assert np.ptp(mesh.bounds[:, 2]) == pytest.approx(1.6, rel=0.03) and mesh.bounds[0, 2] == 0
    assert len(np.unique(mesh.texture.reshape(-1, 3), axis=0)) >= 6
    assert len(np.unique(mesh.uv[..., 0])) >= 7


def test_raising_the_arm_lifts_a_hand_over_the_head_and_sitting_lowers():
    assert np.ptp(person(raised=1).bounds[:, 2]) > np.ptp(person(raised=0).bounds[:, 2]) + 0.05
    assert np.ptp(person(sitting=1, raised=0).bounds[:, 2]) < 1.4
