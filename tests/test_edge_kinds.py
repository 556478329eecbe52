"""Kinds of edge cases that balancing is asked for: co-occurrence, distance, views, exclusive times of day."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from generator.balance.candidates import Candidates, ranks
from generator.balance.real import facts_of_picture
from generator.balance.solver import select
from generator.balance.tags import tags_of
from generator.spec.balancing import Balance
from generator.spec.edges import EdgeCase, Facts

CASES = TypeAdapter(dict[str, EdgeCase]).validate_python({
    "mug_and_bowl": {"count.mug": {"at_least": 1}, "count.bowl": {"at_least": 1}},
    "bowl_alone": {"count.bowl": {"at_least": 1}, "not": ["mug_and_bowl"]},
    "far": {"distance": {"above": 4}},
    "from_above": {"some": {"view_elevation": {"at_least": 60}}},
    "mug_from_behind": {"any": [{"some": {"class": "mug", "view_azimuth": {"above": 135}}},
                                {"some": {"class": "mug", "view_azimuth": {"below": -135}}}]},
    "day": {"world.strength": {"at_least": 0.5}},
    "dusk": {"world.strength": {"at_least": 0.2, "below": 0.5}},
    "night": {"world.strength": {"below": 0.2}},
})  # fmt: skip


def facts(objects: list[dict], strength: float) -> Facts:
    count = {f"count.{name}": float(sum(one["class"] == name for one in objects)) for name in ("mug", "bowl")}
    found = Facts({**count, "world.strength": strength})
    if objects:
        found["distance"] = min(one["distance"] for one in objects)
    found.objects = tuple(objects)
    return found


def thing(label: str, distance: float = 1.0, elevation: float = 0.0, azimuth: float = 0.0) -> dict:
    return {"class": label, "distance": distance, "view_elevation": elevation, "view_azimuth": azimuth}


@pytest.mark.parametrize(
    ("objects", "strength", "expected"),
    [
        ([thing("mug"), thing("bowl")], 0.6, {"mug_and_bowl", "day"}),
        ([thing("bowl", 5.0)], 0.2, {"bowl_alone", "far", "dusk"}),
        ([thing("bowl", 5.0), thing("mug", 3.0)], 0.1, {"mug_and_bowl", "night"}),  # the nearest one counts
        ([thing("bowl", elevation=70, azimuth=180)], 0.5, {"bowl_alone", "from_above", "day"}),
        ([thing("mug", azimuth=-170)], 0.1999, {"mug_from_behind", "night"}),
        ([], 0.0, {"night"}),
    ],
)
def test_tags_by_hand(objects, strength, expected):
    assert set(tags_of(facts(objects, strength), CASES)) == expected


def test_times_of_day_exclude_each_other_whatever_is_drawn():
    rng = np.random.default_rng(0)
    rows = [tags_of(facts([thing("mug")], strength), CASES) for strength in rng.uniform(0, 1, 300)]
    names = ("day", "dusk", "night")
    bits = np.array([[name in tags for name in names] for tags in rows])
    assert (bits.sum(1) == 1).all()
    frames = Candidates(names, bits, ("mug",), np.ones((300, 1), np.int64), ranks(0, "train", range(300)))
    rules = Balance(groups={"time": names}, caps=dict.fromkeys(names, 0.34), floors={"night": 0.33})
    share = bits[select(frames, rules).kept].mean(0)
    assert share.max() <= 0.34 and share[2] >= 0.33


def test_colorfulness_is_that_of_the_paper():
    """Two halves, red and green: rg is 1 or -1, yb 0.5 throughout; sqrt(1 + 0) + 0.3 sqrt(0 + 0.25)."""
    picture = np.zeros((6, 8, 3), np.uint8)
    picture[:, :4, 0] = picture[:, 4:, 1] = 255
    assert facts_of_picture(picture)["image.colorfulness"] == pytest.approx(1 + 0.3 * 0.5)
    assert facts_of_picture(np.full((6, 8, 3), 99, np.uint8))["image.colorfulness"] == pytest.approx(0, abs=1e-9)
