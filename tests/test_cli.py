"""The command line as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_spec import CONFIG, SCENE

from generator.base.errors import GeneratorError
from generator.cli import app
from generator.cli.vocabulary import lookup, vocabulary
from generator.spec.config import RunConfig
from generator.spec.scene import SceneSpec

VERBS = (
    "check sample preview explain render inspect balance export train evaluate report run doctor quotas fit_ranges "
    "new_scene advise onnx verify status gap split detect"
).split()
PROJECT = Path(__file__).parents[1] / "pyproject.toml"
Write = Callable[[str, str], Path]


def call(*arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line; a wide terminal, so that messages stay on one line."""
    command = [sys.executable, "-m", "generator", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, "COLUMNS": "250"})


def test_help_teaches_every_verb() -> None:
    shown = call("--help").stdout
    commands = app.registered_commands
    assert {c.callback.__name__ for c in commands if c.callback} == set(VERBS)
    for command in commands:
        assert command.callback and len(command.callback.__doc__ or "") > 60
        assert f" {command.name or command.callback.__name__} " in shown


def test_versions_are_those_of_the_packages_that_run() -> None:
    shown = call("--version", folder=Path("/"))
    assert shown.returncode == 0
    words = shown.stdout.replace(",", "").split()
    own = "import bpy, ray, torch; print(bpy.app.version_string.split()[0], torch.__version__.split('+')[0], ray.__version__)"
    told = subprocess.run([sys.executable, "-c", own], capture_output=True, text=True, check=True)
    packages = dict(zip(("bpy", "torch", "ray"), told.stdout.split()[-3:], strict=True))
    project = tomllib.loads(PROJECT.read_text())["project"]["version"]
    assert dict(zip(words[::2], words[1::2], strict=True)) == {"generator": project} | packages


def test_wrong_usage_is_exit_code_2() -> None:
    assert call("chekc").returncode == 2
    assert call("sample").returncode == 2
    assert call("sample", "nowhere.yaml").returncode == 2


def test_check_tells_all_problems_of_all_files(write: Write) -> None:
    good = write("good.yaml", SCENE)
    bad = write("bad.yaml", SCENE.replace("strength:", "strenght:").replace("on: stage", "on: moon"))
    done = call("check", good, bad, bad.parent / "none.yaml")
    assert done.returncode == 2 and f"ok  {good}" in done.stdout
    for line in ("bad.yaml:7:3: world.strenght", "bad.yaml:13:13: objects.balls.place.on", "none.yaml: no such file"):
        assert line in done.stderr
    assert call("check", good).returncode == 0


def test_check_follows_a_config_to_all_it_names(write: Write, tmp_path: Path) -> None:
    write("scene.yaml", SCENE)
    config = write("config.yaml", CONFIG + "real: {test: photos.json}\n")
    assert "photos.json" in call("check", config, folder=tmp_path).stderr
    config.write_text(CONFIG + "assets: [nowhere]\n")
    assert "nowhere: no such folder of assets" in call("check", config, folder=tmp_path).stderr
    config.write_text(CONFIG)
    assert "10 + 0 frames" in call("check", config, folder=tmp_path).stdout


def test_sample_prints_the_scene_as_json_and_nothing_else(write: Write) -> None:
    scene = write("scene.yaml", SCENE)
    first, again = (call("sample", scene, "-i", 7, "--size", 64, 48) for _ in range(2))
    assert first.stdout == again.stdout and json.loads(first.stdout)["index"] == 7


def test_a_scene_that_cannot_be_filled_is_one_message(write: Write) -> None:
    done = call("check", write("scene.yaml", SCENE.replace("{integers: [1, 4]}", "500")))
    assert done.returncode == 2 and "no room for balls" in done.stderr and "Traceback" not in done.stderr


def test_preview_writes_a_sheet(write: Write, tmp_path: Path) -> None:
    from PIL import Image

    done = call("preview", write("scene.yaml", SCENE), "-n", 4, "-o", tmp_path / "sheet.png", "--size", 64, 48)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width >= 128 and len(sheet.convert("L").getcolors() or []) > 16


def test_explain_knows_the_language_and_suggests() -> None:
    assert "Every factor is equally likely" in call("explain", "log_uniform").stdout
    assert "visible_fraction" in call("explain").stdout
    wrong = call("explain", "log_unifrom")
    assert wrong.returncode == 2 and "did you mean 'log_uniform'" in wrong.stderr


