"""From a config to a data set: plan, paint what is missing, commit, and replace what failed."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.balance.plan import Look, Plan, plan
from generator.balance.refill import refilled
from generator.base.errors import DatasetError, RenderError
from generator.base.splits import FIRST
from generator.dataset.atomic import write_json
from generator.dataset.store import Dataset
from generator.farm.cluster import cluster
from generator.farm.crew import Crew
from generator.farm.isolation import Shards
from generator.farm.job import Job
from generator.farm.lock import locked
from generator.farm.looking import looker
from generator.farm.mirror import Mirror
from generator.farm.painting import Painting
from generator.farm.queue import Queue
from generator.farm.status import SHOWN, Board
from generator.farm.worker import Worker
from generator.spec.config import RunConfig

Progress = Callable[[str, int, int, str], None]


def paint(config: RunConfig, job: Job, progress: Progress, kind: Callable[[Job], Any] = Worker) -> Painting:
    """Make the data set of a config: only what is missing is looked at and painted. `kind` makes the workers.

    Raises DatasetError when the folder belongs to another run or another process paints into it, BalanceError when no
    plan meets the rules, RenderError when too many frames are quarantined.
    """
    with ExitStack() as stack:
        stack.enter_context(locked(job.folder))
        mirror = stack.enter_context(Mirror.open(job.folder, job.remote))
        for leftover in job.folder.glob(".*.tmp"):  # of a writer that was killed; nobody else writes here now
            leftover.unlink(missing_ok=True)
        mirror.pull_notes()
        Dataset.create_or_check(job.folder, job.manifest())
        same_order(job.folder, config)
        mirror.push_notes()
        session = Session(config, job, progress, kind, mirror, stack)
        with session.told():
            session.rounds()
            mirror.pull_shards()
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
    bad: dict[str, str] = field(default_factory=dict)  # quarantined frames with reasons, those of earlier sessions too
    started: float = field(default_factory=time.perf_counter)

    @cached_property
    def board(self) -> Board:
        return Board(self.job.folder)

    @cached_property
    def crew(self) -> Crew:
        """Workers, from the moment that there is something for them to do."""
        self.stack.enter_context(cluster(self.config.farm))
        return Crew(self.job, self.config.farm, self.kind, self._tick)

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
        queue, self.bad = self._first(), quarantined(self.job.folder, self.mirror.committed())
        planned = len(queue)
        for turn in range(self.config.farm.refills + 1):
            self._fill(queue, planned)
            failed = self._failed(queue)
            if not failed or turn == self.config.farm.refills:
                self.result.short = sum(map(len, failed.values())) + self.result.short
                break
            queue = self._refill(queue, failed, turn + 1)
        self.result.finished = self.result.frames - self.result.painted - len(self.result.quarantined)
        self.result.wall = time.perf_counter() - self.started

    def _first(self) -> Queue:
        """The queue of the plans, made and saved where it is not there yet."""
        splits = {"train": self.config.frames.train} | (
            {"val": self.config.frames.val} if self.config.frames.val else {}
        )
        path = queue_path(self.job.folder, 0)
        if path.exists():
            return Queue.load(path)
        if all(plan_path(self.job.folder, split).exists() for split in splits):
            plans = [Plan.load(plan_path(self.job.folder, split)) for split in splits]
        else:
            plans = [self._plan(split, wanted) for split, wanted in splits.items()]
        return self._saved(Queue.of(plans, self.config.farm.shard, self.job.spec.camera.views), path)

    def _plan(self, split: str, wanted: int) -> Plan:
        rules, classes = self.config.balance, self.job.spec.classes
        made = plan(self._look(), split, wanted, rules, classes, self.config.seed, FIRST[split])
        made.save(plan_path(self.job.folder, split))
        self.mirror.push(plan_path(self.job.folder, split))
        return made

    def _look(self) -> Look:
        looked = self.result.looked

        def told(found: int, wanted: int) -> None:
            self.result.looked = looked + found
            self._say("look", found, wanted, f"{self.result.looked} scenes")

        def look(indices: Any) -> Any:
            nonlocal looked
            answer = looker(self.crew, self.config.farm.attempts, told)(indices)
            looked += len(indices)
            return answer

        return look

    def _saved(self, queue: Queue, path: Path) -> Queue:
        queue.save(path)
        self.mirror.push(path)
        return queue

    def _fill(self, queue: Queue, planned: int) -> None:
        """Paint the shards of a queue that are not committed."""
        committed = self.mirror.committed()
        before, self.result.frames = self.result.frames, self.result.frames + len(queue)
        done = before + sum(len(range(*queue.span(n).indices(len(queue)))) for n in queue.shards if n in committed)
        self._stop_if_bad(planned)
        if done == self.result.frames:
            return
        shards = Shards(map(queue.shard, queue.missing(committed)), self.config.farm)
        self._say("paint", done, self.result.frames, f"{self.crew.placement.workers} workers")
        for answer in self.crew.run(shards):
            if report := shards.hear(answer):
                self.result.add(report)
                self.bad |= report.quarantined
                done += report.frames
            self.result.deaths, self.result.recycled = self.crew.deaths, self.crew.recycled
            self._say("paint", done, self.result.frames, self.result.note)
            self._stop_if_bad(planned)

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
        path, plans = queue_path(self.job.folder, turn), []
        if path.exists():
            return self._counted(Queue.load(path), failed)
        for split in queue.splits:
            base = Plan.model_validate_json(queue.heads[split])
            lost = failed.get(split, set())
            base = base.model_copy(update={"tickets": queue.tickets(split, lost)})
            plans.append(refilled(base, lost, self._look(), self.job.spec.classes)[0] if lost else base)
        made = Queue.of(plans, self.config.farm.shard, self.job.spec.camera.views, queue.shards.stop)
        return self._counted(self._saved(made, path), failed)

    def _counted(self, queue: Queue, failed: dict[str, set[int]]) -> Queue:
        self.result.refilled += len(queue)
        self.result.short += sum(map(len, failed.values())) - len(queue)
        return queue

    def _say(self, stage: str, done: int, total: int, note: str) -> None:
        self.progress(stage, done, total, note)
        self.board.stage(stage, done, total, note)

    def _tick(self, state: str = "running") -> None:
        names = sorted(self.bad)[:SHOWN]
        self.board.write(
            state, workers=self.crew.roster(), deaths=self.crew.deaths, recycled=self.crew.recycled,
            quarantined=len(self.bad), reasons={name: self.bad[name] for name in names}, looked=self.result.looked,
            seconds=self.result.seconds, refilled=self.result.refilled, wall=time.perf_counter() - self.started,
        )  # fmt: skip

    def _stop_if_bad(self, planned: int) -> None:
        """Raise RenderError when too much of the run is in quarantine, earlier sessions included."""
        allowed = self.config.audit.quarantine
        if len(self.bad) > max(1.0, allowed * planned):
            frame, reason = next(iter(self.bad.items()))
            raise RenderError(
                f"{len(self.bad)} of {planned} frames failed their audit, more than audit.quarantine = {allowed:g} "
                f"allows; the first, {frame}: {reason}"
            )


def plan_path(folder: Path, split: str) -> Path:
    return folder / f"plan-{split}.json"


def queue_path(folder: Path, turn: int) -> Path:
    """The queue of a round: 0 for the plan, then those of replacements."""
    return folder / f"queue-{turn}.parquet"


def quarantined(folder: Path, shards: set[int]) -> dict[str, str]:
    """Quarantined frames of committed shards, ``SPLIT INDEX``, with reasons. Only what is needed is read."""
    found: dict[str, str] = {}
    for number in sorted(shards):
        path = folder / f"shard-{number:05d}.parquet"
        try:
            table = pq.read_table(path, columns=["split", "index", "quarantine"], use_threads=False)
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: damaged records: {error}; delete them and run again to repaint") from error
        for row in table.filter(pc.not_equal(table["quarantine"], "")).to_pylist():
            found[f"{row['split']} {row['index']}"] = row["quarantine"]
    return found


def same_order(folder: Path, config: RunConfig) -> None:
    """Note what was asked for, or raise DatasetError when the folder's plan was made for something else."""
    asked: dict[str, Any] = {
        "frames": config.frames.model_dump(),
        "balance": config.balance.model_dump(mode="json"),
        "shard": config.farm.shard,
        "audit": config.audit.pixels,
    }
    path = folder / "asked.json"
    if not path.exists():
        return write_json(path, asked)
    there = json.loads(path.read_text())
    differ = [f"{key}: {there.get(key)} there, {asked[key]} asked" for key in asked if there.get(key) != asked[key]]
    if differ:
        raise DatasetError(f"{folder}: was planned otherwise: {'; '.join(differ)}; set another `output`, or delete it")
