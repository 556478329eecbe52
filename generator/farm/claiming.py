"""Whose a folder and its URL are, settled before anything there is touched."""

import json
from pathlib import Path
from typing import Any

from generator.base.errors import DatasetError
from generator.dataset.atomic import write_json
from generator.dataset.shards import tar_path
from generator.dataset.store import Dataset, Manifest
from generator.farm.mirror import Mirror
from generator.spec.config import RunConfig


def claim(mirror: Mirror, manifest: Manifest, config: RunConfig) -> str:
    """Bring what any session noted, then upload what an interrupted one had not; a warning of shards whose frames have
    been lost. Raises DatasetError, with no shard uploaded or removed, when the folder or the URL belongs to another
    run."""

    def check() -> None:
        Dataset.create_or_check(mirror.folder, manifest)
        same_order(mirror.folder, config)

    if mirror.leftovers():  # whose they are is told by the notes beside them, which those of the URL may replace
        check()
    mirror.pull_notes()
    check()
    lost = mirror.disown()
    mirror.push_leftovers()
    return f"{tar_path(mirror.place, lost[0])} is gone ({len(lost)} shards have no tar): painted anew" if lost else ""


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
