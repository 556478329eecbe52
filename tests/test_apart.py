"""Several detectors at a time: the same as one after the other, whatever happens to a process on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from conftest import ROOT
from test_cli import call

from generator.cli.apart import at_a_time
from generator.spec.training import Train

pytestmark = [pytest.mark.ray, pytest.mark.torch, pytest.mark.slow]
CONFIG = f"""\
run: few
scene: {ROOT}/scenes/coins.yaml
painter: raycast
frames: {{train: 4, val: 1}}
size: [96, 152]
farm: {{workers: 2}}
train: {{arms: [synthetic], seeds: 2, steps: STEPS, batch: 2, size: 96, checkpoint_every: 1, parallel: AT_ONCE}}
"""


def written(folder: Path, at_once: int, steps: int = 3) -> Path:
    (folder / "few.yaml").write_text(CONFIG.replace("AT_ONCE", str(at_once)).replace("STEPS", str(steps)))
    return folder


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = written(tmp_path_factory.mktemp("few"), 1)
    done = call("render", "few.yaml", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Path(shutil.copytree(painted, tmp_path / "copy"))


def weights(folder: Path, seed: int) -> dict[str, torch.Tensor]:
    return dict(torch.load(folder / f"runs/few/train/synthetic-{seed}/model.pt", weights_only=True)["weights"])


def begun(folder: Path, *seeds: int) -> bool:
    return all((folder / f"runs/few/train/synthetic-{seed}/checkpoint.pt").exists() for seed in seeds)


def wait_for(what: Callable[[], bool], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.1)


def running(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def started(folder: Path) -> "tuple[subprocess.Popen[str], list[psutil.Process]]":
    """`generator train`, once both detectors are under way, and the two processes that train them."""
    command = [sys.executable, "-m", "generator", "train", "few.yaml"]
    asked = subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    wait_for(lambda: begun(folder, 0, 1) or asked.poll() is not None)
    children = psutil.Process(asked.pid).children(recursive=True)
    return asked, [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def test_two_at_a_time_are_what_they_are_one_by_one(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    for place, at_once in ((folder, 1), (other, 2)):
        done = call("train", "few.yaml", folder=written(place, at_once))
        assert done.returncode == 0, done.stderr
    for seed in (0, 1):
        one, two = weights(folder, seed), weights(other, seed)
        assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
        found = [json.loads((place / f"runs/few/train/synthetic-{seed}/result.json").read_text())["scores"]
                 for place in (folder, other)]  # fmt: skip
        assert found[0] == found[1]
    assert not torch.equal(weights(other, 0)["rpn.head.cls_logits.weight"],
                           weights(other, 1)["rpn.head.cls_logits.weight"])  # fmt: skip


def test_what_one_cannot_do_is_said_as_if_there_were_no_others(folder: Path) -> None:
    for seed in (0, 1):
        place = folder / f"runs/few/train/synthetic-{seed}"
        place.mkdir(parents=True)
        (place / "checkpoint.pt").write_text("no checkpoint")
    done = call("train", "few.yaml", folder=written(folder, 2))
    assert done.returncode == 2 and "checkpoint.pt" in done.stderr and "Traceback" not in done.stderr


def test_a_killed_process_ends_the_run_with_a_cure_and_it_goes_on_from_there(folder: Path) -> None:
    asked, children = started(written(folder, 2, 400))
    assert len(children) == 2
    children[0].send_signal(signal.SIGKILL)
    _, said = asked.communicate(timeout=120)
    assert asked.returncode == 2 and "train.parallel: 1" in said and "Traceback" not in said
    assert not running(children)
    assert begun(folder, 0, 1)


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_nothing_goes_on_without_who_asked_for_it(folder: Path, kind: signal.Signals) -> None:
    asked, children = started(written(folder, 2, 400))
    assert len(children) == 2
    os.kill(asked.pid, kind)
    _, said = asked.communicate(timeout=120)
    assert asked.returncode == (-9 if kind == signal.SIGKILL else 130), said
    wait_for(lambda: not running(children), 60)
    steps = torch.load(folder / "runs/few/train/synthetic-0/checkpoint.pt", weights_only=True)["log"]
    assert 0 < len(steps) < 400


def test_how_many_at_a_time() -> None:
    cores = len(os.sched_getaffinity(0))
    assert at_a_time(Train(), 100) == (1 if torch.cuda.is_available() else min(cores, 4))
    assert at_a_time(Train(), 0) == at_a_time(Train(parallel=3), 1) == at_a_time(Train(batch=4, workers=2), 9) == 1
    assert at_a_time(Train(parallel=3), 9) == 3
