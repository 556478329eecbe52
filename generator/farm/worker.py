"""`Worker`: what one process of the farm does. No Ray in here, so that it can be called and tested as it is."""

import math
import os
import resource
import time
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from socket import gethostname

from generator.balance.looks import Looked
from generator.balance.pictured import pictured
from generator.balance.real import facts_of_picture
from generator.balance.tags import facts_of, tags_of
from generator.balance.tickets import Ticket
from generator.base.draw import Draw
from generator.base.errors import DeviceError, PlacementError, RenderError
from generator.base.scene import SceneSample
from generator.base.timing import timed
from generator.dataset.quarantine import Evidence
from generator.dataset.shards import ShardWriter
from generator.farm.job import Job
from generator.farm.messages import SIBLING, SLOW, WARM, Beat, Report, ShardTicket, name
from generator.farm.mirror import bring_notes
from generator.farm.remote import Remote
from generator.render.painter import BLENDER, Painted, Painter, make_painter
from generator.render.picture import Picture, finished, paint
from generator.sensor.camera import expose
from generator.spec.edges import holds
from generator.truth.audit import AuditResult, Limits
from generator.truth.labels import label

LOOK = 0.25  # a look's size relative to the painted image


@dataclass(frozen=True)
class Shot:
    """A frame on its way: `painted`, or `failed` in words. `seconds` per stage so far."""

    ticket: Ticket
    sample: SceneSample
    seconds: dict[str, float]
    painted: Painted | None = None
    failed: str = ""


Painting = Generator[Beat, None, Report]
Frames = Generator[Beat, None, tuple[dict[str, str], dict[str, float]]]


