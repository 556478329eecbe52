"""The crew's and the shards' decisions on a simulated cluster: machines come and go, workers crash, frames hang."""

from collections import Counter

import numpy as np
import pytest

from generator.base.errors import RenderError
from generator.farm.crew import MOVES, RESIZE, Crew, Lost, Task, source
from generator.farm.isolation import Shards
from generator.farm.messages import Beat, Report, ShardTicket
from generator.farm.pool import Done, Gone, Hello
from generator.farm.queue import Queue
from generator.farm.simulation import SimulatedPool, World
from generator.spec.config import Farm


def a_queue(n: int, size: int = 8) -> Queue:
    bounds = np.append(np.arange(0, n, size), n)
    return Queue(np.zeros(n, np.uint8), np.arange(n), np.zeros(n, np.int32), bounds, ((),), {"train": ""})


def painted(pool: SimulatedPool, queue: Queue, farm: Farm) -> tuple[Crew, list[Report]]:
    crew = Crew(farm, pool)
    shards = Shards(map(queue.shard, queue.missing(set())), farm)
    return crew, [report for answer in crew.run(shards) if (report := shards.hear(answer))]


def test_nothing_is_lost_or_doubled_while_machines_come_and_go() -> None:
    """Failures far more often than in the world: a worker lives for five minutes, a machine for ten."""
    world = World(machines=6, slots=4, mtbf=300, machine_mtbf=600, absence=60, hangs=frozenset({17}),
                  crashes=frozenset({40, 41}), charge=0)  # fmt: skip
    pool, queue = SimulatedPool(world), a_queue(4000)
    crew, reports = painted(pool, queue, Farm(timeout=60, attempts=5))
    assert Counter(one.shard for one in reports) == dict.fromkeys(queue.shards, 1)
    assert sum(one.frames for one in reports) == 4000
    poison = {frame: why for one in reports for frame, why in one.quarantined.items()}
    assert set(poison) == {"train 17", "train 40", "train 41"}, "no frame is blamed for what its machine did"
    assert "took more than 60 s" in poison["train 17"] and "killed its worker" in poison["train 40"]
    assert pool.lost["machines"] >= 5 and crew.deaths > 20


def test_the_same_failures_give_the_same_decisions() -> None:
    world = World(machines=3, slots=4, mtbf=200, machine_mtbf=400, absence=30, charge=0)
    one, two = (painted(SimulatedPool(world), a_queue(400), Farm(timeout=60))[1] for _ in range(2))
    assert one == two


def test_a_calm_cluster_is_used_but_for_its_start_and_its_end() -> None:
    """Every slot starts for 10 s, and at the end waits for the last shard: of 10 frames of exactly 4 s."""
    pool = SimulatedPool(World(machines=4, slots=8, sigma=0, mtbf=1e12, machine_mtbf=1e12, charge=0))
    painted(pool, a_queue(32 * 100, 10), Farm())
    assert pool.time == pytest.approx(10 + 400, abs=3) and pool.utilization == pytest.approx(400 / 410, abs=0.01)


def test_a_hundred_workers_are_used_to_ninety_nine_percent() -> None:
    """At failure rates of rented machines, the driver's own processor time included."""
    pool = SimulatedPool(World(machines=8, slots=12, start=5, frame=4.0))
    crew, reports = painted(pool, a_queue(96 * 900), Farm())
    assert sum(one.painted for one in reports) == 96 * 900 and crew.deaths > 0
    assert pool.utilization > 0.985


def test_the_crew_grows_and_shrinks_with_its_cluster() -> None:
    pool = SimulatedPool(World(machines=10, slots=2, mtbf=1e12, machine_mtbf=1e12, charge=0))
    pool._up[2:] = [False] * 8
    crew, shards = Crew(Farm(), pool), Shards(map(a_queue(400).shard, range(50)), Farm())
    assert crew.size == 4
    sizes = []
    for k, answer in enumerate(crew.run(shards)):
        shards.hear(answer)
        if k == 10:
            pool._up[2:5] = [True] * 3
        sizes.append(crew.size)
    assert sizes[0] == 4 and sizes[-1] == 10 and pool.time > RESIZE


