"""A training that somebody stops."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest


def stopped(run: Callable[..., Path], folder: Path, at: int) -> None:
    """Interrupt `run` (which takes a folder and `on_step`) in step `at`, before that step is stored."""

    def stop(step: int, _: Mapping[str, float]) -> None:
        if step == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, on_step=stop)
