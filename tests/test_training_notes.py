"""What stands beside a training's weights, and which constants a run taken up again must agree on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from discs import Discs

pytestmark = pytest.mark.torch

from test_training_loop import Judge, run  # noqa: E402

from generator.base.errors import TrainError  # noqa: E402
from generator.spec.training import Train  # noqa: E402
from generator.train import checkpoint, model, program  # noqa: E402
from generator.train.augment import Augment  # noqa: E402

TINY = Train(model="faster_rcnn", steps=6, batch=1, size=64)


def test_validations_lie_beside_the_weights_they_chose(tmp_path: Path) -> None:
    made = run(tmp_path, Judge(0.2, 0.5, 0.4))
    told = json.loads((tmp_path / "validations.json").read_text())
    assert told == {"validations": [list(one) for one in made["validations"]], "chosen": made["chosen"]}
    run(tmp_path / "without", Judge(), validate_every=0)
    assert not (tmp_path / "without" / "validations.json").exists()


def made(spec: Train = TINY) -> program.Program:
    return program.Program.of({"real": Discs()}, {"real": 1.0}, spec, 0, Augment())


@pytest.mark.parametrize("unfinished", [True, False])
def test_other_candidates_are_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unfinished: bool) -> None:
    path = tmp_path / "some.pt"
    checkpoint.save(path, {**made().settings, "weights": {}, **({"log": []} if unfinished else {})})
    assert made().begun(path)
    with (
        monkeypatch.context() as patched,
        pytest.raises(TrainError, match=r"other settings .*candidates was .*'moved'"),
    ):
        patched.setattr(program, "MOVED", 0.1)
        made().begun(path)
    make, parts = model.BODIES[TINY.backbone]
    monkeypatch.setitem(model.BODIES, TINY.backbone, (make, replace(parts, objects=0.25)))
    with pytest.raises(TrainError, match=r"other settings .*candidates was"):
        made().begun(path)


def test_finished_files_that_say_nothing_of_candidates_are_accepted(tmp_path: Path) -> None:
    older = {name: value for name, value in made().settings.items() if name != "candidates"}
    checkpoint.save(tmp_path / "model.pt", {**older, "weights": {}})
    assert made().begun(tmp_path / "model.pt")
    checkpoint.save(tmp_path / "model.pt", {**older, "weights": {}, "seed": 1})
    with pytest.raises(TrainError, match="seed was 1, now 0"):
        made().begun(tmp_path / "model.pt")
    checkpoint.save(tmp_path / "checkpoint.pt", {**older, "weights": {}, "log": []})
    with pytest.raises(TrainError, match="candidates was None"):
        made().begun(tmp_path / "checkpoint.pt")


def test_models_without_a_second_stage_have_no_candidates() -> None:
    assert "candidates" in made().settings
    assert "candidates" not in made(TINY.model_copy(update={"model": "fcos"})).settings
