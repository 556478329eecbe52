"""What a data set says it is made of."""

from pathlib import Path

import pytest

from generator.assets.catalog import Catalog
from generator.base.errors import DatasetError
from generator.dataset.store import Dataset
from generator.farm.job import Job
from generator.spec.config import RunConfig
from generator.spec.load import load_scene

SCENE = """
scene: boards
classes: [box]
world: {environment: {pick: hdri/c*}}
objects:
  boxes:
    asset: {shape: box}
    count: 1
    place: {at: [0, 0, 0]}
    material: {textures: [{kind: image, image: {pick: boards/*}}]}
camera: {position: [0, -2, 1]}
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "boards").mkdir()
    for name in ("ash", "elm"):
        (tmp_path / "boards" / f"{name}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
        )
    return reopened(tmp_path, "licence: CC-BY-4.0")


def reopened(folder: Path, card: str) -> Job:
    (folder / "boards" / "asset.yaml").write_text(card)
    path = folder / "boards.yaml"
    path.write_text(SCENE)
    config = RunConfig.model_validate(
        {"run": "boards", "scene": str(path), "frames": {"train": 1}, "size": [32, 24], "painter": "raycast"}
    )
    return Job.of(config, load_scene(path, Catalog.open(folder)), (folder,), folder / "out")


def test_the_manifest_names_the_licence_of_every_file_that_may_be_shown(job: Job, tmp_path: Path) -> None:
    licences = job.manifest().licences
    assert licences["boards/ash"] == licences["boards/elm"] == "CC-BY-4.0"
    assert {name for name in licences if name.startswith("hdri/")} == {"hdri/city", "hdri/courtyard"}
    assert licences["hdri/city"] == "CC0-1.0"
    assert reopened(tmp_path, "{}").manifest().licences["boards/ash"] == "not stated"


def test_other_files_are_another_data_set_but_another_licence_is_not(job: Job, tmp_path: Path) -> None:
    Dataset.create_or_check(tmp_path / "out", job.manifest())
    Dataset.create_or_check(tmp_path / "out", reopened(tmp_path, "licence: CC0-1.0").manifest())
    (tmp_path / "boards" / "oak.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    with pytest.raises(DatasetError, match="belongs to another run: assets"):
        Dataset.create_or_check(tmp_path / "out", reopened(tmp_path, "licence: CC0-1.0").manifest())
