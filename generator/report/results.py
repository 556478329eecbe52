"""What the detectors of a run achieved: one row per arm, and what the synthetic pictures were worth."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from pydantic import ValidationError

from generator.base.errors import DatasetError
from generator.dataset.places import Place
from generator.mix.recipes import ARMS, Phase, phases
from generator.mix.sampler import Mixture
from generator.spec.training import Train
from generator.train.score import Evaluation

ORDER = ("synthetic", "mixed", "finetune", "replay", "real")
Measure = Callable[[Evaluation], float | None]
MEASURES: dict[str, Measure] = {
    "box AP": lambda e: e.box.ap,
    "box AP50": lambda e: e.box.ap50,
    "box AP75": lambda e: e.box.ap75,
    "mask AP": lambda e: e.mask.ap if e.mask else None,
    "mask AP50": lambda e: e.mask.ap50 if e.mask else None,
    "mask AP75": lambda e: e.mask.ap75 if e.mask else None,
    "keypoint AP": lambda e: e.keypoint.ap if e.keypoint else None,
    "PCK@0.1": lambda e: e.placed.pck if e.placed else None,
}
COUNTS: dict[str, Measure] = {
    "found": lambda e: e.box_counts.true_positives,
    "false": lambda e: e.box_counts.false_positives,
    "missed": lambda e: e.box_counts.missed,
}
NONE = "–"


@dataclass(frozen=True)
class Trained:
    """One detector: its arm and seed, its judgement on the test photographs, and its losses, one dict per step."""

    arm: str
    seed: int
    evaluation: Evaluation | None
    log: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Spread:
    """A number measured once per seed: a share, or a `count` of things."""

    values: tuple[float, ...]
    count: bool = False

    @property
    def mean(self) -> float | None:
        return fmean(self.values) if self.values else None

    def text(self, sign: bool = False) -> str:
        """The mean, ± the standard deviation between seeds where there are several."""
        if not self.values:
            return NONE
        digits = 3 if not self.count else 1 if len(self.values) > 1 else 0
        mean = f"{fmean(self.values):{'+' if sign else ''}.{digits}f}"
        return mean if len(self.values) == 1 else f"{mean} ± {stdev(self.values):.{digits}f}"


@dataclass(frozen=True)
class Row:
    """One arm in the table. `real_labels` and `seen` (samples per source) are None where they are not known."""

    arm: str
    seeds: int
    measures: dict[str, Spread]
    counts: dict[str, Spread]
    objects: int | None
    real_labels: int | None
    seen: dict[str, int] | None
    steps: int | None


@dataclass(frozen=True)
class Worth:
    """One arm minus another, by measure, with what that difference means."""

    better: str
    than: str
    meaning: str
    differences: dict[str, Spread]


def read_trained(run: Place) -> list[Trained]:
    """All detectors that were given everything, synthetic arm first, by seed. DatasetError for files that cannot be
    read."""
    folders = [folder for folder in (run / "train").glob("*-*") if re.fullmatch(r"[a-z]+-\d+", folder.name)]
    found = map(_trained, sorted(folders))
    return sorted(found, key=lambda one: (ORDER.index(one.arm) if one.arm in ORDER else len(ORDER), one.arm, one.seed))


def _trained(folder: Place) -> Trained:
    arm, _, seed = folder.name.rpartition("-")
    path, log = folder / "evaluation.json", folder / "log.jsonl"
    try:
        evaluation = Evaluation.model_validate_json(path.read_bytes()) if path.exists() else None
        steps = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    except (OSError, ValueError, ValidationError) as error:
        raise DatasetError(f"{folder}: cannot be read ({error}); delete the damaged file and evaluate again") from error
    return Trained(arm, int(seed), evaluation, tuple(steps))


def by_arm(trained: Sequence[Trained]) -> dict[str, list[Trained]]:
    arms: dict[str, list[Trained]] = {}
    for one in trained:
        arms.setdefault(one.arm, []).append(one)
    return arms


def spread(runs: Sequence[Trained], measure: Measure, count: bool = False) -> Spread:
    values = [measure(one.evaluation) for one in runs if one.evaluation]
    return Spread(tuple(float(value) for value in values if value is not None), count)


def table(
    trained: Sequence[Trained], train: Train | None, sizes: Mapping[str, int], real_labels: int | None
) -> list[Row]:
    """`sizes`: examples per source; `real_labels`: objects in the real training photographs."""
    return [_row(arm, runs, train, sizes, real_labels) for arm, runs in by_arm(trained).items()]


def _row(
    arm: str, runs: Sequence[Trained], train: Train | None, sizes: Mapping[str, int], real_labels: int | None
) -> Row:
    evaluated = [one.evaluation for one in runs if one.evaluation]
    steps = max(len(one.log) for one in runs) or None
    plan = phases(arm, train, sizes.get("real") or None) if train and arm in ARMS else None
    uses_real = plan is None or any(phase.shares.get("real", 0) > 0 for phase in plan)
    return Row(
        arm=arm,
        seeds=len(runs),
        measures={name: spread(runs, measure) for name, measure in MEASURES.items()},
        counts={name: spread(runs, measure, True) for name, measure in COUNTS.items()},
        objects=evaluated[0].objects if evaluated else None,
        real_labels=real_labels if uses_real else 0,
        seen=_seen(plan, train, steps, sizes),
        steps=steps,
    )


def _seen(
    plan: Sequence[Phase] | None, train: Train | None, steps: int | None, sizes: Mapping[str, int]
) -> dict[str, int] | None:
    """Samples drawn per source in the steps done; None where a source's size or the steps are not known."""
    if plan is None or train is None or steps is None:
        return None
    total: dict[str, int] = {}
    for phase in plan:
        used = {name: sizes[name] for name, part in phase.shares.items() if part > 0 and sizes.get(name)}
        if len(used) < sum(part > 0 for part in phase.shares.values()):
            return None
        done = min(steps, phase.steps)
        steps -= done
        for name, repeats in Mixture(used, phase.shares, train.batch, 0).seen(done).items():
            total[name] = total.get(name, 0) + int(repeats.sum())
    return total


