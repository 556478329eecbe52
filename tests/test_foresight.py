"""What parameters tell of scenes before they are looked at: the same as the scenes say, and enough to save looks."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.balance.foresight import Foresight, chances, foreseeable
from generator.balance.plan import Looked, plan
from generator.balance.tags import tags_of
from generator.sampling.sampler import OF_SCENE, SECTIONS, Sampler
from generator.spec.balancing import Balance
from generator.spec.load import load_scene

SCENE = {
    "scene": "dots",
    "classes": ["dot"],
    "world": {"strength": {"uniform": [0, 1]}, "color": [0.5, 0.5, 0.5]},
    "objects": {"dots": {"asset": {"shape": "sphere"}, "label": "dot", "place": {"in": "frustum"}}},
    "lights": {"lamps": {"count": {"integers": [0, 4]}, "position": {"shell": {"radius": [1, 2]}}}},
    "camera": {"position": {"shell": {"radius": [1, 2], "elevation": [10, 80]}}, "roll": {"normal": [0, 20]}},
    "sensor": {"motion": {"uniform": [0, 8]}},
    "edge_cases": {
        "night": {"world.strength": {"below": 0.45}},
        "smeared": {"sensor.motion": {"above": 4.4}},
        "dark": {"any": ["night", {"lights.lamps.count": {"at_most": 1}}]},
        "murky": {"all": ["dark", "smeared"]},
        "high": {"camera.elevation": {"above": 60}},
        "near": {"some": {"pixels": {"above": 900}}},
        "crowd": {"any": ["near", "dark"]},
    },
}
ALL = {"night", "smeared", "dark", "murky", "high"}


def sampler_of(folder: Path, **camera: object) -> Sampler:
    path = folder / "dots.yaml"
    path.write_text(yaml.safe_dump({**SCENE, "camera": {**SCENE["camera"], **camera}}))
    return Sampler(load_scene(path), AssetStore(Catalog()), (64, 48))


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return sampler_of(tmp_path)


def test_what_is_foreseen_is_what_the_scene_says(sampler):
    for index in range(40):
        facts = sampler(3, index).facts
        ahead = sampler.foreseen(3, index, SECTIONS)
        assert len(ahead) > 20 and {name: facts[name] for name in ahead} == ahead
        assert {name.split(".")[0] for name in set(facts) - set(ahead)} <= {"objects"}


def test_views_of_one_scene_are_foreseen_each_with_its_own_camera(tmp_path):
    sampler = sampler_of(tmp_path, views=3)
    for index in range(9):
        facts, ahead = sampler(0, index).facts, sampler.foreseen(0, index, SECTIONS)
        assert all(facts[name] == value for name, value in ahead.items())


def test_only_what_parameters_tell_is_foreseen(sampler):
    assert set(foreseeable(sampler.spec.edge_cases, SECTIONS)) == ALL
    assert set(foreseeable(sampler.spec.edge_cases, OF_SCENE)) == {"night", "dark"}


def test_expected_tags_are_those_of_the_whole_scene(sampler):
    rules = Balance(caps={"murky": 0.1, "high": 0.2, "near": 0.5, "crowd": 0.5})
    ahead = Foresight(sampler, rules, 1, "train")
    assert set(ahead.tags) == {"murky", "high"}
    for index in range(60):
        tags = tags_of(sampler(1, index).facts, foreseeable(sampler.spec.edge_cases, SECTIONS))
        assert set(ahead.expected(index)) == set(tags) & {"murky", "high"}


def test_where_no_rule_is_about_parameters_every_scene_is_worth_a_look(sampler):
    assert all(map(Foresight(sampler, Balance(caps={"near": 0.1}), 0, "train"), range(100)))
    generous = Balance(caps={"night": 0.9}, floors={"smeared": 0.05})
    assert all(map(Foresight(sampler, generous, 0, "train"), range(100)))


def test_what_passes_has_the_shares_that_rules_ask(sampler):
    rules = Balance(caps={"night": 0.2, "smeared": 0.2}, floors={"high": 0.4})
    ahead = Foresight(sampler, rules, 0, "train")
    passed = [ahead.expected(index) for index in filter(ahead, range(5000, 7000))]
    share = {tag: np.mean([tag in tags for tags in passed]) for tag in ahead.tags}
    error = 3 * np.sqrt(0.25 / len(passed))
    assert share["night"] < 0.2 + error and share["smeared"] < 0.2 + error and share["high"] > 0.4 - error
    assert len({tags for tags in passed}) == 8  # every combination is still there
    again = Foresight(sampler, rules, 0, "train")
    assert [again(k) for k in reversed(range(300))][::-1] == [ahead(k) for k in range(300)]
    other = Foresight(sampler, rules, 1, "train")
    assert [other(k) for k in range(300)] != [ahead(k) for k in range(300)]


def test_chances_are_the_nearest_mixture():
    """One tag in 45 %, capped at 20 %: untagged scenes all pass, of the tagged 0.25 * 0.55 / 0.45."""
    found = chances(np.array([[0.0], [1.0]]), np.array([55.0, 45.0]), np.array([[0.0, 0.2]]))
    assert np.allclose(found, [1, 0.25 * 0.55 / 0.45], rtol=1e-3)
    found = chances(np.array([[0.0], [1.0]]), np.array([98.0, 2.0]), np.array([[0.1, 1.0]]))
    assert np.allclose(found, [2 * 0.9 / (98 * 0.1), 1], rtol=1e-3)
    three = np.array([[a, b] for a in (0.0, 1.0) for b in (0.0, 1.0)])
    free = chances(three, np.array([0.3, 0.3, 0.2, 0.2]), np.array([[0.0, 1.0], [0.0, 0.9]]))
    assert np.allclose(free, 1)


def test_a_plan_with_foresight_looks_at_little_in_vain(sampler):
    rules = Balance(caps={"night": 0.2, "smeared": 0.2}, proposals=8)

    def look(indices):
        asked.extend(indices)
        cases = foreseeable(sampler.spec.edge_cases, SECTIONS)
        facts = (sampler.foreseen(0, index, SECTIONS) for index in indices)
        return [Looked(k, tags_of(of, cases), {"dot": 1}) for k, of in zip(indices, facts, strict=True)]

    asked: list[int] = []
    ahead = plan(look, "train", 200, rules, ("dot",), 0, 0, Foresight(sampler, rules, 0, "train"))
    assert len(asked) == ahead.looked < 260 and max(asked) + 1 == ahead.looked + ahead.passed
    blind = plan(look, "train", 200, rules, ("dot",), 0)
    assert blind.looked > 1.5 * ahead.looked and blind.passed == 0
    for made in (ahead, blind):
        tags = [one.tags for one in made.tickets]
        assert len(tags) == 200 and all(sum(tag in one for one in tags) <= 40 for tag in ("night", "smeared"))
