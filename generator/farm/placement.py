"""Where workers go: how many, and which part of a GPU each holds. Pure arithmetic on what the cluster declares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from generator.base.errors import GeneratorError
from generator.spec.config import Farm

GRAIN = 10_000  # Ray counts resources in ten-thousandths


@dataclass(frozen=True)
class Placement:
    """`workers` processes with one CPU core and `gpus` of a GPU each, painting on `device`."""

    workers: int
    gpus: float
    device: Literal["auto", "cpu", "gpu"]

    @staticmethod
    def of(farm: Farm, resources: Mapping[str, float]) -> "Placement":
        """From a cluster's resources, ``{"CPU": 16, "GPU": 2}``.

        With GPUs, each worker holds `gpu_share` of one, or, where that is not given, what an even distribution leaves
        for it: a worker never spans two. `auto` workers fill the GPUs, or else the cores. Ray gives every worker its
        own ``CUDA_VISIBLE_DEVICES``, so Cycles sees the one GPU that the worker shares; EEVEE heeds no such variable
        (see `render.devices.undivided`). Raises GeneratorError when GPUs are asked for and there are none.
        """
        cores, gpus = max(1, int(resources.get("CPU", 1))), int(resources.get("GPU", 0))
        if farm.device == "gpu" and not gpus:
            raise GeneratorError(
                "farm.device: gpu, but the cluster declares none; look at what nvidia-smi says, set device: cpu, or "
                "add a node that has one"
            )
        if farm.device == "cpu" or not gpus:
            return Placement(cores if farm.workers == "auto" else farm.workers, 0.0, farm.device)
        workers = _workers(farm, cores, gpus)
        return Placement(workers, farm.gpu_share or _even(workers, gpus), farm.device)


def _workers(farm: Farm, cores: int, gpus: int) -> int:
    if farm.workers != "auto":
        return farm.workers
    return min(cores, gpus * int(1 / farm.gpu_share + 1e-9)) if farm.gpu_share else min(cores, gpus)


def _even(workers: int, gpus: int) -> float:
    """The share that lets all workers run at once, rounded down to what Ray can count."""
    on_one = -(-workers // gpus)
    return int(GRAIN / on_one) / GRAIN
