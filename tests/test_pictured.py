"""Rules on tags that only a painted picture tells: planned without, kept afterwards."""

from pathlib import Path

import numpy as np
import pytest
from test_farm_filling import session_of
from test_spec import SCENE

from generator.balance.check import check
from generator.balance.pictured import foreseen, left_out, pictured, told
from generator.base.errors import InputError
from generator.dataset.store import Dataset
from generator.farm.filling import fill
from generator.farm.paint import Session
from generator.spec.balancing import Balance
from generator.spec.load import load_scene
from generator.spec.quotas import Quota

CASES = """
  dim: {image.brightness: {below: 0.42}}
  gloomy: {any: [night, dim]}
  clear: {not: [{any: [gloomy]}]}
  murky: {all: [night, {not: [{image.contrast: {above: 0.1}}]}]}
"""


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE.rstrip() + CASES)
    return path


def painted(scene: Path, folder: Path, balance: dict[str, object]) -> Session:
    session = session_of(scene, folder, 2, frames={"train": 24}, balance={"combinations": 0, **balance})
    session.rounds()
    return session


def kept(session: Session) -> list[float]:
    """Brightness, as measured here, of the pictures that balancing keeps."""
    dataset = Dataset.open(session.job.folder)
    names = set(check(dataset, session.config.balance).kept)
    pictures = [frame.rgb for record, frame, _ in dataset if record.key in names]
    return [float((picture / 255 @ [0.2126, 0.7152, 0.0722]).mean()) for picture in pictures]


def test_what_asks_for_the_picture_is_found_through_others(scene: Path) -> None:
    cases = load_scene(scene).edge_cases
    assert pictured(cases) == {"dim", "gloomy", "clear", "murky"}
    rules = Balance(
        caps={"dim": 0.2, "night": 0.3}, floors={"clear": 0.1}, prevalence={"murky": 0.1}, variety={"night": 0.9},
        groups={"light": ("dim", "night"), "time": ("night",)}, evenness=2,
        quotas=(Quota(by=("class", "light")), Quota(by=("gloomy",)), Quota(by=("size", "time"))),
    )  # fmt: skip
    assert foreseen(rules, cases) == Balance(
        caps={"night": 0.3}, variety={"night": 0.9}, groups={"time": ("night",)}, evenness=2,
        quotas=(Quota(by=("size", "time")),),
    )  # fmt: skip
    assert left_out(rules, cases) == ("clear", "dim", "gloomy", "murky")
    assert "tell clear, dim, gloomy, murky:" in told(rules, cases)
    assert told(Balance(caps={"night": 0.3}, floors={"night": 0.1}), cases) == ""


def test_a_floor_on_the_picture_is_kept_after_painting(scene: Path, tmp_path: Path) -> None:
    session = painted(scene, tmp_path / "data", {"floors": {"dim": 0.8}, "caps": {"night": 0.5}})
    dataset = Dataset.open(tmp_path / "data")
    assert len(dataset.frames) == 24 and not any({*one.planned} - {"night"} for one in dataset.frames)
    before = np.mean([one.tags.count("dim") for one in dataset.frames])
    light = kept(session)
    assert 0.1 < before < 0.75 and 0 < len(light) < 24, "some are dim, and too few"
    assert np.mean(np.array(light) < 0.42) >= 0.8


def test_filling_up_paints_until_enough_pictures_are_as_asked(scene: Path, tmp_path: Path) -> None:
    session = painted(scene, tmp_path / "data", {"floors": {"dim": 0.6}})
    before = len(kept(session))
    fill(session)
    light = kept(session)
    assert before < 24 <= len(light) and session.result.filled > 0 and session.result.lacking == {}
    assert np.mean(np.array(light) < 0.42) >= 0.6


def test_filling_up_stops_at_twice_what_was_wanted(scene: Path, tmp_path: Path) -> None:
    scene.write_text(scene.read_text().replace("{below: 0.42}", "{below: 0.0001}"))
    session = painted(scene, tmp_path / "data", {"floors": {"dim": 0.5}})
    fill(session)
    assert session.result.painted == 48 and "only painted pictures tell dim: relax" in session.result.lacking["train"]
    assert session.result.lacking["train"].startswith("train: 0 of 24 frames meet the rules")


def test_to_keep_scenes_by_their_picture_is_refused(scene: Path) -> None:
    scene.write_text(scene.read_text() + "keep: [{annotated: {above: 0}}, {not: [{image.contrast: {below: 0.1}}]}]\n")
    with pytest.raises(InputError, match=r"keep\[1\]\.not\[0\]\.image\.contrast: is known of painted frames alone"):
        load_scene(scene)
