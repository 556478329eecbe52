"""The JSON Schema for editors: valid itself, true to every shipped file, and sharp enough to catch a typo."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import ROOT

from generator.distributions.base import KINDS, named
from generator.spec.schema import config_schema, distribution, scene_schema, value
from generator.spec.yaml import read

SCENES = sorted((ROOT / "scenes").rglob("*.yaml"))
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def scene() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(scene_schema())


@pytest.mark.parametrize("schema", [scene_schema, config_schema])
def test_a_schema_is_a_schema(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("path", SCENES, ids=lambda p: p.stem)
def test_shipped_scenes_are_valid(path: Path, scene: jsonschema.Draft202012Validator) -> None:
    assert [e.message for e in scene.iter_errors(read(path).data)] == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_shipped_configs_are_valid(path: Path) -> None:
    jsonschema.validate(read(path).data, config_schema())


def wrong(data: dict[str, Any], *path: Any) -> dict[str, Any]:
    """The data with the last key of the path misspelt."""
    data = copy.deepcopy(data)
    node: Any = data
    for step in path[:-1]:
        node = node[step]
    node[path[-1] + "x"] = node.pop(path[-1])
    return data


@pytest.mark.parametrize("path", [("classes",), ("world", "strength"), ("camera", "position"), ("render", "samples"),
                                  ("camera", "position", "shell"), ("world", "strength", "log_uniform")], ids=str)  # fmt: skip
def test_a_misspelt_key_is_found(path: tuple[str, ...], scene: jsonschema.Draft202012Validator) -> None:
    data = read(ROOT / "scenes/cones.yaml").data
    data["camera"]["position"] = {"shell": {"radius": [1, 2]}}
    data["world"]["strength"] = {"log_uniform": [0.1, 1]}
    assert scene.is_valid(data) and not scene.is_valid(wrong(data, *path))


@pytest.mark.parametrize("kind", KINDS)
def test_examples_of_all_distributions_are_valid(kind: Any) -> None:
    schema = jsonschema.Draft202012Validator(value(kind))
    for name, cls in named(kind).items():
        assert distribution(name, kind)["description"]
        for example in cls.EXAMPLES:
            assert schema.is_valid(example)


def test_a_cameras_preset_needs_no_position(scene: jsonschema.Draft202012Validator) -> None:
    data = read(ROOT / "scenes/cones.yaml").data
    assert scene.is_valid({**data, "camera": {"preset": "tremblay"}})
    assert not scene.is_valid({**data, "camera": {"preset": "trembley"}})
