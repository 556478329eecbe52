"""The command line: `generator VERB`. Every verb is a call or two into the package, with progress and clear errors."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from generator.base.errors import GeneratorError
from generator.base.interrupts import pressed
from generator.cli import (
    advising,
    assets,
    authoring,
    balancing,
    data,
    diagnosing,
    doctor,
    fitting,
    learning,
    running,
    splitting,
    watching,
)
from generator.cli.console import error_console

HELP = """
Synthetic training data by domain randomization: from a YAML scene spec and a folder of 3D assets to a trained,
honestly evaluated detector.

A scene (scenes/*.yaml) says what may appear; a config (configs/*.yaml) says how many frames, where, and how to train.

  generator check scenes/coins.yaml configs/demo.yaml    find every mistake before anything runs
  generator preview scenes/coins.yaml -o sheet.png       see twelve random scenes in seconds, without Blender
  generator run configs/demo.yaml                        paint, balance, train, evaluate, report: only what is missing
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False
)
for part in (
    authoring, assets, data, balancing, learning, running, doctor, fitting, advising, watching, splitting, diagnosing,
):  # fmt: skip
    part.register(app)


def say_versions(asked: bool) -> None:
    """generator's version, and of what decides the pixels and the numbers: what a bug report needs first."""
    if asked:
        typer.echo(", ".join(f"{name} {doctor.version(name)}" for name in ("generator", "bpy", "torch", "ray")))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=say_versions, is_eager=True, help="Print versions and exit.")
    ] = False,
) -> None: ...


def main() -> NoReturn:
    """Exit codes: 0 done, 2 the user can act on it (said in one message), 130 interrupted."""
    try:
        app()
    except KeyboardInterrupt:
        interrupted()
    except SystemExit as done:
        if done.code and (done.code == 130 or pressed()):
            interrupted()
        raise
    except Exception as error:
        if pressed():
            interrupted()
        given_up(error)
    sys.exit(0)


def given_up(error: Exception) -> None:
    """Say what the user can act on, and leave with 2; quietly where nobody reads any more. Else it is raised again."""
    if isinstance(error, GeneratorError):
        error_console.print(f"[bold red]error[/]: {escaped(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(2)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    raise error


def interrupted() -> NoReturn:
    """Say that nothing is lost, and leave with 130, at once: what Ray and Blender take down as the interpreter ends can
    crash or hang when they were interrupted, and all that must be closed is closed."""
    error_console.print("\nstopped; what is finished is kept, run the same command again to go on")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130)


def escaped(text: str) -> str:
    """Text that rich must not read as markup."""
    return text.replace("[", r"\[")
