"""Figures for Prometheus, read from Ray's own metrics port on the loopback."""

import time
import urllib.error
import urllib.request
from typing import Any

import pytest
import ray
from prometheus_client import parser

from generator.farm.cluster import cluster
from generator.farm.messages import SIBLING, Report
from generator.farm.metrics import Meters, outcomes
from generator.spec.config import Farm

BAD = {"train 1": "poison: killed its worker, 3 tries", "train 2": "12 of 90 pixels", "train 3": f"{SIBLING}12 of 90"}
REPORT = Report(0, 5, BAD, {"paint": 16.0, "label": 0.08})


def test_frames_by_what_became_of_them() -> None:
    assert outcomes(REPORT) == {"painted": 5, "poison": 1, "failed": 1, "sibling": 1}
    assert sum(outcomes(REPORT).values()) == REPORT.frames


def figures(text: str, run: str) -> dict[tuple[str, ...], float]:
    """Values by name and tags (those of Ray itself left out)."""
    ours = {"outcome", "stage", "state", "host", "pid", "why", "le"}
    return {
        (one.name.removeprefix("ray_generator_"), *sorted(v for k, v in one.labels.items() if k in ours)): one.value
        for family in parser.text_string_to_metric_families(text)
        for one in family.samples
        if one.labels.get("run") == run
    }


def scraped(port: int, run: str, wanted: str, seconds: float = 90) -> dict[tuple[str, ...], float]:
    end, found = time.monotonic() + seconds, dict[tuple[str, ...], float]()
    while time.monotonic() < end and not any(key[0].startswith(wanted) for key in found):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                found = figures(answer.read().decode(), run)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(0.5)
    return found


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scrape_shows_what_was_reported() -> None:
    with cluster(Farm(workers=1)):
        meters = Meters("scraped")
        meters.report(REPORT, left=992)
        worker: dict[str, Any] = {"state": "painting train 5", "host": "here", "pid": 7, "memory": 512}
        meters.roster([{"state": "starting"}, worker], died=2, grown=1)
        meters.roster([{"state": "starting"}, worker], died=3, grown=1)
        found = scraped(ray.nodes()[0]["MetricsExportPort"], "scraped", "workers_lost")
    assert found, "Ray's metrics agent does not answer: is ray[default] installed?"
    assert found["frames_total", "painted"] == 5 and found["frames_total", "poison"] == 1
    assert found["queue_frames",] == 992
    assert found["workers", "busy"] == 1 and found["workers", "starting"] == 1 and found["workers", "idle"] == 0
    assert found["worker_memory_mb", "7", "here"] == 512
    assert found["workers_lost_total", "died"] == 3 and found["workers_lost_total", "grown"] == 1
    assert found["stage_seconds_count", "paint"] == 1 and found["stage_seconds_sum", "paint"] == pytest.approx(2.0)
    assert found["stage_seconds_bucket", "1.0", "paint"] == 0 and found["stage_seconds_bucket", "3.0", "paint"] == 1


def test_without_an_agent_nothing_breaks() -> None:
    """Metrics told while no cluster is there are lost, no more."""
    Meters("alone").report(REPORT, 0)
