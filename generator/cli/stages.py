"""The stages of a run. Each finds what is finished, does the rest, and leaves files that the next one reads."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from generator.assets.catalog import Catalog
from generator.balance.check import check
from generator.base.errors import TrainError
from generator.base.timing import timed
from generator.cli.console import Report, console
from generator.cli.judging import Bench, Lot, judge, lots, scenes_of_real
from generator.cli.preparing import PREPARATION, Prepared, noted, prepare, refuse_other_classes
from generator.cli.project import Project
from generator.dataset.atomic import write_json
from generator.dataset.examples import Source
from generator.dataset.selection import SELECTION
from generator.mix.advisor import questionable
from generator.mix.leaks import refuse_leaks
from generator.mix.recipes import Phase, advice, phases, sources_of
from generator.spec.training import Train

if TYPE_CHECKING:  # Ray and torch are slow to import, and --help need not wait for them
    from collections.abc import Callable

    from generator.farm.painting import Painting
    from generator.train.model import Detector


def paint(project: Project, report: Report, fill: bool = False) -> "Painting":
    """Frames and labels, under ``dataset/``; with `fill`, also what balancing them finds missing."""
    from generator.farm.paint import paint as paint_frames
    from generator.farm.painting import Painting

    project.folder.mkdir(parents=True, exist_ok=True)
    for folder in {project.folder, project.data.parent}:
        write_json(folder / "config.json", project.config.model_dump(mode="json"))
    result = paint_frames(project.config, project.job, report, filling=fill)
    if result.painted or result.quarantined:
        log = project.data / "painting.json"
        earlier = Painting(**json.loads(log.read_text())) if log.exists() else Painting()
        write_json(log, vars(result.after(earlier)))
    return result


def balance(project: Project, report: Report) -> None:
    """The selection, under ``dataset/selection.json``: made anew each time, since it must fit the data."""
    selection = check(project.dataset, project.config.balance, project.config.seed)
    selection.save(project.data / SELECTION)
    total = len(selection.kept) + len(selection.dropped)
    report("balance", len(selection.kept), total, f"{len(selection.dropped)} dropped")


def prepared(project: Project, spec: Train) -> Prepared:
    """What the arms are mixed from. Raises TrainError when an arm needs real photographs and there are none."""
    real = project.real(project.config.real.train) if project.config.real else None
    return prepare(project.dataset, project.selection, real, spec, project.path)


def train(project: Project, report: Report) -> None:
    """A detector per arm and seed, under ``train/ARM-SEED/``, each evaluated on real test photographs."""
    spec = project.config.train
    if spec is None:
        raise TrainError(f"{project.path}: has no `train:` section")
    ready = prepared(project, spec)
    found = ready.sources
    refuse_other_classes(spec, found)
    real, synthetic = len(found.get("real", ())), len(found["synthetic"])
    budget = advice(real, synthetic, spec.steps, spec.batch)
    console.print(budget, style="dim", highlight=False)
    for line in ready.told():
        console.print(line, style="dim", highlight=False)
    if "mixed" in spec.arms and (warning := questionable(spec.real_share)):
        console.print(warning, style="yellow", highlight=False)
    if project.config.real is None:
        console.print("no `real:` photographs in the config: nothing will be evaluated", style="yellow")
    report("read", 0, 1, "what there is to learn from")
    if project.config.real and (test := project.real(project.config.real.test)):
        refuse_leaks(found, {"real.test": test})
    known = {name: identity(source) for name, source in found.items()}
    report("read", 1, 1, ", ".join(f"{len(source)} {name}" for name, source in found.items()))
    bench, scenes = Bench(project), photographed_scenes(project, found)
    for lot in lots(spec):
        folder, plan = project.folder / "train" / lot.name, phases(lot.arm, spec)
        data = {name: one for name, one in lot.identities(known).items() if name in sources_of(plan)}
        if forget_other_data(folder, data):
            report(folder.name, 0, spec.steps, "the data has changed: trained anew")
        write_json(folder / PREPARATION, noted(ready, sources_of(plan), budget, known))
        train_one(bench, spec, lot, lot.given(found, scenes), plan, report, folder)


def photographed_scenes(project: Project, found: dict[str, Source]) -> list[str]:
    """The scene of each real training photograph."""
    said = project.config.real.train if project.config.real else None
    return scenes_of_real(found["real"], said) if "real" in found else []


def train_one(
    bench: Bench,
    spec: Train,
    lot: Lot,
    given: dict[str, Source],
    plan: tuple[Phase, ...],
    report: Report,
    folder: Path,
) -> None:
    """Train one detector, whose phases are `plan`, and evaluate it."""
    from generator.train.augment import Augment
    from generator.train.loop import train as fit

    def told(step: int, losses: dict[str, float]) -> None:
        report(folder.name, step + 1, spec.steps, f"loss {sum(losses.values()):.2f}")

    seconds: dict[str, float] = {}
    with timed(seconds, "train"):
        augment, validate = Augment(upside_down=spec.upside_down), validator(bench.project, spec)
        checkpoint = fit(given, plan, spec, folder, lot.seed, told, augment, validate)
    report(folder.name, spec.steps, spec.steps, "evaluating")
    judge(bench, lot, given, checkpoint, seconds)
    report(folder.name, spec.steps, spec.steps, "trained and evaluated")


def validator(project: Project, spec: Train) -> "Callable[[Detector], float] | None":
    """Box precision on the real validation photographs, where training asks for it and there are some."""
    from generator.train.evaluate import evaluate

    val = project.real(project.config.real.val) if project.config.real and spec.validate_every else None
    return (lambda detector: evaluate(detector, val).box.ap or 0.0) if val else None


def identity(source: Source) -> str:
    """What a source consists of, as one hash: the same pictures and labels in the same order give the same."""
    digest = hashlib.sha256()
    for k in range(len(source)):
        one = source[k]
        for part in (one.image, one.boxes, one.labels, one.ignore):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def forget_other_data(folder: Path, data: dict[str, str]) -> bool:
    """Note what an arm is trained on. What was trained there on other data is removed; True if there was any."""
    note = folder / "data.json"
    stale = note.exists() and json.loads(note.read_text()) != data
    if stale:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(note, data)
    return stale


def report(project: Project) -> Path:
    """The page, ``report.html``."""
    from generator.report.page import write_report

    real = project.config.real
    test, mixed = (project.real(real.test), project.real(real.train)) if real else (None, None)
    return write_report(project.folder, test, mixed, Catalog.open(*project.roots), project.data)


def summary(project: Project) -> None:
    """The result in a table: every arm on the real test photographs."""
    table = Table("arm", "box AP", "AP50", "mask AP", "found", "false", "missed", title="on real photographs")
    for done in sorted(project.folder.glob("train/*/evaluation.json")):
        data = json.loads(done.read_text())
        counts, mask = data["box_counts"], data["mask"]
        table.add_row(
            done.parent.name, shown(data["box"]["ap"]), shown(data["box"]["ap50"]), shown(mask["ap"] if mask else None),
            f"{counts['true_positives']} of {data['objects']}", str(counts["false_positives"]), str(counts["missed"]),
        )  # fmt: skip
    if table.row_count:
        console.print(table)


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
