"""The training loop, to be read from top to bottom.

Every batch, augmentation and sampled proposal is a pure function of (seed, step), so a run that is stopped and taken
up again equals one that was not, bit for bit on a CPU with the same number of threads.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from generator.base.draw import Draw
from generator.dataset import atomic
from generator.dataset.examples import Source
from generator.mix.recipes import Phase
from generator.spec.training import Train
from generator.train import checkpoint
from generator.train.augment import Augment
from generator.train.batches import prefetched
from generator.train.device import use_cores
from generator.train.program import Program
from generator.train.run import Losses, Run

AUGMENT = Augment()
Plan = Sequence[Phase] | Mapping[str, float]


def train(
    sources: Mapping[str, Source],
    plan: Plan,
    spec: Train,
    folder: Path,
    seed: int,
    on_step: Callable[[int, Losses], None] | None = None,
    augment: Augment = AUGMENT,
) -> Path:
    """Train one detector and return `folder/model.pt`: the averaged weights, and all that made them.

    `plan` is the arm's `recipes.phases`, or for one phase the parts of the samples seen, per source. A run found
    unfinished in the folder goes on from its last checkpoint, and a finished one is returned as it is; TrainError if it
    was begun with other settings. `on_step` is told each step, from 0, and its losses, which `folder/log.jsonl` holds
    too, one line per step. `model.pt` also holds ``transfers``, what each phase took over from `spec.init` or from the
    phase before, and ``seen``, the fewest and most times an example of each source was seen (`folder/seen.json` has
    them all). With several phases, `folder/NAME.pt` is the detector at the end of each but the last.
    """
    program = Program.of(sources, plan, spec, seed, augment)
    finished, unfinished = folder / "model.pt", folder / "checkpoint.pt"
    if program.begun(finished):
        return finished

    use_cores()
    run = program.resumed(checkpoint.load(unfinished)) if program.begun(unfinished) else Run.begin(program, seed)
    for step, batch in prefetched(program.batch, len(run.log), program.steps):
        stage = program.stage(step)
        if step == stage.first and step > 0:
            run.enter(stage, Draw(seed, step))
        losses = run.learn(batch, stage.rate(step), Draw(seed, step))
        run.average(min(spec.ema, (1 + step - stage.first) / (10 + step - stage.first)))
        run.log.append(losses)
        if on_step:
            on_step(step, losses)
        if step + 1 == stage.end < program.steps:
            checkpoint.save(folder / f"{stage.phase.name}.pt", program.detector(run, stage))
        if (step + 1) % spec.checkpoint_every == 0 and step + 1 < program.steps:
            checkpoint.save(unfinished, {**program.settings, **run.state()})
            _write_log(folder, run.log)

    _write_log(folder, run.log)
    atomic.write_json(folder / "seen.json", program.seen())
    checkpoint.save(finished, program.detector(run, program.stages[-1]))
    unfinished.unlink(missing_ok=True)
    return finished


def _write_log(folder: Path, log: list[Losses]) -> None:
    lines = [json.dumps({"step": step, **losses}) + "\n" for step, losses in enumerate(log)]
    atomic.write_bytes(folder / "log.jsonl", "".join(lines).encode())
