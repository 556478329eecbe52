"""The program of very many columns against HiGHS on all of them, and the bound that any prices give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from generator.balance import sifting
from generator.balance.candidates import Candidates, ranks
from generator.balance.program import least_slack
from generator.balance.rows import Rows
from generator.balance.rules import Rule
from generator.balance.sifting import Columns, maximize
from generator.balance.solver import select
from generator.spec.balancing import Balance


def problem(columns: int, rows: int, seed: int, low: float = 0.0) -> Columns:
    """Shares of binary properties, as balancing has them, with columns of very different sizes."""
    rng = np.random.default_rng(seed)
    bits = rng.random((rows, columns)) < rng.uniform(0.1, 0.7, (rows, 1))
    high = np.round(rng.pareto(1.0, columns)).clip(1, 500)
    return Columns(
        np.ones(columns), Rows.of(bits - rng.uniform(0.15, 0.5, (rows, 1))), np.zeros(rows), np.floor(low * high), high
    )


def reference(program: Columns) -> float | None:
    bounds = np.column_stack([program.low, program.high])
    found = linprog(-program.worth, program.rows.dense(), program.tops, bounds=bounds, method="highs")
    return -found.fun if found.status == 0 else None


@pytest.fixture
def few(monkeypatch):
    """So small that a few thousand columns are many."""
    monkeypatch.setattr(sifting, "SMALL", 150)
    monkeypatch.setattr(sifting, "WORKING", 100)
    monkeypatch.setattr(sifting, "SIZES", (100, 1000))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("rows", "low"), [(3, 0.0), (12, 0.0), (8, 0.05)])
def test_sifting_finds_what_the_whole_program_gives(few, seed, rows, low):
    program = problem(3000, rows, seed, low)
    best, found = reference(program), maximize(program)
    assert (found is None) == (best is None)
    if found is None or best is None:
        return
    assert (program.rows.dense() @ found.x <= program.tops + 1e-6).all()
    assert (found.x >= program.low).all() and (found.x <= program.high).all()
    worth = float(found.x @ program.worth)
    assert worth <= best + 1e-6 <= found.bound + 2e-6 and found.bound - worth <= max(0.5, 1e-5 * best)


def test_what_cannot_be_met_is_proven(few):
    program = problem(3000, 3, 0)
    full = Columns(program.worth, program.rows, program.tops, program.high, program.high)
    assert reference(full) is None and maximize(full) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_any_prices_bound_the_worth_of_any_solution(seed, rows):
    program, rng = problem(40, rows, seed), np.random.default_rng(seed)
    prices = rng.exponential(1, rows) * rng.integers(0, 2, rows)
    best = reference(program)
    assert best is not None and program.bound(prices) >= best - 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_the_least_relaxation_of_many_columns_is_that_of_all_at_once(seed):
    rng = np.random.default_rng(seed)
    rows = (rng.random((4, 9000)) < 0.9) - np.array([0.2, 0.1, 0.3, 0.05])[:, None]
    rows[0] = 0.3  # never
    rules = [Rule("cap", f"t{k}", 0.2) for k in range(4)]
    found = dict(least_slack(rules, rows, np.ones(9000, np.int64)))
    costs = np.r_[np.zeros(9000), np.ones(4)]
    whole = linprog(costs, np.hstack([rows, -np.eye(4)]), np.zeros(4), np.r_[np.ones(9000), np.zeros(4)][None], [1.0])
    assert np.isclose(sum(found.values()), whole.fun) and np.isclose(found[rules[0]], 0.3)


def test_evenness_over_counts_that_all_differ(few):
    """Every frame its own column: the optimum is still proven, and rules hold on what is kept."""
    rng = np.random.default_rng(2)
    counts = rng.poisson([4.0, 1.0, 0.5, 2.0, 3.0], (4000, 5))
    bits = rng.random((4000, 2)) < 0.5
    frames = Candidates(("a", "b"), bits, tuple("vwxyz"), counts, ranks(0, "train", range(4000)))
    choice = select(frames, Balance(evenness=1.3, caps={"a": 0.4}))
    share = counts[choice.kept].sum(0)
    assert share.max() <= 1.3 * share.mean() + 1e-6 and share.min() >= share.mean() / 1.3 - 1e-6
    assert bits[choice.kept, 0].mean() <= 0.4 and choice.gap < 12
