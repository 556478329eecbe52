"""The other side of scripts/bench: BlenderProc 2.8.0 paints a scene per line of standard input. Runs in an environment
of its own, which scripts/bench makes.

Meshes are loaded once; every frame moves and repaints them and the camera, renders colour and depth, renders masks, and
writes a PNG, the depth and COCO annotations, as its own examples do.
"""

import inspect
import json
import os
import sys
import sysconfig
import time
import types
from pathlib import Path

os.environ["INSIDE_OF_THE_INTERNAL_BLENDER_PYTHON_ENVIRONMENT"] = "1"  # what `blenderproc run` sets
SETUP = "blenderproc.python.utility.SetupUtility"


class SetupUtility:
    """In place of theirs, which looks for a whole Blender to install packages into: here everything is installed."""

    @staticmethod
    def setup(*_: object) -> list[str]:
        sys.path.append(sysconfig.get_path("purelib"))  # which the package takes away, as its own setup puts it back
        from blenderproc.python.utility.Utility import Utility

        Utility.temp_dir = os.environ["BENCH_TEMP"]
        return sys.argv

    @staticmethod
    def setup_pip(*_: object, **__: object) -> str:
        return ""


stand_in = types.ModuleType(SETUP)
stand_in.SetupUtility = SetupUtility  # type: ignore[attr-defined]
sys.modules[SETUP] = stand_in

import blenderproc as bproc  # noqa: E402
import bpy  # noqa: E402
import numpy as np  # noqa: E402
from mathutils import Matrix  # noqa: E402


def start() -> None:
    """Their `init` without its choice of a language, which the package bpy does not bring."""
    from blenderproc.python.utility import Initializer

    source = inspect.getsource(Initializer.init)
    exec(source.replace('bpy.context.preferences.view.language != "en_US"', "False"), vars(Initializer))
    Initializer.init()


def prepare(about: dict) -> list:
    """Everything that no frame changes; the same settings of Cycles as the other side has."""
    start()
    things = []
    for number, path in enumerate(about["meshes"]):
        thing = bproc.loader.load_obj(path)[0]
        thing.set_cp("category_id", int(number > 0))  # the floor comes first
        thing.clear_materials()
        thing.add_material(bproc.material.create(f"material {number}"))
        thing.set_shading_mode("smooth" if number else "flat")
        things.append(thing)
    lamp = bproc.types.Light("AREA")
    lamp.set_location(about["lamp"]["position"])
    lamp.set_rotation_mat(np.array(about["lamp"]["rotation"]))
    lamp.set_energy(about["lamp"]["power"])
    lamp.blender_obj.data.size = about["lamp"]["size"]
    bproc.renderer.set_world_background(about["world"])
    bproc.renderer.enable_depth_output(activate_antialiasing=False)
    bproc.renderer.set_max_amount_of_samples(about["samples"])
    bproc.renderer.set_noise_threshold(0)
    bproc.renderer.set_cpu_threads(about["threads"])
    cycles = bpy.context.scene.cycles
    for name, value in about["cycles"].items():
        setattr(cycles, name, value)
    return things


def frame(things: list, one: dict, folder: Path) -> None:
    bproc.utility.reset_keyframes()
    for thing, placed in zip(things, one["things"], strict=True):
        thing.set_local2world_mat(Matrix(placed["pose"]))
        material = thing.get_materials()[0]
        material.set_principled_shader_value("Base Color", [*placed["color"], 1.0])
        material.set_principled_shader_value("Roughness", placed["roughness"])
    width, height = one["size"]
    bproc.camera.set_intrinsics_from_K_matrix(np.array(one["intrinsics"]), width, height)
    bproc.camera.add_camera_pose(np.array(one["camera"]))
    start = time.perf_counter()
    data = bproc.renderer.render(verbose=False)
    rendered = time.perf_counter()
    masks = bproc.renderer.render_segmap(map_by=["instance", "class", "name"])
    segmented = time.perf_counter()
    np.save(folder / f"depth-{one['index']}.npy", data["depth"][0])
    bproc.writer.write_coco_annotations(
        str(folder), instance_segmaps=masks["instance_segmaps"],
        instance_attribute_maps=masks["instance_attribute_maps"], colors=data["colors"], color_file_format="PNG",
    )  # fmt: skip
    stages = {"color": rendered - start, "masks": segmented - rendered, "files": time.perf_counter() - segmented}
    print("done", json.dumps(stages), file=ANSWERS, flush=True)


def main() -> None:
    folder = Path(os.environ["BENCH_OUT"])
    things = prepare(json.loads(sys.stdin.readline()))
    print("ready", file=ANSWERS, flush=True)
    for line in sys.stdin:
        frame(things, json.loads(line), folder)


ANSWERS = os.fdopen(os.dup(1), "w")  # Blender prints to standard output, too
os.dup2(2, 1)

if __name__ == "__main__":
    main()
