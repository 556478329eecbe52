"""Progress must be readable in a narrow terminal and in a log."""

import io
import re

import pytest
from rich.console import Console

from generator.cli import console

NOTE = "0.396 frames/s, 6.94 s a frame (paint 77 %, build 9 %)"


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("terminal", [True, False])
def test_counts_are_whole_and_the_note_gives_way(monkeypatch: pytest.MonkeyPatch, width: int, terminal: bool) -> None:
    shown = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    monkeypatch.setattr(console, "error_console", shown)
    with console.progress() as report:
        report("paint", 36, 336, NOTE)
        report("synthetic-0", 250, 250, "trained and evaluated")
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.file.getvalue()).replace("\r", "\n").splitlines()  # type: ignore[attr-defined]
    paint, train = [next(line for line in reversed(lines) if name in line) for name in ("paint ", "synthetic-0")]
    assert " 36/336 " in paint and " 250/250 " in train and "eta " in paint
    assert max(len(paint.rstrip()), len(train.rstrip())) <= width
    assert (NOTE in paint) is (width == 160)
