"""Splits: nothing leaks, every tag is everywhere, and the paper's own measure is better than chance's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.balance.candidates import Candidates, ranks
from generator.balance.splits import linked, split
from generator.base.errors import BalanceError

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def pool(n: int, seed: int) -> Candidates:
    rng = np.random.default_rng(seed)
    bits = rng.random((n, 4)) < [0.5, 0.2, 0.05, 0.02]
    return Candidates(tuple("abcd"), bits, ("x", "y"), rng.poisson([2.0, 0.2], (n, 2)), ranks(seed, "real", range(n)))


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 150), st.integers(0, 10**6), st.integers(1, 8))
def test_groups_stay_whole_and_every_frame_is_somewhere(n, seed, views):
    group = np.random.default_rng(seed).integers(0, -(-n // views), n)
    group = np.unique(group, return_inverse=True)[1]
    made = split(pool(n, seed), SHARES, group)
    assert (made.part >= 0).all() and sum(len(made.of(name)) for name in SHARES) == n
    for one in range(group.max() + 1):
        assert len(set(made.part[group == one])) == 1


@pytest.mark.parametrize("seed", range(5))
def test_every_tag_is_dealt_out_in_proportion(seed):
    frames = pool(1000, seed)
    made = split(frames, SHARES)
    rng, shares = np.random.default_rng(seed), np.array(list(SHARES.values()))
    chance = rng.permutation(np.repeat(np.arange(3), np.round(1000 * shares).astype(int)))

    def off(part: np.ndarray) -> float:
        """Mean distance of each tag's frames per part from the wanted ones (Sechidis' label distribution)."""
        counts = np.array([frames.bits[part == k].sum(0) for k in range(3)])
        return float(np.abs(counts - shares[:, None] * frames.bits.sum(0)).mean())

    assert off(made.part) < 1.5 < off(chance)
    sizes = np.bincount(made.part) / 1000
    assert np.abs(sizes - shares).max() < 0.02
    assert all(frames.bits[made.of(name)].any(0).all() for name in SHARES)  # the rarest tag is in every part


def test_a_split_is_a_function_of_its_input():
    assert (split(pool(100, 1), SHARES).part == split(pool(100, 1), SHARES).part).all()
    with pytest.raises(BalanceError, match="not be negative"):
        split(pool(10, 0), {"train": -1.0})


def test_what_shares_a_scene_or_an_asset_is_linked_also_through_others():
    scenes = [[1], [1], [2], [3], [4]]
    assets = [["a"], ["b"], ["b"], ["c"], []]
    assert linked(scenes, assets).tolist() == [0, 0, 0, 1, 2]
    assert linked(scenes).tolist() == [0, 0, 1, 2, 3]
