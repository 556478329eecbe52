"""Training every detector of a run and judging it, several at a time where there are cores for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from generator.base.errors import TrainError
from generator.base.timing import timed
from generator.cli.apart import at_a_time, learn_apart
from generator.cli.console import Report, console
from generator.cli.depths import depth_validator
from generator.cli.identities import VAL, contents, forget_other_data, of_values, same_data
from generator.cli.judging import Bench, Lot, judge, lots, scenes_of_real
from generator.cli.preparing import PREPARATION, Prepared, noted, prepare, refuse_other_classes, with_tags
from generator.cli.project import Project
from generator.dataset.atomic import write_json
from generator.dataset.examples import Source
from generator.mix.advisor import questionable
from generator.mix.leaks import refuse_leaks
from generator.mix.recipes import Phase, advice, phases, sources_of
from generator.mix.sampling import refuse_unknown_tags
from generator.mix.traits import Tagged, tags_of, traits_of
from generator.spec.training import Train

if TYPE_CHECKING:  # torch is slow to import, and --help need not wait for it
    from collections.abc import Callable

    from generator.train.model import Detector

TEST = "real.test"


@dataclass(frozen=True)
class Work:
    """What all detectors of a run share: what they are judged on and learn from."""

    bench: Bench
    spec: Train
    sources: dict[str, Source]
    scenes: list[str]

    @classmethod
    def of(cls, project: Project, ready: Prepared | None = None) -> "Work":
        spec = training_of(project)
        found = (ready or prepared(project, spec, noting=False)).sources
        return cls(Bench(project), spec, found, photographed_scenes(project, found))

    def folder(self, lot: Lot) -> Path:
        return self.bench.project.folder / "train" / lot.name

    def alike(self, lot: Lot, plan: Sequence[Phase]) -> list[Path]:
        """Folders of the other detectors of the seed whose first phase learns from the same pictures; none where there
        is but one phase."""
        others = [self.folder(one) for one in lots(self.spec) if one.seed == lot.seed and one != lot and plan[1:]]
        return [other for other in others if same_data(self.folder(lot), other, plan[0].shares)]

    def do(self, lot: Lot, report: Report) -> None:
        """Train one detector, and evaluate it."""
        from generator.train.augment import Augment
        from generator.train.loop import train as fit

        folder, spec, given = self.folder(lot), self.spec, lot.given(self.sources, self.scenes)

        def told(step: int, losses: dict[str, float]) -> None:
            report(folder.name, step + 1, spec.steps, f"loss {sum(losses.values()):.2f}")

        seconds: dict[str, float] = {}
        with timed(seconds, "train"):
            augment = Augment(zoom=spec.zoom, upside_down=spec.upside_down)
            validate = validator(self.bench.project, spec)
            plan = phases(lot.arm, spec, len(given.get("real", ())))
            checkpoint = fit(given, plan, spec, folder, lot.seed, told, augment, validate, self.alike(lot, plan))
        report(folder.name, spec.steps, spec.steps, "evaluating")
        judge(self.bench, lot, given, checkpoint, seconds)
        report(folder.name, spec.steps, spec.steps, "trained and evaluated")


def training_of(project: Project) -> Train:
    if project.config.train is None:
        raise TrainError(f"{project.path}: has no `train:` section")
    return project.config.train


def prepared(project: Project, spec: Train, noting: bool = True) -> Prepared:
    """What the arms are mixed from. Raises TrainError when an arm needs real photographs and there are none, and for
    tags of axes that there are none of."""
    said = project.config.real
    real, classes = (project.real(said.train), project.real_classes) if said else (None, ())
    ready = prepare(project.dataset, project.selection, real, spec, project.path, classes, noting)
    if said and said.train:
        ready.sources["real"] = with_tags(ready.sources["real"], said.train, project.path)
    if spec.sampling == "even":
        refuse_unknown_tags(spec.axes, chain.from_iterable(map(traits_of, ready.sources.values())))
    return ready


def train(project: Project, report: Report) -> None:
    """A detector per arm and seed, under ``train/ARM-SEED/``, each evaluated on real test photographs."""
    spec = training_of(project)
    ready = prepared(project, spec)
    found, work = ready.sources, Work.of(project, ready)
    refuse_other_classes(spec, found, work.bench.test)
    budget = advice(len(found.get("real", ())), len(found["synthetic"]), spec.steps, spec.batch)
    _tell_plan(project, spec, ready, budget)
    known = _read(work, report)
    for lot in lots(spec):
        plan = phases(lot.arm, spec)
        given = lot.identities(known, found, work.scenes)
        data = {name: given[name] for name in sources_of(plan)} | chosen_by(work, plan)
        if why := forget_other_data(work.folder(lot), data, spec.model == "mask_rcnn"):
            report(lot.name, 0, spec.steps, why)
        write_json(work.folder(lot) / PREPARATION, noted(ready, sources_of(plan), budget, known))
    learn(work, report)


def _read(work: Work, report: Report) -> dict[str, str]:
    """The identity of each source, all of which is read once. TrainError for what is learned from, or chosen by, and
    judged on."""

    def telling(name: str) -> "Callable[[int, int], None]":
        return lambda done, total: report("read", done, total, name)

    read = {name: contents(source, telling(name)) for name, source in work.sources.items()}
    photographs = {f"real.{name}": one for name, one in work.bench.photographs.items()}
    learned = {name: one.pictures for name, one in (read | photographs).items() if name != TEST}
    refuse_leaks(learned, {TEST: photographs[TEST].pictures} if TEST in photographs else {})
    return {name: one.identity for name, one in read.items()}


def _tell_plan(project: Project, spec: Train, ready: Prepared, budget: str) -> None:
    for line in (budget, *ready.told()):
        console.print(line, style="dim", highlight=False)
    if "mixed" in spec.arms and spec.real_share != "auto" and (warning := questionable(spec.real_share)):
        console.print(warning, style="yellow", highlight=False)
    if project.config.real is None:
        console.print("no `real:` photographs in the config: nothing will be evaluated", style="yellow")


def learn(work: Work, report: Report) -> None:
    """All detectors. Those that are finished are only judged, if they have not been."""
    todo = [lot for lot in lots(work.spec) if not (work.folder(lot) / "model.pt").exists()]
    at_once = at_a_time(work.spec, len(todo))
    if at_once > 1:
        learn_apart(work.bench.project.path, todo, at_once, report)
    for lot in lots(work.spec):
        work.do(lot, report)


def photographed_scenes(project: Project, found: dict[str, Source]) -> list[str]:
    """The scene of each real training photograph."""
    said = project.config.real.train if project.config.real else None
    return scenes_of_real(found["real"], said) if "real" in found else []


def chosen_by(work: Work, plan: Sequence[Phase]) -> dict[str, str]:
    """Hashes of what else decides what a detector learns: the validation photographs, where these choose the weights,
    and the tags of photographs, where these decide which come more often."""
    spec, found = work.spec, {}
    if spec.validate_every and work.bench.val:
        found[VAL] = work.bench.photographs["val"].identity
    real = work.sources.get("real")
    if isinstance(real, Tagged) and "real" in sources_of(tuple(plan)) and (spec.rare or spec.sampling != "plain"):
        found["real.tags"] = of_values([sorted(tags) for tags in tags_of(real)])
    return found


def validator(project: Project, spec: Train) -> "Callable[[Detector], float] | None":
    """Box precision (of depth, the share within a quarter) on the real validation photographs, where training asks for
    it and there are some."""
    from generator.train.evaluate import evaluate

    val = project.real(project.config.real.val) if project.config.real and spec.validate_every else None
    if val and spec.model == "depth":
        return depth_validator(val)
    return (lambda detector: evaluate(detector, val).box.ap or 0.0) if val else None
