"""Scenes small enough to know the answer to."""

import generator.train  # noqa: F401  tells OpenBLAS and OpenMP about threads, before numpy and torch are there

# isort: split
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.geometry import look_at
from generator.base.scene import CameraSample, MeshRef, ObjectSample, Pose, SceneSample, WorldSample
from generator.render.raycast import RaycastPainter
from generator.sampling.scope import vector

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
settings.register_profile("calm", deadline=None, derandomize=True)  # a busy machine is no failure
settings.load_profile("calm")
os.environ.setdefault("RAY_worker_niceness", "0")  # workers that give way to all would wait for other tests
os.environ.setdefault("RAY_AUTH_MODE", "token")  # of the clusters that Ray starts, for those who join one
CLUSTER = """
import sys, ray
from generator.farm.cluster import cluster
from generator.spec.config import Farm
with cluster(Farm(workers=2)):
    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: processes that take whole files from a common list then end nearly together."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def store() -> AssetStore:
    return AssetStore(Catalog.open())


@contextmanager
def clustered() -> Iterator[str]:
    """The address of a Ray cluster of two cores, of which several tests make use: to start one takes as much time as to
    paint a data set of a few frames. It ends with its standard input, so also when this process does."""
    command = [sys.executable, "-c", CLUSTER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip() if process.stdout else ""
        assert address, "Ray did not start, and has said why"
        yield address


@pytest.fixture(scope="module")  # one that idles takes a twelfth of a core
def ray_cluster() -> Iterator[str]:
    with clustered() as address:
        yield address


@pytest.fixture(scope="module")
def blender(store: AssetStore) -> Iterator[Any]:
    from generator.render.blender.painter import BlenderPainter

    yield BlenderPainter(store, device="cpu")


@pytest.fixture(params=["raycast", pytest.param("cycles", marks=pytest.mark.blender)])
def painter(request: pytest.FixtureRequest, store: AssetStore) -> Any:
    """Both painters that ship, with `lend` to give them another store."""
    if request.param == "raycast":
        made = RaycastPainter(store)
        return SimpleNamespace(paint=made.paint, lend=lambda other: setattr(made, "store", other))
    made = request.getfixturevalue("blender")
    kept = made.stage.store
    request.addfinalizer(lambda: setattr(made.stage, "store", kept))
    return SimpleNamespace(paint=made.paint, lend=lambda other: setattr(made.stage, "store", other))


def thing(shape: str, position: Any = (0, 0, 0), scale: Any = (1, 1, 1), rotation: Any = (1, 0, 0, 0),
          label: str | None = "thing", backdrop: bool = False, **params: float) -> ObjectSample:  # fmt: skip
    """A procedural object."""
    pose = Pose(
        position=tuple(map(float, position)), scale=tuple(map(float, scale)), rotation=tuple(map(float, rotation))
    )
    return ObjectSample(
        name=shape, label=label, mesh=MeshRef(asset=f"shape/{shape}", params=params), pose=pose, backdrop=backdrop
    )


def scene(*objects: ObjectSample, size: tuple[int, int] = (160, 120), focal: float = 150.0,
          position: Any = (0, 0, 2), target: Any = (0, 0, 0), **more: Any) -> SceneSample:  # fmt: skip
    """Those objects before a camera that looks at `target`; from above, the image's up is the world's +y."""
    pose = look_at(np.array(position, float), np.array(target, float))
    axes = tuple(vector(pose[:3, i]) for i in range(3))
    camera = CameraSample(position=vector(pose[:3, 3]), axes=axes, focal_pixels=focal)
    fields = {"scene": "test", "seed": 0, "index": 0, "classes": ("thing",), "lights": (), "world": WorldSample()}
    return SceneSample(width=size[0], height=size[1], objects=objects, camera=camera, **{**fields, **more})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text file below a temporary folder."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


def turn(axis: Any, degrees: float) -> tuple[float, ...]:
    """Quaternion w x y z."""
    axis = np.array(axis, float) / np.linalg.norm(axis)
    half = math.radians(degrees) / 2
    return (math.cos(half), *(math.sin(half) * axis))
