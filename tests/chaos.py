"""What goes wrong in the chaos test, in modules that workers can import."""

import ctypes
from typing import Any

from generator.base.scene import SceneSample
from generator.farm.crew import Lost, Task
from generator.farm.job import Job
from generator.farm.placement import Placement
from generator.farm.worker import Worker
from generator.render.painter import Painted, Painter

HANGS, CRASHES = 23, 61
TIMEOUT = 4.0
POISON = {HANGS: f"took more than {TIMEOUT:g} s, 3 tries", CRASHES: "killed its worker, 3 tries"}


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
