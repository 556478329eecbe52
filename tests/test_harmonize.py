"""Harmonization on constructed maps like Cityscapes' and Synscapes', and pruning of the smallest."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from generator.base.errors import DatasetError, InputError, TrainError
from generator.dataset.coco_labels import Photo
from generator.dataset.examples import Example
from generator.mix.harmonize import Rules, harmonize, load_rules
from generator.mix.harmonized import Harmonized, example_of, of_maps, things_of
from generator.mix.pruning import thresholds
from generator.mix.semantics import SemanticMaps
from generator.spec.config import RunConfig
from generator.spec.training import Train

ROAD, RIDER, BICYCLE, PERSON = 7, 25, 33, 24  # Cityscapes' label ids
NAMES = {ROAD: "road", RIDER: "rider", BICYCLE: "bicycle", PERSON: "person"}
INSTANCE = np.array(  # 1: bicycle with its rider, as one; 2: bicycle without; 3: person
    [
        [0, 0, 0, 0, 0, 0, 0, 3],
        [0, 1, 1, 0, 0, 0, 0, 3],
        [0, 1, 1, 0, 0, 2, 2, 3],
        [1, 1, 1, 1, 0, 2, 2, 0],
    ]
)
SEMANTIC = np.array(
    [
        [7, 7, 7, 7, 7, 7, 7, 24],
        [7, 25, 25, 7, 7, 7, 7, 24],
        [7, 25, 33, 7, 7, 33, 33, 24],
        [33, 33, 33, 33, 7, 33, 33, 7],
    ]
)
INSTANCES = {1: "bicycle", 2: "bicycle", 3: "person"}
SPLIT = {"split_by_semantic": {"classes": ["bicycle", "motorcycle"], "semantic": "rider"}}


def rules(*some: object) -> Rules:
    return Rules.model_validate({"rules": some, "semantics": NAMES})


def applied(*some: object, instance: np.ndarray = INSTANCE, names: dict[int, str] = INSTANCES):
    counts: Counter[str] = Counter()
    things = harmonize(of_maps(instance, names), rules(*some), SEMANTIC, counts)
    return things, dict(+counts)


def test_riders_are_split_from_bicycles_that_have_one() -> None:
    things, counts = applied(SPLIT)
    assert [thing.name for thing in things] == ["bicycle", "rider", "bicycle", "person"]
    bicycle, rider, other, _ = things
    np.testing.assert_array_equal(rider.mask, SEMANTIC == RIDER)
    np.testing.assert_array_equal(bicycle.mask, (INSTANCE == 1) & (SEMANTIC == BICYCLE))
    np.testing.assert_array_equal(other.mask, INSTANCE == 2)
    assert rider.box == (1, 1, 3, 3)
    assert bicycle.box == (0, 2, 4, 4)
    assert bicycle.mask.sum() == 5
    assert rider.mask.sum() == 3
    assert counts == {"split_by_semantic bicycle": 1}


def test_an_instance_that_is_all_rider_leaves_no_bicycle() -> None:
    instance = np.where(SEMANTIC == RIDER, 1, 0)
    things, _ = applied(SPLIT, instance=instance, names={1: "bicycle"})
    assert [thing.name for thing in things] == ["rider"]


def test_splitting_and_merging_gives_back_what_there_was() -> None:
    things, counts = applied(SPLIT, {"merge": {"part": "rider", "into": "bicycle"}})
    assert counts == {"split_by_semantic bicycle": 1, "merge rider": 1}
    for thing, before in zip(things, of_maps(INSTANCE, INSTANCES), strict=True):
        assert (thing.name, thing.box) == (before.name, before.box)
        np.testing.assert_array_equal(thing.mask, before.mask)


def test_a_part_goes_to_the_whole_with_the_longest_border_or_stays() -> None:
    instance = np.array([[1, 3, 2, 0, 4], [1, 3, 2, 0, 0], [0, 3, 2, 0, 0]])
    names = {1: "bicycle", 2: "bicycle", 3: "rider", 4: "rider"}
    counts = Counter()
    merge = rules({"merge": {"part": "rider", "into": "bicycle"}})
    things = harmonize(of_maps(instance, names), merge, None, counts)
    assert [(thing.name, int(thing.mask.sum())) for thing in things] == [("bicycle", 2), ("bicycle", 6), ("rider", 1)]
    assert counts["merge rider"] == 1


def test_renaming_dropping_and_ignoring_count_what_they_did() -> None:
    things, counts = applied({"rename": {"person": "pedestrian"}}, {"to_ignore": ["pedestrian"]}, {"drop": ["bicycle"]})
    assert [(thing.name, thing.ignore) for thing in things] == [("pedestrian", True)]
    assert counts == {"rename person": 1, "to_ignore pedestrian": 1, "drop bicycle": 2}


def test_rules_are_applied_in_their_order() -> None:
    things, _ = applied({"drop": ["rider"]}, SPLIT)
    assert "rider" in [thing.name for thing in things]
    things, _ = applied(SPLIT, {"drop": ["rider"]})
    assert "rider" not in [thing.name for thing in things]


# --- sources --------------------------------------------------------------------------------------------------------


class Street:
    """The maps above as a source, twice; with `masks` false its boxes alone."""

    name, classes = "street", ("bicycle", "person")

    def __init__(self, masks: bool = True) -> None:
        self.masks = masks

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Example:
        things = of_maps(INSTANCE, INSTANCES)
        masks = np.array([thing.mask for thing in things]) if self.masks else None
        boxes = np.array([thing.box for thing in things], np.float32)
        image = np.zeros((*INSTANCE.shape, 3), np.uint8)
        return Example(image, boxes, np.array([1, 1, 2]), masks, np.zeros(3, bool), str(index))


def test_a_source_is_harmonized_with_boxes_recomputed() -> None:
    source = Harmonized(Street(), rules(SPLIT), ("person", "rider", "bicycle"), lambda index: SEMANTIC)
    example = source[1]
    assert example.labels.tolist() == [3, 2, 3, 1]
    assert example.boxes.tolist() == [[0, 2, 4, 4], [1, 1, 3, 3], [5, 2, 7, 4], [7, 0, 8, 3]]
    assert example.masks.sum((1, 2)).tolist() == [5, 3, 4, 3]
    assert source.told()[0] == {"split_by_semantic bicycle": 2}
    assert len(source) == 2


def test_semantic_maps_are_those_of_the_same_folders(tmp_path: Path) -> None:
    """Two pictures of one name; then only one of their maps, and one map too many."""
    photos = [Photo(tmp_path / f"{name}/0001.jpg", f"{name}/0001.jpg", 4, 3, turn=False) for name in "ab"]
    for value, name in enumerate("ab"):
        (tmp_path / "maps" / name).mkdir(parents=True)
        Image.fromarray(np.full((3, 4), value, np.uint8)).save(tmp_path / "maps" / name / "0001.png")
    maps = SemanticMaps(photos, tmp_path / "maps")
    assert [int(maps(k).max()) for k in range(2)] == [0, 1]
    (tmp_path / "maps/b/0001.png").rename(tmp_path / "maps/a/1.png")
    with pytest.raises(DatasetError, match=r"0001\.png: would be the semantic map of a/0001\.jpg and of b/0001\.jpg"):
        SemanticMaps(photos, tmp_path / "maps")
    (tmp_path / "maps/c").mkdir()
    (tmp_path / "maps/a/1.png").rename(tmp_path / "maps/c/0001.png")
    with pytest.raises(DatasetError, match=r"could both be the semantic map of b/0001\.jpg; keep one"):
        SemanticMaps(photos, tmp_path / "maps")


def test_no_rules_change_nothing() -> None:
    for street in (Street(), Street(masks=False)):
        before, after = street[0], Harmonized(street, rules(), street.classes)[0]
        for name in ("boxes", "labels", "ignore", "masks"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    example = Street()[0]
    assert example_of(things_of(example, Street.classes), Street.classes, example).labels.dtype == np.int64


def test_boxes_alone_can_be_renamed_but_not_split() -> None:
    renamed = Harmonized(Street(masks=False), rules({"rename": {"bicycle": "bike"}}), ("bike", "person"))
    assert renamed[0].labels.tolist() == [1, 1, 2]
    with pytest.raises(TrainError, match="needs masks"):
        Harmonized(Street(masks=False), rules(SPLIT), ("bicycle", "person"), lambda index: SEMANTIC)[0]


def test_what_cannot_be_done_says_why() -> None:
    with pytest.raises(TrainError, match="after all rules there are bicycle"):
        Harmonized(Street(), rules(), ("person",))[0]
    with pytest.raises(TrainError, match="needs semantic maps"):
        Harmonized(Street(), rules(SPLIT), ("bicycle", "person", "rider"))[0]
    unknown = rules({"split_by_semantic": {"classes": ["bicycle"], "semantic": "ridr"}})
    with pytest.raises(TrainError, match="did you mean 'rider'"):
        Harmonized(Street(), unknown, ("bicycle", "person"), lambda index: SEMANTIC)[0]
    ignored = Harmonized(Street(), rules({"to_ignore": ["bicycle"]}), ("person",))[0]
    assert ignored.ignore.tolist() == [True, True, False]


def test_a_file_of_rules_is_read_and_its_faults_have_places(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(
        "semantics: {25: rider}\n"
        "rules:\n"
        "- split_by_semantic: {classes: [bicycle], semantic: rider}\n"
        "- rename: {person: pedestrian}\n"
        "- drop: [wheelchair]\n"
    )
    loaded = load_rules(tmp_path / "good.yaml")
    assert loaded.semantics == {25: "rider"}
    assert [next(iter(rule.model_fields_set)) for rule in loaded.rules] == ["split_by_semantic", "rename", "drop"]
    (tmp_path / "bad.yaml").write_text("rules:\n- {drop: [a], rename: {b: c}}\n- spilt_by_semantic: {}\n")
    with pytest.raises(InputError) as error:
        load_rules(tmp_path / "bad.yaml")
    assert "exactly one of" in str(error.value)
    assert "did you mean 'split_by_semantic'" in str(error.value)
    assert "bad.yaml:3" in str(error.value)


@pytest.mark.parametrize("where", ["real", "synthetic"])
def test_settings_with_rules_are_read_back_as_they_were_written(where: str) -> None:
    """A dumped rule names all five keys, four of them with none."""
    some = [SPLIT, {"merge": {"part": "lid", "into": "cup"}}, {"rename": {"car_*": "car"}}, {"drop": ["a"]},
            {"to_ignore": ["b"]}]  # fmt: skip
    spec = Train.model_validate({"harmonize": {where: {"rules": some, "semantics": {25: "rider"}}}})
    config = RunConfig(run="r", scene="s.yaml", frames={"train": 1}, size=(64, 64), train=spec)
    assert Train.model_validate(spec.model_dump(mode="json")) == spec
    assert RunConfig.model_validate(json.loads(json.dumps(config.model_dump(mode="json")))) == config
    for wrong in ({"drop": None}, {"drop": ["a"], "to_ignore": ["b"]}):
        with pytest.raises(ValidationError):
            Train.model_validate({"harmonize": {where: [wrong]}})


# --- pruning --------------------------------------------------------------------------------------------------------


def test_shares_by_class_remove_the_smallest_of_each() -> None:
    areas = [("car", k) for k in range(10)] + [("person", 10 * k) for k in range(10)]
    found = thresholds(areas, {"default": 0.3, "person": 0.6})
    assert {name: sum(a < found[name] for n, a in areas if n == name) for name in found} == {"car": 3, "person": 6}
    assert thresholds(areas, {"person": 0.6}) == {"person": 60}
    assert thresholds(areas, 0.3) == thresholds(areas, {"default": 0.3}) == {"car": 3, "person": 30}
    assert thresholds(areas, {"default": 0.0}) == {}
    with pytest.raises(TrainError, match="did you mean 'person'"):
        thresholds(areas, {"persn": 0.6})
