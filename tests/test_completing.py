"""Completing a painted set: afterwards the pass over measured frames keeps what was wanted."""

import numpy as np
import pytest
from pydantic import ValidationError

from generator.balance.candidates import Candidates, ranks
from generator.balance.completing import Lack, complete, fewest, joined, lack
from generator.balance.plan import Looked, Plan, plan
from generator.balance.refill import refilled
from generator.balance.solver import select
from generator.base.draw import Draw
from generator.dataset.records import FrameRecord, InstanceRecord, to_table
from generator.spec.balancing import Balance

RULES = Balance(caps={"night": 0.2}, floors={"rain": 0.3}, combinations=0, proposals=20)
MUG = InstanceRecord(1, "mug", "mug", 1, "a", 50, 60, 0.8, 0.0, (0, 0, 9, 9), (0, 0, 9, 9))


def look(indices, views: int = 1) -> list[Looked]:
    """40 % night, 40 % rain, alike in all views of a scene but for rain."""
    found = []
    for index in indices:
        night = Draw(3, index // views).rng().random() < 0.4
        rain = Draw(4, index).rng().random() < 0.4
        tags = ("night",) * bool(night) + ("rain",) * bool(rain)
        found.append(Looked(index, tags, {"mug": 1}, scene=index // views if views > 1 else None))
    return found


def records(made: Plan, views: int = 1, wrong: float = 0.15, failed: float = 0.1, seed: int = 5):
    """Painted frames: of 15 % the rain is not what was planned, 10 % (by scene) fail."""
    rows = []
    for one in made.tickets:
        rng, scene = Draw(seed, one.index).rng(), Draw(seed + 1, one.index // views).rng()
        if scene.random() < failed:
            continue
        tags = {*one.tags} ^ ({"rain"} if rng.random() < wrong else set())
        facts = {"scene": float(one.index // views)} if views > 1 else {}
        rows.append(FrameRecord(f"train-{one.index:08d}", "train", one.index, 0, 0, 8, 8, tags=tuple(sorted(tags)),
                                facts=facts, instances=(MUG,)))  # fmt: skip
    return rows


@pytest.mark.parametrize("views", [1, 3])
def test_rounds_of_completing_reach_what_was_wanted_on_measured_tags(views: int) -> None:
    def of(indices):
        return look(indices, views)

    wanted = 150
    head = plan(of, "train", wanted, RULES, ("mug",), 0)
    painted, rounds, indices = records(head, views), 0, [t.index for t in head.tickets]
    while (missing := lack(to_table(painted), "train", wanted, RULES, ("mug",), 0)).kept <= wanted - views:
        head, told = complete(head, to_table(painted), missing, of, RULES, ("mug",), views)
        again, _ = complete(
            head.model_copy(update={"tickets": ()}), to_table(painted), missing, of, RULES, ("mug",), views
        )
        assert len(head.tickets) and told == missing and again != head, "goes on behind what was looked at"
        indices += [t.index for t in head.tickets]
        painted += records(head, views)
        rounds += 1
        assert rounds <= 6
    assert rounds >= 1 and len(set(indices)) == len(indices)
    assert len(painted) < 2 * wanted


def test_what_no_scene_has_is_said() -> None:
    head = plan(look, "train", 40, Balance(), ("mug",), 0)
    rules = Balance(floors={"snow": 0.5}, combinations=0)
    missing = lack(to_table(records(head)), "train", 40, rules, ("mug",), 0)
    after, told = complete(head, to_table(records(head)), missing, look, rules, ("mug",))
    assert missing.kept == 0 and not len(after.tickets) and "snow" in str(told) and after.looked > head.looked
    assert str(told).startswith("train: 0 of 40 frames meet the rules: no 40 more were found in 20")


@pytest.mark.parametrize("seed", range(5))
def test_as_few_as_counting_says(seed: int) -> None:
    """70 painted frames, n of them at night, under a cap of 20 %: of 100 frames 80 are days, so 80 - (70 - n) more."""
    rng = np.random.default_rng(seed)
    night = rng.random(70) < 0.5
    some = Candidates(("night",), night[:, None], ("c",), np.ones((70, 1), int), ranks(0, "t", range(70)))
    other = rng.random(300) < 0.5
    more = Candidates(("night",), other[:, None], ("c",), np.ones((300, 1), int), ranks(0, "t", range(100, 400)))
    rules = Balance(caps={"night": 0.2}, combinations=0)
    picked = fewest(some, more, rules, 100, 1)
    days = int((~night).sum())
    assert len(picked) == 80 - days + max(0, 20 - int(night.sum()))
    assert select(joined(some, more.take(picked)), rules, 100).size == 100
    assert not len(fewest(some, more.take(np.arange(5)), rules, 100, 1))


def test_scenes_of_several_views_are_replaced_by_scenes() -> None:
    def of(indices):
        return look(indices, 3)

    made = plan(of, "train", 90, Balance(), ("mug",), 0)
    scenes = sorted({t.index // 3 for t in made.tickets})
    failed = {3 * scene + view for scene in scenes[::7] for view in range(3)}
    mended, missing = refilled(made, failed, of, ("mug",), views=3)
    assert missing == () and len(mended.tickets) == len(made.tickets)
    after = [t.index // 3 for t in mended.tickets]
    assert all(after.count(scene) == 3 for scene in after) and not set(scenes[::7]) & set(after)
    for tag in ("night", "rain"):
        assert sum(tag in t.tags for t in mended.tickets) == sum(tag in t.tags for t in made.tickets)
    new = sorted(set(after) - set(scenes))
    assert new and min(new) * 3 >= made.looked, "a scene that was looked at in part is not begun in its middle"


def test_plans_of_the_first_format_are_read(tmp_path) -> None:
    made = plan(look, "train", 10, Balance(), ("mug",), 0)
    old = made.model_dump() | {"format": 1, "tickets": [vars(t) for t in made.tickets]}
    assert Plan.model_validate(old).tickets == made.tickets
    with pytest.raises(ValidationError, match="do not fit together"):
        Plan.model_validate(made.model_dump() | {"tickets": {"kinds": [], "kind": [0, 1], "step": [1]}})


def test_a_lack_says_what_there_is() -> None:
    assert str(Lack("val", 8, 5)) == "val: 5 of 8 frames meet the rules"
