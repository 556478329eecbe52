"""Laws over the scene index: what every block of consecutive scenes is sure to contain."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc
from test_distributions import parse, samples

from generator.base.draw import Draw
from generator.base.geometry import Array, rotation_matrix
from generator.distributions.sobol import BITS, TABLE, nested_scramble, point
from generator.distributions.views import directions


def test_every_block_visits_every_cell_once_in_an_order_of_its_own() -> None:
    cells = (samples("scalar", {"grid": [0, 360], "cells": 12}, 240) // 30).reshape(20, 12)
    assert np.all(np.sort(cells) == np.arange(12))
    assert len({tuple(block) for block in cells}) == 20
    other = samples("scalar", {"grid": [0, 360], "cells": 12}, 12, path="other") // 30
    assert other.tolist() != cells[0].tolist()


def test_the_orders_of_a_grid_are_random() -> None:
    """Which cell comes first in a block, and which next to it, is as even as chance."""
    cells = (samples("scalar", {"grid": [0, 5], "cells": 5}, 10000)).astype(int).reshape(2000, 5)
    for place in range(5):
        assert stats.chisquare(np.bincount(cells[:, place], minlength=5)).pvalue > 1e-4
    assert stats.chisquare(np.unique(cells[:, 0] * 5 + cells[:, 1], return_counts=True)[1]).pvalue > 1e-4


def test_a_grid_jitters_inside_its_cell_unless_told_not_to() -> None:
    jittered = samples("scalar", {"grid": [0, 8], "cells": 8}, 2000) % 1
    assert stats.kstest(jittered, stats.uniform.cdf).pvalue > 1e-4
    still = samples("scalar", {"grid": [0, 8], "cells": 8, "jitter": False}, 16)
    assert sorted(still) == sorted([*(np.arange(8) + 0.5)] * 2)


def test_a_grid_of_whole_numbers_deals_them_evenly() -> None:
    dealt = samples("scalar", {"grid": {"integers": [1, 6]}, "cells": 6}, 60).reshape(10, 6)
    assert np.all(np.sort(dealt) == np.arange(1, 7))


@pytest.mark.parametrize("dimension", range(len(TABLE) + 1))
def test_the_sequence_is_that_of_joe_and_kuo(dimension: int) -> None:
    """scipy's points come in Gray-code order, ours in natural order."""
    theirs = qmc.Sobol(len(TABLE) + 1, scramble=False, bits=30).random(512)[:, dimension]
    ours = [point(n ^ n >> 1, dimension) / 2**BITS for n in range(512)]
    assert ours == theirs.tolist()


