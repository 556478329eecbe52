"""One driver per output. The lock holds who has it and a heartbeat, so that others can tell a dead one."""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from generator.base.errors import DatasetError
from generator.dataset.places import Place, Url

BEAT = 5.0  # seconds between two heartbeats
P = TypeVar("P", Path, Url, Place)
STARTED = time.time()  # tells this process from an earlier one with its number
STALE = 60.0  # after so many seconds of silence a driver on another machine counts as dead


def lock_path(folder: P) -> P:
    return folder.parent / f".{folder.name}.lock"


def signature() -> dict[str, Any]:
    """Who holds a lock, and that it is alive now (seconds since 1970)."""
    pid = os.getpid()
    return {**_machine(), "pid": pid, "born": born(pid), "since": STARTED, "beat": time.time()}


def born(pid: object) -> str:
    """When a process began, in ticks since its machine did; nothing where there is none. Another one may get its number
    after it: in a container that is started again, even the same program."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def _machine() -> dict[str, str]:
    """Containers may share a host name, and each counts its processes from 1."""
    return {"host": socket.gethostname(), "space": os.readlink("/proc/self/ns/pid")}


def near(holder: dict[str, Any]) -> bool:
    """Whether a holder's processes can be seen from here."""
    return all(holder.get(key) == value for key, value in _machine().items())


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one.get(key) == other.get(key) for key in ("host", "space", "pid", "since"))


def read_lock(path: Place) -> dict[str, Any]:
    """What the holder last wrote; empty when nobody holds it."""
    with suppress(OSError, ValueError, DatasetError):
        found = json.loads(path.read_text())
        return found if isinstance(found, dict) else {}
    return {}


def alive(holder: dict[str, Any]) -> bool:
    """Whether the process that wrote this is there: by its pid on this machine, by its heartbeat elsewhere."""
    if not holder:
        return False
    if near(holder):
        there = born(holder.get("pid"))
        return there != "" and there == holder.get("born", there)
    return time.time() - float(holder.get("beat", 0)) < STALE


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one driver at a time; a dead one's lock is taken over. Raises DatasetError.

    On one machine the kernel's lock decides: it goes with the process, however it ends. Where a network folder does not
    pass such locks on, the heartbeat does: another machine's driver is respected for `STALE` seconds after its last.
    """
    handle = _opened(folder)
    try:
        _take(folder, handle)
        with beating(lambda: _write(folder, handle, signature())):
            yield
        with suppress(DatasetError):
            _write(folder, handle, {})
    finally:
        os.close(handle)


@contextmanager
def beating(beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` now and every few seconds until the block ends, from a thread: a driver may plan for minutes."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(BEAT):
            with suppress(Exception):  # a missed heartbeat must not end the run
                beat()

    beat()
    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(lock_path(folder), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> DatasetError:
    return DatasetError(f"{folder}: cannot be written to ({error.strerror}); set another `output`")


def _take(folder: Path, handle: int) -> None:
    holder = read_lock(lock_path(folder))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise refusal(str(folder), holder) from None
    if not near(holder) and alive(holder):
        raise refusal(str(folder), holder)


def refusal(place: str, holder: dict[str, Any]) -> DatasetError:
    who = f" (process {holder['pid']} on {holder['host']})" if {"pid", "host"} <= holder.keys() else ""
    return DatasetError(f"{place}: another run is painting here{who}; wait for it, or set another `output`")


def _write(folder: Path, handle: int, data: dict[str, Any]) -> None:
    text = json.dumps(data).encode().ljust(300)  # of constant length: a reader never sees the end of an older one
    try:
        os.pwrite(handle, text, 0)
    except OSError as error:
        raise _unwritable(folder, error) from error
