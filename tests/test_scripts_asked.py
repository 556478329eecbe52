"""What scripts make of what they are asked for, and of having been stopped."""

import json
import os
import runpy
import shlex
import subprocess
import sys
from argparse import Namespace
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
import yaml
from results_of import Photographs, result_of

SCRIPTS = Path(__file__).parents[1] / "scripts"


def script(name: str) -> Any:
    """A script as a module, nothing of it done."""
    loader = SourceFileLoader(f"script_{name}", str(SCRIPTS / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(("words", "said"), [
    ("proof cones --shares abc", "'abc' are no shares"), ("proof cones --frames 0", "'0' is no whole number above 0"),
    ("proof cells --paste WBC", "'WBC' are no shares by name"), ("proof cells --paste a=b", "'b' are no shares such as"),
    ("proof balloons --folds 6", "invalid choice: 6"), ("ablation --seeds 0", "'0' is no whole number above 0"),
    ("transfer --steps -3", "'-3' is no whole number above 0"), ("check_exports nosuch", "error: nosuch: no such file"),
    ("check_exports --size 160", "'160' is no size such as 640x480"), ("check_exports .", "no data set here"),
    ("bench_loader nosuch", "no data set here"), ("bench_loader --size 64xb", "'b' is no whole number above 0"),
    ("bench_quality --size 1x2x3", "no size such as"), ("bench_truth --size 640", "no size such as"),
    ("bench_farm plan 0", "'0' is no whole number above 0"), ("bench_farm cluster 1 2 3", "at most 2"),
    ("bench_memory --frames 5", "--warm 200: leaves fewer than two"), ("bench_balance nosuch.yaml", "no such file"),
    ("bench_placement --workers 0", "'0' is no whole number above 0"), ("evidence_balance 9 nosuch.yaml", "no such file"),
    ("audit_presets --scenes nosuch", "nosuch: not one of coins"), ("draw_cards /proc/none", "/proc/none"),
    ("label_chessboard nosuch", "left01.jpg and the others are not here"), ("chaos --frames 24", "at least 25, so that"),
])  # fmt: skip
def test_what_cannot_be_done_is_told_at_once_and_in_one_line(
    words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *more = words.split()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name, *more])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    last = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2 and "error: " in last and said in last


def data_of_cards(folder: Path) -> Path:
    (folder / "data" / "cards").mkdir(parents=True)
    (folder / "data" / "cards" / "train.json").write_text("{}")
    return folder / "data"


def test_photographs_may_be_named_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verbs run in the project's folder."""
    proof, asked = script("proof"), list[tuple[Any, ...]]()
    monkeypatch.setattr(proof, "OUT", tmp_path / "runs")
    monkeypatch.setattr(proof, "verb", lambda *words: asked.append(words))
    monkeypatch.setattr(proof, "read_all", lambda _: [])
    data_of_cards(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["proof", "cards", "--data", "data"])
    assert proof.main() == 0
    assert asked[0][:2] == ("split", tmp_path / "data" / "cards" / "train.json")


@pytest.mark.parametrize(("name", "full"), [("proof", "cells"), ("ablation", ""), ("transfer", "coins")])
def test_a_quick_try_touches_nothing_of_the_full_run(
    name: str, full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the help has it; neither would go on with frames and steps of the other."""
    tried, runs = script(name), tmp_path / "runs" / name
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tried, "OUT", runs)
    for one, what in (("verb", begun), ("read_all", lambda _: []), ("tell", print), ("cost", lambda *_: 1.0)):
        monkeypatch.setattr(tried, one, what, raising=False)
    for photographs in ("bccd", "cone_cube"):
        (tmp_path / photographs).mkdir()
        (tmp_path / photographs / "train.json").write_text("{}")
    (quick,) = (line for line in tried.__doc__.splitlines() if "quick try" in line)
    data = ["--data", "."] if name != "transfer" else []
    made = []
    for words in ([full] if full else [], shlex.split(quick.partition("  a quick")[0])[1:]):
        monkeypatch.setattr(sys, "argv", [name, *words, *data])
        assert tried.main() == 0
        made.append({path: path.read_bytes() for path in tmp_path.rglob("*.yaml")})
    assert len(made[1]) == 2 * len(made[0]) > 0 and made[1].items() > made[0].items()


def begun(*words: object, cwd: Path = Path()) -> None:
    """In place of a verb that begins with a first scene and its config."""
    if words[0] == "new-scene":
        (cwd / "configs").mkdir()
        (cwd / "configs" / f"{words[1]}.yaml").write_text("size: [640, 480]")


def test_a_copy_of_frames_that_was_stopped_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a data set would be refused by every verb."""
    proof = script("proof")
    monkeypatch.setattr(proof, "OUT", tmp_path)
    monkeypatch.setattr(proof, "verb", lambda *_: None)
    monkeypatch.setattr(proof, "read_all", lambda _: [])
    for name in ("cones", "longer"):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"frames": 3, "size": [8, 8]}))
    monkeypatch.setattr(proof, "config_of", lambda *_: tmp_path / "longer.yaml")
    (tmp_path / "cones" / "dataset").mkdir(parents=True)
    for name in ("manifest.json", "shard-00000.tar"):
        (tmp_path / "cones" / "dataset" / name).write_text(name)
    link, done = os.link, list[Any]()

    def stopped(*paths: Any, **more: Any) -> None:
        done.append(paths)
        if len(done) == 2:
            raise KeyboardInterrupt
        link(*paths, **more)

    monkeypatch.setattr(os, "link", stopped)
    with pytest.raises(KeyboardInterrupt):
        proof.prove("cones", Namespace(folds=1))
    proof.prove("cones", Namespace(folds=1))
    assert len(list((tmp_path / "longer" / "dataset").iterdir())) == 2


