"""Workers and drivers killed, a frame that hangs, one that crashes: nothing lost, doubled, half-written or different."""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from chaos import CRASHES, HANGS, POISON, TIMEOUT, Inline, Trapped
from test_farm import job_of, painters, silent, wait_for
from test_spec import SCENE

from generator.dataset.store import Dataset
from generator.farm.mirror import Mirror
from generator.farm.paint import Session, paint, same_order
from generator.farm.status import read_status

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.filterwarnings("ignore::FutureWarning")]  # fmt: skip
CHANGES: dict[str, Any] = {"frames": {"train": 190, "val": 10}, "balance": {}, "size": [48, 36],
                           "farm": {"workers": 2, "shard": 10, "timeout": TIMEOUT}}  # fmt: skip
DRIVER = "import sys; from pathlib import Path; from test_farm_chaos import drive; drive(Path(sys.argv[1]), Path(sys.argv[2]))"


def drive(scene: Path, folder: Path) -> None:
    config, job = job_of(scene, folder, **CHANGES)
    paint(config, job, silent, Trapped)


def start(scene: Path, folder: Path) -> subprocess.Popen[bytes]:
    tests = str(Path(__file__).parent)
    path = os.pathsep.join([tests, str(Path(tests).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", DRIVER, str(scene), str(folder)]
    return subprocess.Popen(command, start_new_session=True, env=os.environ | {"PYTHONPATH": path})


def undisturbed(scene: Path, folder: Path) -> None:
    """What must come out, without Ray: the two frames are known to be poison and nothing is killed."""
    config, job = job_of(scene, folder, **CHANGES)
    Dataset.create_or_check(folder, job.manifest())
    same_order(folder, config)
    with ExitStack() as stack:
        session = Session(config, job, silent, Trapped, Mirror(folder, None), stack)
        session.__dict__["crew"] = Inline(job)
        session.rounds()


def contents(folder: Path) -> dict[str, str]:
    """Every file by its hash, hidden ones aside."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def kill_workers(driver: subprocess.Popen[bytes], done: threading.Event, most: int, seed: int) -> None:
    """Now and then, at random, at most so many."""
    chance = random.Random(seed)
    while most and not done.wait(chance.uniform(0.5, 3.0)):
        with contextlib.suppress(psutil.Error):
            if victims := painters(driver.pid):
                chance.choice(victims).kill()
                most -= 1


def test_two_hundred_frames_survive_chaos(scene: Path, tmp_path: Path) -> None:
    folder, shards = tmp_path / "chaos", lambda: len(list((tmp_path / "chaos").glob("shard-*.parquet")))
    calm = threading.Thread(target=undisturbed, args=(scene, tmp_path / "calm"))
    calm.start()
    for turn, enough in enumerate((4, 12, None)):
        driver, done = start(scene, folder), threading.Event()
        killer = threading.Thread(target=kill_workers, args=(driver, done, 1 + turn // 2, turn))
        killer.start()
        if enough:
            wait_for(lambda n=enough, d=driver: shards() >= n or d.poll() is not None)
            os.kill(driver.pid, signal.SIGKILL)
        code = driver.wait(timeout=120)
        done.set()
        killer.join()
        assert code == (-signal.SIGKILL if enough else 0)
    calm.join()
    assert contents(folder) == contents(tmp_path / "calm")
    opened = Dataset.open(folder)
    assert {f.index: f.quarantine for f in opened.quarantined} == {i: f"poison: {why}" for i, why in POISON.items()}
    keys = [f.key for f in opened.frames]
    assert len(keys) == len(set(keys)) == 200, "both poisonous frames were replaced, nothing is doubled"
    assert not {HANGS, CRASHES} & {f.index for f in opened.frames}
    for path in folder.glob("shard-*.parquet"):
        assert pq.read_metadata(path).num_rows > 0 and path.with_suffix(".tar").exists()
    status = read_status(folder)
    assert status and status["state"] == "done" and status["done"] == status["total"] and not status["alive"]


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE.replace("[1, 4]", "[1, 2]"))
    return path
