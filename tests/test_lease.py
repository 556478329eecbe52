"""One driver per URL: of two processes that want it one gets it, and a dead one's is taken over."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import fsspec
import pytest
from stores import serving

from generator.base.errors import DatasetError
from generator.dataset.places import Url
from generator.farm import lease as leases
from generator.farm import lock
from generator.farm.lease import Lease
from generator.farm.lock import lock_path, read_lock, signature

pytestmark = pytest.mark.filterwarnings("ignore")
HOLD = """
import sys, time
from generator.base.errors import DatasetError
from generator.dataset.places import Url
from generator.farm.lease import Lease
try:
    with Lease(Url(sys.argv[1])).held():
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
except DatasetError as error:
    print(error, flush=True)
"""
ELSEWHERE = {"host": "elsewhere", "pid": 1, "since": 0, "beat": 4e9}


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[Url]:
    for address in serving(monkeypatch):
        yield Url(f"{address}/dataset")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "SETTLE", 0.05)
    monkeypatch.setattr(lock, "BEAT", 0.2)


def holding(url: Url, seconds: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, str(url), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent.parent)


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


@pytest.mark.slow
def test_of_processes_that_start_together_one_gets_it_and_its_successor_need_not_wait(url: Url) -> None:
    with ExitStack() as leaving:
        both = [leaving.enter_context(holding(url, 600)) for _ in range(2)]
        words = [said(one) for one in both]
        assert sorted(word == "held\n" for word in words) == [False, True]
        winner = both[words.index("held\n")]
        assert f"(process {winner.pid} on " in next(word for word in words if word != "held\n")
        third = leaving.enter_context(holding(url, 0))
        assert said(third).startswith(f"{url}: another run is painting here (process {winner.pid}")
        os.kill(winner.pid, signal.SIGKILL)
    with holding(url, 0) as after:
        assert said(after) == "held\n" and after.wait(timeout=60) == 0
    assert read_lock(lock_path(url)) == {}, "given back"


def test_a_lock_from_elsewhere_is_respected_while_it_is_heard_of(url: Url, quick: None) -> None:
    path = lock_path(url)
    path.write_bytes(json.dumps(ELSEWHERE).encode())
    with pytest.raises(DatasetError, match="process 1 on elsewhere"), Lease(url).held():
        pass
    path.write_bytes(json.dumps({**ELSEWHERE, "beat": 0}).encode())
    with Lease(url).held() as lease:
        assert read_lock(path)["pid"] == os.getpid() and not lease.lost
    assert read_lock(path) == {}


def test_a_holder_whose_clock_is_wrong_is_not_taken_for_dead(
    url: Url, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = iter(range(100))
    lock_path(url).write_bytes(json.dumps({**ELSEWHERE, "beat": 0}).encode())

    def heard(_: float) -> None:
        lock_path(url).write_bytes(json.dumps({**ELSEWHERE, "beat": next(beats) + 1}).encode())

    monkeypatch.setattr(leases.time, "sleep", heard)
    with pytest.raises(DatasetError, match="process 1 on elsewhere"), Lease(url).held():
        pass


def test_a_driver_that_was_silent_for_too_long_learns_that_it_lost(url: Url, quick: None) -> None:
    path, other = lock_path(url), {**ELSEWHERE, "host": "thief"}
    with Lease(url).held() as lease:
        path.write_bytes(json.dumps(other).encode())
        end = time.monotonic() + 30
        while not lease.lost and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(DatasetError, match="on thief"):
            lease.refuse_lost()
    assert read_lock(path) == other, "what is another's is neither overwritten nor given back"


@pytest.mark.parametrize("scheme", ["s3", "file", "memory"])
def test_swapping_needs_what_was_seen(url: Url, tmp_path: Path, scheme: str) -> None:
    place = url / "a" if scheme == "s3" else Url(f"{scheme}://{tmp_path}/a")
    first = place.swap(b"one", "")
    assert first and place.version() == (first, 3)
    assert place.swap(b"two", "") is None and place.swap(b"two", "other") is None and place.read_bytes() == b"one"
    second = place.swap(b"second", first)
    assert second and second != first and place.swap(b"third", first) is None and place.read_bytes() == b"second"


@pytest.mark.parametrize("known", [{"etag": "0x8D"}, {"last_modified": "noon"}, {"created": "noon"}, {}])
def test_a_driver_gets_what_is_free_whatever_the_store_tells_of_files(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, known: dict[str, str]
) -> None:
    """Listings as of adlfs and of others: with the size, and of times and tags what there is."""
    stored = fsspec.get_filesystem_class("memory")

    def info(self: Any, path: str, **_: Any) -> dict[str, Any]:
        told = whole(self, path)
        times = {name: f"{value} {told['created']}" for name, value in known.items()} if told["type"] == "file" else {}
        return {name: told[name] for name in ("name", "type", "size")} | times

    whole = stored.info
    monkeypatch.setattr(stored, "info", info)
    place = Url(f"memory://{tmp_path}/run/dataset")
    for _ in range(2):
        with Lease(place).held() as lease:
            assert lock.same(lease.read()[0], signature()) and not lease.lost
    assert lease.read()[0] == {}
    lock_path(place).write_bytes(json.dumps({**ELSEWHERE, "beat": time.time()}).encode())
    with (
        pytest.raises(DatasetError, match=r"another run is painting here \(process 1 on elsewhere"),
        Lease(place).held(),
    ):
        pass


def test_a_missing_bucket_is_refused(url: Url) -> None:
    with pytest.raises(DatasetError, match="check the address"), Lease(Url("s3://nowhere/run")).held():
        pass


def test_containers_that_share_a_host_name_are_told_apart() -> None:
    mine = signature()
    assert lock.near(mine) and lock.same(mine, signature())
    assert not lock.near({**mine, "space": "pid:[1]"}) and not lock.same(mine, {**mine, "since": 0})
    assert not lock.alive({**mine, "pid": 2**22 + 1}), "no process of this number can be"


def test_a_dead_driver_whose_number_another_process_has_got_is_taken_over(tmp_path: Path, quick: None) -> None:
    """In a container that is started again, the driver itself gets the number that the one before it had."""
    place = Url(f"memory://{tmp_path}/run/dataset")
    lock_path(place).write_bytes(json.dumps({**signature(), "since": 0, "born": "1"}).encode())
    with Lease(place).held() as lease:
        assert lock.same(lease.read()[0], signature())
    assert lock.alive(signature()) and lock.alive({**signature(), "pid": os.getppid(), "born": lock.born(os.getppid())})
