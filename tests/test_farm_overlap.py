"""Labels of one frame are made while the next is painted: nothing in the data tells, and errors stay with their frames."""

import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_farm import CONFIG
from test_farm_chaos import contents
from test_spec import SCENE

from generator.balance.tickets import Ticket
from generator.base.errors import AssetError, RenderError
from generator.farm import worker as module
from generator.farm.job import Job
from generator.farm.messages import SLOW, WARM, Beat, ShardTicket
from generator.farm.worker import Worker
from generator.render.painter import Painted, Painter
from generator.render.raycast import RaycastPainter
from generator.spec.config import RunConfig
from generator.spec.load import load_scene

SHARD = ShardTicket(0, tuple(Ticket("train", k, ()) for k in range(6)))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "scene.yaml").write_text(SCENE)
    config = RunConfig.model_validate({**CONFIG, "labels": ["amodal", "depth", "normal"]})
    return Job.of(config, load_scene(tmp_path / "scene.yaml"), (), tmp_path / "data", painter="raycast")


class Inline:
    """An executor that does everything at once, here: no overlap."""

    def __init__(self, *_: Any) -> None:
        pass

    def __enter__(self) -> "Inline":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, act: Any, *args: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(act(*args))
        except Exception as error:
            done.set_exception(error)
        return done


class Watched:
    """Paints, and fails where it is told to."""

    def __init__(self, painter: Painter, fails: tuple[int, ...] = ()) -> None:
        self.painter, self.fails, self.threads = painter, fails, set[int]()

    def paint(self, sample: Any) -> Painted:
        self.threads.add(threading.get_ident())
        if sample.index in self.fails:
            raise RenderError(f"scene {sample.index} cannot be painted")
        time.sleep(0.01)
        return self.painter.paint(sample)


def worker_of(job: Job, fails: tuple[int, ...] = ()) -> Worker:
    made = Worker(job)
    made._painter = Watched(made.painter, fails)  # type: ignore[assignment]
    return made


def test_the_same_bytes_with_and_without(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = worker_of(job, fails=(3,))
    report = beside.paint(SHARD)
    first = contents(job.folder)
    for path in sorted(job.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    monkeypatch.setattr(module, "ThreadPoolExecutor", Inline)
    alone = worker_of(job, fails=(3,)).paint(SHARD)
    assert contents(job.folder) == first and len(first) > 3
    assert report.quarantined == alone.quarantined == {"train 3": "scene 3 cannot be painted"}
    assert report.painted == alone.painted == 5 and report.seconds.keys() == alone.seconds.keys()
    assert beside._painter.threads == {threading.get_ident()}, "Blender paints in the main thread alone"  # type: ignore[union-attr]


def test_an_earlier_frame_s_error_is_told_before_a_later_one_s(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frame 2 breaks while it is labelled, frame 3 while it is sampled: both are under way at once."""
    finished, made = module.finished, worker_of(job)
    sampler = made.sampler

    def breaking(sample: Any, *args: Any) -> Any:
        if sample.index == 2:
            raise AssetError("the mesh of 2 is broken")
        return finished(sample, *args)

    def sampling(seed: int, index: int) -> Any:
        if index == 3:
            raise AssetError("the mesh of 3 is broken")
        return sampler(seed, index)

    sampling.store = sampler.store  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "finished", breaking)
    made.sampler = sampling  # type: ignore[assignment]
    with pytest.raises(AssetError, match="mesh of 2"):
        made.paint(SHARD)
    assert not list(job.folder.glob("shard-*.parquet"))


def test_signs_of_life_name_the_frame_that_begins(job: Job) -> None:
    said = list(worker_of(replace(job, beat=0.0)).painting(SHARD))
    assert [one.where for one in said if isinstance(one, Beat)] == [*(f"train {k}" for k in range(6)), "commit"]


def test_the_first_picture_of_a_process_may_take_longer(job: Job) -> None:
    """Kernels are compiled then, and EEVEE is tried in a process of its own: the frame must not be blamed."""
    worker = Worker(replace(job, painter="blender", beat=1000.0))
    worker._painter = Watched(RaycastPainter(worker.sampler.store))  # type: ignore[assignment]
    limits = [[(one.where, one.limit) for one in worker.painting(SHARD)][:2] for _ in range(2)]
    assert limits == [[("train 0", WARM), ("train 1", 0.0)], [("train 0", 0.0), ("commit", SLOW)]]
