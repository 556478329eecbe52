"""`Worker`: what one process of the farm does. No Ray in here, so that it can be called and tested as it is."""

import math
import os
import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from generator.balance.plan import Looked, Ticket
from generator.balance.tags import facts_of, tags_of
from generator.base.draw import Draw
from generator.base.errors import PlacementError, RenderError
from generator.base.frame import Frame
from generator.base.scene import SceneSample
from generator.dataset.shards import ShardWriter
from generator.farm.job import Job
from generator.render.painter import Painted, Painter, make_painter
from generator.sensor.camera import expose
from generator.spec.edges import holds
from generator.truth.audit import AuditResult, Limits, audit
from generator.truth.labels import label

LOOK = 0.25  # a look's size relative to the painted image


@dataclass(frozen=True)
class ShardTicket:
    """Frames that are committed together."""

    shard: int
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True)
class Report:
    """What became of a shard: frames painted, frames quarantined with reasons, seconds per stage, memory in MB."""

    shard: int
    painted: int
    quarantined: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0
    pid: int = 0
    device: str = ""


class Worker:
    """Samples, looks, paints. Blender starts at the first painting, not before."""

    def __init__(self, job: Job) -> None:
        self.job, self.spec, self.sampler = job, job.spec, job.sampler()
        self._painter: Painter | None = None
        self.device = ""

    @property
    def painter(self) -> Painter:
        if self._painter is None:
            self._painter = make_painter(self.job.painter, self.sampler.store, self.job.device)  # type: ignore[arg-type]
        return self._painter

    def look(self, indices: Iterable[int]) -> list[Looked]:
        """Scenes by their labels at a quarter of the size, before any painting."""
        return [self._look(index) for index in indices]

    def _look(self, index: int) -> Looked:
        try:
            sample = self.sampler(self.job.seed, index)
        except PlacementError as error:
            return Looked(index, (), {}, rejected=str(error))
        facts = facts_of(label(sample, self.sampler.store, LOOK, normals=False), self.spec.classes, scale=1 / LOOK)
        unmet = [f"keep: {', '.join(case)}" for case in self.spec.keep if not holds(case, facts)]
        counts = {name: int(facts[f"count.{name}"]) for name in self.spec.classes}
        return Looked(index, tags_of(facts, self.spec.edge_cases), counts, rejected="; ".join(unmet))

    def paint(self, shard: ShardTicket) -> Report:
        """Paint, label, audit and commit one shard. Raises what the user must know; a frame that fails its audit is
        recorded in the shard with its reason instead of its pixels."""
        writer = ShardWriter(self.job.folder, shard.shard, self.job.labels)
        seconds: dict[str, float] = {}
        quarantined = {}
        for ticket in shard.tickets:
            reason = self._paint(writer, ticket, seconds)
            if reason:
                quarantined[f"{ticket.split} {ticket.index}"] = reason
        with timed(seconds, "write"):
            writer.commit()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        painted = len(shard.tickets) - len(quarantined)
        return Report(shard.shard, painted, quarantined, seconds, memory, os.getpid(), self.device)

    def _paint(self, writer: ShardWriter, ticket: Ticket, seconds: dict[str, float]) -> str:
        """One frame into the writer; the reason when it is quarantined, else nothing."""
        with timed(seconds, "sample"):
            sample = self.sampler(self.job.seed, ticket.index)
        with timed(seconds, "label"):
            frame = label(sample, self.sampler.store, normals="normal" in self.job.labels)
        try:
            painted = self.painter.paint(sample)
        except RenderError as error:
            writer.reject(ticket.split, sample, str(error), planned=ticket.tags)
            return str(error)
        self.device = painted.device
        for stage, spent in painted.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        with timed(seconds, "audit"):
            result = audit(frame.with_rgb(painted.rgb), painted.index, painted.depth, Limits(pixels=self.job.pixels))
        if result.reasons:
            writer.reject(ticket.split, sample, "; ".join(result.reasons), planned=ticket.tags, audit=numbers(result))
            return "; ".join(result.reasons)
        self._keep(writer, ticket, sample, frame, painted, result, seconds)
        return ""

    def _keep(
        self, writer: ShardWriter, ticket: Ticket, sample: SceneSample, frame: Frame, painted: Painted,
        result: AuditResult, seconds: dict[str, float],
    ) -> None:  # fmt: skip
        with timed(seconds, "sensor"):
            rgb = expose(painted.rgb, sample.sensor, Draw(sample.seed, sample.index) / "sensor")
        facts = facts_of(frame, self.spec.classes)
        with timed(seconds, "encode"):
            writer.add(
                ticket.split, frame.with_rgb(rgb), sample, facts=facts, tags=tags_of(facts, self.spec.edge_cases),
                planned=ticket.tags, audit=numbers(result),
            )  # fmt: skip


def numbers(result: AuditResult) -> dict[str, float]:
    """What an audit measured, for the records; what was not measured is left out."""
    measured = {name: value for name, value in vars(result).items() if isinstance(value, (int, float))}
    return {name: float(value) for name, value in measured.items() if math.isfinite(value)}


class timed:
    """Adds the seconds of a block to a table. For progress and benchmarks only: no result depends on it."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds, self.stage = seconds, stage

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + time.perf_counter() - self.start
