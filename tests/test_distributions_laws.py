"""Every law of numbers and names against an independent one, most of them scipy's.

KS and chi-squared at fixed seeds; each fails by chance for one seed in ten thousand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats
from test_distributions import parse, samples

from generator.base.draw import Draw
from generator.base.errors import PlacementError
from generator.base.geometry import Array
from generator.distributions.base import Law, WholeLaw
from generator.distributions.normal import log_mass, truncated_normal

ALPHA = 1e-4
N = 4000


def conditioned(frozen: Any, low: float, high: float) -> Callable[[Any], Any]:
    """The cdf of a continuous scipy law given [low, high]."""
    start, stop = frozen.cdf([low, high])
    return lambda x: (frozen.cdf(np.clip(x, low, high)) - start) / (stop - start)


def maximum_of_two(x: Any) -> Any:
    """P(max(U(0, 2), U(1, 3)) <= x)."""
    return stats.uniform(0, 2).cdf(x) * stats.uniform(1, 2).cdf(x)


def blurred(x: Any) -> Any:
    """The cdf of a normal of deviation 0.2 whose mean is uniform in 0..1, given 0..1, by quadrature."""

    def mass(to: float) -> float:
        inner: Any = lambda m: stats.norm.cdf(to, m, 0.2) - stats.norm.cdf(0, m, 0.2)  # noqa: E731
        return float(integrate.quad(inner, 0, 1)[0])

    grid = np.linspace(0, 1, 101)
    return np.interp(x, grid, [mass(g) / mass(1) for g in grid])


CONTINUOUS: list[tuple[dict[str, Any], Any]] = [
    ({"uniform": [-1, 3]}, stats.uniform(-1, 4).cdf),
    ({"log_uniform": [0.05, 3]}, stats.loguniform(0.05, 3).cdf),
    ({"normal": [1, 2]}, stats.norm(1, 2).cdf),
    ({"normal": [1, 2], "clip": [0, 4]}, conditioned(stats.norm(1, 2), 0, 4)),
    ({"normal": [0, 1], "clip": [7, 9]}, lambda x: 1 - (stats.norm.sf(x) - stats.norm.sf(9)) / (stats.norm.sf(7) - stats.norm.sf(9))),
    ({"triangular": [-1, 0, 4]}, stats.triang(0.2, -1, 5).cdf),
    ({"triangular": [0, 0, 2]}, stats.triang(0, 0, 2).cdf),
    ({"triangular": [0, 2, 2]}, stats.triang(1, 0, 2).cdf),
    ({"beta": [2, 5]}, stats.beta(2, 5).cdf),
    ({"beta": [0.5, 0.5], "range": [-1, 3]}, stats.beta(0.5, 0.5, -1, 4).cdf),
    ({"truncated": [0.2, 0.5], "of": {"beta": [2, 5]}}, conditioned(stats.beta(2, 5), 0.2, 0.5)),
    ({"truncated": [0.2, math.inf], "of": {"normal": [0, 1]}}, conditioned(stats.norm(), 0.2, np.inf)),
    ({"truncated": [1, 2], "of": {"truncated": [0, 1.5], "of": {"normal": [0, 1]}}}, conditioned(stats.norm(), 1, 1.5)),
    ({"truncated": [0.1, 1], "of": {"log_uniform": [0.05, 3]}}, conditioned(stats.loguniform(0.05, 3), 0.1, 1)),
    ({"truncated": [0, 1], "of": {"normal": [{"uniform": [0, 1]}, 0.2]}}, blurred),
    ({"truncated": [0.5, 1.5], "of": {"sum": [{"uniform": [0, 1]}, {"uniform": [0, 1]}]}}, conditioned(stats.triang(0.5, 0, 2), 0.5, 1.5)),
    ({"sum": [{"uniform": [0, 1]}, {"uniform": [0, 1]}]}, stats.triang(0.5, 0, 2).cdf),
    ({"sum": [1, {"normal": [0, 3]}, {"normal": [2, 4]}]}, stats.norm(3, 5).cdf),
    ({"difference": [{"uniform": [0, 1]}, {"uniform": [0, 1]}]}, stats.triang(0.5, -1, 2).cdf),
    ({"product": [{"uniform": [0, 1]}, {"uniform": [0, 1]}]}, lambda x: x * (1 - np.log(x))),
    ({"ratio": [1, {"uniform": [1, 3]}]}, lambda x: (3 - 1 / x) / 2),
    ({"power": [{"uniform": [0, 2]}, 2]}, lambda x: np.sqrt(x) / 2),
    ({"power": [10, {"uniform": [-2, 1]}]}, stats.loguniform(0.01, 10).cdf),
    ({"minimum": [{"uniform": [0, 1]}, {"uniform": [0, 1]}, {"uniform": [0, 1]}]}, stats.beta(1, 3).cdf),
    ({"maximum": [{"uniform": [0, 2]}, {"uniform": [1, 3]}]}, maximum_of_two),
    ({"mixture": [{"weight": 3, "of": {"uniform": [0, 1]}}, {"weight": 1, "of": {"uniform": [0, 4]}}]}, lambda x: 0.75 * np.clip(x, 0, 1) + x / 16),
    ({"chance": 0.25, "then": {"uniform": [0, 4]}, "else": {"uniform": [0, 1]}}, lambda x: 0.75 * np.clip(x, 0, 1) + x / 16),
    ({"grid": {"normal": [1, 2]}, "cells": 7}, stats.norm(1, 2).cdf),
    ({"sobol": {"triangular": [-1, 0, 4]}}, stats.triang(0.2, -1, 5).cdf),
    ({"sobol": [-1, 3], "dimension": 5}, stats.uniform(-1, 4).cdf),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "cdf"), CONTINUOUS, ids=[str(c[0]) for c in CONTINUOUS])
def test_numbers_follow_their_law(raw: dict[str, Any], cdf: Any) -> None:
    assert stats.kstest(samples("scalar", raw, N, seed=1), cdf).pvalue > ALPHA


KNOWN = [(raw, cdf) for raw, cdf in CONTINUOUS if isinstance(v := parse("scalar", raw), Law) and v.closed()]


@pytest.mark.parametrize(("raw", "cdf"), KNOWN, ids=[str(c[0]) for c in KNOWN])
def test_quantiles_and_distribution_function_agree_with_the_oracle(raw: dict[str, Any], cdf: Any) -> None:
    law, p = parse("scalar", raw), np.linspace(0.001, 0.999, 41)
    assert isinstance(law, Law)
    x = np.array([law.ppf(v) for v in p])
    assert cdf(x) == pytest.approx(p, abs=1e-9) and [law.cdf(v) for v in x] == pytest.approx(p, abs=1e-9)
    low, high = law.support() or (0, 0)
    assert law.cdf(low - 1) == 0 and law.cdf(high + 1) == pytest.approx(1)
    inner = [law.between(v, x[5], x[30]) for v in p]
    assert inner == pytest.approx([law.ppf(p[5] + (p[30] - p[5]) * v) for v in p], rel=1e-6, abs=1e-9)


def pmf(law: Any, low: int, high: int) -> dict[float, float]:
    mass = {float(k): float(law.pmf(k)) for k in range(low, high + 1)}
    return {k: v / sum(mass.values()) for k, v in mass.items()}


DISCRETE: list[tuple[dict[str, Any], dict[float, float]]] = [
    ({"integers": [-2, 3]}, pmf(stats.randint(-2, 4), -2, 3)),
    ({"poisson": 3.5}, pmf(stats.poisson(3.5), 0, 40)),
    ({"poisson": 0.1}, pmf(stats.poisson(0.1), 0, 20)),
    ({"poisson": 0}, {0.0: 1.0}),
    ({"poisson": 2, "max": 4}, pmf(stats.poisson(2), 0, 4)),
    ({"poisson": {"pick": [1, 4]}}, {k: (pmf(stats.poisson(1), 0, 40)[k] + pmf(stats.poisson(4), 0, 40)[k]) / 2 for k in map(float, range(41))}),
    ({"truncated": [2.5, 7.5], "of": {"poisson": 4}}, pmf(stats.poisson(4), 3, 7)),
    ({"truncated": [14, 17], "of": {"poisson": 4}}, pmf(stats.poisson(4), 14, 17)),
    ({"truncated": [2, math.inf], "of": {"integers": [0, 4]}}, pmf(stats.randint(2, 5), 2, 4)),
    ({"chance": 0.3}, {0.0: 0.7, 1.0: 0.3}),
    ({"chance": {"uniform": [0, 1]}, "then": 5}, {0.0: 0.5, 5.0: 0.5}),
    ({"pick": {4: 3, 8: 1, 16: 0}}, {4.0: 0.75, 8.0: 0.25}),
    ({"mixture": [{"weight": {"uniform": [0, 2]}, "of": 1}, {"weight": 0, "of": 3}, {"weight": 1, "of": 2}]}, {1.0: 1 - math.log(3) / 2, 2.0: math.log(3) / 2}),
    ({"round": {"uniform": [0, 3]}}, {0.0: 1 / 6, 1.0: 1 / 3, 2.0: 1 / 3, 3.0: 1 / 6}),
    ({"round": {"uniform": [-1, 1]}, "to": 0.5}, {-1.0: 1 / 8, -0.5: 1 / 4, 0.0: 1 / 4, 0.5: 1 / 4, 1.0: 1 / 8}),
    ({"clamp": [1, 2], "of": {"integers": [0, 3]}}, {1.0: 0.5, 2.0: 0.5}),
    ({"grid": {"integers": [1, 4]}, "cells": 4}, pmf(stats.randint(1, 5), 1, 4)),
]  # fmt: skip


def chi_squared(drawn: Array, mass: dict[float, float]) -> float:
    """p-value of counts against probabilities; rare values share one cell, values beyond them are errors."""
    assert set(drawn) <= set(mass)
    cells = [[k for k, p in mass.items() if p * len(drawn) < 5], *([k] for k, p in mass.items() if p * len(drawn) >= 5)]
    counts = [int(np.isin(drawn, cell).sum()) for cell in cells]
    expected = [sum(mass[k] for k in cell) * len(drawn) for cell in cells]
    if expected[0] < 5:  # the rare ones together are still rare
        counts, expected = [counts[0] + counts[1], *counts[2:]], [expected[0] + expected[1], *expected[2:]]
    return float(stats.chisquare(counts, expected).pvalue) if len(counts) > 1 else 1.0


@pytest.mark.parametrize(("raw", "mass"), DISCRETE, ids=[str(c[0]) for c in DISCRETE])
def test_counts_follow_their_law(raw: dict[str, Any], mass: dict[float, float]) -> None:
    drawn = samples("scalar", raw, N, seed=2)
    assert chi_squared(drawn, mass) > ALPHA
    law = parse("scalar", raw)
    if isinstance(law, WholeLaw):
        if law.closed():
            assert [law.mass(k, k) for k in mass] == pytest.approx(list(mass.values()), abs=1e-12)


def test_names_are_chosen_by_weight() -> None:
    picked = list(samples("choice", {"pick": {"a": 3, "b": 1, "c": 0}}, 8000))
    assert "c" not in picked
    assert stats.chisquare([picked.count("a"), picked.count("b")], [6000, 2000]).pvalue > ALPHA


def test_a_clamp_piles_up_what_a_truncation_leaves_out() -> None:
    of = {"normal": [0.5, 0.5]}
    clamped, truncated = (samples("scalar", {name: [0, 1], "of": of}, N) for name in ("clamp", "truncated"))
    assert stats.binomtest(int((clamped == 0).sum()), N, float(stats.norm.cdf(-1))).pvalue > ALPHA
    assert not np.isin(truncated, (0, 1)).any()


def test_a_mass_far_out_in_a_tail_keeps_its_digits() -> None:
    assert log_mass(9, 10) == pytest.approx(math.log(stats.norm.sf(9) - stats.norm.sf(10)), rel=1e-12)
    assert log_mass(-1, 2) == pytest.approx(math.log(stats.norm.cdf(2) - stats.norm.cdf(-1)), rel=1e-12)
    assert log_mass(50, 51) == pytest.approx(stats.norm.logsf(50), rel=1e-12) and log_mass(1, 1) == -math.inf
    for p in (0.0, 0.25, 0.75):
        z = truncated_normal(p, 0, 1, (20, 21))
        assert stats.norm.sf(z) / stats.norm.sf(20) == pytest.approx(1 - p, rel=1e-7)
        assert truncated_normal(1 - p, 0, 1, (-21, -20)) == pytest.approx(-z, abs=1e-7)


def test_conditioning_on_what_hardly_happens_gives_up_with_place_and_cure() -> None:
    value = parse("scalar", {"truncated": [1.999999, 2], "of": {"sum": [{"uniform": [0, 1]}, {"uniform": [0, 1]}]}})
    with pytest.raises(PlacementError) as told:
        value.sample(Draw(3, 7) / "camera" / "roll")
    assert str(told.value) == (
        "3:7/camera/roll: none of 1,000 draws lies within 2..2; widen `truncated`, or use `clamp`"
    )


def test_a_mixture_whose_weights_all_come_out_as_0_says_so() -> None:
    fading = {"mixture": [{"weight": {"ramp": [1, 0], "over": 5}, "of": 1}]}
    assert parse("scalar", fading).sample(Draw(0, 4)) == 1
    with pytest.raises(PlacementError, match=r"^0:5/x: all weights of the mixture are 0 here"):
        parse("scalar", fading).sample(Draw(0, 5) / "x")
