"""The mixture against its definition: exact ratios, random access, independence of workers and of other sources."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.base.errors import TrainError
from generator.mix.recipes import advice, shares
from generator.mix.sampler import Mixture

WEIGHTS = st.lists(st.integers(0, 40), min_size=1, max_size=5).filter(any)


def mixture(weights: list[int], batch: int = 4, seed: int = 0) -> Mixture:
    names = [f"source{k}" for k in range(len(weights))]
    sizes = {name: 3 + 2 * k for k, name in enumerate(names)}
    return Mixture(sizes, dict(zip(names, map(float, weights), strict=True)), batch, seed)


@given(WEIGHTS)
def test_every_prefix_holds_floor_or_ceil_of_every_share(weights: list[int]) -> None:
    mixed, counts = mixture(weights, batch=1), [0] * len(weights)
    for n in range(1, 3 * sum(weights) + 2):
        ((source, _),) = mixed.batch(n - 1)
        counts[source] += 1
        exact = [Fraction(n * weight, sum(weights)) for weight in weights]
        assert all(abs(count - share) < 1 for count, share in zip(counts, exact, strict=True))


@given(WEIGHTS, st.integers(1, 9), st.integers(0, 300), st.integers(0, 3))
def test_a_step_alone_equals_the_step_in_a_run(weights: list[int], batch: int, step: int, seed: int) -> None:
    run = mixture(weights, batch, seed)
    in_a_run = [run.batch(k) for k in range(step + 1)][-1]
    assert mixture(weights, batch, seed).batch(step) == in_a_run


@given(st.integers(1, 9), st.integers(1, 6))
def test_workers_share_a_batch_without_gap_or_overlap(batch: int, ranks: int) -> None:
    mixed = mixture([3, 1], batch)
    parts = [mixed.shard(5, rank, ranks) for rank in range(ranks)]
    assert sorted(sample for part in parts for sample in part) == sorted(mixed.batch(5))


@pytest.mark.parametrize(("steps", "batch"), [(0, 4), (1, 4), (7, 3), (50, 4)])
def test_seen_equals_counting_the_stream(steps: int, batch: int) -> None:
    mixed = mixture([3, 0, 2], batch, seed=1)
    counted = Counter(sample for step in range(steps) for sample in mixed.batch(step))
    seen = mixed.seen(steps)
    for source, name in enumerate(mixed.names):
        assert seen[name].tolist() == [counted[source, index] for index in range(mixed.sizes[source])]


def test_an_epoch_shows_every_example_once_and_epochs_differ() -> None:
    mixed = Mixture({"only": 50}, {"only": 1}, batch=50, seed=0)
    first, second = ([index for _, index in mixed.batch(step)] for step in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second != list(range(50))


def test_a_source_keeps_its_order_when_another_joins() -> None:
    alone = Mixture({"real": 7}, {"real": 1}, batch=1, seed=3)
    joined = Mixture({"real": 7, "a": 2}, {"real": 0.25, "a": 0.75}, batch=1, seed=3)
    real = [index for step in range(80) for source, index in joined.batch(step) if joined.names[source] == "real"]
    assert len(real) == 20
    assert real == [alone.batch(step)[0][1] for step in range(20)]


def test_orders_are_fair() -> None:
    """Over many seeds the first example is any of five equally often: chi-square below its 0.999 quantile, 18.5."""
    counts = Counter(Mixture({"a": 5}, {"a": 1}, 1, seed).batch(0)[0][1] for seed in range(1000))
    assert sum((counts[k] - 200) ** 2 / 200 for k in range(5)) < 18.5


@pytest.mark.parametrize(
    ("sizes", "shares", "message"),
    [
        ({"real": 0, "synthetic": 5}, {"real": 0.5, "synthetic": 0.5}, "'real' is empty"),
        ({"synthetic": 5}, {"real": 0.5, "synthetic": 0.5}, "no such source"),
        ({"real": 2}, {"real": 0.0}, "must not all be 0"),
        ({"real": 2, "a": 2}, {"real": 2.0, "a": -1.0}, "must not be negative"),
    ],
)
def test_impossible_mixtures_say_why(sizes: dict[str, int], shares: dict[str, float], message: str) -> None:
    with pytest.raises(TrainError, match=message):
        Mixture(sizes, shares, 4, 0)


@pytest.mark.parametrize("arm", ["synthetic", "mixed", "real"])
def test_shares_of_every_arm_sum_to_one(arm: str) -> None:
    assert sum(shares(arm, 0.3).values()) == pytest.approx(1)


def test_an_unknown_arm_suggests_one() -> None:
    with pytest.raises(TrainError, match="did you mean 'mixed'"):
        shares("mixde", 0.5)


@pytest.mark.parametrize(
    ("real", "synthetic", "steps", "batch", "says"),
    [
        (2975, 20000, 18_600, 8, "about 2976 images"),
        (3000, 20000, 18_600, 8, "adding synthetic images is unlikely to help"),
        (3000, 20000, 80_000, 8, "3000 real and 9800 of the 20000 synthetic"),  # the paper's own example
        (0, 300, 1000, 4, "0 real and 80 of the 300 synthetic"),
        (0, 30, 1000, 4, "50 more rendered could help"),
    ],
)
def test_advice_follows_the_budget_rule(real: int, synthetic: int, steps: int, batch: int, says: str) -> None:
    assert says in advice(real, synthetic, steps, batch)
