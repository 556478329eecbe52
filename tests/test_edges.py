"""Edge cases: conditions, facts of frames by hand, faults of specs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from test_spec import SCENE

from generator.balance.tags import facts_of, object_facts, tags_of
from generator.base.errors import GeneratorError
from generator.base.frame import Frame, Instance
from generator.base.geometry import Box, Camera
from generator.base.strict import faults
from generator.farm.job import canonical
from generator.spec.edges import (
    Condition,
    EdgeCase,
    Facts,
    check_facts,
    holds,
    in_order,
    reference_faults,
)
from generator.spec.known import KNOWN_LABEL_FACTS, OBJECT_FACTS
from generator.spec.load import load_scene
from generator.spec.scene import SceneSpec

CASE = TypeAdapter(EdgeCase)


@pytest.mark.parametrize(
    ("condition", "true", "false"),
    [
        ({"below": 0.2}, [0.19, -5], [0.2, 1]),
        ({"above": 0.2}, [0.21], [0.2, 0]),
        ({"at_least": 3}, [3, 4], [2.99]),
        ({"at_most": 3}, [3, 0], [3.01]),
        ({"between": [1, 2]}, [1, 1.5, 2], [0.99, 2.01]),
        ({"above": 1, "at_most": 2}, [2, 1.5], [1, 2.1]),
    ],
)
def test_conditions(condition, true, false):
    parsed = Condition.model_validate(condition)
    assert all(map(parsed.holds, true)) and not any(map(parsed.holds, false))


@given(
    st.dictionaries(st.sampled_from(["below", "above", "at_least", "at_most"]), st.integers(0, 6), min_size=1),
    st.integers(0, 6),
    st.integers(0, 6),
)
def test_reachable_is_what_a_fine_grid_finds(bounds, a, b):
    """With whole numbers as bounds, quarters hit every interval."""
    condition, low, high = Condition(**bounds), min(a, b), max(a, b)
    grid = [low + k / 4 for k in range(4 * (high - low) + 1)]
    assert condition.reachable(low, high) == any(condition.holds(value) for value in grid)


def test_a_condition_needs_a_bound_and_an_order():
    for wrong in ({}, {"between": [2, 1]}, {"beneath": 1}):
        with pytest.raises(ValidationError):
            Condition.model_validate(wrong)
    with pytest.raises(ValidationError):
        CASE.validate_python({})


def test_all_conditions_must_hold_and_absent_facts_never_do():
    case = CASE.validate_python({"visible_fraction": {"below": 0.3}, "annotated": {"at_least": 3}})
    assert holds(case, {"visible_fraction": 0.2, "annotated": 3})
    assert not holds(case, {"visible_fraction": 0.2, "annotated": 2})
    assert not holds(case, {"annotated": 3})


def test_facts_are_checked_against_what_the_scene_draws():
    case = {
        "world.strenght": {"below": 1},
        "world.strength": {"below": 0.01},
        "pixels": {"below": 50},
        "count.mug": {"above": 1},
    }
    found = check_facts(CASE.validate_python(case), {"world.strength": (0.05, 3.0), "render.samples": None})
    assert [loc for loc, _ in found] == [("world.strenght",), ("world.strength",)]
    assert "did you mean 'world.strength'?" in found[0][1]
    assert found[1][1] == "never holds: the scene draws world.strength from 0.05 to 3"


def instance(
    number: int, label: str | None, visible: int, amodal: int, box: Box | None, truncated: float = 0.0
) -> Instance:
    fraction = visible / amodal if amodal else 0.0
    return Instance(number, f"o{number}", label, 1, "a", visible, amodal, box, box, fraction, truncated)


def frame_of(*instances: Instance) -> Frame:
    empty = np.zeros((10, 20), np.uint16)
    camera = Camera(20, 10, 20, 20, 10, 5, np.eye(4))
    depth, normal = np.full((10, 20), np.inf, np.float32), np.zeros((10, 20, 3), np.float32)
    return Frame(empty, depth, normal, {}, instances, camera, facts={"world.strength": 0.1})


def test_facts_of_a_frame_by_hand():
    frame = frame_of(
        instance(1, "mug", 20, 20, (0, 0, 5, 4)),
        instance(2, "mug", 8, 16, (4, 3, 8, 7), truncated=0.25),
        instance(3, "bowl", 0, 10, (7, 0, 12, 6)),  # hidden, yet in the image
        instance(4, "bowl", 0, 0, None, truncated=1.0),  # outside
        instance(5, None, 30, 60, (0, 0, 20, 10), truncated=0.9),  # a distractor
    )
    assert facts_of(frame, ("mug", "bowl"), {"lights.lamps.count": 2}, scale=4) == {
        "annotated": 2,
        "classes": 1,
        "distance": 0,
        "largest": 20 * 16,
        "count.bowl": 0,
        "count.mug": 2,
        "coverage": 28 / 200,
        "crowding": 2,
        "lights.lamps.count": 2,
        "occluded_share": 2 / 3,
        "pixels": 8 * 16,
        "share": 8 / 200,
        "truncated_fraction": 0.25,
        "visible_fraction": 0,
        "world.strength": 0.1,
    }


def test_a_frame_without_objects_lacks_facts_about_them():
    facts = facts_of(frame_of(instance(1, None, 5, 5, (0, 0, 1, 5))), ("mug",))
    assert facts == {"annotated": 0, "classes": 0, "count.mug": 0, "coverage": 0, "world.strength": 0.1}


def test_every_label_fact_is_documented():
    facts = facts_of(frame_of(instance(1, "mug", 5, 5, (0, 0, 1, 5))), ("mug",))
    assert {f for f in facts if "." not in f} == set(KNOWN_LABEL_FACTS)


def test_tags_are_the_names_of_cases_that_hold():
    cases = {
        "night": {"world.strength": {"below": 0.2}},
        "alone": {"annotated": {"at_most": 1}},
        "no": {"pixels": {"above": 9}},
    }
    parsed = {name: CASE.validate_python(case) for name, case in cases.items()}
    assert tags_of({"world.strength": 0.1, "annotated": 1.0, "pixels": 9.0}, parsed) == ("alone", "night")


def parsed(cases: dict[str, dict]) -> dict[str, dict]:
    return {name: CASE.validate_python(case) for name, case in cases.items()}


@given(st.lists(st.booleans(), min_size=3, max_size=3))
def test_combined_tags_are_what_logic_says(values):
    night, rain, fog = values
    facts = {name: float(value) for name, value in zip(("night", "rain", "fog"), values, strict=True)}
    base = {name: {name: {"above": 0.5}} for name in facts}
    cases = parsed({
        **base,
        "wet": {"any": ["rain", "fog"]},
        "worst": {"all": ["night", "wet"], "not": ["fog"]},
        "dry_night": {"night": {"above": 0.5}, "not": ["wet"]},
        "odd": {"any": [{"rain": {"above": 0.5}, "not": ["fog"]}, {"fog": {"above": 0.5}, "not": ["rain"]}]},
    })  # fmt: skip
    expected = {
        "night": night, "rain": rain, "fog": fog, "wet": rain or fog, "worst": night and rain and not fog,
        "dry_night": night and not rain and not fog, "odd": rain != fog,
    }  # fmt: skip
    assert set(tags_of(facts, cases)) == {name for name, held in expected.items() if held}


def test_a_tag_may_be_made_of_tags_that_stand_later_but_not_of_itself():
    cases = parsed({"a": {"any": ["z"]}, "z": {"x": {"above": 1}}})
    assert in_order(cases) == ["z", "a"] and tags_of({"x": 2}, cases) == ("a", "z")
    circle = parsed(
        {"a": {"not": ["b"]}, "b": {"any": [{"all": ["a"]}]}, "c": {"any": ["dd"]}, "d": {"x": {"above": 1}}}
    )
    found = dict(reference_faults(circle))
    assert found[("a",)] == found[("b",)] == "is made of itself" and "did you mean 'd'" in found[("c",)]
    with pytest.raises(GeneratorError, match="edge_cases"):
        tags_of({}, circle)
    with pytest.raises(GeneratorError, match="no edge case 'night' is known here"):
        holds(CASE.validate_python({"any": ["night"]}), {})


def test_some_object_must_meet_all_conditions_at_once():
    facts = Facts(annotated=3)
    facts.objects = (
        {"class": "mug", "pixels": 100.0, "visible_fraction": 1.0},
        {"class": "mug", "pixels": 900.0, "visible_fraction": 0.2},
        {"class": "bowl", "pixels": 50.0, "visible_fraction": 0.9},
    )
    assert holds(CASE.validate_python({"some": {"class": "mug", "pixels": {"below": 300}}}), facts)
    both = {"pixels": {"below": 300}, "visible_fraction": {"below": 0.5}}
    assert not holds(CASE.validate_python({"some": both}), facts)
    assert holds(CASE.validate_python({"some": {"pixels": {"below": 300}, "at_least": 2}}), facts)
    assert not holds(CASE.validate_python({"some": {"class": "mug", "pixels": {"below": 300}, "at_least": 2}}), facts)
    assert not holds(CASE.validate_python({"some": {"distance": {"below": 9}}}), facts)


def test_cases_survive_json():
    case = CASE.validate_python(
        {"some": {"class": "mug", "pixels": {"below": 3}}, "any": ["a", {"not": ["b"]}], "x": {"above": 1}}
    )
    assert CASE.validate_json(CASE.dump_json(case, by_alias=True, exclude_none=True)) == case


@pytest.mark.parametrize(
    ("wrong", "place", "words"),
    [
        ({"any": []}, ("any",), "must be a list"),
        ({"any": ["a", {"x": {"belw": 1}}]}, ("any", 1, "x", "belw"), "did you mean 'below'"),
        ({"some": {"clas": "a"}}, ("some", "clas"), "did you mean 'class'"),
        ({"some": {"pixels": {"between": [2, 1]}}}, ("some", "facts", "pixels"), "greater"),
        ({"not": [3]}, ("not", 0), "must name at least one fact"),
    ],
)
def test_faults_of_a_case_have_places(wrong, place, words):
    with pytest.raises(ValidationError) as caught:
        CASE.validate_python(wrong)
    [(loc, text)] = faults(caught.value)
    assert loc == place and words in text


def test_conditions_inside_of_combinations_are_checked_too():
    case = CASE.validate_python({"any": [{"wrld": {"below": 1}}], "not": [{"world.strength": {"below": 0.01}}]})
    found = check_facts(case, {"world.strength": (0.05, 3.0), "world": None})
    assert found == [
        (("any", 0, "wrld"), "unknown fact 'wrld' (did you mean 'world'?)")
    ]  # never, so `not` always holds


def test_keep_may_name_edge_cases_and_then_holds_by_itself(write):
    """Whoever asks `keep` knows no tags: its names are spelled out when the scene is read, and read back from JSON."""
    text = SCENE + "  dusk: {world.strength: {between: [0.2, 0.5]}}\n  dim: {any: [night, dusk]}\n"
    spec = load_scene(
        write("scene.yaml", text + "keep: [{not: [dim]}, {all: [{any: [dusk, {annotated: {at_least: 1}}]}]}]\n")
    )
    for one in (spec, SceneSpec.model_validate_json(canonical(spec))):
        for strength, annotated, kept in ((0.1, 3, False), (0.3, 3, False), (0.9, 3, True), (0.9, 0, False)):
            facts = {"world.strength": strength, "annotated": annotated}
            assert all(holds(case, facts) for case in one.keep) == kept


def test_the_view_of_an_object_by_hand():
    """A camera 2 m away looks along its z at an object whose z axis points up in the picture (camera -y) and whose x
    axis points at the camera: seen level, from its front. Tipped towards the camera by 90 degrees it is seen from above."""
    up = instance(1, "mug", 5, 5, (0, 0, 1, 5))
    half = np.sqrt(0.5)
    # columns of the rotation: object x -> camera -z, object z -> camera -y, so y -> camera x
    level = object_facts(
        Instance(**{**up.__dict__, "position": (0.0, 0.0, 2.0), "rotation": (0.5, 0.5, 0.5, 0.5)}), 200
    )
    matrix_x = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float)
    seen = matrix_x.T @ np.array([0, 0, -1.0])
    assert np.isclose(level["view_elevation"], np.degrees(np.arcsin(seen[2])))
    above = object_facts(
        Instance(**{**up.__dict__, "position": (0.0, 0.0, 2.0), "rotation": (0.0, 1.0, 0.0, 0.0)}), 200
    )
    assert np.isclose(above["view_elevation"], 90)  # half a turn about x: the object's z points back at the camera
    side = object_facts(
        Instance(**{**up.__dict__, "position": (0.0, 0.0, 2.0), "rotation": (half, half, 0.0, 0.0)}), 200
    )
    assert np.isclose(side["view_elevation"], 0, atol=1e-9) and set(side) == {"class", *OBJECT_FACTS}
    assert side["share"] == 5 / 200
