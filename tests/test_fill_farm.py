"""`generator render --fill` from the shell, through Ray: what is missing after balancing is painted, once."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from generator.dataset.selection import SELECTION, Selection
from generator.dataset.store import Dataset

SCENE = """
scene: balls
classes: [ball]
stage: {size: [2, 2]}
world: {strength: {log_uniform: [0.05, 3.0]}}
objects:
  balls:
    label: ball
    asset: {shape: sphere, radius: {uniform: [0.05, 0.1]}}
    count: {integers: [1, 4]}
    place: {on: stage, area: [1, 1]}
camera: {position: {shell: {radius: [1, 1.5], elevation: [20, 80]}}}
edge_cases:
  night: {world.strength: {below: 0.2}}
  many: {annotated: {above: 2.5}}
  dim: {image.brightness: {below: 0.3}}
"""
CONFIG = """
run: fill
scene: SCENE
frames: {train: 24, val: 6}
size: [48, 36]
painter: raycast
output: OUT
balance: {caps: {night: 0.3}, floors: {dim: 0.6, many: 0.4}, combinations: 0}
farm: {workers: 2, shard: 4, refills: 0, address: ADDRESS}
"""


def said_by(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "generator", *words], capture_output=True, text=True, timeout=900,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def kept(folder: Path) -> Counter[str]:
    """Frames that the selection keeps, by split."""
    return Counter(key.partition("-")[0] for key in Selection.load(folder / SELECTION).kept)


@pytest.mark.ray
@pytest.mark.slow
def test_what_is_missing_is_painted_and_then_nothing_more(tmp_path: Path, ray_cluster: str) -> None:
    (tmp_path / "scene.yaml").write_text(SCENE)
    config, folder = tmp_path / "run.yaml", tmp_path / "out" / "dataset"
    text = CONFIG.replace("SCENE", str(tmp_path / "scene.yaml")).replace("OUT", str(tmp_path / "out"))
    config.write_text(text.replace("ADDRESS", ray_cluster))
    said = said_by("render", str(config))
    assert (
        "only painted pictures tell dim: planned without those rules" in said
        and "29 painted now, 0 before, 1 quarantined" in said
    )
    said_by("balance", str(folder), "--config", str(config))
    assert kept(folder)["train"] < 24, "some are missing"

    said = said_by("render", str(config), "--fill")
    before, dataset = contents(folder), Dataset.open(folder)
    assert "frames beyond the plan fill up what balancing left out" in said and "frames meet the rules" not in said
    assert kept(folder)["train"] >= 24 and kept(folder)["val"] >= 6
    tags = {one.key: one.tags for one in dataset.frames}
    chosen = [tags[key] for key in Selection.load(folder / SELECTION).kept if key.startswith("train")]
    share = {tag: sum(tag in some for some in chosen) / len(chosen) for tag in ("night", "dim", "many")}
    assert share["night"] <= 0.3 and share["dim"] >= 0.6 and share["many"] >= 0.4
    assert len({one.key for one in [*dataset.frames, *dataset.quarantined]}) == len(dataset.rows)

    said = said_by("render", str(config), "--fill")
    asked = f"0 painted now, {len(dataset.frames)} before, {len(dataset.quarantined)} quarantined"
    assert asked in said and contents(folder) == before
