"""What `render.quality` chose for a data set: measured once, by one worker, before anything is looked at or painted.

The answer lies in ``calibration.json`` beside the manifest. What it cost was a measurement and may come out otherwise
the next time; so whoever goes on with the data set, on whatever machine, reads it and never measures again.
"""

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from generator.base.errors import DatasetError, PlacementError, RenderError
from generator.base.scene import SceneSample
from generator.base.splits import FIRST
from generator.dataset.atomic import write_json
from generator.farm.actors import RayPool
from generator.farm.cluster import cluster
from generator.farm.crew import Crew, Lost, Task, source
from generator.farm.job import Job, canonical
from generator.farm.messages import Beat
from generator.render.painter import BLENDER, make_painter
from generator.render.plate import plate_of
from generator.render.quality import Calibration, Trials, calibrate, small
from generator.sampling.sampler import Sampler
from generator.spec.config import Farm
from generator.spec.optics import QualitySpec

CALIBRATION = "calibration.json"
SECONDS = 3600.0  # measuring may be silent for so long, at most
TRIES = 100  # scenes that are tried for each that is measured; those that cannot be filled are passed over


def calibrated(job: Job, farm: Farm, progress: Callable[[str, int, int, str], None]) -> Job:
    """The job with settings in place of `render.quality`, if its spec asks for that. Raises RenderError when no
    settings reach it, DatasetError when the file of the choice is damaged."""
    quality = job.spec.render.quality
    if quality is None or job.painter not in BLENDER:
        return job
    path = job.folder / CALIBRATION
    if not path.exists():
        progress("quality", 0, 1, "measuring settings")
        write_json(path, _measured(job, farm).model_dump(mode="json"))
    try:
        made = Calibration.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DatasetError(f"{path}: not a calibration: {error}; delete the data set and paint it anew") from error
    progress("quality", 1, 1, made.chosen.told)
    return replace(job, scene=canonical(settled(job, made)))


def settled(job: Job, made: Calibration) -> Any:
    """The job's spec with what was chosen."""
    spec = job.spec
    return spec.model_copy(update={"render": spec.render.settled(made.chosen.model_dump())})


def _measured(job: Job, farm: Farm) -> Calibration:
    """By one worker of a cluster of its own: the workers that paint are given the finished job."""
    task = Task("calibrate", (), SECONDS, farm.attempts, 1)
    alone = farm.model_copy(update={"workers": 1})
    with cluster(farm):
        for answer in Crew(alone, RayPool(job, alone, Calibrating)).run(source(iter([task]))):
            if isinstance(answer, Lost):
                raise RenderError(f"render.quality: measuring {answer.reason}; set samples instead")
            made: Calibration = answer[1]
    return made


class Calibrating:
    """The worker that measures."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def calibrate(self) -> Generator[Beat, None, Calibration]:
        yield Beat("calibration", SECONDS)
        return measured(self.job)


def measured(job: Job) -> Calibration:
    """Measure the ladder on the first scenes of the training split, in this process."""
    quality = job.spec.render.quality
    assert quality is not None
    sampler = job.sampler()
    job.refuse_others(sampler.store.catalog)
    painter = make_painter("blender", sampler.store, job.device)  # type: ignore[arg-type]
    samples = [small(plate_of(one)) for one in scenes(sampler, job.seed, quality)]
    on_gpu = getattr(painter, "device", "cpu") != "cpu"
    trials = Trials(painter, samples, time.perf_counter if on_gpu else time.process_time)
    return calibrate(trials, quality.psnr, quality.border_psnr, getattr(painter, "device", "cpu"))


def scenes(sampler: Sampler, seed: int, quality: QualitySpec) -> list[SceneSample]:
    """The first scenes of the training split that can be filled, one view of each."""
    found: list[SceneSample] = []
    for k in range(TRIES * quality.scenes):
        try:
            found.append(sampler(seed, FIRST["train"] + k * sampler.spec.camera.views))
        except PlacementError:
            continue
        if len(found) == quality.scenes:
            return found
    raise RenderError(
        f"render.quality: only {len(found)} of the first {TRIES * quality.scenes} scenes can be filled; set samples"
    )
