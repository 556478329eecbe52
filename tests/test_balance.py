"""Balancing against brute force, against an integer program over single frames, and by properties."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from generator.balance.candidates import Candidates, candidates, ranks
from generator.balance.groups import codes, compact, position
from generator.balance.solver import Choice, select
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance


def frames_of(bits: np.ndarray, counts: np.ndarray | None = None, seed: int = 0) -> Candidates:
    n, tags = bits.shape
    counts = np.ones((n, 1), np.int64) if counts is None else counts
    labels = tuple(f"class{c}" for c in range(counts.shape[1]))
    names, rank = tuple(f"tag{t}" for t in range(tags)), ranks(seed, "train", range(n))
    return Candidates(names, bits.astype(bool), labels, counts, rank)


def combinations(frames: Candidates) -> np.ndarray:
    """Numbers of distinct rows, found in another way than the solver does."""
    return np.unique(np.column_stack([frames.bits, frames.empty]), axis=0, return_inverse=True)[1].ravel()


def violations(frames: Candidates, kept: np.ndarray, rules: Balance) -> list[str]:
    """The rules checked by plain counting, in no way as the solver writes them."""
    total, found = int(kept.sum()), []
    for tag, cap in rules.caps.items():
        if frames.column(tag)[kept].sum() > cap * total + 1e-6:
            found.append(f"cap {tag}")
    for tag, floor in rules.floors.items():
        if frames.column(tag)[kept].sum() < floor * total - 1e-6:
            found.append(f"floor {tag}")
    if (frames.counts[kept].sum(1) == 0).sum() > rules.empty * total + 1e-6:
        found.append("empty")
    if rules.evenness is not None:
        count = frames.counts[kept].sum(0)
        share, mean = count / max(count.sum(), 1), 1 / frames.counts.shape[1]
        if not count.any():
            found += ["evenness of nothing"] * int(frames.counts.any())
        elif (share > rules.evenness * mean + 1e-6).any() or (share < mean / rules.evenness - 1e-6).any():
            found.append(f"evenness {share}")
    return found


def brute_force(frames: Candidates, rules: Balance) -> int:
    best = 0
    for kept in itertools.product([False, True], repeat=len(frames)):
        chosen = np.array(kept)
        if chosen.sum() > best and not violations(frames, chosen, rules):
            best = int(chosen.sum())
    return best


def integer_program(frames: Candidates, rules: Balance) -> int:
    """One 0/1 variable per frame, rules in shares of the kept."""
    rows = [frames.column(t) - cap for t, cap in rules.caps.items()]
    rows += [floor - frames.column(t) for t, floor in rules.floors.items()]
    rows.append((frames.counts.sum(1) == 0) - rules.empty)
    if rules.evenness is not None:
        mean = frames.counts.mean(1)
        rows += [c - rules.evenness * mean for c in frames.counts.T]
        rows += [mean / rules.evenness - c for c in frames.counts.T]
    n, tops = len(frames), np.full(len(rows), 1e-9)
    if rules.evenness is not None and frames.counts.any():
        rows, tops = [*rows, -frames.counts.sum(1)], np.r_[tops, -1]
    limits = LinearConstraint(np.array(rows, float), -np.inf, tops)
    found = milp(-np.ones(n), constraints=limits, integrality=np.ones(n, int), bounds=Bounds(0, 1))
    return 0 if found.x is None else round(-found.fun)


@st.composite
def problems(draw: st.DrawFn, most: int = 40) -> tuple[Candidates, Balance]:
    n, tags, classes = draw(st.integers(1, most)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    bits = rng.random((n, tags)) < rng.uniform(0.05, 0.9, tags)
    counts = rng.poisson(rng.uniform(0.3, 3, classes), (n, classes))
    share = st.sampled_from([0.0, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.75, 1.0])
    caps = draw(st.dictionaries(st.sampled_from([f"tag{t}" for t in range(tags)]), share, max_size=tags))
    floors = draw(st.dictionaries(st.sampled_from(["tag0", "tag1"]), share, max_size=1))
    floors = {tag: floor for tag, floor in floors.items() if floor <= caps.get(tag, 1)}
    rules = Balance(
        caps=caps,
        floors=floors,
        combinations=draw(st.sampled_from([0.0, 0.02, 0.3, 1.0])),
        evenness=draw(st.sampled_from([None, 1.0, 1.5, 2.0])),
        empty=draw(st.sampled_from([1.0, 0.2, 0.0])),
    )
    return frames_of(bits, counts), rules


def chosen(frames: Candidates, rules: Balance, limit: int | None = None) -> Choice | None:
    try:
        return select(frames, rules, limit)
    except BalanceError:
        return None


@settings(max_examples=150, deadline=None)
@given(problems(most=11))
def test_small_problems_are_solved_as_brute_force_does(problem):
    frames, rules = problem
    rules = rules.model_copy(update={"combinations": 0.0})
    choice, best = chosen(frames, rules), brute_force(frames, rules)
    assert (0 if choice is None else int(choice.kept.sum())) == best


@settings(max_examples=100, deadline=None)
@given(problems(most=60))
def test_medium_problems_are_solved_as_an_integer_program_over_frames_does(problem):
    frames, rules = problem
    rules = rules.model_copy(update={"combinations": 0.0})
    choice, best = chosen(frames, rules), integer_program(frames, rules)
    assert (0 if choice is None else int(choice.kept.sum())) >= best - 1


@settings(max_examples=200, deadline=None)
@given(problems(), st.one_of(st.none(), st.integers(1, 30)))
def test_rules_hold_on_what_is_kept(problem, limit):
    frames, rules = problem
    choice = chosen(frames, rules, limit)
    if choice is None:
        return
    kept = int(choice.kept.sum())
    assert kept >= 1 and not violations(frames, choice.kept, rules)
    assert kept <= choice.bound + 1e-6 and kept <= (limit or kept)
    assert ((choice.why == -1) == choice.kept).all()


@settings(max_examples=60, deadline=None)
@given(problems())
def test_the_promised_share_of_every_combination_is_kept(problem):
    frames, rules = problem
    choice = chosen(frames, rules)
    if choice is None:
        return
    combination = combinations(frames)
    for one in range(combination.max() + 1):
        size, kept = int((combination == one).sum()), int(choice.kept[combination == one].sum())
        if choice.combination_size and size >= choice.combination_size:
            assert kept >= max(choice.combinations * size - 1e-9, 1)


def test_combinations_survive_that_the_plain_optimum_deletes():
    rng = np.random.default_rng(3)
    frames = frames_of(rng.random((20_000, 6)) < [0.5, 0.4, 0.3, 0.5, 0.4, 0.3])
    caps = {f"tag{t}": 0.2 for t in range(6)}
    plain, kind = (select(frames, Balance(caps=caps, combinations=share)) for share in (0.0, 0.02))
    combination = combinations(frames)
    alive = [len(np.unique(combination[choice.kept])) for choice in (plain, kind)]
    assert alive[0] < 0.7 * alive[1] and alive[1] == combination.max() + 1
    assert kind.kept.sum() > 0.9 * plain.kept.sum()


def test_nothing_is_dropped_where_nothing_is_asked():
    frames = frames_of(np.random.default_rng(0).random((100, 3)) < 0.5)
    choice = select(frames, Balance())
    assert choice.kept.all() and choice.gap == 0 and choice.binding == ()


def test_a_cap_by_hand():
    """80 day and 40 night frames, at most a fifth of them night: all days, 20 nights."""
    night = np.arange(120) >= 80
    frames = frames_of(night[:, None])
    choice = select(frames, Balance(caps={"tag0": 0.2}))
    assert choice.kept[:80].all() and choice.kept[80:].sum() == 20
    assert [str(rule) for rule in choice.binding] == ["cap tag0"]
    assert {choice.reasons[w] for w in choice.why[~choice.kept]} == {"cap tag0"}
    lowest = np.sort(frames.rank[80:])[:20]
    assert set(frames.rank[80:][choice.kept[80:]]) == set(lowest)


@pytest.mark.parametrize(
    ("bits", "rules", "message"),
    [
        ([[1], [1]], Balance(caps={"tag0": 0.2}), "cap of tag0 is 0.2, 1 is the least possible (raise it by 0.8)"),
        ([[0], [0]], Balance(floors={"tag0": 0.1}), "floor of tag0 is 0.1, 0 is the most possible (lower it by 0.1)"),
        ([[0], [0]], Balance(floors={"dusk": 0.1}), "floor of dusk is 0.1, 0 is the most possible (lower it by 0.1)"),
        ([[1, 0], [0, 1]], Balance(caps={"tag0": 0.3, "tag1": 0.5}), "(raise it by 0.2)"),
    ],
)
def test_impossible_rules_are_named_with_what_they_lack(bits, rules, message):
    with pytest.raises(BalanceError) as caught:
        select(frames_of(np.array(bits)), rules)
    assert message in str(caught.value)


def test_too_few_frames_for_feasible_shares():
    """One night and one day frame, at most a fifth of them night and at least a tenth."""
    with pytest.raises(BalanceError, match="too few"):
        select(frames_of(np.array([[1], [0]])), Balance(caps={"tag0": 0.2}, floors={"tag0": 0.1}))


def test_empty_frames_are_capped():
    counts = np.array([[0]] * 50 + [[1]] * 50)
    choice = select(frames_of(np.zeros((100, 1)), counts), Balance(empty=0.1, combinations=0))
    assert choice.kept[50:].all() and choice.kept[:50].sum() == 5


def test_adding_frames_changes_few_choices():
    rng = np.random.default_rng(5)
    bits = rng.random((6000, 5)) < [0.5, 0.4, 0.3, 0.2, 0.6]
    rules = Balance(caps={"tag0": 0.2, "tag1": 0.2, "tag2": 0.2})
    few, many = select(frames_of(bits[:5900]), rules), select(frames_of(bits), rules)
    changed = int((few.kept != many.kept[:5900]).sum())
    assert changed < 200


def test_a_limit_keeps_the_proportions_that_rules_leave_free():
    """10 % night under a cap of 20 %: 100 of 1000 frames keep 10 nights, where an extreme point has 0 or 20."""
    frames = frames_of((np.arange(1000) % 10 == 0)[:, None])
    choice = select(frames, Balance(caps={"tag0": 0.2}), limit=100)
    assert choice.kept.sum() == 100 and choice.kept[::10].sum() == 10


def test_a_million_frames():
    rng = np.random.default_rng(1)
    n, prevalence = 1_000_000, np.linspace(0.05, 0.55, 12)
    common = rng.random((n, 1)) < 0.3
    frames = frames_of((rng.random((n, 12)) < prevalence) | (common & (rng.random((n, 12)) < 0.2)))
    rules = Balance(caps={f"tag{t}": 0.2 for t in range(12)})
    choice = select(frames, rules)
    assert not violations(frames, choice.kept, rules)
    assert choice.gap <= 2 * 12 and choice.kept.sum() > 100_000


def test_ranks_are_distinct_uniform_and_salted():
    first, other = ranks(0, "train", range(50_000)), ranks(0, "val", range(50_000))
    assert len(np.unique(first)) == 50_000 and not (first == other).any()
    counts = np.bincount((first >> np.uint64(60)).astype(int), minlength=16)
    assert ((counts - 3125) ** 2 / 3125).sum() < 45  # chi-squared, 15 degrees of freedom: p > 1e-4
    assert (ranks(7, "train", [41]) == ranks(7, "train", range(50))[41]).all()


def test_codes_are_equal_where_rows_are():
    rows = np.random.default_rng(0).integers(0, 2, (500, 90))
    rows[:, 3:80] = 0
    code = compact(codes(500, rows.T))[0]
    _, expected = np.unique(rows, axis=0, return_inverse=True)
    pairs = np.unique(np.column_stack([code, expected.ravel()]), axis=0)
    assert len(pairs) == len(np.unique(expected)) == code.max() + 1


def test_position_counts_within_groups():
    found = position(np.array([1, 0, 1, 1, 0]), np.array([5, 9, 3, 4, 2]))
    assert found.tolist() == [2, 1, 0, 1, 0]


def test_candidates_of_rows():
    frames = candidates([(4, ("night",), {"mug": 2}), (5, (), {})], ("mug", "bowl"), 0, "train")
    assert frames.tags == ("night",) and frames.bits.tolist() == [[True], [False]]
    assert frames.counts.tolist() == [[2, 0], [0, 0]] and frames.empty.tolist() == [False, True]
