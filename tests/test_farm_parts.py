"""The farm's parts without Ray: placement, queue, isolation, lock, status, refilling's bookkeeping."""

import errno
import json
import os
import socket
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.balance.plan import Plan, Ticket
from generator.base.errors import DatasetError, GeneratorError
from generator.dataset.selection import Counts
from generator.farm.crew import Lost, Task
from generator.farm.isolation import Shards
from generator.farm.lock import STALE, lock_path, locked, read_lock
from generator.farm.messages import Report, ShardTicket
from generator.farm.placement import Placement
from generator.farm.queue import Queue, ends
from generator.farm.status import Board, read_status
from generator.spec.config import Farm


def a_plan(split: str, indices: Any, first: int = 0) -> Plan:
    counts = Counts(frames=len(indices), empty=0, tags={}, classes={})
    tickets = tuple(Ticket(split, int(i), ("night",) if i % 3 == 0 else ()) for i in indices)
    return Plan(split=split, seed=1, first=first, looked=len(indices), rejected={}, before=counts, after=counts,
                tickets=tickets)  # fmt: skip


@pytest.mark.parametrize(
    ("farm", "resources", "expected"),
    [
        ({}, {"CPU": 16}, Placement(16, 0.0, "auto")),
        ({"workers": 3}, {"CPU": 16}, Placement(3, 0.0, "auto")),
        ({}, {"CPU": 16, "GPU": 2}, Placement(2, 1.0, "auto")),
        ({"device": "cpu"}, {"CPU": 16, "GPU": 2}, Placement(16, 0.0, "cpu")),
        ({"gpu_share": 0.25}, {"CPU": 16, "GPU": 2}, Placement(8, 0.25, "auto")),
        ({"gpu_share": 0.25}, {"CPU": 3, "GPU": 2}, Placement(3, 0.25, "auto")),
        ({"workers": 3}, {"CPU": 16, "GPU": 2}, Placement(3, 0.5, "auto")),
        ({"workers": 3, "device": "gpu"}, {"CPU": 16, "GPU": 1}, Placement(3, 0.3333, "gpu")),
    ],
)
def test_workers_fill_the_gpus_or_the_cores(farm: Any, resources: Any, expected: Placement) -> None:
    assert Placement.of(Farm(**farm), resources) == expected


def test_gpus_that_are_not_there_are_refused() -> None:
    with pytest.raises(GeneratorError, match="declares none"):
        Placement.of(Farm(device="gpu"), {"CPU": 4})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=40), st.integers(1, 10))
def test_scenes_stay_together_and_no_shard_is_too_large(frames: list[int], size: int) -> None:
    scenes = np.repeat(np.arange(len(frames)), frames)
    found = ends(scenes, size)
    assert found[-1] == len(scenes) and all(a < b for a, b in pairwise(found))
    assert max(np.diff([0, *found])) <= max(size, *frames), "only a scene larger than a shard makes a larger one"
    assert all(scenes[end - 1] != scenes[end] for end in found[:-1]), "no scene is cut"


def test_a_queue_says_the_same_after_saving(tmp_path: Path) -> None:
    queue = Queue.of([a_plan("train", range(20)), a_plan("val", range(100, 105), 100)], 8, views=1, first=3)
    queue.save(tmp_path / "queue.parquet")
    again = Queue.load(tmp_path / "queue.parquet")
    assert [again.shard(n) for n in again.shards] == [queue.shard(n) for n in queue.shards]
    assert [len(queue.shard(n).tickets) for n in queue.shards] == [8, 8, 4, 5] and list(queue.shards) == [3, 4, 5, 6]
    assert {t.split for t in again.shard(6).tickets} == {"val"} and again.shard(3).tickets[3].tags == ("night",)
    assert list(again.missing({3, 5})) == [4, 6] and again.heads == queue.heads
    assert tuple(again.tickets("val", {101, 3})) == (Ticket("val", 101, ()),)
    (tmp_path / "queue.parquet").write_bytes(b"no")
    with pytest.raises(DatasetError, match="damaged queue"):
        Queue.load(tmp_path / "queue.parquet")


