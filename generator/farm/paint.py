"""From a config to a data set on disk: plan, paint what is missing, commit."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.balance.plan import Looked, Plan, Ticket, plan
from generator.base.errors import DatasetError, RenderError
from generator.base.splits import FIRST
from generator.dataset.atomic import write_json
from generator.dataset.shards import records_path
from generator.dataset.store import Dataset
from generator.farm.crew import Crew, Lost, cluster, worker_count
from generator.farm.job import Job
from generator.farm.worker import Report, ShardTicket
from generator.spec.config import RunConfig

LOOKS = 16  # scenes in one task of looking
SCENE_SECONDS = 120.0  # looking at one scene may take no longer
Progress = Callable[[str, int, int, str], None]


@dataclass
class Painting:
    """What a painting run did: frames found finished, painted now, quarantined; scenes looked at; workers replaced;
    seconds per stage (summed over workers) and on the wall; the greatest memory of a worker in MB."""

    frames: int = 0
    finished: int = 0
    painted: int = 0
    looked: int = 0
    deaths: int = 0
    quarantined: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    memory: float = 0.0
    device: str = ""

    def after(self, earlier: "Painting") -> "Painting":
        """This session together with those before it on the same data set."""
        seconds = {
            k: self.seconds.get(k, 0.0) + earlier.seconds.get(k, 0.0) for k in {**self.seconds, **earlier.seconds}
        }
        return Painting(
            frames=self.frames, finished=0, painted=self.painted + earlier.painted,
            looked=self.looked + earlier.looked, deaths=self.deaths + earlier.deaths,
            quarantined=earlier.quarantined | self.quarantined, seconds=seconds, wall=self.wall + earlier.wall,
            memory=max(self.memory, earlier.memory), device=self.device or earlier.device,
        )  # fmt: skip

    def add(self, report: Report) -> None:
        self.painted += report.painted
        self.quarantined |= report.quarantined
        self.memory, self.device = max(self.memory, report.memory), report.device
        for stage, spent in report.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent


def paint(config: RunConfig, job: Job, progress: Progress) -> Painting:
    """Make the data set of a config: only what is missing is looked at and painted.

    Raises DatasetError when the folder belongs to another run or another process paints into it, BalanceError when no
    plan meets the rules, RenderError when frames are lost or too many are quarantined.
    """
    start = time.perf_counter()
    with locked(job.folder):
        for leftover in job.folder.glob(".*.tmp"):  # of a writer that was killed; nobody else writes here now
            leftover.unlink(missing_ok=True)
        Dataset.create_or_check(job.folder, job.manifest())
        same_order(job.folder, config)
        result = Painting()
        splits = {"train": config.frames.train} | ({"val": config.frames.val} if config.frames.val else {})
        if (shards := known_shards(job.folder, config, splits)) is None or missing(job.folder, shards):
            with cluster(config.farm):
                crew = Crew(job, config.farm)
                shards = shards or in_shards(planned(config, job, crew, splits, progress, result), config.farm.shard)
                _paint(config, job.folder, shards, crew, progress, result)
        result.frames = sum(len(s.tickets) for s in shards)
        result.finished = result.frames - result.painted - len(result.quarantined)
        result.wall = time.perf_counter() - start
        return result


def planned(
    config: RunConfig, job: Job, crew: Crew, splits: dict[str, int], progress: Progress, result: Painting
) -> list[Plan]:
    """A plan for every split, saved beside the data."""

    def look(indices: Sequence[int]) -> list[Looked]:
        blocks = [tuple(indices[k : k + LOOKS]) for k in range(0, len(indices), LOOKS)]
        found: dict[int, Looked] = {}
        for answer in crew.run("look", blocks, lambda block: SCENE_SECONDS * len(block)):
            if isinstance(answer, Lost):
                raise RenderError(f"scenes {answer.task[0]} to {answer.task[-1]} cannot be looked at: {answer.reason}")
            found |= {one.index: one for one in answer[1]}
            result.looked += len(answer[0])
            progress("look", len(found), len(indices), f"{result.looked} scenes")
        return [found[i] for i in indices]

    plans = []
    for split, wanted in splits.items():
        plans.append(plan(look, split, wanted, config.balance, job.spec.classes, config.seed, FIRST[split]))
        plans[-1].save(plan_path(job.folder, split))
    return plans


def plan_path(folder: Path, split: str) -> Path:
    return folder / f"plan-{split}.json"


def known_shards(folder: Path, config: RunConfig, splits: dict[str, int]) -> list[ShardTicket] | None:
    """The shards of the saved plans; None when a plan is missing."""
    if not all(plan_path(folder, split).exists() for split in splits):
        return None
    return in_shards([Plan.load(plan_path(folder, split)) for split in splits], config.farm.shard)


def in_shards(plans: Sequence[Plan], size: int) -> list[ShardTicket]:
    """Tickets in the order of the plans, `size` to a shard; no shard holds two splits."""
    parts: list[tuple[Ticket, ...]] = []
    for one in plans:
        parts += [one.tickets[k : k + size] for k in range(0, len(one.tickets), size)]
    return [ShardTicket(number, part) for number, part in enumerate(parts)]


def missing(folder: Path, shards: Sequence[ShardTicket]) -> list[ShardTicket]:
    """Shards that are not committed."""
    return [shard for shard in shards if not records_path(folder, shard.shard).exists()]


def _paint(
    config: RunConfig, folder: Path, shards: Sequence[ShardTicket], crew: Crew, progress: Progress, result: Painting
) -> None:
    todo = missing(folder, shards)
    total = sum(len(s.tickets) for s in shards)
    done, lost = total - sum(len(s.tickets) for s in todo), []
    before = {f"{one.split} {one.index}": one.quarantine for one in Dataset.open(folder).quarantined}
    stop_if_bad(config, before, total)
    progress("paint", done, total, f"{worker_count(config.farm)} workers")
    for answer in crew.run("paint", todo, lambda shard: config.farm.timeout * len(shard.tickets)):
        result.deaths = crew.deaths
        if isinstance(answer, Lost):
            lost.append(answer)
            continue
        result.add(answer[1])
        done += len(answer[0].tickets)
        progress("paint", done, total, note(result))
        stop_if_bad(config, before | result.quarantined, total)
    if lost:
        frames = ", ".join(f"{t.split} {t.index}" for one in lost for t in one.task.tickets)
        raise RenderError(
            f"{len(lost)} shards could not be painted ({lost[0].reason}); frames {frames}; run again to retry"
        )


def note(result: Painting) -> str:
    """Seconds per frame of a worker, and failures."""
    each = sum(result.seconds.values()) / max(1, result.painted + len(result.quarantined))
    bad = f", {len(result.quarantined)} quarantined" if result.quarantined else ""
    return f"{each:.2f} s a frame{bad}" + (f", {result.deaths} workers replaced" if result.deaths else "")


def stop_if_bad(config: RunConfig, quarantined: dict[str, str], total: int) -> None:
    """Raise RenderError when more than the allowed share of the run, earlier sessions included, is in quarantine."""
    if len(quarantined) > max(1.0, config.audit.quarantine * total):
        frame, reason = next(iter(quarantined.items()))
        raise RenderError(
            f"{len(quarantined)} of {total} frames failed their audit, more than audit.quarantine = "
            f"{config.audit.quarantine:g} allows; the first, {frame}: {reason}"
        )


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


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one driver at a time. The lock goes with the process, however it ends. Raises DatasetError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder.parent / f".{folder.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DatasetError(f"{folder}: cannot be written to ({error.strerror}); set another `output`") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatasetError(
                f"{folder}: another run is painting here; wait for it, or set another `output`"
            ) from None
        yield
    finally:
        os.close(handle)
