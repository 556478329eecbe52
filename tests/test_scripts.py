"""Every script in Python starts as the README writes it: from any folder, with no virtual environment activated."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = sorted(path for path in (Path(__file__).parents[1] / "scripts").iterdir() if os.access(path, os.X_OK))
PYTHON = [path for path in SCRIPTS if path.is_file() and "python" in path.read_text().partition("\n")[0]]


def test_scripts_are_found() -> None:
    assert {"bench", "proof", "chaos"} <= {path.name for path in PYTHON}


@pytest.mark.parametrize("script", PYTHON, ids=lambda path: path.name)
def test_help_needs_no_environment(script: Path, tmp_path: Path) -> None:
    bare = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run([script, "--help"], cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: ")
    assert not list(tmp_path.iterdir())
