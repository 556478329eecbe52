"""Training by several workers, on Ray Train: the same loop in each, a GPU for each where there are GPUs.

The sampler is a pure function of (seed, step), so the workers see exactly the one worker's stream, dealt out slot by
slot. Only rank 0 writes; all read the run's folder, which on several machines must be one that they share.
"""

import logging
import os
import queue
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from generator.base.errors import TrainError

if TYPE_CHECKING:
    from generator.train.loop import Task
    from generator.train.run import Losses


def train_together(task: "Task", workers: int) -> None:
    """Let so many workers do the task, and tell `task.on_step` what rank 0 does. TrainError where one of them fails."""
    from ray.util.queue import Queue

    with _cluster(workers), tempfile.TemporaryDirectory() as notes:
        told, on_step = Queue(actor_options={"num_cpus": 0}), task.on_step
        config = {"task": task.told(None), "told": told}
        with ThreadPoolExecutor(1) as apart:
            done = apart.submit(_fit, config, workers, notes)
            for step, losses in _steps(told, done):
                if on_step:
                    on_step(step, losses)
            done.result()
        told.shutdown(force=True)


def _steps(told: Any, done: "Future[None]") -> "Iterator[tuple[int, Losses]]":
    """What rank 0 reports, until all are done and everything has been told."""
    from ray.util.queue import Empty

    while True:
        finished = done.done()
        try:
            yield told.get(timeout=0.0 if finished else 0.5) if not finished else told.get_nowait()
        except (Empty, queue.Empty):
            if finished:
                return


def _fit(config: dict[str, Any], workers: int, notes: str) -> None:
    import ray
    import torch
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    scaling = ScalingConfig(num_workers=workers, use_gpu=torch.cuda.is_available())
    if scaling.use_gpu and "RAY_ADDRESS" not in os.environ:
        refuse_waiting(workers, int(ray.cluster_resources().get("GPU", 0)))
    trainer = TorchTrainer(
        _work, train_loop_config=config, scaling_config=scaling, run_config=RunConfig(storage_path=notes)
    )
    try:
        trainer.fit()
    except Exception as error:
        raise TrainError(_said(error)) from error


def refuse_waiting(workers: int, gpus: int) -> None:
    """Raise TrainError where a machine has fewer GPUs than workers: Ray would wait for more for ever, and say nothing.
    A cluster may grow."""
    if gpus < workers:
        raise TrainError(
            f"train.workers: {workers}, but this machine has {gpus} GPU{'s' * (gpus != 1)}, and each worker needs one; "
            f"set train.workers: {max(gpus, 1)}"
        )


def _said(error: BaseException) -> str:
    """The cause's own words, under whatever Ray has wrapped it in."""
    failures = getattr(error, "worker_failures", None) or {}
    for inner in failures.values():
        cause = getattr(inner, "_base_exc", None) or getattr(inner, "cause", None) or inner
        if isinstance(cause, TrainError):
            return str(cause)
    first = next(iter(failures.values()), error)
    return f"a training worker failed: {first}"


def _work(config: dict[str, Any]) -> None:
    """In every worker. Ray has joined them into one process group."""
    import torch
    from ray.train import get_context
    from ray.train.torch import get_device

    from generator.train.loop import perform

    device = get_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    told, first = config["told"], get_context().get_world_rank() == 0

    def on_step(step: int, losses: "Losses") -> None:
        told.put((step, losses))

    perform(config["task"].told(on_step if first else None))


@contextmanager
def _cluster(workers: int) -> Iterator[None]:
    """The Ray cluster that is there, or one on this machine for as long as the block runs."""
    import ray

    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = os.environ.get("RAY_ADDRESS")
    size: dict[str, Any] = {} if address else {"num_cpus": workers, "object_store_memory": 200_000_000}
    ray.init(
        address=address or "local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR,
        configure_logging=False, **size,
    )  # fmt: skip
    try:
        yield
    finally:
        ray.shutdown()
