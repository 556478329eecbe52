"""Shards that lost their frames since they were committed, and what people are warned of."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaos import Inline, contents
from test_farm import job_of, silent
from test_spec import SCENE

from generator.dataset.places import Place, place
from generator.dataset.shards import records_path, tar_path
from generator.dataset.verify import verify
from generator.farm.messages import Report
from generator.farm.mirror import Mirror
from generator.farm.paint import Session, paint
from generator.farm.painting import Painting
from generator.farm.worker import Worker


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker in this process."""
    monkeypatch.setattr(Session, "crew", property(lambda session: Inline(session.job)))


def painted(folder: Path, output: str = "", **changes: Any) -> Painting:
    (folder / "scene.yaml").write_text(SCENE)
    config, job = job_of(
        folder / "scene.yaml", folder / "dataset", frames={"train": 10}, balance={}, output=output, **changes
    )
    return paint(config, job, silent)


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.usefixtures("alone")
def test_a_shard_whose_tar_was_deleted_is_painted_anew(tmp_path: Path, remote: bool, caplog: Any) -> None:
    output = f"file://{tmp_path}/bucket" if remote else ""
    data: Place = place(f"{output}/dataset") if remote else tmp_path / "dataset"
    assert painted(tmp_path, output).painted == 10
    before, last = contents(data), tar_path(data, 2)
    last.unlink()
    again = painted(tmp_path, output)
    assert (again.finished, again.painted) == (8, 2) and contents(data) == before and not verify(data).faults
    told = f"{last} is gone (1 shards have no tar): painted anew"
    assert again.warnings == [told] and told in caplog.text
    assert painted(tmp_path, output).painted == 0


def test_a_hundred_thousand_shards_take_one_listing() -> None:
    names = [f(Path("/data"), n).name for n in range(100_000) for f in (tar_path, records_path)]
    listed = []

    class Listed:
        def iterdir(self) -> Any:
            listed.append(1)
            return map(Path, names)

        def __truediv__(self, name: str) -> Path:
            return Path(name)

    assert Mirror(Listed(), None).disown() == [] and len(listed) == 1  # type: ignore[arg-type]


@pytest.mark.usefixtures("alone")
def test_what_a_painter_warns_of_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    paints = Worker.painting

    def painting(self: Worker, shard: Any) -> Any:
        report = yield from paints(self, shard)
        return replace(report, warning="no GPU", host=f"machine {shard.shard}")

    monkeypatch.setattr(Worker, "painting", painting)
    done = painted(tmp_path)
    assert done.warnings == ["machine 0: no GPU"] and caplog.text.count("warning: machine 0: no GPU") == 1
    later = Painting(warnings=["another"]).after(Painting(**json.loads(json.dumps(vars(done)))))
    assert later.warnings == ["machine 0: no GPU", "another"]
    parts = Report(0, 1).with_frames(Report(0, 1, device="cpu", host="here", warning="no GPU"))
    assert (parts.device, parts.host, parts.warning) == ("cpu", "here", "no GPU")
