"""Verbs of the command line, for scripts that put several together."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def here(path: Path) -> str:
    """From the project's folder, where verbs run: results are to tell nothing of the machine they were made on."""
    return os.path.relpath(path, ROOT)


def verb(*words: object, cwd: Path = ROOT) -> None:
    """Run one and say so; its failure is this script's."""
    command = [sys.executable, "-m", "generator", *map(str, words)]
    print("$ generator", words[0], Path(str(words[1])).name, flush=True)
    if code := subprocess.run(command, cwd=cwd, check=False).returncode:
        raise SystemExit(code)


def linked(there: Path, own: Path) -> None:
    """The same files in another folder, which is there whole or not at all: half a data set is one that nothing can
    go on with."""
    half = own.with_name(f".{own.name}.tmp")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(there, half, copy_function=os.link)
    half.rename(own)
