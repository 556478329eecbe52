"""Imports point one way, heavy packages stay where they belong, and nothing draws from a hidden source of chance."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "generator"
FILES = sorted(ROOT.rglob("*.py"))
ORDER = ["base", "assets", "distributions", "spec", "sampling", "truth", "render", "sensor", "dataset", "balance",
         "mix", "fitting", "farm", "train", "report", "cli"]  # fmt: skip
BESIDE = [{"assets", "distributions"}, {"render", "sensor"}, {"balance", "mix"}, {"farm", "train"}]
HOMES = {
    "bpy": ("render/blender",),
    "ray": ("farm", "train/workers.py"),
    "torch": ("train",),
    "torchvision": ("train",),
}
BANNED = {"uuid", "random", "secrets"}
BEATS = {"farm/lock.py", "farm/status.py", "cli/watching.py"}  # heartbeats and ages of files: no result depends on them
CLOCKS = {"time.time", "datetime.now", "datetime.utcnow", "datetime.today"}


def imports(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at its top or within a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def part(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_there_is_something_to_check() -> None:
    assert {part(p) for p in FILES} >= set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path) -> None:
    here = part(path)
    if here not in ORDER:
        return  # the package itself stands above all of them
    for name in imports(path):
        if name.startswith("generator."):
            there = name.split(".")[1]
            assert ORDER.index(there) <= ORDER.index(here), f"{path}: {here} must not import {there}"
            assert there == here or not any({here, there} <= pair for pair in BESIDE), f"{path}: {here} beside {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_stay_at_home(path: Path) -> None:
    for name in imports(path):
        for home in [HOMES[name.split(".")[0]]] if name.split(".")[0] in HOMES else []:
            assert str(path.relative_to(ROOT)).startswith(home), f"{path} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_hidden_chance_and_no_wall_clock(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & BANNED
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            assert dotted not in CLOCKS or str(path.relative_to(ROOT)) in BEATS, f"{path}:{node.lineno}"
            if dotted.startswith(("np.random.", "numpy.random.")):
                assert dotted.split(".")[2] in ("Generator", "Philox"), f"{path}:{node.lineno}: global numpy randomness"


def test_importing_the_package_is_light() -> None:
    """What takes long to load is loaded by what needs it; SciPy does so for its own modules, as long as `import scipy`
    is all that is imported."""
    code = "import sys, generator.cli, generator.sampling.sampler, generator.truth.labels, generator.balance.solver, generator.mix\n"
    code += "heavy = ('bpy', 'ray', 'torch', 'trimesh', *(f'scipy.{m}' for m in ('optimize', 'spatial', 'ndimage')))\n"
    code += "print([m for m in heavy if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
