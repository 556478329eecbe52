"""Every rule, checked by plain counting on what is really kept, and what it says where it cannot be met."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.balance.candidates import Candidates, ranks
from generator.balance.objects import Objects, of_looks, with_quotas
from generator.balance.rules import RULES, BalanceRule, amounts_of, entries, rows_of
from generator.balance.rules.edge_rule import limits
from generator.balance.rules.variety import conditional_entropy
from generator.balance.scenes import together
from generator.balance.solver import select
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance
from generator.spec.quotas import Quota

TAGS = ("a", "b", "c")


def pool(n: int, seed: int, classes: int = 2) -> Candidates:
    rng = np.random.default_rng(seed)
    bits = rng.random((n, 3)) < rng.uniform(0.2, 0.8, 3)
    counts = rng.poisson(rng.uniform(0.5, 3, classes), (n, classes))
    return Candidates(TAGS, bits, tuple(f"c{k}" for k in range(classes)), counts, ranks(seed, "train", range(n)))


def kept_of(frames: Candidates, rules: Balance) -> np.ndarray:
    choice = select(frames, rules)
    assert choice.size == frames.weight[choice.kept].sum() <= choice.bound + 1e-6
    return choice.kept


def asked(**rules) -> Balance:
    return Balance(combinations=0.0, **rules)


def possible(frames: Candidates, rules: Balance) -> np.ndarray | None:
    try:
        return kept_of(frames, rules)
    except BalanceError:
        return None


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 200), st.integers(0, 10**6), st.sampled_from([0.1, 0.25, 0.5]), st.sampled_from([0.0, 0.3]))
def test_instance_shares_are_shares_of_the_objects(n, seed, cap, floor):
    frames = pool(n, seed)
    kept = possible(frames, asked(instance_caps={"a": cap}, instance_floors={"b": floor}))
    if kept is not None:
        objects = frames.counts.sum(1)[kept]
        assert objects[frames.bits[kept, 0]].sum() <= cap * objects.sum() + 1e-6
        assert objects[frames.bits[kept, 1]].sum() >= floor * objects.sum() - 1e-6


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 200), st.integers(0, 10**6), st.sampled_from([1.0, 1.2, 2.0]))
def test_image_evenness_counts_pictures(n, seed, factor):
    frames = pool(n, seed, classes=3)
    kept = possible(frames, asked(image_evenness=factor))
    if kept is not None:
        images = (frames.counts[kept] > 0).sum(0)
        assert images.max() <= factor * images.mean() + 1e-6 and images.min() >= images.mean() / factor - 1e-6


@settings(max_examples=50, deadline=None)
@given(st.integers(20, 200), st.integers(0, 10**6), st.sampled_from([0.01, 0.02]), st.sampled_from([0.2, 0.05, 0.0]))
def test_the_edge_rule_is_five_times_reality_and_never_all(n, seed, real_a, real_b):
    frames, rules = pool(n, seed), asked(prevalence={"a": real_a, "b": real_b}, caps={"b": 0.3})
    assert limits(rules) == {"a": (5 * real_a, 0.5), "b": (min(0.3, 5 * real_b), 0.3)}
    kept = possible(frames, rules)
    if kept is not None:
        share = frames.bits[kept].mean(0)
        assert 5 * real_a - 1e-9 <= share[0] <= 0.5 and min(0.3, 5 * real_b) - 1e-9 <= share[1] <= 0.3


@settings(max_examples=50, deadline=None)
@given(st.integers(10, 300), st.integers(0, 10**6), st.sampled_from([0.3, 0.5, 0.8]))
def test_variety_bounds_every_combination_and_with_it_the_entropy(n, seed, most):
    frames = pool(n, seed)
    kept = possible(frames, asked(variety={"a": most}, caps={"a": 0.4}))
    if kept is None or not (kept & frames.bits[:, 0]).any():
        return
    inside = frames.bits[kept & frames.bits[:, 0]][:, 1:]
    _, counts = np.unique(inside, axis=0, return_counts=True)
    assert counts.max() <= most * counts.sum() + 1e-6
    share = counts / counts.sum()
    entropy = conditional_entropy(frames, kept, "a", ("b", "c"))
    assert np.isclose(entropy, -(share * np.log2(share)).sum()) and entropy >= -np.log2(most) - 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 120), st.integers(0, 10**6), st.sampled_from([0.02, 0.1]), st.sampled_from([1.0, 0.5]))
def test_quotas_over_a_product_hold_on_counted_objects(n, seed, least, most):
    frames, rng = pool(n, seed), np.random.default_rng(seed + 1)
    frame = np.repeat(np.arange(n), frames.counts.sum(1))
    label = np.concatenate([np.repeat([0, 1], row) for row in frames.counts]) if len(frame) else np.zeros(0, int)
    facts = {"pixels": rng.uniform(10, 20000, len(frame)), "visible_fraction": rng.uniform(0, 1, len(frame))}
    rules = asked(quotas=(Quota(by=("class", "size", "time"), least=least, most=most),), groups={"time": ("a",)})
    full = with_quotas(frames, Objects(frame, label.astype(np.int64), facts), rules)
    kept = possible(full, rules)
    if kept is None:
        return
    size = np.digitize(facts["pixels"], [32**2, 96**2])
    cell = label * 6 + size * 2 + frames.bits[frame, 0]
    chosen = np.bincount(cell[kept[frame]], minlength=12)
    occurs = np.bincount(cell, minlength=12) > 0
    assert (chosen[occurs] >= least * chosen.sum() - 1e-6).all() and chosen.max() <= most * chosen.sum() + 1e-6


def test_quotas_of_cells_by_name_and_what_cannot_be_had():
    counts = np.array([[3, 0]] * 50 + [[0, 1]] * 50)
    frames = Candidates((), np.zeros((100, 0), bool), ("mug", "bowl"), counts, ranks(0, "t", range(100)))
    kept = kept_of(frames, asked(quotas=(Quota(by=("class",), cells={"bowl": 0.4}),)))
    assert kept[50:].all() and kept[:50].sum() == 25
    with pytest.raises(BalanceError, match=r"quota of cup is 0\.1"):
        select(frames, asked(quotas=(Quota(by=("class",), cells={"cup": 0.1}),)))
    objects = of_looks([({"class": "mug", "pixels": 9.0},)] * 100, ("mug", "bowl"))
    with pytest.raises(BalanceError, match=r"nothing is called 'sizes' \(did you mean 'size'"):
        with_quotas(frames, objects, asked(quotas=(Quota(by=("sizes",)),)))


def test_exclusive_groups_are_checked_before_anything_is_solved():
    bits = np.zeros((90, 3), bool)
    bits[np.arange(90), np.arange(90) % 3] = True
    frames = Candidates(("dawn", "day", "night"), bits, ("c",), np.ones((90, 1), int), ranks(0, "t", range(90)))
    groups = {"time": ("dawn", "day", "night")}
    rules = asked(groups=groups, caps={"dawn": 0.2, "day": 0.3, "night": 0.3})
    with pytest.raises(BalanceError, match=r"every frame is one of .* add up to 80 %: raise them by 20 % together"):
        select(frames, rules)
    with pytest.raises(BalanceError, match=r"floors of .* add up to 120 %"):
        select(frames, asked(groups=groups, floors={"dawn": 0.4, "day": 0.4, "night": 0.4}))
    bits[0] = True
    with pytest.raises(BalanceError, match="1 frames have several of dawn, day, night"):
        select(frames, asked(groups=groups))


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 60), st.integers(0, 10**6), st.sampled_from([0.1, 0.25, 0.5]), st.booleans())
def test_views_of_a_scene_stay_together_and_rules_count_frames(n, seed, cap, even):
    frames = pool(n, seed)
    scene = np.random.default_rng(seed).integers(0, max(2, n // 3), n)
    scene = np.unique(scene, return_inverse=True)[1]
    units = together(frames, scene)
    assert units.frames == n and len(units) == scene.max() + 1
    kept = possible(units, asked(caps={"a": cap}, empty=0.5, evenness=2.0 if even else None))
    if kept is None:
        return
    of = kept[scene]
    assert frames.bits[of, 0].sum() <= cap * of.sum() + 1e-6
    assert (frames.counts[of].sum(1) == 0).sum() <= 0.5 * of.sum() + 1e-6
    if even:
        share = frames.counts[of].sum(0)
        assert share.max() <= 2 * share.mean() + 1e-6 and share.min() >= share.mean() / 2 - 1e-6


def test_grouping_scenes_of_one_frame_changes_nothing():
    frames = pool(40, 0)
    assert together(frames, np.arange(40)) is frames


@pytest.mark.parametrize("name", list(RULES))
def test_every_rule_explains_all_of_its_rows(name):
    rules = Balance(
        caps={"a": 0.5}, floors={"b": 0.1}, evenness=2, image_evenness=2, empty=0.5, instance_caps={"a": 0.5},
        instance_floors={"a": 0.1}, prevalence={"c": 0.02}, variety={"a": 0.5}, groups={"g": ("a",)},
        quotas=(Quota(by=("class",), least=0.1, most=0.9),),
    )  # fmt: skip
    frames, entry = pool(30, 0), RULES[name]()
    found, amounts = list(entry.rows(rules, frames)), amounts_of(rules, frames)
    assert isinstance(entry, BalanceRule) and {row.rule.kind for row in found} == set(entry.kinds)
    for row in found:
        assert row.rule.subject in entry.asks(row.rule) and len(entry.lacks(row.rule, 0.1)) > 10
        assert all(amounts[name].shape == (30,) for name in row.terms)


def test_kinds_of_rows_belong_to_one_rule_each_and_a_rule_that_is_not_asked_has_none():
    kinds = [kind for entry in entries() for kind in entry.kinds]
    assert len(kinds) == len(set(kinds))
    assert rows_of(Balance(), pool(10, 0), np.arange(10))[1].dense().shape == (0, 10)