class Refusing(SimulatedPool):
    """No worker but the first few ever starts."""

    good = 0

    def _started(self, worker) -> None:
        if worker.number <= self.good:
            super()._started(worker)
        else:
            self._crash(worker)


def test_workers_that_never_start_end_the_run_but_not_while_others_work() -> None:
    with pytest.raises(RenderError, match="4 workers in a row died or hung while they started"):
        list(Crew(Farm(workers=8), Refusing(World(machines=2, slots=4))).run(lambda: None or Task("x", (), 1)))
    pool = Refusing(World(machines=2, slots=4, mtbf=1e12, machine_mtbf=1e12, charge=0))
    pool.good = 3  # workers and streams share numbers: two workers
    _, reports = painted(pool, a_queue(400), Farm(workers=8))
    assert sum(one.painted for one in reports) == 400
    assert next(pool._numbers) < 2000, "tries to start become rare"


class Scripted:
    """A pool of one worker that says what it is told to, and weighs what it is told to."""

    def __init__(self, weights: list[float], machine: float) -> None:
        self.weights, self.machine, self.hired, self._said = iter(weights), machine, 0, dict[int, object]()

    def resources(self):
        return {"CPU": 1.0}

    def hire(self, gpus):
        self.hired += 1
        return self.hired

    def call(self, worker, method, *args):
        key = len(self._said)
        self._said[key] = Hello(1, "here", (), self.machine) if method == "start" else Done(None, next(self.weights))
        return key

    def ready(self, streams, seconds):
        return list(streams)

    def hear(self, stream):
        if isinstance(self._said[stream], Gone):
            raise self._said[stream]
        return self._said[stream]

    def dismiss(self, worker):
        pass

    def now(self):
        return 0.0


class Sinking(Scripted):
    """Whatever is begun, the machine goes."""

    def call(self, worker, method, *args):
        key = super().call(worker, "start")
        if method != "start":
            self._said[key] = Gone("the machine is gone", innocent=True)
        return key


def test_a_task_under_which_every_machine_goes_is_lost_in_the_end() -> None:
    pool = Sinking([], 0)
    answers = list(Crew(Farm(), pool).run(source(iter([Task("act", (), 1, deaths=2)]))))
    assert [one.reason for one in answers if isinstance(one, Lost)] == ["killed its worker, 2 tries"]
    assert pool.hired == 1 + MOVES + 2


@pytest.mark.parametrize(
    ("farm", "weights", "machine", "recycled"),
    [
        ({}, [500, 700, 790, 810, 500], 1000, 1),  # 80 % of its machine
        ({}, [900, 1000, 1200, 1340, 1360, 900], 1000, 1),  # needs more than its part at once: may grow by half
        ({}, [500, 5000, 50000], 0, 0),  # nobody knows the machine
        ({"recycle_mb": 0}, [500, 5000, 50000], 1000, 0),
        ({"recycle_mb": 600}, [500, 601, 500, 601, 500], 1000, 2),
    ],
)
def test_workers_are_replaced_when_they_have_grown(farm, weights, machine, recycled) -> None:
    pool = Scripted(weights, machine)
    crew = Crew(Farm(**farm), pool)
    answers = list(crew.run(source(Task("act", (ShardTicket(0, ()),), 1) for _ in weights)))
    assert len(answers) == len(weights) and crew.recycled == recycled == pool.hired - 1 - (crew.size - 1)


def test_a_sign_of_life_may_ask_for_more_time_but_not_for_less() -> None:
    limits, seen = [5.0, 900.0, 0.0], list[float]()

    class Beating(Scripted):
        def hear(self, stream):
            if stream == 0:
                return super().hear(stream)
            seen.append(crew.hands[stream].patience)
            return Beat("x", limits[len(seen) - 1]) if len(seen) <= len(limits) else super().hear(stream)

    crew = Crew(Farm(), Beating([1.0], 0))
    list(crew.run(source(iter([Task("act", (), 60.0)]))))
    assert seen == [60.0, 60.0, 900.0, 60.0]