def test_a_million_tickets_are_some_megabytes() -> None:
    n = 1_000_000
    queue = Queue(
        np.zeros(n, np.uint8), np.arange(n), np.zeros(n, np.int32), np.arange(0, n + 8, 8), ((),), {"train": ""}
    )
    arrays = (queue.split, queue.index, queue.kind, queue.bounds)
    assert sum(a.nbytes for a in arrays) < 20e6
    assert [t.index for t in queue.shard(124_999).tickets] == list(range(n - 8, n))


def test_a_shard_that_kills_is_taken_apart_and_only_the_culprit_is_poison() -> None:
    tickets = tuple(Ticket("train", i, ()) for i in range(3))
    shards = Shards(iter([ShardTicket(0, tickets), ShardTicket(1, tickets)]), Farm(attempts=3, timeout=9))
    whole = shards()
    assert whole == Task("painting", (ShardTicket(0, tickets),), 9, deaths=2, hangs=1)
    assert shards.hear(Lost(whole, "killed its worker, 2 tries")) is None
    alone = [shards() for _ in tickets]
    assert [one and (one.method, one.args[0].tickets, one.deaths) for one in alone] == [
        ("alone", (t,), 3) for t in tickets
    ]
    for k, one in enumerate(alone):
        assert one
        report = Report(0, 1, seconds={"render": 2.0})
        assert shards.hear(Lost(one, "killed its worker, 3 tries") if k == 1 else (one, (f"part {k}", report))) is None
    joined = shards()
    assert joined and joined.method == "assemble"
    assert joined.args == (
        ShardTicket(0, tickets),
        ["part 0", "part 2"],
        {tickets[1]: "poison: killed its worker, 3 tries"},
    )
    final = shards.hear((joined, Report(0, 0, {"train 1": "poison"}, {"write": 1.0})))
    assert final and final.painted == 2 and final.frames == 3 and final.seconds == {"write": 1.0, "render": 4.0}
    following = shards()
    assert following and following.args[0].shard == 1 and shards() is None


def test_the_lock_names_its_holder_and_is_taken_over_when_stale(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    with locked(folder):
        assert read_lock(lock_path(folder))["pid"] == os.getpid()
        with pytest.raises(DatasetError, match=f"process {os.getpid()} on {socket.gethostname()}"), locked(folder):
            pass
    assert read_lock(lock_path(folder)) == {}
    for silence, refused in ((STALE / 2, True), (STALE * 2, False)):
        lock_path(folder).write_text(json.dumps({"host": "elsewhere", "pid": 1, "beat": time.time() - silence}))
        if refused:
            with pytest.raises(DatasetError, match="process 1 on elsewhere"), locked(folder):
                pass
        else:
            with locked(folder):
                assert read_lock(lock_path(folder))["host"] == socket.gethostname()


def test_a_disk_without_room_for_the_lock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(DatasetError, match=r"cannot be written to \(No space left"), locked(tmp_path / "dataset"):
        pass


def test_status_tells_progress_and_a_driver_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    folder.mkdir()
    assert read_status(folder) is None
    board = Board(folder)
    board.stage("paint", 0, 100, "")
    time.sleep(0.01)
    board.stage("paint", 25, 100, "")
    with locked(folder):
        board.write(quarantined=1)
        seen = read_status(folder)
        assert seen and seen["alive"] and seen["state"] == "running" and (seen["done"], seen["total"]) == (25, 100)
        assert seen["eta"] == pytest.approx(75 / seen["rate"]) and seen["quarantined"] == 1
    gone = read_status(folder)
    assert gone and gone["state"] == "killed" and not gone["alive"]
    board.write("done")
    ended = read_status(folder)
    assert ended and ended["state"] == "done"
