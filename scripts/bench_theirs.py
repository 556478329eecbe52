"""The other side of `bench`: BlenderProc 2.8.0 with its Blender 4.2, in a virtual environment of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bench_scenes
import numpy as np
import trimesh

from generator.base.scene import SceneSample

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".bench"
PACKAGES = (
    "blenderproc==2.8.0", "bpy==4.2.0", "numpy<2", "pyyaml==6.0.1", "imageio==2.34.1", "gitpython==3.1.43",
    "scikit-image==0.23.2", "pypng==0.20220715.0", "scipy==1.13.1", "matplotlib==3.9.0", "pytz==2024.1", "h5py==3.11.0",
    "Pillow==10.3.0", "opencv-contrib-python==4.10.0.82", "scikit-learn==1.5.0", "python-dateutil==2.9.0.post0",
    "rich==13.7.1", "trimesh==4.4.0", "pyrender==0.1.45",
)  # fmt: skip


def install() -> None:
    python = CACHE / "venv" / "bin" / "python"
    if (CACHE / "installed").exists():
        return
    print("installing BlenderProc 2.8.0 under .bench/", flush=True)
    subprocess.run([sys.executable, "-m", "venv", CACHE / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    (CACHE / "installed").touch()


class Theirs:
    """BlenderProc in a process of its own, fed line by line."""

    def __init__(self, first: SceneSample, folder: Path) -> None:
        self.folder, self.store = folder, bench_scenes.store()
        about = {
            "meshes": [self._mesh(k, one) for k, one in enumerate(first.objects)], "samples": first.render.samples,
            "threads": 1, "world": list(first.world.color), "lamp": lamp_of(first),
            "cycles": settings(first),
        }  # fmt: skip
        environment = os.environ | {"BENCH_OUT": str(folder), "BENCH_TEMP": str(folder / "temp")}
        (folder / "temp").mkdir()
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [CACHE / "venv" / "bin" / "python", ROOT / "scripts" / "bench_blenderproc.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment,
        )  # fmt: skip
        self._say(about)
        self._hear("ready")

    def frame(self, sample: SceneSample) -> dict[str, float]:
        self._say(told(sample))
        seconds: dict[str, float] = json.loads(self._hear("done"))
        return seconds

    def cpu(self) -> float:
        """CPU seconds of the process so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.log.close()

    def _mesh(self, number: int, one: Any) -> str:
        mesh, path = self.store.mesh(one.mesh), self.folder / f"mesh-{number}.obj"
        trimesh.Trimesh(mesh.vertices, mesh.faces, process=False).export(path)
        return str(path)

    def _say(self, data: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(data) + "\n")
        self.process.stdin.flush()

    def _hear(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line.removeprefix(word)
        raise SystemExit(f"BlenderProc ended: {(self.folder / 'log').read_text()[-3000:]}")


def settings(sample: SceneSample) -> dict[str, Any]:
    """The settings of Cycles that engines.py makes, for the other side."""
    bounces = ("max_bounces", "diffuse_bounces", "glossy_bounces", "transmission_bounces")
    return dict.fromkeys(bounces, sample.render.bounces) | {
        "transparent_max_bounces": 64, "use_denoising": sample.render.denoise, "denoiser": "OPENIMAGEDENOISE",
        "denoising_prefilter": sample.render.prefilter.upper(), "denoising_quality": sample.render.filter.upper(),
        "use_light_tree": False, "caustics_reflective": False, "caustics_refractive": False, "use_auto_tile": False,
    }  # fmt: skip


def lamp_of(sample: SceneSample) -> dict[str, Any]:
    lamp = sample.lights[0]
    turn = trimesh.geometry.align_vectors([0, 0, -1], np.subtract(lamp.target, lamp.position))[:3, :3]
    return {"position": lamp.position, "rotation": turn.tolist(), "power": lamp.power, "size": lamp.size}


def told(sample: SceneSample) -> dict[str, Any]:
    """A frame for the other side."""
    camera = sample.camera.at(sample.width, sample.height)
    things = [
        {"pose": o.pose.matrix().tolist(), "color": o.material.color, "roughness": o.material.roughness}
        for o in sample.objects
    ]
    return {
        "index": sample.index, "things": things, "size": [camera.width, camera.height],
        "intrinsics": [[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]],
        "camera": (camera.world_from_camera @ np.diag([1.0, -1.0, -1.0, 1.0])).tolist(),
    }  # fmt: skip
