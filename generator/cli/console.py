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
from rich.table import Column

console = Console()
error_console = Console(stderr=True)
Report = Callable[[str, int, int, str], None]


@contextmanager
def progress() -> Iterator[Report]:
    """A function to call with (stage, done, total, note): one bar per stage; in a log, a line per tenth."""
    columns = (
        TextColumn("[bold]{task.description:<9}", table_column=Column(no_wrap=True)),
        BarColumn(None, table_column=Column(ratio=1, max_width=28)),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        TextColumn("eta", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("[dim]{task.fields[note]}", table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis")),
    )  # where the terminal is narrow, the note gives way
    tasks: dict[str, TaskID] = {}
    told: dict[str, int] = {}
    with Progress(*columns, console=error_console, expand=True) as bars:

        def report(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, note=note)
            bars.update(tasks[stage], completed=done, total=total, note=note)
            tenth = 10 * done // max(1, total)
            if not error_console.is_terminal and told.get(stage) != tenth:
                told[stage] = tenth
                error_console.print(f"{stage}: {done}/{total} {note}", highlight=False)

        yield report
