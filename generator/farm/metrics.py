"""Figures of a run for Prometheus, through Ray: every machine of a cluster answers on its metrics port.

A cluster started with ``ray start --head --metrics-export-port=8080`` is scraped at ``http://MACHINE:8080/metrics``;
Ray writes a list of all its machines to ``/tmp/ray/prom_metrics_service_discovery.json``. Without a port, Ray chooses
one: ``ray.nodes()[0]["MetricsExportPort"]``. The agent that answers comes with ``pip install "ray[default]"``; without
it nothing is answered, and nothing else changes. All are told by the driver, from what its workers report:

=================================  =========  ====================  ================================================
name                               kind       tags                  meaning
=================================  =========  ====================  ================================================
ray_generator_frames_total         counter    run, outcome          frames committed: ``painted``; ``failed`` (the
                                                                    audit or the painter said no), ``poison`` (killed
                                                                    or outlasted its workers), ``sibling`` (a good view
                                                                    of a scene whose other view failed); all but the
                                                                    first are in quarantine
ray_generator_stage_seconds        histogram  run, stage            seconds per frame, averaged over a shard
ray_generator_queue_frames         gauge      run                   frames of the present queue that are left
ray_generator_workers              gauge      run, state            workers: ``starting``, ``idle``, ``busy``
ray_generator_worker_memory_mb     gauge      run, host, pid        resident memory after the last task
ray_generator_workers_lost_total   counter    run, why              workers replaced: ``died``, ``grown``
=================================  =========  ====================  ================================================
"""

from collections import Counter as Count
from collections.abc import Iterable, Mapping
from typing import Any

from ray.util.metrics import Counter, Gauge, Histogram

from generator.farm.messages import SIBLING, Report

BOUNDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]  # seconds


def outcomes(report: Report) -> dict[str, int]:
    """Frames of a report by what became of them."""
    kinds = ("poison" if r.startswith("poison") else "sibling" if r.startswith(SIBLING) else "failed"
             for r in report.quarantined.values())  # fmt: skip
    return {"painted": report.painted, **Count(kinds)}


class Meters:
    """What a driver tells Prometheus of its run."""

    def __init__(self, run: str) -> None:
        self._lost = {"died": 0, "grown": 0}
        self._seen = set[tuple[str, str]]()
        self.frames = Counter("generator_frames", "frames committed, by outcome", ("run", "outcome"))
        self.stages = Histogram("generator_stage_seconds", "seconds per frame", BOUNDS, ("run", "stage"))
        self.queue = Gauge("generator_queue_frames", "frames left in the queue", ("run",))
        self.workers = Gauge("generator_workers", "workers by state", ("run", "state"))
        self.memory = Gauge("generator_worker_memory_mb", "resident memory of workers", ("run", "host", "pid"))
        self.lost = Counter("generator_workers_lost", "workers replaced", ("run", "why"))
        for one in (self.frames, self.stages, self.queue, self.workers, self.memory, self.lost):
            one.set_default_tags({"run": run})

    def report(self, report: Report, left: int) -> None:
        """A shard is committed; so many frames are left."""
        for outcome, count in outcomes(report).items():
            if count > 0:
                self.frames.inc(count, {"outcome": outcome})
        for stage, seconds in report.seconds.items():
            self.stages.observe(seconds / max(1, report.frames), {"stage": stage})
        self.queue.set(left)

    def roster(self, workers: Iterable[Mapping[str, Any]], died: int, grown: int) -> None:
        """What `Crew.roster` says, and how many workers were replaced so far."""
        states, present = Count[str](), set[tuple[str, str]]()
        for one in workers:
            states[one["state"] if one["state"] in ("starting", "idle") else "busy"] += 1
            if "pid" in one:
                present.add(who := (str(one["host"]), str(one["pid"])))
                self.memory.set(one["memory"], dict(zip(("host", "pid"), who, strict=True)))
        for host, pid in self._seen - present:
            self.memory.set(0, {"host": host, "pid": pid})
        self._seen = present
        for state in ("starting", "idle", "busy"):
            self.workers.set(states[state], {"state": state})
        for why, count in (("died", died), ("grown", grown)):
            if count > self._lost[why]:
                self.lost.inc(count - self._lost[why], {"why": why})
                self._lost[why] = count