def test_a_photograph_that_was_half_copied_is_copied_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proof = script("proof")
    monkeypatch.setattr(proof, "OUT", tmp_path / "runs")
    for number, part in enumerate(("train", "test")):
        (tmp_path / part).mkdir()
        (tmp_path / part / f"{part}.jpg").write_bytes(b"whole")
        labels = {"images": [{"id": number, "file_name": f"{part}.jpg"}], "annotations": [], "categories": []}
        (tmp_path / f"{part}.json").write_text(json.dumps(labels))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(os, "replace", stopped)  # all but the last of it is done
        proof.folded(tmp_path, 0)
    assert not [path for path in (tmp_path / "runs" / "photos").iterdir() if path.suffix == ".jpg"]
    proof.folded(tmp_path, 0)
    assert {path.read_bytes() for path in (tmp_path / "runs" / "photos").iterdir()} == {b"whole"}


def test_seeds_of_an_earlier_call_are_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They may have learned from other frames, and only some of the things that are compared may have them."""
    ablation, source = script("ablation"), Photographs()
    kept = result_of(source, "synthetic", 0, 0.8, sizes={"synthetic": 300})
    for one in (kept, result_of(source, "synthetic", 1, 0.1, sizes={"synthetic": 40})):
        one.save(tmp_path / "whole" / "train" / one.name / "result.json")
    ablation.tell(["whole"], 1, tmp_path)
    assert f"whole           300  {kept.scores['real'].box.ap:.3f}" in capsys.readouterr().out


def test_an_environment_that_cannot_run_is_made_anew(tmp_path: Path) -> None:
    """As it is after the project's folder was moved: what is installed names the folder that it was in."""
    for name in ("dpkg-query", "python3.11"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch(0o755)
    (tmp_path / "bin" / "dpkg-query").write_text("#!/bin/sh\necho ok installed\n")
    make = 'mkdir -p .venv/bin; printf "#!/bin/sh\\necho \\$1 >>told\\n" >.venv/bin/pip; chmod +x .venv/bin/pip'
    clear = f'[ "$1" = -c ] && exit; [ "$3" = --clear ] && rm -rf .venv; {make}'
    (tmp_path / "bin" / "python3.11").write_text(f"#!/bin/sh\n{clear}\n")
    project = tmp_path / "moved"
    (project / "scripts").mkdir(parents=True)
    (project / "scripts" / "install").write_bytes((SCRIPTS / "install").read_bytes())
    (project / "pyproject.toml").write_text("[project]")
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    again = ["bash", str(project / "scripts" / "install")]
    subprocess.run(again, env=environment, check=True)
    (project / ".venv" / "bin" / "pip").write_text("#!/nowhere/python\n")
    (project / "told").unlink()
    subprocess.run(again, env=environment, check=True)
    assert "install" in (project / "told").read_text().split()
    subprocess.run(again, env=environment, check=True)
    assert (project / "told").read_text().split().count("install") == 1
