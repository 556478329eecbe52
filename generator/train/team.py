"""The workers that train one detector together: each takes a part of every batch, and gradients are averaged.

Everything here also holds for one worker alone, who is rank 0 of 1.
"""

from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


def size() -> int:
    return distributed.get_world_size() if _together() else 1


def rank() -> int:
    return distributed.get_rank() if _together() else 0


def joined(model: nn.Module, device: torch.device) -> nn.Module:
    """A model that averages its gradients over all workers; alone, the model itself. On GPUs batch norm looks at the
    pictures of all workers; on CPUs, for which torch has no such layer, running averages are those of rank 0."""
    if not _together():
        return model
    if device.type == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return DistributedDataParallel(model, device_ids=[device])
    return DistributedDataParallel(model)


def total(value: float, device: torch.device) -> float:
    """The sum over all workers."""
    if not _together():
        return value
    numbers = torch.tensor([value], dtype=torch.float64, device=device)
    distributed.all_reduce(numbers)
    return float(numbers.item())


def mean(values: dict[str, Tensor]) -> dict[str, float]:
    """Averages over all workers, by name."""
    if not _together():
        return {name: value.item() for name, value in values.items()}
    numbers = torch.stack([value.detach().float() for value in values.values()])
    distributed.all_reduce(numbers)
    return dict(zip(values, (numbers / size()).tolist(), strict=True))


def gathered(value: T) -> list[T]:
    """What every worker says, by rank."""
    if not _together():
        return [value]
    found: list[T] = [value] * size()
    distributed.all_gather_object(found, value)
    return found


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
