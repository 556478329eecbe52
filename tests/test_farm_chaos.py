"""Workers and drivers killed, a frame that hangs, one that crashes: nothing lost, doubled, half-written or different."""

import os
import signal
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from chaos import CRASHES, HANGS, POISON, Order, contents, kill_workers, small_scene
from test_farm import wait_for

from generator.dataset.store import Dataset
from generator.farm.status import read_status

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning"),
              pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.filterwarnings("ignore::FutureWarning")]  # fmt: skip


def test_two_hundred_frames_survive_chaos(tmp_path: Path) -> None:
    folder = tmp_path / "chaos"
    order = Order(str(small_scene(tmp_path)), str(folder))
    calm = threading.Thread(target=order.undisturbed, args=(tmp_path / "calm",))
    calm.start()
    for turn, enough in enumerate((4, 12, None)):
        driver, done = order.start(), threading.Event()
        killer = threading.Thread(target=kill_workers, args=(driver, done, 1 + turn // 2, turn, order))
        killer.start()
        if enough:
            wait_for(lambda n=enough, d=driver: order.shards() >= n or d.poll() is not None, 300)
            os.kill(driver.pid, signal.SIGKILL)
        code = driver.wait(timeout=300)
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
