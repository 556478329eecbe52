"""What the command line shows: one console, and progress for everything that takes longer than a breath."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

console = Console()
error_console = Console(stderr=True)
Report = Callable[[str, int, int, str], None]


@contextmanager
def progress() -> Iterator[Report]:
    """A function to call with (stage, done, total, note): one bar per stage; in a log, a line per tenth."""
    columns = (
        TextColumn("[bold]{task.description:<9}"), BarColumn(28), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("eta"), TimeRemainingColumn(), TextColumn("[dim]{task.fields[note]}"),
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}
    told: dict[str, int] = {}
    with Progress(*columns, console=error_console) as bars:

        def report(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, note=note)
            bars.update(tasks[stage], completed=done, total=total, note=note)
            tenth = 10 * done // max(1, total)
            if not error_console.is_terminal and told.get(stage) != tenth:
                told[stage] = tenth
                error_console.print(f"{stage}: {done}/{total} {note}", highlight=False)

        yield report
