"""Filling up and several views through the whole farm: replaced together, and the same with any number of workers."""

from pathlib import Path
from typing import Any

import pytest
from chaos import ended
from test_farm import CONFIG, silent
from test_farm_chaos import contents
from test_spec import SCENE

from generator.balance.check import check
from generator.balance.tickets import Ticket
from generator.dataset.store import Dataset
from generator.farm.claiming import same_order
from generator.farm.crew import Task
from generator.farm.filling import FILLING, fill
from generator.farm.job import Job
from generator.farm.messages import SIBLING, ShardTicket
from generator.farm.mirror import Mirror
from generator.farm.paint import Session
from generator.farm.painting import Painting
from generator.farm.placement import Placement
from generator.farm.worker import Worker
from generator.render.painter import Painted, Painter
from generator.spec.config import RunConfig
from generator.spec.load import load_scene


class Crowd:
    """A crew without processes, that answers out of order as `many` workers would."""

    placement, deaths, recycled = Placement(1, 0.0, "cpu"), 0, 0

    def __init__(self, job: Job, many: int, kind: Any = Worker) -> None:
        self.worker, self.many = kind(job), many

    def roster(self) -> list[dict[str, Any]]:
        return []

    def run(self, source: Any) -> Any:
        while tasks := [task for _ in range(self.many) if (task := source())]:
            for task in reversed(tasks):
                yield task, self.done(task)

    def done(self, task: Task) -> Any:
        said = getattr(self.worker, task.method)(*task.args)
        return ended(said) if task.method in ("painting", "alone") else said


def session_of(scene: Path, folder: Path, many: int, kind: Any = Worker, **changes: Any) -> Session:
    config = RunConfig.model_validate({**CONFIG, **changes})
    job = Job.of(config, load_scene(scene), (), folder, painter="raycast")
    Dataset.create_or_check(folder, job.manifest())
    same_order(folder, config)
    session = Session(config, job, silent, kind, Mirror(folder, None), None)  # type: ignore[arg-type]
    session.__dict__["crew"] = Crowd(job, many, kind)
    return session


class Flickering:
    """Paints a black picture of every fifth scene: it fails its audit."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter

    def paint(self, sample: Any) -> Painted:
        painted = self.painter.paint(sample)
        black = sample.index % 15 == 4
        return Painted(painted.rgb * 0, painted.index, painted.depth) if black else painted


class Faulty(Worker):
    @property
    def painter(self) -> Painter:
        return Flickering(super().painter)


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return path


@pytest.fixture
def views(tmp_path: Path) -> Path:
    path = tmp_path / "views.yaml"
    assert "camera: {" in SCENE
    path.write_text(SCENE.replace("camera: {", "camera: {views: 3, "))
    return path


def filled(scene: Path, folder: Path, many: int, **changes: Any) -> Painting:
    loose = {"audit": {"quarantine": 0.5}, "farm": {"shard": 4, "refills": 0}}
    session = session_of(scene, folder, many, Faulty, **{**loose, **changes})
    session.rounds()
    fill(session)
    return session.result


def test_what_failed_and_what_balancing_dropped_is_filled_up(scene: Path, tmp_path: Path) -> None:
    """Without refills, quarantined frames are missing until filling up finds others; twice gives the same bytes."""
    rules = {"balance": {"caps": {"night": 0.3}, "combinations": 0}}
    result = filled(scene, tmp_path / "one", 1, **rules)
    opened = Dataset.open(tmp_path / "one")
    config = RunConfig.model_validate({**CONFIG, **rules})
    kept = check(opened, config.balance).kept
    assert sum(key.startswith("train") for key in kept) >= 40 and sum(key.startswith("val") for key in kept) >= 8
    assert result.filled >= len(opened.quarantined) >= 3 and result.lacking == {}
    assert (tmp_path / "one" / f"queue-{FILLING}.parquet").exists()
    nights = sum("night" in f.tags for f in opened.frames if f.key in set(kept) and f.split == "train")
    assert nights <= 0.3 * sum(key.startswith("train") for key in kept)
    filled(scene, tmp_path / "five", 5, **rules)
    assert contents(tmp_path / "five") == contents(tmp_path / "one")
    again = filled(scene, tmp_path / "one", 2, **rules)
    assert again.painted == 0 and again.lacking == {}


def test_what_cannot_be_had_is_said(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.balance.completing.PROPOSALS", 5.0)
    session = session_of(scene, tmp_path / "data", 1, frames={"train": 6}, balance={})
    session.rounds()
    session.config = session.config.model_copy(
        update={"balance": session.config.balance.model_copy(update={"floors": {"snow": 0.5}})}
    )
    fill(session)
    assert "snow" in session.result.lacking["train"] and session.result.filled == 0


def test_views_of_a_scene_go_to_quarantine_and_are_replaced_together(views: Path, tmp_path: Path) -> None:
    loose = {"frames": {"train": 30}, "balance": {}, "audit": {"quarantine": 0.2}, "farm": {"shard": 4, "refills": 3}}
    session = session_of(views, tmp_path / "data", 3, Faulty, **loose)
    session.rounds()
    opened = Dataset.open(tmp_path / "data")
    scenes = [one.index // 3 for one in opened.frames]
    assert len(scenes) == 30 and all(scenes.count(scene) == 3 for scene in scenes)
    bad = [one.index // 3 for one in opened.quarantined]
    assert bad and all(bad.count(scene) == 3 for scene in bad) and not set(bad) & set(scenes)
    for scene in set(bad):
        reasons = [one.quarantine for one in opened.quarantined if one.index // 3 == scene]
        assert sum(reason.startswith(SIBLING) for reason in reasons) == 2
    assert session.result.short == 0 and session.result.painted == 30


def test_poison_takes_the_other_views_along(views: Path, tmp_path: Path) -> None:
    config = RunConfig.model_validate({**CONFIG, "frames": {"train": 6}})
    worker = Worker(Job.of(config, load_scene(views), (), tmp_path, painter="raycast"))
    tickets = tuple(Ticket("train", k, ()) for k in range(6))
    pieces = [ended(worker.alone(ShardTicket(0, (one,)))) for one in tickets if one.index != 4]
    report = worker.assemble(ShardTicket(0, tickets), [part for part, _ in pieces], {tickets[4]: "poison: hung"})
    assert sum(one.painted for _, one in pieces) + report.painted == 3 and report.frames == 1
    assert report.quarantined == {"train 4": "poison: hung", **{f"train {k}": f"{SIBLING}poison: hung" for k in (3, 5)}}
