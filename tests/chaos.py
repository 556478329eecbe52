"""What goes wrong in the chaos test and in `scripts/chaos`, in a module that workers can import; and what must come out
all the same."""

import contextlib
import ctypes
import hashlib
import json
import os
import random
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from test_farm import job_of, painters, silent
from test_spec import SCENE

from generator.base.scene import SceneSample
from generator.dataset.places import Place, Url
from generator.dataset.store import Dataset
from generator.farm.claiming import same_order
from generator.farm.crew import Lost, Task
from generator.farm.job import Job
from generator.farm.mirror import Mirror
from generator.farm.paint import Session, paint
from generator.farm.placement import Placement
from generator.farm.worker import Worker
from generator.render.painter import Painted, Painter

HANGS, CRASHES = 23, 61
TIMEOUT = 4.0
POISON = {HANGS: f"took more than {TIMEOUT:g} s, 3 tries", CRASHES: "killed its worker, 3 tries"}
DRIVER = "import sys; from chaos import Order; Order.loads(sys.argv[1]).drive()"


@dataclass(frozen=True)
class Order:
    """What is painted: a scene into a folder (and from there to `output`, a URL), `frames` of training and some more."""

    scene: str
    folder: str
    output: str = ""
    frames: int = 190
    val: int = 10
    workers: int = 2

    @staticmethod
    def loads(text: str) -> "Order":
        return Order(**json.loads(text))

    def job(self) -> tuple[Any, Job]:
        farm = {"workers": self.workers, "shard": 10, "timeout": TIMEOUT}
        frames = {"train": self.frames, "val": self.val}
        return job_of(
            Path(self.scene), Path(self.folder), output=self.output, frames=frames, balance={}, size=[48, 36], farm=farm
        )

    @property
    def place(self) -> Place:
        return Url(f"{self.output}/dataset") if self.output else Path(self.folder)

    def shards(self) -> int:
        """How many are committed by now."""
        return len(list(self.place.glob("shard-*.parquet")))

    def drive(self) -> None:
        config, job = self.job()
        paint(config, job, silent, Trapped)

    def start(self, **options: Any) -> "subprocess.Popen[bytes]":
        """A driver in a process of its own."""
        tests = str(Path(__file__).parent)
        path = os.pathsep.join([tests, str(Path(tests).parent), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-c", DRIVER, json.dumps(asdict(self))]
        return subprocess.Popen(command, start_new_session=True, env=os.environ | {"PYTHONPATH": path}, **options)

    def undisturbed(self, folder: Path) -> None:
        """What must come out, without Ray: the two frames are known to be poison and nothing is killed."""
        config, job = Order(self.scene, str(folder), "", self.frames, self.val, self.workers).job()
        Dataset.create_or_check(folder, job.manifest())
        same_order(folder, config)
        with ExitStack() as stack:
            session = Session(config, job, silent, Trapped, Mirror(folder, None), stack)
            session.__dict__["crew"] = Inline(job)
            session.rounds()


def small_scene(folder: Path) -> Path:
    path = folder / "scene.yaml"
    path.write_text(SCENE.replace("[1, 4]", "[1, 2]"))
    return path


def contents(folder: Place) -> dict[str, str]:
    """Every file by its hash, hidden ones aside."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def kill_workers(driver: "subprocess.Popen[bytes]", done: threading.Event, most: int, seed: int, order: Order) -> int:
    """Now and then, at random, at most so many; how many it were. Some shard is committed between two of them: a driver
    whose workers all die while they start gives up, and rightly so."""
    chance, killed, before = random.Random(seed), 0, order.shards()
    while killed < most and not done.wait(chance.uniform(0.5, 3.0)):
        with contextlib.suppress(psutil.Error):
            if (now := order.shards()) > before and (victims := painters(driver.pid)):
                chance.choice(victims).kill()
                killed, before = killed + 1, now
    return killed


class Trap:
    """A painter that one scene makes hang, holding the interpreter's lock, and another one crash."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    def paint(self, sample: SceneSample) -> Painted:
        if sample.index == HANGS:
            ctypes.PyDLL(None).sleep(1000)
        if sample.index == CRASHES:
            ctypes.string_at(0)
        return self.painter.paint(sample)


class Trapped(Worker):
    """A worker with that painter. It warms up before it is given anything: the time limit is for a frame alone."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.look((0,))

    @property
    def painter(self) -> Painter:
        return Trap(super().painter)


class Inline:
    """A crew without processes, which knows beforehand what would be lost: the oracle."""

    placement, deaths, recycled = Placement(1, 0.0, "cpu"), 0, 0

    def __init__(self, job: Job) -> None:
        self.worker = Worker(job)

    def roster(self) -> list[dict[str, Any]]:
        return []

    def run(self, source: Any) -> Any:
        while task := source():
            yield self.done(task)

    def done(self, task: Task) -> Any:
        if task.method in ("painting", "alone"):
            lost = [POISON[t.index] for t in task.args[0].tickets if t.index in POISON]
            return Lost(task, lost[0]) if lost else (task, ended(getattr(self.worker, task.method)(*task.args)))
        return task, getattr(self.worker, task.method)(*task.args)


def ended(steps: Any) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
