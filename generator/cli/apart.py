"""Several detectors trained at a time, each in a process of its own.

Two of them with a thread each do more on two cores than one after the other with two threads: steps of 8 pictures of
320 pixels (faster_rcnn, efficientnet_lite0) took 2.6 s each beside each other and 1.4 s with both cores, which is 1.1
times the work (AMD EPYC).
"""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from generator.base.errors import GeneratorError, TrainError
from generator.base.processes import cores, inherited
from generator.cli.console import Report
from generator.cli.judging import Lot
from generator.spec.training import Train

if TYPE_CHECKING:
    from generator.cli.training import Work

MOST = 4  # each holds about 2 GB
PATIENCE = 20.0  # seconds to end a step in, after which a process is killed
Told = tuple[str, int, int, str]


class _Desk(NamedTuple):
    """What a process is given once, for all detectors that it trains: the config, and lines to who asked for them."""

    config: Path
    told: "Queue[Told]"
    stop: Event


_desk: _Desk | None = None


@cache
def _work(config: Path) -> "Work":
    """Read again in each process: a spec's types do not survive the journey."""
    from generator.cli.project import Project
    from generator.cli.training import Work

    return Work.of(Project.open(config))


class _Stopped(Exception):
    """The program that asked for this detector wants no more of it."""


def at_a_time(spec: Train, unfinished: int) -> int:
    """How many detectors to train at a time: `parallel`, or on CPUs up to one per core; one by one on a GPU, which one
    keeps busy."""
    if spec.workers > 1:
        return 1
    if spec.parallel != "auto":
        return max(min(spec.parallel, unfinished), 1)
    from generator.train.device import choose_device  # torch takes seconds to import, which a parent may not need

    return 1 if choose_device().type == "cuda" else max(min(cores(), MOST, unfinished), 1)


def learn_apart(config: Path, lots: Sequence[Lot], processes: int, report: Report) -> None:
    """Let so many processes share the detectors. TrainError as soon as one cannot be trained; the others stop then, at
    their next step, and go on from their last checkpoints another time."""
    context = get_context("spawn")  # a fork would copy threads of torch and Ray in the middle of their work
    told: Queue[Told] = context.Queue()
    stop = context.Event()
    desk = _Desk(config, told, stop)
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(max(cores() // processes, 1)))}
    with inherited(threads), ProcessPoolExecutor(processes, context, _begin, desk) as pool:
        running = [pool.submit(_learn, lot) for lot in lots]
        try:
            while not _over(running):
                _pass_on(told, report)
            _pass_on(told, report)
            for one in running:
                one.result()
        except BrokenProcessPool as error:
            raise TrainError(
                "a process that trained a detector is gone, perhaps for want of memory; run this again with "
                "`train.parallel: 1`: it goes on from the last checkpoints"
            ) from error
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            _see_off(PATIENCE if sys.exc_info()[0] else None)


def _see_off(seconds: float | None) -> None:
    """Wait for the processes, or only so long; one that does not end its step or its judging is killed, and goes on
    from its last checkpoint another time."""
    end = None if seconds is None else time.monotonic() + seconds
    for one in active_children():
        one.join(None if end is None else max(end - time.monotonic(), 0))
        if one.is_alive():
            one.kill()


def _over(running: "list[Future[None]]") -> bool:
    done, rest = wait(running, timeout=0.2, return_when=FIRST_EXCEPTION)
    return not rest or any(one.exception() for one in done)


def _pass_on(told: "Queue[Told]", report: Report) -> None:
    while True:
        try:
            report(*told.get_nowait())
        except queue.Empty:
            return


def _begin(*desk: "Path | Queue[Told] | Event") -> None:
    """In each process, once. An interrupt of the terminal reaches the whole group; who asked for us then tells us."""
    global _desk
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _desk = _Desk(*desk)  # type: ignore[arg-type]
    _desk.told.cancel_join_thread()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """One that is killed cannot tell us, and we would wait for its next order for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _learn(lot: Lot) -> None:
    assert _desk is not None
    config, told, stop = _desk

    def report(stage: str, done: int, total: int, note: str = "") -> None:
        if stop.is_set():
            raise _Stopped
        told.put((stage, done, total, note))

    try:
        _work(config).do(lot, report)
    except GeneratorError as error:  # some take other arguments than their text, which does not survive the journey
        raise TrainError(str(error)) from None