def test_a_nested_scramble_is_a_permutation_that_keeps_dyadic_intervals_together() -> None:
    draw = Draw(0, -1) / "x"
    top = [nested_scramble(v << (BITS - 8), draw) >> (BITS - 8) for v in range(256)]
    assert sorted(top) == list(range(256)) and top != list(range(256))
    for size in (2, 16, 128):
        assert all(len({t // size for t in top[k : k + size]}) == 1 for k in range(0, 256, size))


@pytest.mark.parametrize("raw", [{"sobol": [0, 1]}, {"sobol": [0, 1], "dimension": 7}], ids=str)
def test_every_aligned_power_of_two_hits_every_cell_once(raw: dict[str, Any]) -> None:
    value = parse("scalar", raw)
    for start, size in [(0, 64), (64, 64), (128, 128), (1 << 20, 32), (10**6 // 16 * 16, 16)]:
        drawn = np.array([value.sample(Draw(4, start + i) / "p") for i in range(size)])
        assert sorted((drawn * size).astype(int)) == list(range(size))


def square(count: int, first: int, second: int, seed: int = 0) -> Array:
    """Points (count, 2) of two dimensions."""
    pair = [samples("scalar", {"sobol": [0, 1], "dimension": d}, count, seed, f"d{d}") for d in (first, second)]
    return np.stack(pair, 1)


def test_the_first_two_dimensions_are_a_net() -> None:
    """A (0, 2)-sequence: each of the 256 boxes of any of nine shapes of area 1/256 holds one of 256 points."""
    points = square(256, 0, 1)
    for k in range(9):
        columns, rows = 2**k, 2 ** (8 - k)
        box = (points[:, 0] * columns).astype(int) * rows + (points[:, 1] * rows).astype(int)
        assert sorted(box) == list(range(256))


def star_discrepancy(points: Array) -> float:
    """Exact for the plane: the supremum is reached at a corner made of points' coordinates (Niederreiter 1972)."""
    xs, ys = (np.append(np.sort(points[:, k]), 1.0) for k in (0, 1))
    area = xs[:, None] * ys[None]
    inside = points[None, :, :]
    corners = np.stack(np.broadcast_arrays(xs[:, None], ys[None]), -1).reshape(-1, 1, 2)
    closed = (inside <= corners).all(2).mean(1).reshape(area.shape)
    opened = (inside < corners).all(2).mean(1).reshape(area.shape)
    return float(max((closed - area).max(), (area - opened).max()))


def test_every_pair_of_low_dimensions_fills_the_square_far_better_than_chance() -> None:
    count = 128
    chance = np.median([star_discrepancy(np.random.default_rng(k).random((count, 2))) for k in range(9)])
    for first, second in itertools.combinations(range(5), 2):
        assert star_discrepancy(square(count, first, second)) < 0.6 * chance


def test_values_of_no_dimension_or_of_different_objects_are_independent() -> None:
    """chi2 over 8 x 8 cells: two scramblings of one sequence, with the same order, would fill 8 or few of them."""
    pairs: list[tuple[Any, Any, Any]] = [({"sobol": [0, 1]}, "one", "other"), ({"sobol": [0, 1], "dimension": 3}, 0, 1)]
    for raw, *paths in pairs:
        one, other = (samples("scalar", raw, 2048, path=p) for p in paths)
        counts = np.histogram2d(one, other, 8, ((0, 1), (0, 1)))[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4


@pytest.mark.parametrize("raw", [{"sobol": [0, 1]}, {"grid": [0, 1], "cells": 4}], ids=str)
def test_the_seed_changes_the_scramble(raw: dict[str, Any]) -> None:
    assert not np.allclose(samples("scalar", raw, 8, seed=0), samples("scalar", raw, 8, seed=1), atol=0.05)


def test_a_ramp_goes_from_one_end_to_the_other_and_stays() -> None:
    ramp = samples("scalar", {"ramp": [1, 6], "over": 10, "after": 5}, 30)
    assert np.all(ramp[:6] == 1) and ramp[10] == 3.5 and np.all(ramp[15:] == 6)
    assert np.allclose(np.diff(ramp[5:16]), 0.5)


def test_a_ramp_between_random_ends_is_random_in_between() -> None:
    spread = parse("scalar", {"ramp": [0, {"uniform": [0, 1]}], "over": 100})
    half = [spread.sample(Draw(0, 50) / k) for k in range(500)]
    assert stats.kstest(half, stats.uniform(0, 0.5).cdf).pvalue > 1e-4
    assert spread.support() == (0, 1)


def test_steps_begin_where_they_say_in_any_order_of_keys() -> None:
    drawn = samples("choice", {"steps": {10: "b", 0: "a", 12: "c"}}, 14)
    assert "".join(drawn) == "aaaaaaaaaabbcc"


def test_a_weight_that_ramps_fades_one_part_into_another() -> None:
    fading = {
        "mixture": [
            {"weight": {"ramp": [1, 0], "over": 1000}, "of": 0},
            {"weight": {"ramp": [0, 1], "over": 1000}, "of": 1},
        ]
    }
    drawn = samples("scalar", fading, 1200)
    assert not drawn[0] and drawn[1000:].all()
    for start in range(0, 1000, 250):
        share = (start + 124.5) / 1000
        assert stats.binomtest(int(drawn[start : start + 250].sum()), 250, share).pvalue > 1e-4


@pytest.mark.parametrize("count", [12, 42, 162, 642])
def test_views_have_the_symmetry_of_the_icosahedron(count: int) -> None:
    """Any union of its group's orbits is a spherical 5-design: moments up to the fifth are those of the sphere."""
    views = directions(count)
    assert len(views) == count and np.allclose(np.linalg.norm(views, axis=1), 1)
    assert np.allclose(views.mean(0), 0) and np.allclose(views.T @ views / count, np.eye(3) / 3)
    third, fourth = (np.array([0.3, -0.5, 0.7]) @ views.T for _ in range(2))
    norm = np.linalg.norm([0.3, -0.5, 0.7])
    assert np.mean(third**3) == pytest.approx(0, abs=1e-12)
    assert np.mean(fourth**4) == pytest.approx(norm**4 / 5)


def test_views_are_evenly_far_apart() -> None:
    """The icosahedron's edge is seen under atan(2); each split about halves it."""
    for k, count in enumerate((12, 42, 162, 642)):
        views = directions(count)
        cosine = views @ views.T - 2 * np.eye(count)
        nearest = np.arccos(cosine.max(1))
        if count == 12:
            assert nearest == pytest.approx(np.full(12, np.arctan(2)))
        assert nearest.max() < 1.01 * np.arctan(2) / 2**k * 1.15 and nearest.min() > 0.8 * np.arctan(2) / 2**k


def test_a_view_turns_its_direction_up_and_the_rest_in_the_plane() -> None:
    plain = parse("rotation", {"views": 42})
    turned = parse("rotation", {"views": 42, "inplane": 90})
    seen = set()
    for i in range(400):
        draw = Draw(0, i) / "r"
        up = rotation_matrix(plain.sample(draw)).T @ [0, 0, 1]
        distance = np.linalg.norm(directions(42) - up, axis=1)
        assert distance.min() < 1e-9
        seen.add(int(distance.argmin()))
        quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
        assert np.allclose(rotation_matrix(turned.sample(draw)), quarter @ rotation_matrix(plain.sample(draw)))
    assert len(seen) == 42


def test_views_in_order_show_each_once_in_a_block() -> None:
    rotations = samples("rotation", {"views": 12, "order": "index"}, 36)
    ups = np.array([rotation_matrix(q).T @ [0, 0, 1] for q in rotations])
    shown = (ups @ directions(12).T).argmax(1).reshape(3, 12)
    assert np.all(np.sort(shown) == np.arange(12)) and len({tuple(s) for s in shown}) == 3


def test_views_at_random_are_equally_likely() -> None:
    rotations = samples("rotation", {"views": 12}, 2400)
    ups = np.array([rotation_matrix(q).T @ [0, 0, 1] for q in rotations])
    assert stats.chisquare(np.bincount((ups @ directions(12).T).argmax(1), minlength=12)).pvalue > 1e-4
