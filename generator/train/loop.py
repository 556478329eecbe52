"""The training loop, to be read from top to bottom.

Every batch, augmentation and sampled proposal is a pure function of (seed, step), so a run that is stopped and taken
up again equals one that was not, bit for bit on a CPU with the same number of threads.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.base.draw import Draw
from generator.base.errors import TrainError
from generator.dataset import atomic
from generator.dataset.examples import Source
from generator.mix.recipes import Phase
from generator.spec.training import Train
from generator.train import checkpoint, team
from generator.train.augment import Augment
from generator.train.batches import prefetched
from generator.train.device import use_cores
from generator.train.model import Detector
from generator.train.program import Program, Stage
from generator.train.run import Losses, Run
from generator.train.sharing import taken_over
from generator.train.workers import train_together

AUGMENT = Augment()
Plan = Sequence[Phase] | Mapping[str, float]
Validate = Callable[[Detector], float]
OnStep = Callable[[int, Losses], None]
FINISHED, UNFINISHED = "model.pt", "checkpoint.pt"


@dataclass(frozen=True)
class Task:
    """The arguments of `train`."""

    sources: Mapping[str, Source]
    plan: Plan
    spec: Train
    folder: Path
    seed: int
    on_step: OnStep | None
    augment: Augment
    validate: Validate | None
    beside: Sequence[Path] = ()

    def program(self) -> Program:
        return Program.of(self.sources, self.plan, self.spec, self.seed, self.augment)

    def told(self, on_step: OnStep | None) -> "Task":
        """The same, telling its steps somebody else, or nobody; and with a folder that does not depend on where one
        is."""
        beside = [folder.absolute() for folder in self.beside]
        return replace(self, on_step=on_step, folder=self.folder.absolute(), beside=beside)


def train(
    sources: Mapping[str, Source],
    plan: Plan,
    spec: Train,
    folder: Path,
    seed: int,
    on_step: OnStep | None = None,
    augment: Augment = AUGMENT,
    validate: Validate | None = None,
    beside: Sequence[Path] = (),
) -> Path:
    """Train one detector and return `folder/model.pt`: the averaged weights, and all that made them.

    `plan` is the arm's `recipes.phases`, or for one phase the parts of the samples seen, per source. A run found
    unfinished in the folder goes on from its last checkpoint, and a finished one is returned as it is; TrainError if it
    was begun with other settings. `on_step` is told each step, from 0, and its losses, which `folder/log.jsonl` holds
    too, one line per step. `model.pt` also holds ``transfers``, what each phase took over from `spec.init` or from the
    phase before, ``numbers``, what it computed in and where, and ``seen``, the fewest and most times an example of each
    source was seen (`folder/seen.json` has them all); `folder/transfers.json` is there if there were any. With several
    phases, `folder/NAME.pt` is the detector at the end of each but the last. The first one is taken over from a run in
    one of the folders `beside`, of the same sources, that has been through the same.

    `validate` tells how good a detector is, of 1, by real photographs that nothing else is done with. With
    `spec.validate_every` it chooses the weights that `model.pt` holds, and that has ``validations``, all (step, score),
    and ``chosen``, the step; `folder/validations.json` has both. TrainError where it is asked for and not given.
    """
    task = Task(sources, plan, spec, folder, seed, on_step, augment, validate, beside)
    program = task.program()
    if spec.validate_every and validate is None:
        raise TrainError(
            "train.validate_every: there are no real photographs to validate on; give `real.val` (what is best on "
            "synthetic pictures need not be best on real ones)"
        )
    if not program.begun(folder / FINISHED):
        program.begun(folder / UNFINISHED)
        if spec.workers > 1:
            train_together(task, spec.workers)
        else:
            perform(task)
    return folder / FINISHED


def perform(task: Task) -> None:
    """What one worker does, alone or in a `team`."""
    spec, folder, validate, first = task.spec, task.folder, task.validate, team.rank() == 0
    program, unfinished = task.program(), folder / UNFINISHED
    use_cores(team.size())
    run = program.resumed(checkpoint.load(unfinished)) if program.begun(unfinished) else _begin(task, program)
    for step, batch in prefetched(program.batch, len(run.log), program.steps):
        stage = program.stage(step)
        if step == stage.first and step > 0:
            run.enter(stage, Draw(task.seed, step))
        losses = run.learn(batch, stage.rate(step), Draw(task.seed, step))
        run.average(min(spec.ema, (1 + step - stage.first) / (10 + step - stage.first)))
        run.log.append(losses)
        if task.on_step:
            task.on_step(step, losses)
        if first and step + 1 == stage.end < program.steps:
            _keep(folder, program, run, stage)
        if validate and program.looks(step):
            run.best.judged(step, team.gathered(validate(run.averaged()) if first else 0.0)[0], run.mean)
            if run.best.stale(spec.patience):
                break
        if first and (step + 1) % spec.checkpoint_every == 0 and step + 1 < program.steps:
            checkpoint.save(unfinished, {**program.settings, **run.state()})
            _write_log(folder, run.log)

    if first:
        _write_notes(folder, program, run)
        checkpoint.save(folder / FINISHED, program.detector(run, program.stages[-1]))
        unfinished.unlink(missing_ok=True)


def _begin(task: Task, program: Program) -> Run:
    """At the end of the first phase, where another run has been through it."""
    run = taken_over(program, task.beside)
    if run and team.rank() == 0:
        _keep(task.folder, program, run, program.stages[0])
    return run or Run.begin(program, task.seed)


def _keep(folder: Path, program: Program, run: Run, stage: Stage) -> None:
    """The detector at the end of a phase, after its losses: others may go on from both."""
    _write_log(folder, run.log)
    checkpoint.save(folder / f"{stage.phase.name}.pt", program.detector(run, stage))


def _write_notes(folder: Path, program: Program, run: Run) -> None:
    _write_log(folder, run.log)
    atomic.write_json(folder / "seen.json", program.seen(len(run.log)))
    if run.transfers:
        atomic.write_json(folder / "transfers.json", run.transfers)
    if run.best.looks:
        atomic.write_json(folder / "validations.json", {"validations": run.best.looks, "chosen": run.best.step})


def _write_log(folder: Path, log: list[Losses]) -> None:
    lines = [json.dumps({"step": step, **losses}) + "\n" for step, losses in enumerate(log)]
    atomic.write_bytes(folder / "log.jsonl", "".join(lines).encode())
