"""Verbs of the command line, for scripts that put several together."""

import os
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
