"""The page's sections about what trainings noted: labels, weights taken over, validations."""

import re
from pathlib import Path
from typing import Any

import pytest
from test_report import Reader, trained
from verdicts import FOUND, Photographs

from generator.base.errors import DatasetError
from generator.dataset.atomic import write_json
from generator.report.page import write_report
from generator.report.trainings import Removal, trainings
from generator.spec.training import Train

REAL = {"hash": "b", "images": 40, "shown": {"mug": 30, "bowl": 0}, "read": ["cup_red", "person"],
        "harmonized": {"rename cup_red": 31, "to_ignore person": 7}}  # fmt: skip
CUTS = {"smallest": 0.3, "becomes": "ignore", "classes": {"mug": {"pixels": 55, "kept": 71, "removed": 29}}}
PAINTED = {"hash": "a", "images": 600, "shown": {"mug": 540, "bowl": 410}, "removed": CUTS}
TAKEN = {
    "kept": 322,
    "rows": {"cls.weight": ["mug"], "cls.bias": ["mug"]},
    "fresh": ["<b>new</b>.head.weight", "<b>new</b>.head.bias"],
    "unused": [],
}
LOOKS = {"validations": [[49, 0.2], [99, 0.5], [149, 0.4]], "chosen": 99}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three detectors; two were fine-tuned and took over the same."""
    for name in ("synthetic-0", "finetune-0", "finetune-1"):
        folder = tmp_path / "train" / name
        trained(folder, FOUND)
        used = {"synthetic": PAINTED} if name == "synthetic-0" else {"synthetic": PAINTED, "real": REAL}
        write_json(folder / "preparation.json", {"sources": used, "budget": "150 steps can use 24 images"})
        if name != "synthetic-0":
            write_json(folder / "transfers.json", {"finetune": TAKEN})
    write_json(tmp_path / "train" / "synthetic-0" / "validations.json", LOOKS)
    return tmp_path


def page_of(run: Path) -> str:
    return write_report(run, Photographs()).read_text()


def section(text: str, name: str) -> str:
    (found,) = re.findall(rf'<section id="{name}">.*?</section>', text, re.DOTALL)
    return Reader(found).text


def test_what_was_done_to_labels_is_told_once_for_all_detectors(run: Path) -> None:
    told = section(page_of(run), "labels")
    assert "real 40 bowl 0 – – mug 30 – – synthetic 600 bowl 410 – – mug 540 29 of 100 55 pixels" in told
    assert "smallest were removed, up to 30% of each class; they became regions that teach nothing" in told
    assert "real rename cup_red 31 to_ignore person 7" in told and "Labelled in real: cup_red, person" in told
    assert told.count("150 steps can use 24 images") == 1


def test_detectors_that_were_given_something_else_are_named(run: Path) -> None:
    other = {"synthetic": PAINTED | {"images": 300}}
    write_json(run / "train" / "synthetic-0" / "preparation.json", {"sources": other, "budget": ""})
    rows = {one.name: [] for one in trainings(run, None)["prepared"]}
    for one in trainings(run, None)["prepared"]:
        rows[one.name].append((one.labels.images, one.detectors))
    assert rows["real"] == [(40, ())]
    assert sorted(rows["synthetic"]) == [(300, ("synthetic-0",)), (600, ("finetune-0", "finetune-1"))]


@pytest.mark.parametrize(("share", "words"), [
    (0.25, "up to 25% of each class"), ({"mug": 0.6, "default": 0.3}, "up to 60% of mug, 30% of the others"), ("match", "as those on photographs"),
])  # fmt: skip
def test_the_rule_of_removal_is_told_in_words(share: Any, words: str) -> None:
    assert words in Removal.model_validate(CUTS | {"smallest": share}).rule


def test_what_was_taken_over_is_told_by_detector_and_phase(run: Path) -> None:
    assert "finetune-0, finetune-1 finetune – 322 2 tensors: mug 2: <b>new</b>.head 0" in section(page_of(run), "taken")


def test_where_weights_came_from_is_known_by_the_config(run: Path) -> None:
    write_json(run / "train" / "finetune-0" / "transfers.json", {"finetune": TAKEN, "pretrain": TAKEN})
    spec = Train(arms=("finetune",), init="old.pt")
    found = {(one.detectors, one.phase): one.origin for one in trainings(run, spec)["takeovers"]}
    assert found == {
        (("finetune-0",), "pretrain"): "old.pt",
        (("finetune-0", "finetune-1"), "finetune"): "the end of pretrain",
    }


def test_the_chosen_step_is_marked_on_the_curve(run: Path) -> None:
    text = page_of(run)
    (chart,) = re.findall(r"<figure[^>]*><b>Validation</b>.*?</figure>", text, re.DOTALL)
    (points,) = re.findall(r'<polyline points="([^"]*)"', chart)
    (mark,) = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', chart)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert len(places) == 3 and min(y for _, y in places) == places[1][1]  # the second is highest
    assert tuple(map(float, mark)) == pytest.approx(places[1], abs=0.06)
    (a, _), (b, _), (c, _) = places
    assert b - a == pytest.approx(c - b, abs=0.11)
    assert "synthetic-0 100" in chart


def test_scores_that_are_all_zero_lie_on_the_floor(run: Path) -> None:
    none = {"validations": [[0, 0.0]], "chosen": 0}
    write_json(run / "train" / "synthetic-0" / "validations.json", none)
    (chart,) = re.findall(r"<figure[^>]*><b>Validation</b>.*?</figure>", page_of(run), re.DOTALL)
    (height,) = re.findall(r'<circle [^>]*cy="([\d.]+)"', chart)
    (floor,) = re.findall(r'<line [^>]*y2="([\d.]+)" class="axis"', chart)[:1]
    assert height == floor


def test_runs_that_noted_nothing_have_no_such_sections(tmp_path: Path) -> None:
    trained(tmp_path / "train" / "synthetic-0", FOUND)
    text = page_of(tmp_path)
    for words in ('"labels"', '"taken"', "#labels", "#taken", "<b>Validation</b>"):
        assert words not in text
    assert not any(trainings(tmp_path / "nowhere", None).values())


@pytest.mark.parametrize(("name", "content"), [
    ("preparation.json", {"sources": {"real": {"images": 3}}, "budget": ""}),
    ("preparation.json", []),
    ("transfers.json", {"finetune": {"kept": 3}}),
    ("validations.json", {"validations": [[1, 0.5]], "chosen": 2}),
    ("validations.json", {"validations": [], "chosen": 2}),
])  # fmt: skip
def test_damaged_notes_are_named(run: Path, name: str, content: Any) -> None:
    write_json(run / "train" / "finetune-1" / name, content)
    with pytest.raises(DatasetError, match=rf"finetune-1.{name}: cannot be read"):
        page_of(run)


def test_what_training_prepares_can_be_read(tmp_path: Path) -> None:
    """Every key that the notes may have, as they are written."""
    from generator.cli.preparing import Prepared, noted

    notes = {"synthetic": {key: value for key, value in PAINTED.items() if key != "hash"}}
    note = noted(Prepared({}, notes), ["synthetic"], "b", {"synthetic": "x"})
    write_json(tmp_path / "train" / "synthetic-0" / "preparation.json", note)
    (one,) = trainings(tmp_path, None)["prepared"]
    assert one.labels.model_dump(mode="json", exclude_defaults=True) == note["sources"]["synthetic"]
