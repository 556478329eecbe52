"""What a process may use of its machine."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from generator.base.processes import cores, lone_core

COUNT = """
import os, sys
{first}
from conftest import scene, thing
from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.render.blender.painter import BlenderPainter
BlenderPainter(AssetStore(Catalog.open()), "cpu").paint(scene(thing("sphere")))
print(len(os.listdir("/proc/self/task")))
"""


def test_a_lone_core_is_all_that_is_seen_and_is_forgotten_afterwards() -> None:
    whole, asked, told = os.sched_getaffinity(0), threading.Event(), list[set[int]]()

    def tell() -> None:
        asked.wait()
        told.append(os.sched_getaffinity(0))

    with lone_core():
        assert cores() == 1
        within = threading.Thread(target=tell)
        within.start()
    asked.set()
    within.join()
    assert told == [whole] and os.sched_getaffinity(0) == whole


def test_numpy_has_no_threads_to_wait_for() -> None:
    def threads(first: str) -> int:
        code = f"import {first}, numpy, os; print(len(os.listdir('/proc/self/task')))"
        free = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        done = subprocess.run([sys.executable, "-c", code], env=free, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert threads("generator") == 1 and (threads("numpy") > 1) == (cores() > 1)


@pytest.mark.blender
def test_a_painter_has_no_thread_that_waits_busily() -> None:
    """TBB, which Blender brings, makes one less than where it is loaded among several cores."""

    def threads(first: str) -> int:
        run = [sys.executable, "-c", COUNT.format(first=first)]
        done = subprocess.run(run, capture_output=True, text=True, cwd=os.path.dirname(__file__), check=True)
        return int(done.stdout.splitlines()[-1])

    assert (threads("") < threads("import bpy")) == (cores() > 1)


@pytest.mark.ray
@pytest.mark.parametrize("folder", ["x" * 100, "file"])
def test_a_temporary_folder_that_ray_cannot_use_is_told(tmp_path: Path, folder: str) -> None:
    """Its sockets' paths may not be long. In a process of its own: Ray keeps what it found for as long as one lives."""
    (tmp_path / "file").touch()
    code = "from generator.farm.cluster import cluster\nfrom generator.spec.config import Farm\ncluster(Farm()).__enter__()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "RAY_TMPDIR": str(tmp_path / folder)}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "GeneratorError: Ray cannot be started here" in done.stderr and "set RAY_TMPDIR" in done.stderr
