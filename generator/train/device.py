"""Where training runs, and its only source of chance."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from generator.base.draw import Draw
from generator.base.processes import cores

Precision = Literal["auto", "float32", "bfloat16", "float16"]


def choose_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_of(precision: Precision, device: torch.device) -> torch.dtype | None:
    """The type of 16 bits to compute in where that is safe; None for float32 throughout."""
    if precision != "auto":
        return {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
    if device.type != "cuda":
        return torch.bfloat16 if has_bfloat16() else None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 by instructions of its own; emulated, it would be slower."""
    return any(torch.cpu.get_capabilities().get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def use_cores(workers: int = 1) -> None:
    """As many threads as this process may use, or its part of them where workers share the machine; unless
    OMP_NUM_THREADS says otherwise. Ray sets that in its workers, so among several it is not asked."""
    if "OMP_NUM_THREADS" not in os.environ or workers > 1:
        torch.set_num_threads(max(cores() // workers, 1))


@contextmanager
def seeded(draw: Draw) -> Iterator[None]:
    """Within, torch's global generators start at a named place; torchvision draws from nowhere else. Those of the
    processor and of the GPU in use are put back afterwards; no other GPU is touched."""
    with torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else []):
        torch.manual_seed(draw.key() % 2**63)
        yield