def worths(trained: Sequence[Trained]) -> list[Worth]:
    """Differences of arms, seed by seed where both have the same seeds."""
    meanings = {
        ("mixed", "real"): "what the synthetic images added to the real labels",
        ("synthetic", "real"): "the synthetic images alone against the real labels alone",
        ("finetune", "real"): "what pretraining on synthetic images added to the real labels",
        ("replay", "real"): "what pretraining on synthetic images and keeping some added to the real labels",
        ("replay", "finetune"): "what keeping synthetic images while fine-tuning added",
        ("mixed", "synthetic"): "what the real labels added to the synthetic images",
    }
    arms = by_arm(trained)
    return [
        Worth(better, than, meaning, _differences(arms[better], arms[than]))
        for (better, than), meaning in meanings.items()
        if better in arms and than in arms
    ]


def _differences(a: Sequence[Trained], b: Sequence[Trained]) -> dict[str, Spread]:
    twins = {one.seed: one for one in b}
    pairs = [(one.evaluation, twins[one.seed].evaluation) for one in a if one.seed in twins]
    result = {name: Spread(tuple(_minus(measure, pairs))) for name, measure in MEASURES.items()}
    return result | {name: Spread(tuple(_minus(measure, pairs)), True) for name, measure in COUNTS.items()}


def _minus(measure: Measure, pairs: Sequence[tuple[Evaluation | None, Evaluation | None]]) -> list[float]:
    values = [(measure(a), measure(b)) for a, b in pairs if a and b]
    return [float(a) - float(b) for a, b in values if a is not None and b is not None]


def read_json(path: Place) -> dict[str, Any] | None:
    """A JSON file of a run; None where there is none. DatasetError when it is damaged."""
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read ({error}); delete it and run again") from error
