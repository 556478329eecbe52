"""Planning before painting: what is asked is what comes out, whoever looks, and what cannot be had is explained."""

import math
import re

import numpy as np
import pytest

from generator.balance.plan import Looked, Plan, Ticket, plan
from generator.balance.solver import expressible
from generator.base.draw import Draw
from generator.base.errors import BalanceError, DatasetError
from generator.spec.balancing import Balance


class Scenes:
    """Answers to looks: 50 % night, 30 % crowded, 10 % unusable. Remembers how it was asked."""

    def __init__(self, night: float = 0.5, rejected: float = 0.1) -> None:
        self.night, self.rejected, self.asked = night, rejected, list[int]()

    def __call__(self, indices):
        self.asked += indices
        return [self.look(index) for index in indices]

    def look(self, index: int) -> Looked:
        rng = Draw(1, index).rng()
        tags = ("night",) * (rng.random() < self.night) + ("crowded",) * (rng.random() < 0.3)
        classes = {"mug": int(rng.integers(0, 4)), "bowl": int(rng.integers(0, 2))}
        return Looked(index, tags, classes, "nothing visible" if rng.random() < self.rejected else "")


RULES = Balance(caps={"night": 0.2, "crowded": 0.25}, floors={"crowded": 0.1})
CLASSES = ("mug", "bowl")


def test_a_plan_holds_as_many_tickets_as_wanted_and_the_rules():
    scenes = Scenes()
    made = plan(scenes, "train", 200, RULES, CLASSES, seed=0)
    tags = [set(ticket.tags) for ticket in made.tickets]
    assert len(tags) == 200
    assert sum("night" in t for t in tags) <= 40 and 20 <= sum("crowded" in t for t in tags) <= 50
    for ticket in made.tickets:
        looked = scenes.look(ticket.index)
        assert ticket.tags == looked.tags and not looked.rejected and ticket.split == "train"
    indices = [ticket.index for ticket in made.tickets]
    assert indices == sorted(set(indices)) and max(indices) < made.looked


def test_looks_go_up_from_the_first_index_once_each_and_within_the_budget():
    scenes = Scenes()
    made = plan(scenes, "val", 50, RULES, CLASSES, seed=0, first=1000)
    assert scenes.asked == list(range(1000, 1000 + made.looked)) and made.looked <= 50 * RULES.proposals
    assert made.before.frames + sum(made.rejected.values()) == made.looked
    assert sum(made.rejected.values()) == sum(bool(scenes.look(i).rejected) for i in scenes.asked)


def test_where_no_rule_binds_nothing_is_looked_at_in_vain():
    made = plan(Scenes(rejected=0), "train", 64, Balance(), CLASSES, seed=0)
    assert made.looked == 64 and [t.index for t in made.tickets] == list(range(64))


def test_the_plan_is_a_function_of_its_input():
    class Backwards(Scenes):
        def __call__(self, indices):
            return [self.look(index) for index in reversed(indices)][::-1]

    first, second = plan(Scenes(), "train", 100, RULES, CLASSES, 0), plan(Backwards(), "train", 100, RULES, CLASSES, 0)
    other = plan(Scenes(), "train", 100, RULES, CLASSES, seed=1)
    assert first == second and first.tickets != other.tickets


def test_the_optimum_is_found_as_soon_as_counting_allows():
    """80 % night under a cap of 20 %: 100 frames need 80 days, so at least 400 looks; not many more are made."""
    scenes = Scenes(night=0.8, rejected=0)
    made = plan(scenes, "train", 100, Balance(caps={"night": 0.2}, proposals=10, combinations=0), CLASSES, 0)
    days = np.cumsum(["night" not in scenes.look(i).tags for i in range(made.looked)])
    needed = int(np.argmax(days >= 80)) + 1
    assert needed <= made.looked <= needed + 60


def test_what_stands_in_the_way_is_said():
    with pytest.raises(BalanceError) as caught:
        plan(Scenes(night=0.95), "train", 100, Balance(caps={"night": 0.2}), CLASSES, 0)
    text = str(caught.value)
    found = re.match(r"train: (\d+) of 100 frames are possible among 400 scenes", text)
    scenes = Scenes(night=0.95)
    days = sum("night" not in s.tags and not s.rejected for s in map(scenes.look, range(400)))
    assert found and math.floor(days / 0.8) - 1 <= int(found[1]) <= days / 0.8
    assert "scenes were unusable: nothing visible" in text and "cap night 0.2, 0.9" in text and "`proposals`" in text


def test_impossible_and_unusable_scenes_are_said():
    with pytest.raises(BalanceError, match=r"0 of 10 .* cap of night is 0\.2, 1 is the least possible"):
        plan(Scenes(night=1), "train", 10, Balance(caps={"night": 0.2}), CLASSES, 0)
    with pytest.raises(BalanceError, match=r"40 scenes were unusable: nothing visible; no scene could be used"):
        plan(Scenes(rejected=1), "train", 10, Balance(), CLASSES, 0)


def test_a_plan_is_saved_and_read_back(tmp_path):
    made = plan(Scenes(), "train", 20, RULES, CLASSES, 0)
    made.save(tmp_path / "plan.json")
    again = Plan.load(tmp_path / "plan.json")
    assert again == made and isinstance(again.tickets[0], Ticket)
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "plan.json").read_bytes()
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(DatasetError, match="not a plan"):
        Plan.load(tmp_path / "plan.json")


def test_rules_finer_than_a_frame_do_not_bind_a_small_split() -> None:
    """A cap of 20 % and a floor of 5 % of four frames are no whole frame: they must not make a small split impossible."""
    rules = Balance(caps={"dim": 0.2, "never": 0.0}, floors={"dim": 0.05})
    assert expressible(rules, 4).caps == {"never": 0.0} and expressible(rules, 4).floors == {}
    assert expressible(rules, 5).caps == rules.caps and expressible(rules, 20) == rules
    looked = lambda indices: [Looked(i, ("dim",) if i % 3 else (), {"coin": 1}) for i in indices]  # noqa: E731
    assert len(plan(looked, "val", 4, rules, ("coin",), seed=0).tickets) == 4
