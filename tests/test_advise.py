"""The advisor against its table, row by row, and the verb on a painted data set."""

import json
from pathlib import Path

import pytest
from painted import CLASSES, painted
from PIL import Image
from typer.testing import CliRunner

from generator.base.errors import TrainError
from generator.cli import app
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.mix.advisor import TABLE, Situation, advise, questionable
from generator.mix.recipes import pooled
from generator.spec.training import Train

ROWS = [  # real, synthetic, aligned, kind -> number, recipe, sampling
    (100, 5000, True, "general", 1, "finetune", "yes"),
    (100, 5000, True, "rare", 2, "finetune", "yes"),
    (1000, 3000, True, "general", 3, "joint", "optional"),
    (3000, 1000, True, "rare", 4, "joint", "yes"),
    (5000, 100, True, "general", 5, "not recommended", "no"),
    (5000, 100, True, "rare", 6, "joint", "yes"),
    (5000, 100, False, "general", 7, "finetune", "yes"),
]


@pytest.mark.parametrize(("real", "synthetic", "aligned", "kind", "number", "recipe", "drawing"), ROWS)
def test_every_row_of_the_table(
    real: int, synthetic: int, aligned: bool, kind: str, number: int, recipe: str, drawing: str
) -> None:
    found = advise(Situation(real, synthetic, aligned, kind), steps=1_000_000, batch=8)
    assert (found.number, found.row.recipe, found.row.drawing) == (number, recipe, drawing)
    loud = [warning for warning in found.warnings if "NOT RECOMMENDED" in warning]
    assert bool(loud) == (recipe == "not recommended")
    Train.model_validate(found.settings)


def test_exactly_one_row_fits_every_situation() -> None:
    for aligned in (True, False):
        for sizes in ("larger synthetic", "equal", "larger real"):
            for kind in ("general", "rare"):
                assert sum(row.matches(aligned, sizes, kind) for row in TABLE) == 1


@pytest.mark.parametrize(
    ("real", "synthetic", "sizes"),
    [(1000, 3162, "equal"), (1000, 3163, "larger synthetic"), (3162, 1000, "equal"), (3163, 1000, "larger real")],
)
def test_equal_is_the_same_order_of_magnitude(real: int, synthetic: int, sizes: str) -> None:
    assert Situation(real, synthetic).sizes == sizes


@pytest.mark.parametrize(("real", "synthetic", "none"), [(0, 5, "no real"), (5, 0, "no synthetic")])
def test_nothing_on_one_side_is_an_error(real: int, synthetic: int, none: str) -> None:
    with pytest.raises(TrainError, match=none):
        advise(Situation(real, synthetic), 1000, 4)


def test_unaligned_labels_are_never_mixed_in_one_phase() -> None:
    arms = advise(Situation(100, 5000, aligned=False), 1000, 4).settings["arms"]
    assert not {"mixed", "replay"} & set(arms)


def test_a_budget_that_the_real_images_use_up_is_warned_about() -> None:
    """3000 images seen 50 times by 8: 18,750 steps."""
    assert any("18750" in warning for warning in advise(Situation(3000, 20000), 18_750, 8).warnings)
    assert not advise(Situation(3000, 20000), 80_000, 8).warnings


def test_few_synthetic_examples_must_not_vanish() -> None:
    found = advise(Situation(9900, 100, kind="rare"), 1_000_000, 8)
    assert any("1%" in warning and "vanish" in warning for warning in found.warnings)
    assert 1 - found.settings["real_share"] > pooled({"real": 9900, "synthetic": 100})["synthetic"]


def test_a_real_share_far_from_the_best_is_questionable() -> None:
    assert questionable(0.5) == questionable(0.75) == ""
    assert "90%" in questionable(0.9)
    assert "5%" in questionable(0.05)


# --- the verb -------------------------------------------------------------------------------------------------------


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    manifest = Manifest(scene="t", spec="a", assets="b", seed=0, classes=CLASSES, size=(64, 48), labels=("amodal",),
                        versions={})  # fmt: skip
    Dataset.create_or_check(tmp_path / "run" / "dataset", manifest)
    writer = ShardWriter(tmp_path / "run" / "dataset", 0, manifest.labels)
    for index in range(8):
        writer.add("train", *painted(index), facts={})
    writer.commit()
    return tmp_path / "run"


def labels(folder: Path, count: int, classes: tuple[str, ...]) -> Path:
    (folder / "real").mkdir()
    images = [{"id": k, "file_name": f"{k}.png", "width": 8, "height": 8} for k in range(count)]
    for one in images:
        Image.new("RGB", (8, 8)).save(folder / "real" / one["file_name"])
    categories = [{"id": k + 1, "name": name} for k, name in enumerate(classes)]
    path = folder / "real.json"
    path.write_text(json.dumps({"images": images, "annotations": [], "categories": categories}))
    return path


def told(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["advise", *map(str, arguments)], terminal_width=200)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_the_verb_measures_sizes_and_names(tmp_path: Path, dataset: Path) -> None:
    said = told("--real", labels(tmp_path, 8, CLASSES), "--synthetic", dataset, "--steps", 100_000)
    assert "8 real and 8 synthetic examples: equal, general, aligned labels" in said
    assert "row 3 of 7: joint" in said
    assert "50% real" in said
    assert "real_share: 0.5" in said


def test_the_verb_warns_loudly(tmp_path: Path, dataset: Path) -> None:
    real = labels(tmp_path, 30, CLASSES)
    assert "NOT RECOMMENDED" in told("--real", real, "--synthetic", dataset)
    assert "row 6 of 7" in told("--real", real, "--synthetic", dataset, "--rare")
    assert "row 7 of 7" in told("--real", real, "--synthetic", dataset, "--unaligned")


def test_the_verb_finds_labels_that_differ(tmp_path: Path, dataset: Path) -> None:
    said = told("--real", labels(tmp_path, 8, ("person", *CLASSES[1:])), "--synthetic", dataset)
    assert f"does not label {CLASSES[0]}" in said
    assert "row 7 of 7: finetune" in said
