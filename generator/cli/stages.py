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
from generator.cli.console import Report, console
from generator.cli.project import Project
from generator.dataset.atomic import write_json
from generator.dataset.examples import Source
from generator.dataset.selection import SELECTION
from generator.dataset.sources import SyntheticSource
from generator.mix.advisor import questionable
from generator.mix.leaks import refuse_leaks
from generator.mix.pruning import of_source
from generator.mix.recipes import Phase, advice, phases, sources_of
from generator.spec.training import Train

if TYPE_CHECKING:  # Ray is slow to import, and --help need not wait for it
    from generator.farm.painting import Painting


def paint(project: Project, report: Report) -> "Painting":
    """Frames and labels, under ``dataset/``."""
    from generator.farm.paint import paint as paint_frames
    from generator.farm.painting import Painting

    project.folder.mkdir(parents=True, exist_ok=True)
    write_json(project.folder / "config.json", project.config.model_dump(mode="json"))
    result = paint_frames(project.config, project.job, report)
    if result.painted or result.quarantined:
        log = project.job.folder / "painting.json"
        earlier = Painting(**json.loads(log.read_text())) if log.exists() else Painting()
        write_json(log, vars(result.after(earlier)))
    return result


def balance(project: Project, report: Report) -> None:
    """The selection, under ``dataset/selection.json``: made anew each time, since it must fit the data."""
    selection = check(project.dataset, project.config.balance, project.config.seed)
    selection.save(project.job.folder / SELECTION)
    total = len(selection.kept) + len(selection.dropped)
    report("balance", len(selection.kept), total, f"{len(selection.dropped)} dropped")


def sources(project: Project, spec: Train) -> dict[str, Source]:
    """What the arms are mixed from. Raises TrainError when an arm needs real photographs and there are none."""
    painted = SyntheticSource(project.dataset, "train", project.selection)
    painted.thresholds = of_source(painted, spec.smallest)
    found: dict[str, Source] = {"synthetic": painted}
    real = project.real(project.config.real.train) if project.config.real else None
    if real:
        found["real"] = real
    elif set(spec.arms) - {"synthetic"}:
        raise TrainError(
            f"{project.path}: the arms {', '.join(spec.arms)} need real photographs; give `real.train`, or keep only "
            "the synthetic arm"
        )
    return found


def train(project: Project, report: Report) -> None:
    """A detector per arm and seed, under ``train/ARM-SEED/``, each evaluated on real test photographs."""
    spec = project.config.train
    if spec is None:
        raise TrainError(f"{project.path}: has no `train:` section")
    found = sources(project, spec)
    real, synthetic = len(found.get("real", ())), len(found["synthetic"])
    console.print(advice(real, synthetic, spec.steps, spec.batch), style="dim", highlight=False)
    if "mixed" in spec.arms and (warning := questionable(spec.real_share)):
        console.print(warning, style="yellow", highlight=False)
    if project.config.real is None:
        console.print("no `real:` photographs in the config: nothing will be evaluated", style="yellow")
    report("read", 0, 1, "what there is to learn from")
    if project.config.real and (test := project.real(project.config.real.test)):
        refuse_leaks(found, {"real.test": test})
    known = {name: identity(source) for name, source in found.items()}
    report("read", 1, 1, ", ".join(f"{len(source)} {name}" for name, source in found.items()))
    for arm in spec.arms:
        for seed in range(spec.seeds):
            folder, plan = arm_folder(project, arm, seed), phases(arm, spec)
            if forget_other_data(folder, {name: known[name] for name in sources_of(plan)}):
                report(folder.name, 0, spec.steps, "the data has changed: trained anew")
            train_one(project, spec, found, plan, seed, report, folder)


def train_one(
    project: Project,
    spec: Train,
    found: dict[str, Source],
    plan: tuple[Phase, ...],
    seed: int,
    report: Report,
    folder: Path,
) -> None:
    """Train one arm, whose phases are `plan`, and evaluate it."""
    from generator.train.augment import Augment
    from generator.train.loop import train as fit

    def told(step: int, losses: dict[str, float]) -> None:
        report(folder.name, step + 1, spec.steps, f"loss {sum(losses.values()):.2f}")

    checkpoint = fit(found, plan, spec, folder, seed, told, Augment(upside_down=spec.upside_down))
    report(folder.name, spec.steps, spec.steps, "evaluating")
    judge(project, checkpoint, folder)
    report(folder.name, spec.steps, spec.steps, "trained and evaluated")


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


def judge(project: Project, checkpoint: Path, folder: Path) -> None:
    """Evaluate on the real test photographs, at the threshold that the real validation photographs choose."""
    from generator.train.evaluate import choose_threshold, evaluate

    real, done = project.config.real, folder / "evaluation.json"
    if real is None or (done.exists() and done.stat().st_mtime >= checkpoint.stat().st_mtime):
        return
    val, test = project.real(real.val), project.real(real.test)
    threshold = choose_threshold(checkpoint, val) if val else None
    if test:
        write_json(done, evaluate(checkpoint, test, threshold).model_dump(mode="json"))


def arm_folder(project: Project, arm: str, seed: int) -> Path:
    return project.folder / "train" / f"{arm}-{seed}"


def report(project: Project) -> Path:
    """The page, ``report.html``."""
    from generator.report.page import write_report

    real = project.config.real
    test, mixed = (project.real(real.test), project.real(real.train)) if real else (None, None)
    return write_report(project.folder, test, mixed, Catalog.open(*project.roots))


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
