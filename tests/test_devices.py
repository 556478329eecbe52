"""A device that is full or broken is not the scene's fault: its worker is replaced, and the frame is tried again."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from test_farm_overlap import SHARD, job  # noqa: F401
from test_farm_simulated import Scripted

from generator.base.errors import DeviceError, RenderError
from generator.base.scene import SceneSample
from generator.farm.crew import Crew, Lost, Task, source
from generator.farm.job import Job
from generator.farm.pool import Gone
from generator.farm.worker import Worker
from generator.render.devices import full, gave_up, shown, undivided
from generator.spec.config import Farm

FULL = [
    "Error: System is out of GPU memory\n",
    "Error: System is out of GPU and shared host memory\n",
    "Error: Out of memory in cuMemAlloc_v2(&device_pointer, size) (intern/cycles/device/cuda/device_impl.cpp:561)\n",
    "Error: Failed to retain CUDA context (Out of memory)\n",
    "Error: OPTIX_ERROR_DEVICE_OUT_OF_MEMORY in optixAccelBuild(context, 0) (device_impl.cpp:1)\n",
    "Error: Failed allocate render result, out of memory\n",
]
BROKEN = [
    "Error: Illegal address in CUDA queue copy_from_device (integrator_shade_surface integrator_sorted_paths_array)\n",
    "Error: Launch failed in cuCtxSynchronize() (intern/cycles/device/cuda/queue.cpp:140)\n",
    "Error: Failed to build OptiX acceleration structure\n",
    "Error: Unknown error in HIP queue synchronize (init_from_camera)\n",
]
SCENE = ['Error: No camera found in scene "Scene"\n', "Error: cannot open cube.png in the memory of cups\n"]


@pytest.mark.parametrize("said", FULL + BROKEN + SCENE)
def test_what_blender_says_tells_the_device_from_the_scene(said: str) -> None:
    assert (full(said), gave_up(said)) == (said in FULL, said in FULL + BROKEN)


@pytest.mark.blender
@pytest.mark.parametrize(("said", "kind"), [(FULL[0], DeviceError), (BROKEN[0], DeviceError), (SCENE[0], RenderError)])
def test_the_painter_names_the_device(blender: Any, monkeypatch: pytest.MonkeyPatch, said: str, kind: type) -> None:
    """As `bpy.ops` does: an error that Cycles reports becomes a RuntimeError."""
    from generator.render.blender import painter as module

    def render(write_still: bool) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(module, "bpy", SimpleNamespace(ops=SimpleNamespace(render=SimpleNamespace(render=render))))
    with pytest.raises(RenderError, match=said[:20]) as caught:
        blender._call(SceneSample.model_construct(scene="cups", seed=0, index=3), write_still=False)
    assert type(caught.value) is kind
    assert ("farm.gpu_share" in str(caught.value)) == (said in FULL)


def test_a_frame_without_a_device_is_not_quarantined(job: Job) -> None:  # noqa: F811
    def paint(sample: Any) -> Any:
        raise DeviceError("System is out of GPU memory")

    worker = Worker(job)
    worker._painter = SimpleNamespace(paint=paint)
    with pytest.raises(DeviceError):
        worker.paint(SHARD)
    assert not list(Path(job.folder).glob("shard-*"))


class Full(Scripted):
    """Workers that find no memory, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__([1.0] * 9, 0)
        self.times = times

    def call(self, worker: Any, method: str, *args: Any) -> Any:
        key = super().call(worker, method, *args)
        if method != "start" and self.times:
            self.times -= 1
            self._said[key] = Gone("out of memory", told="ran out of memory")
        return key


@pytest.mark.parametrize(("times", "lost"), [(2, []), (3, ["ran out of memory, 3 tries"])])
def test_what_found_no_memory_is_tried_again_by_other_workers(times: int, lost: list[str]) -> None:
    pool = Full(times)
    answers = list(Crew(Farm(), pool).run(source(iter([Task("act", (), 1)]))))
    assert [one.reason for one in answers if isinstance(one, Lost)] == lost
    assert pool.hired == times + 1


def machine(root: Path, gpus: int, pci: bool = False) -> Path:
    (root / "dev").mkdir()
    for name in ["nvidiactl", *(f"nvidia{k}" for k in range(gpus))]:
        (root / "dev" / name).touch()
    card = root / "sys/bus/pci/devices/0000:01:00.0"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x10de\n" if pci else "0x8086\n")
    (card / "class").write_text("0x030000\n")
    (root / "nvidia-smi").touch(mode=0o755)
    return root


@pytest.mark.parametrize(("gpus", "pci", "environment", "found"), [
    (1, True, {}, "dev/nvidia0"),
    (1, True, {"CUDA_VISIBLE_DEVICES": ""}, ""),  # hidden on purpose
    (0, False, {"CUDA_VISIBLE_DEVICES": "0"}, "CUDA_VISIBLE_DEVICES=0"),  # as Ray tells a worker of its GPU
    (0, True, {"PATH": "."}, "nvidia-smi"),  # a driver that is not loaded
    (0, True, {"PATH": ""}, ""),  # a container without a GPU on a machine that has one
    (0, False, {"PATH": "."}, ""),
])  # fmt: skip
def test_a_gpu_is_seen_without_using_it(
    tmp_path: Path, gpus: int, pci: bool, environment: dict[str, str], found: str
) -> None:
    root = machine(tmp_path, gpus, pci)
    seen = shown({**environment, "PATH": str(root) if environment.get("PATH") else ""}, root)
    assert seen.endswith(found) and bool(seen) == bool(found)


def test_eevee_on_one_of_several_gpus_is_told(tmp_path: Path) -> None:
    root, mine = machine(tmp_path, 2), {"CUDA_VISIBLE_DEVICES": "1"}
    assert "whichever of the 2 GPUs" in undivided(mine, root)
    assert not undivided({}, root), "nothing was divided"
    (root / "dev" / "nvidia1").unlink()
    assert not undivided(mine, root), "a container with one GPU"


@pytest.mark.blender
@pytest.mark.parametrize(("wanted", "painted_on", "where", "told"), [
    ("auto", "cpu", "/dev/nvidia0", "Cycles paints on the CPU although /dev/nvidia0 shows a GPU"),
    ("auto", "egl", "/dev/nvidia0", "EEVEE paints on the CPU although /dev/nvidia0 shows a GPU"),
    ("auto", "egl", "", "EEVEE draws in software here"), ("cpu", "egl", "", ""),
    ("auto", "cpu", "", ""), ("cpu", "cpu", "/dev/nvidia0", ""), ("auto", "optix", "/dev/nvidia0", ""),
])  # fmt: skip
def test_a_gpu_that_is_left_alone_is_told(
    blender: Any, monkeypatch: pytest.MonkeyPatch, wanted: str, painted_on: str, where: str, told: str
) -> None:
    from generator.render import devices
    from generator.render.blender import painter as module

    monkeypatch.setattr(devices, "shown", lambda: where)
    monkeypatch.setattr(module, "draws_in_software", lambda: True)
    monkeypatch.setattr(blender, "wanted", wanted)
    said = blender._warning(painted_on)
    assert said.startswith(told) and bool(said) == bool(told)
    assert ("farm.device: cpu" in said) == (bool(told) and bool(where))
