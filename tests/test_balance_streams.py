"""Accepting before painting: how little is dropped afterwards, tickets that come back."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from generator.balance.candidates import Candidates, ranks
from generator.balance.fill import per_tag, to_fill
from generator.balance.plan import Looked, inside, plan
from generator.balance.refill import refilled
from generator.balance.solver import select
from generator.base.draw import Draw
from generator.base.errors import BalanceError
from generator.spec.balancing import Balance

BENCH = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "bench_balance"))
EDGE, Scenes, trimmed = BENCH["EDGE"], BENCH["Scenes"], BENCH["trimmed"]
RULES = Balance(caps=dict.fromkeys(EDGE, 0.2), margin=0.02, proposals=8)


def painted(tickets) -> list[tuple[int, tuple[str, ...]]]:
    return [(one.index, Scenes().paint(one.index, one.tags)) for one in tickets]


def test_filtering_after_painting_wastes_most_frames_planning_almost_none():
    """Three edge cases of 45 % at 20 % each: no more than 20 % / 45 % of each can stay."""
    looks = Scenes().look(range(1000))
    everything = [(one.index, Scenes().paint(one.index, one.tags)) for one in looks if not one.rejected]
    assert 0.55 < 1 - trimmed(everything, RULES).size / len(everything) < 0.73
    planned = painted(plan(Scenes().look, "train", 600, RULES, ("thing",), 0).tickets)
    assert len(planned) == 600 and 1 - trimmed(planned, RULES).size / 600 < 0.02


@pytest.mark.slow
def test_two_thousand_frames_keep_three_caps_on_realised_counts():
    made = plan(Scenes().look, "train", 2000, RULES, ("thing",), 0)
    frames = painted(made.tickets)
    choice = trimmed(frames, RULES)
    kept = [tags for (_, tags), stays in zip(frames, choice.kept, strict=True) if stays]
    assert len(kept) >= 0.98 * 2000
    for tag in EDGE:
        assert sum(tag in tags for tags in kept) <= 0.2 * len(kept)
        assert sum(tag in one.tags for one in made.tickets) <= 0.2 * 0.98 * 2000 + 1e-9
    assert len({one.tags for one in made.tickets}) == 2 ** len(EDGE)  # no combination is wiped out


def test_failed_frames_are_replaced_by_frames_of_their_kind():
    """Scenes at night fail ten times as often as others; the plan loses none of them."""
    made = plan(Scenes().look, "train", 300, RULES, ("thing",), 0)
    nights = [one for one in made.tickets if "night" in one.tags]
    failed = {one.index for one in nights[::2]} | {one.index for one in made.tickets[::20]}
    mended, missing = refilled(made, failed, Scenes().look, ("thing",))
    assert missing == () and sorted(t.tags for t in mended.tickets) == sorted(t.tags for t in made.tickets)
    new = {one.index for one in mended.tickets} - {one.index for one in made.tickets}
    assert not failed & {one.index for one in mended.tickets} and min(new) >= made.looked
    assert mended == refilled(made, failed, Scenes().look, ("thing",))[0]
    assert mended.before.frames + sum(mended.rejected.values()) == mended.looked


def test_kinds_that_do_not_come_again_are_named():
    looks = lambda indices: [Looked(i, ("rare",) if i == 3 else (), {"c": 1}) for i in indices]  # noqa: E731
    made = plan(looks, "train", 10, Balance(), ("c",), 0)
    mended, missing = refilled(made, {3, 4}, looks, ("c",), proposals=10)
    assert [one.index for one in missing] == [3] and len(mended.tickets) == 9 == mended.after.frames
    assert mended.after.tags["rare"] == 0


def test_views_of_a_scene_are_planned_together():
    def look(indices):
        rows = []
        for index in indices:
            rng = Draw(9, index // 3).rng()
            night = ("night",) * bool(rng.random() < 0.5)
            rows.append(Looked(index, night, {"c": 1}, scene=index // 3))
        return rows

    made = plan(look, "train", 100, Balance(caps={"night": 0.2}), ("c",), 0)
    scenes = [one.index // 3 for one in made.tickets]
    assert all(scenes.count(scene) == 3 for scene in scenes) and 98 <= len(scenes) <= 100
    assert sum(one.tags == ("night",) for one in made.tickets) <= 0.2 * len(scenes)


def test_quotas_over_sizes_are_planned_where_looks_tell_of_objects():
    from generator.spec.quotas import Quota

    def look(indices):
        sizes = [100.0 if Draw(2, index).rng().random() < 0.2 else 5000.0 for index in indices]
        return [
            Looked(k, (), {"c": 1}, objects=({"class": "c", "pixels": size},))
            for k, size in zip(indices, sizes, strict=True)
        ]

    rules = Balance(quotas=(Quota(by=("size",), cells={"small": 0.5}),))
    made = plan(look, "train", 60, rules, ("c",), 0)
    small = sum(look([one.index])[0].objects[0]["pixels"] < 1024 for one in made.tickets)
    assert len(made.tickets) == 60 and small >= 30


def test_a_margin_lies_inside_the_rules():
    rules = inside(Balance(caps={"a": 0.2, "b": 0.1}, floors={"a": 0.1, "b": 0.1}, empty=0.5, margin=0.05))
    assert np.isclose(rules.caps["a"], 0.19) and np.isclose(rules.floors["a"], 0.105) and np.isclose(rules.empty, 0.475)
    assert rules.floors["b"] == rules.caps["b"] == 0.095 and inside(Balance()).empty == 1


@pytest.mark.parametrize("seed", range(4))
def test_what_would_have_to_be_painted_completes_a_set(seed):
    """The kept frames and the missing ones together have the wanted number and meet caps and floors."""
    rng = np.random.default_rng(seed)
    bits = rng.random((400, 3)) < [0.6, 0.3, 0.1]
    frames = Candidates(("a", "b", "c"), bits, ("x",), np.ones((400, 1), int), ranks(0, "t", range(400)))
    rules = Balance(caps={"a": 0.3}, floors={"c": 0.15})
    kept = select(frames, rules).kept
    missing = to_fill(frames, kept, rules, 500)
    more = per_tag(missing)
    assert sum(one.frames for one in missing) == 500 - kept.sum()
    assert bits[kept, 0].sum() + more.get("a", 0) <= 0.3 * 500 and bits[kept, 2].sum() + more["c"] >= 0.15 * 500
    assert {one.tags for one in missing} <= {tuple(np.array(frames.tags)[row]) for row in bits}
    assert to_fill(frames, kept, rules, 10) == ()
    with pytest.raises(BalanceError, match=r"no 400 further frames"):
        to_fill(
            frames.take(np.arange(5)),
            np.zeros(5, bool),
            Balance(floors={"c": 1.0}, caps={"c": 1.0, "a": 0.0}).model_copy(update={"floors": {"z": 0.5}}),
            400,
        )


def test_what_is_to_be_painted_keeps_the_proportions_that_no_rule_is_about():
    """Fewer of a are made up for by all others alike, not by the first combination there is."""
    bits = np.random.default_rng(0).random((500, 4)) < [0.5, 0.3, 0.3, 0.2]
    frames = Candidates(tuple("abcd"), bits, ("x",), np.ones((500, 1), int), ranks(0, "t", range(500)))
    rules = Balance(caps={"a": 0.2})
    missing = to_fill(frames, select(frames, rules).kept, rules, 2000)
    total, without = sum(one.frames for one in missing), ~bits[:, 0]
    for tag, column in zip("bcd", bits[without].T[1:], strict=True):
        shown = sum(one.frames for one in missing if tag in one.tags and "a" not in one.tags)
        assert shown == pytest.approx(column.mean() * 0.8 * total, abs=0.01 * total)


@pytest.mark.parametrize(("rules", "wanted", "night"), [
    (Balance(caps={"night": 0.157}), 100, 4),  # 11 of 71 are kept, 15.7 of 100 may be
    (Balance(caps={"night": 0.25, "rain": 0.1}), 90, 4), (Balance(floors={"rain": 0.301}), 115, None),
    (Balance(caps={"night": 0.4}, floors={"night": 0.39, "rain": 0.203}), 133, None),
])  # fmt: skip
def test_what_is_foretold_to_fill_up_a_set_does(rules: Balance, wanted: int, night: int | None):
    """To the frame: a rule that a rounded share breaks would cost some of those that are painted for it."""
    bits = np.array([[k >= 60, k % 5 == 0] for k in range(100)])
    frames = Candidates(("night", "rain"), bits, ("x",), np.ones((100, 1), int), ranks(0, "t", range(100)))
    missing = to_fill(frames, select(frames, rules).kept, rules, wanted)
    more = np.array([[tag in one.tags for tag in frames.tags] for one in missing for _ in range(one.frames)])
    n = 100 + len(more)
    full = Candidates(frames.tags, np.vstack([bits, more]), ("x",), np.ones((n, 1), int), ranks(0, "t", range(n)))
    assert select(full, rules).size >= wanted
    assert night is None or per_tag(missing).get("night", 0) == night


def test_one_more_frame_in_a_hundred_changes_few_choices():
    rng = np.random.default_rng(5)
    bits = rng.random((6000, 5)) < [0.5, 0.4, 0.3, 0.2, 0.6]
    counts = rng.poisson([2.0, 1.0], (6000, 2))
    rules = Balance(caps={"t0": 0.2, "t1": 0.2, "t2": 0.2}, evenness=1.5)
    frames = Candidates(tuple(f"t{k}" for k in range(5)), bits, ("x", "y"), counts, ranks(0, "train", range(6000)))
    few, many = select(frames.take(np.arange(5940)), rules), select(frames, rules)
    assert (few.kept != many.kept[:5940]).mean() < 0.02
