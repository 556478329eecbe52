"""`Worker`: what one process of the farm does. No Ray in here, so that it can be called and tested as it is."""

import math
import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass, field

from generator.balance.plan import Looked, Ticket
from generator.balance.real import facts_of_picture
from generator.balance.tags import facts_of, tags_of
from generator.base.draw import Draw
from generator.base.errors import PlacementError, RenderError
from generator.base.scene import SceneSample
from generator.base.timing import timed
from generator.dataset.quarantine import Evidence
from generator.dataset.shards import ShardWriter
from generator.farm.job import Job
from generator.render.painter import Painter, make_painter
from generator.render.picture import Picture, take
from generator.sensor.camera import expose
from generator.spec.edges import holds
from generator.truth.audit import AuditResult, Limits
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
        return Looked(
            index, tags_of(facts, self.spec.edge_cases), counts, rejected="; ".join(unmet), objects=facts.objects,
            scene=sample.scene_index if self.spec.camera.views > 1 else None,
        )  # fmt: skip

    def paint(self, shard: ShardTicket) -> Report:
        """Paint, label, audit and commit one shard. Raises what the user must know; a frame that fails its audit is
        recorded in the shard with its reason instead of its pixels."""
        writer = ShardWriter(self.job.folder, shard.shard, self.job.labels, self.sampler.store)
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
        limits = Limits(pixels=self.job.pixels)
        try:
            taken = take(sample, self.painter, self.sampler.store, limits, normals="normal" in self.job.labels)
        except RenderError as error:
            writer.reject(ticket.split, sample, str(error), planned=ticket.tags)
            return str(error)
        self.device = taken.painted.device
        for stage, spent in taken.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        if taken.audit.reasons:
            reason = "; ".join(taken.audit.reasons)
            evidence = Evidence(taken.frame, taken.painted.index)
            writer.reject(
                ticket.split, sample, reason, planned=ticket.tags, audit=numbers(taken.audit), evidence=evidence
            )
            return reason
        self._keep(writer, ticket, sample, taken, seconds)
        return ""

    def _keep(
        self, writer: ShardWriter, ticket: Ticket, sample: SceneSample, taken: Picture, seconds: dict[str, float]
    ) -> None:
        frame = taken.frame
        assert frame.rgb is not None
        with timed(seconds, "sensor"):
            rgb = expose(frame.rgb, sample.sensor, Draw(sample.seed, sample.index) / "sensor")
        facts = facts_of(frame, self.spec.classes)
        facts |= facts_of_picture(rgb)
        with timed(seconds, "encode"):
            writer.add(
                ticket.split, frame.with_rgb(rgb), sample, facts=facts, tags=tags_of(facts, self.spec.edge_cases),
                planned=ticket.tags, audit=numbers(taken.audit),
            )  # fmt: skip


def numbers(result: AuditResult) -> dict[str, float]:
    """What an audit measured, for the records; what was not measured is left out."""
    measured = {name: value for name, value in vars(result).items() if isinstance(value, (int, float))}
    return {name: float(value) for name, value in measured.items() if math.isfinite(value)}
