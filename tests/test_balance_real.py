"""Tags of real photographs, and quotas from what a detector got wrong on them."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter

from generator.balance.feedback import Errors, as_yaml, next_rules, read_errors
from generator.balance.real import facts_of_example, facts_of_picture, prevalences, read_tags, tagged
from generator.balance.solver import select
from generator.base.errors import DatasetError
from generator.dataset.examples import Example
from generator.spec.balancing import Balance
from generator.spec.edges import EdgeCase
from generator.spec.known import IMAGE_FACTS

CASES = TypeAdapter(dict[str, EdgeCase])


def example(key: str, level: int = 128, boxes: tuple = (), labels: tuple = (), ignore: tuple = ()) -> Example:
    image = np.full((40, 60, 3), level, np.uint8)
    ignored = np.array(ignore or [False] * len(boxes), bool)
    return Example(image, np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), None, ignored, key)


@dataclass
class Photographs:
    examples: list[Example]
    name: str = "photographs"
    classes: tuple[str, ...] = ("mug", "bowl")
    masks: bool = False

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


def test_facts_of_flat_and_striped_pictures_by_hand():
    gray = facts_of_picture(np.full((8, 8, 3), 51, np.uint8))
    assert set(gray) == set(IMAGE_FACTS)
    assert np.isclose(gray["image.brightness"], 0.2) and gray["image.contrast"] == pytest.approx(0)
    assert gray["image.saturation"] == gray["image.warmth"] == 0 and gray["image.sharpness"] == pytest.approx(0)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert facts_of_picture(red)["image.saturation"] == facts_of_picture(red)["image.warmth"] == 1
    stripes = np.zeros((9, 9, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.isclose(facts_of_picture(stripes)["image.sharpness"], 2, rtol=0.03)  # the Laplacian is 2 or -2


def test_facts_of_annotations_by_hand():
    facts = facts_of_example(
        example(
            "k",
            128,
            ((5, 5, 15, 15), (10, 10, 30, 30), (50, 30, 60, 40), (0, 0, 60, 40)),
            (1, 1, 2, 2),
            (False, False, False, True),
        ),
        ("mug", "bowl"),
    )
    assert facts["annotated"] == 3 and facts["classes"] == 2 and facts["count.mug"] == 2 and facts["count.bowl"] == 1
    assert facts["pixels"] == 100 and facts["largest"] == 400 and facts["coverage"] == 600 / 2400
    assert facts["crowding"] == 1 and facts["truncated_fraction"] == 0.5
    assert [one["truncated_fraction"] for one in facts.objects] == [0, 0, 0.5]
    assert facts["share"] == 100 / 2400 and [one["share"] for one in facts.objects] == [
        100 / 2400,
        400 / 2400,
        100 / 2400,
    ]
    assert "pixels" not in facts_of_example(example("none"), ("mug",))


def test_photographs_are_tagged_by_pictures_annotations_and_a_table(tmp_path):
    photographs = Photographs([
        example("a", 20, ((5, 5, 9, 9),), (1,)), example("b", 200, ((5, 5, 30, 30),), (2,)), example("c", 20),
    ])  # fmt: skip
    cases = CASES.validate_python({
        "dark": {"image.brightness": {"below": 0.2}}, "tiny": {"some": {"class": "mug", "pixels": {"below": 50}}},
        "dark_and_tiny": {"all": ["dark", "tiny"]},
    })  # fmt: skip
    (tmp_path / "tags.csv").write_text("key,tag\nb,rain\nb,night\n")
    frames = tagged(photographs, cases, read_tags(tmp_path / "tags.csv"))
    having = [{tag for tag in frames.tags if frames.column(tag)[k]} for k in range(3)]
    assert having == [{"dark", "tiny", "dark_and_tiny"}, {"rain", "night"}, {"dark"}]
    assert frames.counts.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert prevalences(frames)["dark"] == pytest.approx(2 / 3)
    assert select(frames, Balance(caps={"dark": 0.5}, combinations=0)).size == 2  # a balanced real test set
    with pytest.raises(DatasetError, match="has no picture 'z'"):
        tagged(photographs, cases, {"z": ("rain",)})


def test_tables_of_tags_are_read_in_two_shapes_and_faults_named(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text("key,rain,night\na,1,0\nb,1,1\nc,,\n")
    assert read_tags(path) == {"a": ("rain",), "b": ("night", "rain"), "c": ()}
    path.write_text("key,rain\na,yes\n")
    with pytest.raises(DatasetError, match=r"tags\.csv:2: rain is 'yes'; write 1 where a has the tag"):
        read_tags(path)
    for row in ("a", "a,rain,more"):
        path.write_text(f"key,tag\nb,rain\n{row}\n")
        with pytest.raises(DatasetError, match=r"tags\.csv:3: must have as many cells"):
            read_tags(path)
    path.write_text("name,rain\na,1\n")
    with pytest.raises(DatasetError, match="needs a column `key`"):
        read_tags(path)
    with pytest.raises(DatasetError, match="cannot be read"):
        read_tags(tmp_path / "none.csv")


def test_errors_are_read_from_an_evaluation(tmp_path):
    path = tmp_path / "evaluation.json"
    data = {"box": {"ap": 0.5, "classes": {"mug": 0.8, "bowl": 0.2, "cup": None}}, "mask": None}
    path.write_text(json.dumps(data | {"tags": {"night": {"box": {"ap": 0.3}}, "rain": 0.6, "fog": None}}))
    found = read_errors(path)
    assert found.classes == pytest.approx({"mug": 0.2, "bowl": 0.8}) and found.tags == pytest.approx(
        {"night": 0.7, "rain": 0.4}
    )
    path.write_text(json.dumps(data | {"mask": {"ap": 0.5, "classes": {"mug": 0.9}}}))
    assert read_errors(path).classes == pytest.approx({"mug": 0.1})
    for wrong in ("[]", "{}", "no json", '{"box": {"ap": 1, "classes": {}}}'):
        path.write_text(wrong)
        with pytest.raises(DatasetError, match=r"evaluation|nothing to find"):
            read_errors(path)


def test_what_is_got_wrong_is_asked_for_more_within_caps():
    errors = Errors({"mug": 0.2, "bowl": 0.8}, {"night": 0.9, "rain": 0.9, "day": 0.3}, 0.5)
    rules = next_rules(
        Balance(caps={"night": 0.2}), errors, {"mug": 0.5, "bowl": 0.5}, {"night": 0.18, "rain": 0.1, "day": 0.7}
    )
    cells = rules.quotas[-1].cells
    assert cells["bowl"] / cells["mug"] == pytest.approx(4, rel=1e-3) and sum(cells.values()) == pytest.approx(
        0.9, abs=1e-3
    )
    assert rules.floors == {"night": 0.2, "rain": pytest.approx(0.1 * 0.9 / 0.7, abs=1e-4)}
    still = next_rules(Balance(), errors, {"mug": 0.3, "bowl": 0.7}, {}, strength=0.0)
    assert still.quotas[-1].cells == {"mug": 0.27, "bowl": 0.63} and still.floors == {}
    extreme = (
        next_rules(Balance(), Errors({"a": 1e-9, "b": 1.0}, {}, 0.5), {"a": 0.5, "b": 0.5}, {}, most=3.0)
        .quotas[-1]
        .cells
    )
    assert extreme["b"] / extreme["a"] == pytest.approx(2 * 3, rel=1e-2)  # 2 times the mean error, and the least weight


def test_quotas_come_as_a_section_that_a_config_takes():
    rules = next_rules(Balance(caps={"night": 0.2}), Errors({"mug": 0.2, "bowl": 0.4}, {}, 0.3), {}, {})
    again = Balance.model_validate(yaml.safe_load(as_yaml(rules))["balance"])
    assert again == rules and "proposals" not in as_yaml(rules)
