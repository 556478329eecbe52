"""Where results go: below the folder that was meant, and one line where that cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_spec import CONFIG, SCENE
from typer.testing import CliRunner

from generator.base.errors import DatasetError
from generator.cli import app, stages
from generator.cli.project import Project
from generator.dataset.store import Dataset
from generator.train.checkpoint import TrainError, read

Write = Callable[[str, str], Path]


def silent(*_: object) -> None:
    """Progress that nobody sees."""


@pytest.fixture
def opened(write: Write, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Project]:
    """A project of the small config with more lines."""
    monkeypatch.chdir(write("scene.yaml", SCENE).parent)
    return lambda more: Project.open(write("config.yaml", CONFIG + more))


def refused(*_: Any, **__: Any) -> None:
    raise DatasetError("belongs to another run")


def test_an_output_in_the_home_folder_is_there(
    opened: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a folder that is called ~."""
    monkeypatch.setenv("HOME", "/somewhere")
    project = opened("output: ~/balls\n")
    assert (project.folder, project.job.folder) == (Path("/somewhere/balls"), Path("/somewhere/balls/dataset"))


def test_an_output_that_is_a_file_is_told(opened: Callable[[str], Project]) -> None:
    with pytest.raises(
        DatasetError, match=r"^scene\.yaml/config\.json: cannot be written: File exists; check the folder"
    ):
        stages.paint(opened("output: scene.yaml\n"), silent)


def test_a_config_that_is_refused_takes_no_place(
    opened: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report reads the config beside the data set: it must be the one of these frames."""
    monkeypatch.setattr("generator.farm.paint.paint", refused)
    for more in ("", "seed: 7\n"):
        with pytest.raises(DatasetError, match="another run"):
            stages.paint(opened(more), silent)
    assert json.loads(Path("runs/balls/config.json").read_text())["seed"] == 0


def test_a_catalog_that_cannot_be_written_is_told(write: Write, tmp_path: Path) -> None:
    mesh, taken = write("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"), write("assets", "a file")
    asked = ["assets", "add", str(mesh), "--label", "a", "--to", str(taken)]
    with pytest.raises(DatasetError, match=r"assets: cannot be written: File exists"):
        CliRunner().invoke(app, asked, catch_exceptions=False)
    assert CliRunner().invoke(app, [*asked, "--scale", "inf"]).exit_code == 2


def test_a_manifest_that_is_none_is_told_in_one_line(write: Write, tmp_path: Path) -> None:
    write("manifest.json", "{")
    with pytest.raises(DatasetError, match=r"not a manifest of format 1: invalid JSON: [^\n]*$"):
        Dataset.open(tmp_path)


def test_a_checkpoint_that_is_none_is_told_in_one_line(write: Write) -> None:
    """Without torch's advice to programmers to read it unsafely."""
    with pytest.raises(TrainError, match=r"not a file of tensors that torch can read \(Weights only load failed\)$"):
        read(write("model.pt", "\x89PNG"))
    with pytest.raises(TrainError, match=r"no such file; give the path of a \.pth or \.pt file"):
        read(Path("nowhere.pt"))
