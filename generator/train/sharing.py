"""A first phase that another run has been through is not learned again: arms that pretrain alike differ after it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.train import checkpoint
from generator.train.program import Program
from generator.train.run import Losses, Run

SAME = ("train", "seed", "augment", "candidates", "keypoints")  # settings that decide the first phase, beside its own


def taken_over(program: Program, folders: Sequence[Path]) -> Run | None:
    """The run at the end of its first phase, as a run in one of the folders left it, which learned from the same
    sources; None where none of them has been there with the same settings. The weights that it ends with are those of
    a run that learned all of it itself, bit for bit.

    Not in float16, whose scale of the loss goes on from phase to phase and is in no finished file.
    """
    if len(program.stages) < 2:
        return None
    for folder in folders:
        first = program.stages[0]
        path, losses = folder / f"{first.phase.name}.pt", _losses(folder / "log.jsonl", first.end)
        if len(losses) < first.end or not path.exists():
            continue
        found = checkpoint.load(path)
        if _first_phase(found) == _first_phase(program.settings):
            return _at_its_end(program, found, losses)
    return None


def _first_phase(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What decides it, out of a program's settings."""
    phase = settings.get("phases", [None])[0]
    sizes = {name: settings["sizes"].get(name) for name in phase["shares"]} if phase else {}
    return {"phase": phase, "sizes": sizes, **{name: settings.get(name) for name in SAME}}


def _at_its_end(program: Program, found: Mapping[str, Any], losses: list[Losses]) -> Run | None:
    run = Run.begin(program, program.seed)
    if run.scaler.is_enabled():
        return None
    run.mean = {name: value.to(run.device) for name, value in found["weights"].items()}
    run.log, run.before = losses, found["numbers"]
    return run


def _losses(path: Path, steps: int) -> list[Losses]:
    """Of the first so many steps, as far as they are noted."""
    try:
        lines = path.read_text().splitlines()[:steps]
    except FileNotFoundError:
        return []
    return [{name: value for name, value in json.loads(line).items() if name != "step"} for line in lines]