def test_keys_of_the_sensor_are_explained_where_they_are_asked_for() -> None:
    """Not by the name of a class that no reader of `explain` sees."""
    for key in ("sensor", "noise", "rescale"):
        shown = call("explain", key).stdout
        assert "both of full scale" in " ".join(shown.split()) and "SensorSample" not in shown


def test_every_key_of_scenes_and_configs_is_explained() -> None:
    """Those of the schemas that editors complete from, at any depth, are words too."""
    keys = {key for kind in (SceneSpec, RunConfig) for key in keys_of(kind.model_json_schema(by_alias=True))}
    assert len(keys) > 200 and {"objects", "caps", "overlap", "real_share", "keep"} <= keys
    for key in keys | {"shared"}:
        assert all(word.text and word.more for word in lookup(key)), key
    assert [word.kind for word in lookup("lights")] == ["section of a scene"]
    assert [word.kind for word in lookup("caps")] == ["key of balance"]
    assert [word.kind for word in lookup("count")] == ["key of objects", "key of lights"]
    assert "`count` lamps" in lookup("count")[1].text and "temperature" in lookup("count")[1].more
    assert [word.kind for word in lookup("ball")] == ["distribution: position", "shape"]
    assert len({(word.name, word.kind) for word in vocabulary()}) == len(vocabulary())
    place = lookup("place")[0].text
    assert max(map(len, place.splitlines())) > 300, "paragraphs, for the terminal to break"
    assert "\non: stage        resting on the stage" in place and "\n\nNo two objects" in place
    with pytest.raises(GeneratorError, match="did you mean 'balance'"):
        lookup("blance")


def keys_of(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {key for part in schema for key in keys_of(part)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {})) if "$defs" in schema or "title" in schema else set()
    return own | {key for part in schema.values() for key in keys_of(part)}


@pytest.mark.ray
@pytest.mark.parametrize("later", [0.0, 0.7, 6.0], ids=["Ray starts", "Ray starts still", "looking or painting"])
def test_ctrl_c_is_130_and_leaves_nothing_half_written(write: Write, tmp_path: Path, later: float) -> None:
    write("scene.yaml", SCENE)
    config = write("config.yaml", CONFIG.replace("train: 10", "train: 400"))
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", "render", str(config)],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    while not (tmp_path / "runs/balls/dataset/manifest.json").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(later)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, "run the same command again" in told, "Traceback" in told) == (130, True, False), told
    assert not list(tmp_path.rglob("*.tmp"))


def test_data_sets_that_are_none_are_named(tmp_path: Path, write: Write) -> None:
    for verb in (("inspect",), ("balance",), ("export", "-o", "x")):
        done = call(verb[0], tmp_path, *verb[1:])
        assert done.returncode == 2 and "no data set here" in done.stderr
    done = call("balance", write("run.yaml", "run: one"))
    assert done.returncode == 2 and "give a run's folder" in done.stderr


def test_shares_on_the_command_line_are_checked(tmp_path: Path) -> None:
    from generator.base.errors import GeneratorError
    from generator.cli.data import shares

    assert shares(["night=0.2", "a=1"]) == {"night": 0.2, "a": 1.0}
    for wrong in ("night", "night=x", "night=2"):
        with pytest.raises(GeneratorError):
            shares([wrong])


def test_broken_assets_are_found_before_anything_runs(write: Write, tmp_path: Path) -> None:
    write("assets/mugs/a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    write("assets/mugs/b.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    write("assets/cloth/c.png", "no picture")
    write("assets/sky/d.exr", "no picture")
    text = SCENE.replace("{shape: sphere, radius: {uniform: [0.05, 0.1]}}", "{pick: mugs/*}\n    scale: 0.1")
    text = text.replace("hdri/*", "sky/*").replace(
        "{gray: {ref: tone}}", "{gray: {ref: tone}}, textures: [{kind: image, image: cloth/*}]"
    )
    done = call("check", write("scenes/scene.yaml", text))
    assert done.returncode == 2
    for name, why in (
        ("b.obj", "not finite"),
        ("c.png", "not a readable picture"),
        ("d.exr", "not a readable OpenEXR"),
    ):
        assert any(name in line and why in line for line in done.stderr.splitlines()), done.stderr
    assert "a.obj" not in done.stderr.replace("mugs/a.obj", "") and "Traceback" not in done.stderr
