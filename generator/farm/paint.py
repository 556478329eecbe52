"""From a config to a data set: plan, paint what is missing, commit, and replace what failed."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.balance.foresight import Foresight
from generator.balance.pictured import foreseen
from generator.balance.plan import Look, Plan, plan
from generator.balance.refill import refilled
from generator.balance.solver import expressible
from generator.base.errors import DatasetError, RenderError
from generator.base.splits import FIRST
from generator.dataset.places import Place, at_once
from generator.dataset.shards import records_path
from generator.farm.actors import RayPool
from generator.farm.calibrating import calibrated
from generator.farm.claiming import claim
from generator.farm.cluster import cluster
from generator.farm.crew import Crew
from generator.farm.filling import after, fill, heads, known, queue_path
from generator.farm.isolation import Shards
from generator.farm.job import Job
from generator.farm.lock import locked
from generator.farm.looking import looker
from generator.farm.messages import SIBLING
from generator.farm.metrics import Meters
from generator.farm.mirror import Mirror
from generator.farm.painting import Painting
from generator.farm.queue import Queue
from generator.farm.status import SHOWN, Board
from generator.farm.worker import Worker
from generator.spec.config import RunConfig

Progress = Callable[[str, int, int, str], None]


def paint(
    config: RunConfig, job: Job, progress: Progress, kind: Callable[[Job], Any] = Worker, filling: bool = False
) -> Painting:
    """Make the data set of a config: only what is missing is looked at and painted. `kind` makes the workers.

    With `filling`, what the pass over measured frames then finds missing is painted too.

    Raises DatasetError when the folder belongs to another run or another process paints into it, BalanceError when no
    plan meets the rules, RenderError when too many frames are quarantined.
    """
    with ExitStack() as stack:
        job = job.listed()
        stack.enter_context(locked(job.folder))
        mirror = stack.enter_context(Mirror.open(job.folder, job.remote))
        for leftover in job.folder.glob(".*.tmp"):  # of a writer that was killed; nobody else writes here now
            leftover.unlink(missing_ok=True)
        lost = claim(mirror, job.manifest(), config)
        job = calibrated(job, config.farm, progress)
        mirror.push_notes()
        session = Session(config, job, progress, kind, mirror, stack)
        session.warn(lost)
        with session.told():
            session.rounds()
            if filling:
                fill(session)
        return session.result


@dataclass
class Session:
    """One driver's work on one data set."""

    config: RunConfig
    job: Job
    progress: Progress
    kind: Callable[[Job], Any]
    mirror: Mirror
    stack: ExitStack
    result: Painting = field(default_factory=Painting)
    meters: Meters | None = None
    planned: int = 0
    queues: list[Queue] = field(default_factory=list)  # painted, or found so
    warned: set[str] = field(default_factory=set)
    bad: dict[str, str] = field(default_factory=dict)  # quarantined frames with reasons, those of earlier sessions too
    started: float = field(default_factory=time.perf_counter)

    @cached_property
    def board(self) -> Board:
        return Board(self.job.folder)

    @cached_property
    def crew(self) -> Crew:
        """Workers, from the moment that there is something for them to do."""
        self.stack.enter_context(cluster(self.config.farm))
        self.meters = Meters(self.config.run)
        return Crew(self.config.farm, RayPool(self.job, self.config.farm, self.kind), self._tick)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Leave word of how it ended, if anything was done."""
        state = "stopped"
        try:
            yield
            state = "done"
        except Exception as error:
            state = f"failed: {error}"
            raise
        finally:
            if "crew" in self.__dict__:
                self._tick(state)

    def rounds(self) -> None:
        """Paint the plan, then what is planned in place of frames that failed, a bounded number of times."""
        queue, self.bad = self._first(), quarantined(self.mirror.place, self.mirror.committed())
        self.planned = len(queue)
        for turn in range(self.config.farm.refills + 1):
            self.paint_queue(queue)
            failed = self._failed(queue)
            if not failed or turn == self.config.farm.refills:
                self.result.short = sum(map(len, failed.values())) + self.result.short
                break
            queue = self._refill(queue, failed, turn + 1)
        self.sum_up()

    def sum_up(self) -> None:
        failed = sum(len(some) for queue in self.queues for some in self._failed(queue).values())
        self.result.finished = self.result.frames - self.result.painted - failed
        self.result.wall = time.perf_counter() - self.started

    @property
    def wanted(self) -> dict[str, int]:
        """Frames by split."""
        return {split: count for split, count in self.config.frames.model_dump().items() if count}

    def _first(self) -> Queue:
        """The queue of the plans, made and saved where it is not there yet."""
        splits, path = self.wanted, queue_path(self.job.folder, 0)
        if path.exists():
            return Queue.load(path)
        if all(plan_path(self.job.folder, split).exists() for split in splits):
            plans = [Plan.load(plan_path(self.job.folder, split)) for split in splits]
        else:
            plans = [self._plan(split, wanted) for split, wanted in splits.items()]
        return self.saved(Queue.of(plans, self.config.farm.shard, self.job.spec.camera.views), path)

    def _plan(self, split: str, wanted: int) -> Plan:
        rules, classes = foreseen(self.config.balance, self.job.spec.edge_cases), self.job.spec.classes
        asked, seed, first = expressible(rules, wanted), self.config.seed, FIRST[split]
        worth = Foresight(self.job.sampler(), asked, seed, split, first)
        made = plan(self.look(), split, wanted, rules, classes, seed, first, worth)
        made.save(plan_path(self.job.folder, split))
        self.mirror.push(plan_path(self.job.folder, split))
        return made

    def look(self) -> Look:
        looked = self.result.looked

        def told(found: int, wanted: int) -> None:
            self.result.looked = looked + found
            self._say("look", found, wanted, f"{self.result.looked} scenes")

        def look(indices: Any) -> Any:
            nonlocal looked
            yield from looker(self.crew, self.config.farm.attempts, told)(indices)
            looked += len(indices)

        return look

    def saved(self, queue: Queue, path: Path) -> Queue:
        queue.save(path)
        self.mirror.push(path)
        return queue

    def paint_queue(self, queue: Queue) -> None:
        """Paint the shards of a queue that are not committed."""
        self.queues.append(queue)
        committed = self.mirror.committed()
        before, self.result.frames = self.result.frames, self.result.frames + len(queue)
        done = before + sum(len(range(*queue.span(n).indices(len(queue)))) for n in queue.shards if n in committed)
        self._stop_if_bad()
        if done == self.result.frames:
            return
        shards = Shards(map(queue.shard, queue.missing(committed)), self.config.farm)
        self._say("paint", done, self.result.frames, f"{self.crew.placement.workers} workers")
        for answer in self.crew.run(shards):
            if report := shards.hear(answer):
                self.result.add(report)
                self.bad |= report.quarantined
                self.warn(report.warning, f"{report.host}: ")
                done += report.frames
                if self.meters:
                    self.meters.report(report, self.result.frames - done)
            self.result.deaths, self.result.recycled = self.crew.deaths, self.crew.recycled
            self._say("paint", done, self.result.frames, self.result.note)
            self._stop_if_bad()
            self.mirror.refuse_lost()

    def _failed(self, queue: Queue) -> dict[str, set[int]]:
        """Scene indices of the queue's frames that are in quarantine, by split."""
        found: dict[str, set[int]] = {}
        for one in sorted(self.bad):
            split, index = one.split()
            found.setdefault(split, set()).add(int(index))
        mine = {split: {t.index for t in queue.tickets(split, some)} for split, some in found.items()}
        return {split: some for split, some in mine.items() if some}

    def _refill(self, queue: Queue, failed: dict[str, set[int]], turn: int) -> Queue:
        """Tickets of the same kinds in place of those that failed, a queue of their own after the others."""
        path, plans, views = queue_path(self.job.folder, turn), [], self.job.spec.camera.views
        if path.exists():
            return self._counted(Queue.load(path), failed)
        queues = known(self.job.folder)
        for split, base in heads(queues).items():
            lost = failed.get(split, set())
            base = base.model_copy(update={"tickets": queue.tickets(split, lost)})
            plans.append(refilled(base, lost, self.look(), self.job.spec.classes, views=views)[0] if lost else base)
        made = Queue.of(plans, self.config.farm.shard, views, after(queues))
        return self._counted(self.saved(made, path), failed)

    def _counted(self, queue: Queue, failed: dict[str, set[int]]) -> Queue:
        self.result.refilled += len(queue)
        self.result.short += sum(map(len, failed.values())) - len(queue)
        return queue

    def warn(self, what: str, where: str = "") -> None:
        """Once a session, however many workers say so: to who watches, and in the log of the run."""
        if what and what not in self.warned:
            self.warned.add(what)
            self.result.warnings.append(where + what)
            logging.getLogger(__name__).warning("warning: %s", where + what)

    def _say(self, stage: str, done: int, total: int, note: str) -> None:
        self.board.stage(stage, done, total, note)
        rate = self.board.facts.get("rate") if stage == "paint" else 0
        self.progress(stage, done, total, f"{rate:.3g} frames/s, {note}" if rate else note)

    def _tick(self, state: str = "running") -> None:
        if self.meters:
            self.meters.roster(self.crew.roster(), self.crew.deaths, self.crew.recycled)
        names = sorted(self.bad)[:SHOWN]
        self.board.write(
            state, workers=self.crew.roster(), deaths=self.crew.deaths, recycled=self.crew.recycled,
            quarantined=len(self.bad), reasons={name: self.bad[name] for name in names}, looked=self.result.looked,
            seconds=self.result.seconds, refilled=self.result.refilled, warnings=self.result.warnings,
            wall=time.perf_counter() - self.started,
        )  # fmt: skip

    def _stop_if_bad(self) -> None:
        """Raise RenderError when too much of the run is in quarantine, earlier sessions included."""
        allowed = self.config.audit.quarantine
        bad = {frame: reason for frame, reason in self.bad.items() if not reason.startswith(SIBLING)}
        if len(bad) > max(1.0, allowed * self.planned):
            frame, reason = next(iter(bad.items()))
            raise RenderError(
                f"{len(bad)} of {self.planned} frames failed their audit, more than audit.quarantine = {allowed:g} "
                f"allows; the first, {frame}: {reason}"
            )


def plan_path(folder: Path, split: str) -> Path:
    return folder / f"plan-{split}.json"


def quarantined(folder: Place, shards: set[int]) -> dict[str, str]:
    """Quarantined frames of committed shards, ``SPLIT INDEX``, with reasons. Only what is needed is decoded."""

    def failed(number: int) -> list[dict[str, Any]]:
        path = records_path(folder, number)
        try:
            data = pa.BufferReader(path.read_bytes())
            table = pq.read_table(data, columns=["split", "index", "quarantine"], use_threads=False)
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: damaged records: {error}; delete them and run again to repaint") from error
        return table.filter(pc.not_equal(table["quarantine"], "")).to_pylist()

    rows = (row for some in at_once(folder, failed, sorted(shards)) for row in some)
    return {f"{row['split']} {row['index']}": row["quarantine"] for row in rows}