class Worker:
    """Samples, looks, paints. Blender starts at the first painting, not before."""

    def __init__(self, job: Job) -> None:
        self.job, self.spec, self.sampler = job, job.spec, job.sampler()
        job.refuse_others(self.sampler.store.catalog)
        self._pictured = pictured(self.spec.edge_cases)
        self._painter: Painter | None = None
        self.device, self.warning = "", ""

    @property
    def painter(self) -> Painter:
        if self._painter is None:
            self._painter = make_painter(self.job.painter, self.sampler.store, self.job.device)  # type: ignore[arg-type]
        return self._painter

    def look(self, indices: Iterable[int]) -> list[Looked]:
        """Scenes by their labels at a quarter of the size, before any painting."""
        return [self._look(index) for index in indices]

    def _sample(self, index: int) -> SceneSample:
        return self.job.checked(self.sampler(self.job.seed, index), self.sampler.store.catalog)

    def _look(self, index: int) -> Looked:
        try:
            sample = self._sample(index)
        except PlacementError as error:
            return Looked(index, (), {}, rejected=str(error))
        facts = facts_of(label(sample, self.sampler.store, LOOK, normals=False), self.spec.classes, scale=1 / LOOK)
        unmet = [f"keep: {', '.join(case)}" for case in self.spec.keep if not holds(case, facts)]
        counts = {name: int(facts[f"count.{name}"]) for name in self.spec.classes}
        tags = tuple(tag for tag in tags_of(facts, self.spec.edge_cases) if tag not in self._pictured)
        return Looked(
            index, tags, counts, rejected="; ".join(unmet), objects=facts.objects,
            scene=sample.scene_index if self.spec.camera.views > 1 else None,
        )  # fmt: skip

    def paint(self, shard: ShardTicket) -> Report:
        """As `painting`, in silence."""
        steps = self.painting(shard)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                report: Report = done.value
                return report

    def painting(self, shard: ShardTicket) -> Painting:
        """Paint, label, audit and commit one shard. Raises what the user must know, and DeviceError when this process
        is of no more use; a frame that fails its audit is recorded in the shard with its reason instead of its pixels.
        Yields signs of life between frames."""
        writer = self._writer(shard)
        report = yield from self._frames(writer, shard)
        yield Beat("commit", SLOW)
        report = report.without(self._together(writer))
        self._commit(writer, report.seconds)
        return report

    def alone(self, shard: ShardTicket) -> Generator[Beat, None, tuple[ShardWriter, Report]]:
        """Frames that are not committed yet: one of a shard that killed its worker. `assemble` puts them together."""
        writer = self._writer(shard)
        report = yield from self._frames(writer, shard)
        writer.store = None  # has done its part, and is not to travel
        return writer, report

    def assemble(self, shard: ShardTicket, parts: Sequence[ShardWriter], poison: Mapping[Ticket, str]) -> Report:
        """Commit a shard from frames that were painted alone; those of `poison` are recorded with its reasons."""
        writer, seconds = self._writer(shard), dict[str, float]()
        for part in parts:
            writer.absorb(part)
        for ticket, reason in poison.items():
            writer.give_up(ticket.split, ticket.index, self.job.seed, self.job.size, reason, ticket.tags)
        report = Report(shard.shard, 0, {name(t): reason for t, reason in poison.items()}, seconds)
        report = report.without(self._together(writer))
        self._commit(writer, seconds)
        return report

    def _together(self, writer: ShardWriter) -> dict[str, str]:
        """Views of one scene are kept all or none: good ones follow those that failed into quarantine."""
        views, found = self.spec.camera.views, dict[str, str]()
        if views == 1:
            return found
        failed = {(one.split, one.index // views): one.quarantine for one in writer.records if one.quarantine}
        for one in writer.records:
            if not one.quarantine and (one.split, one.index // views) in failed:
                found[f"{one.split} {one.index}"] = SIBLING + failed[one.split, one.index // views]
                writer.withdraw(one.key, SIBLING + failed[one.split, one.index // views])
        return found

    def _writer(self, shard: ShardTicket) -> ShardWriter:
        return ShardWriter(self.job.folder, shard.shard, self.job.labels, self.sampler.store)

    def _frames(self, writer: ShardWriter, shard: ShardTicket) -> Painting:
        seconds = dict[str, float]()
        if self._painter is None:
            yield Beat("start", SLOW)
        with timed(seconds, "start"):
            self.painter  # noqa: B018  the first frame's time limit is for the frame, not for starting Blender
        with ThreadPoolExecutor(1, "labels") as aside:
            quarantined, spent = yield from self._overlapped(aside, writer, shard.tickets)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        where = {"device": self.device, "host": gethostname(), "warning": self.warning}
        report = Report(shard.shard, len(shard.tickets), {}, spent, memory, os.getpid(), **where)
        return report.without(quarantined).with_frames(Report(shard.shard, 0, seconds=seconds))

    def _overlapped(self, aside: ThreadPoolExecutor, writer: ShardWriter, tickets: Sequence[Ticket]) -> Frames:
        """Paint here, while the thread `aside` finishes the frame before and samples the frame after: Blender lets the
        interpreter go while it renders. At most one frame waits on either side, in the order of the tickets."""
        quarantined, seconds, told = dict[str, str](), Counter[str](), -math.inf
        sampled = aside.submit(self._sampled, tickets[0])
        finishing: Future[Shot] | None = None
        for ticket, following in zip(tickets, [*tickets[1:], None], strict=True):
            if time.perf_counter() - told > self.job.beat:
                first = not self.device and self.job.painter in BLENDER
                told = -math.inf if first else time.perf_counter()
                yield Beat(name(ticket), WARM if first else 0.0)
            try:
                shot = sampled.result()
                if following:
                    sampled = aside.submit(self._sampled, following)
                shot = self._painted(shot)
            finally:  # whatever went wrong with an earlier frame is told first
                if finishing:
                    _note(finishing.result(), quarantined, seconds)
            finishing = aside.submit(self._finished, writer, shot)
        if finishing:
            _note(finishing.result(), quarantined, seconds)
        return quarantined, dict(seconds)

    def _commit(self, writer: ShardWriter, seconds: dict[str, float]) -> None:
        remote = Remote(self.job.remote) if self.job.remote else None
        if remote:  # a shard's hashes are also those of the notes
            bring_notes(remote, self.job.folder)
        with timed(seconds, "write"):
            writer.commit()
        if remote:
            with timed(seconds, "upload"):
                remote.publish(self.job.folder, writer.shard)

    def _sampled(self, ticket: Ticket) -> Shot:
        seconds = dict[str, float]()
        with timed(seconds, "sample"):
            return Shot(ticket, self._sample(ticket.index), seconds)

    def _painted(self, shot: Shot) -> Shot:
        try:
            painted = paint(shot.sample, self.painter, self.sampler.store)
        except RenderError as error:
            if isinstance(error, DeviceError):  # this process is the culprit, or too many beside it
                raise
            return replace(shot, failed=str(error))
        self.device, self.warning = painted.device, painted.warning or self.warning
        return replace(shot, painted=painted)

    def _finished(self, writer: ShardWriter, shot: Shot) -> Shot:
        """Label, audit, expose and encode a painted frame into the writer, or into quarantine with the reason."""
        ticket, sample = shot.ticket, shot.sample
        if shot.painted is None:
            writer.reject(ticket.split, sample, shot.failed, planned=ticket.tags)
            return shot
        limits, seconds = Limits(pixels=self.job.pixels), dict(shot.seconds)
        normals = "normal" in self.job.labels
        taken = finished(sample, shot.painted, self.sampler.store, limits, normals)
        for stage, spent in taken.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
        if taken.audit.reasons:
            reason = "; ".join(taken.audit.reasons)
            evidence = Evidence(taken.frame, taken.painted.index)
            writer.reject(
                ticket.split, sample, reason, planned=ticket.tags, audit=numbers(taken.audit), evidence=evidence
            )
            return Shot(ticket, sample, seconds, failed=reason)
        self._keep(writer, ticket, sample, taken, seconds)
        return Shot(ticket, sample, seconds)

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


def _note(shot: Shot, quarantined: dict[str, str], seconds: Counter[str]) -> None:
    seconds.update(shot.seconds)  # seconds are no whole numbers
    if shot.failed:
        quarantined[name(shot.ticket)] = shot.failed


def numbers(result: AuditResult) -> dict[str, float]:
    """What an audit measured, for the records; what was not measured is left out."""
    measured = {name: value for name, value in vars(result).items() if isinstance(value, (int, float))}
    return {name: float(value) for name, value in measured.items() if math.isfinite(value)}
