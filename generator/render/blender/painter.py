"""`BlenderPainter`: Cycles and EEVEE behind one call."""

import errno
import os
import time
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError, DeviceError, RenderError
from generator.base.scene import SceneSample
from generator.render.blender import passes
from generator.render.blender.camera import blurs, moves, open_shutter
from generator.render.blender.capture import captured
from generator.render.blender.engines import choose_device, configure, draws_in_software, enter, hurry, prepare
from generator.render.blender.stage import Stage
from generator.render.devices import SLOW, full, gave_up, undivided, unused
from generator.render.painter import Device, Painted
from generator.render.tone import develop

STAGES = ("build", "paint", "read", "sharp")
FULL = os.strerror(errno.ENOSPC)


class BlenderPainter:
    """Paints scenes with the Blender inside this process; make one per process.

    Cycles gives object index and depth out of the same render; EEVEE has neither, so they come from a second, quick
    render by Cycles of the same stage.
    One thread: on a CPU, more workers of one thread do more than fewer of more.
    """

    def __init__(self, store: AssetStore, device: Device = "auto") -> None:
        passes.sweep()
        with captured():
            bpy.ops.wm.read_factory_settings(use_empty=True)
            bpy.context.preferences.edit.use_global_undo = False
            # Blender's own folder for temporary files would outlive a painter that is killed
            bpy.context.preferences.filepaths.temporary_directory = str(passes.session())
            self.wanted, self.device = device, choose_device(device)
        self.scene = bpy.context.scene
        prepare(self.scene)
        self.stage = Stage(self.scene, store)

    def paint(self, sample: SceneSample) -> Painted:
        try:
            with passes.scratch() as path:
                return self._paint(sample, path)
        finally:
            self.stage.clear()

    def _paint(self, sample: SceneSample, path: Path) -> Painted:
        clock = [time.perf_counter()]
        self._forget_lamps(sample)
        configure(self.scene, sample, self.device)
        self.stage.build(sample)
        open_shutter(self.scene, moves(sample))
        clock.append(time.perf_counter())
        self._render(sample, path)
        clock.append(time.perf_counter())
        color, index, depth = passes.read(path)
        rgb = develop(color, sample.render.exposure, sample.render.metering)
        clock.append(time.perf_counter())
        if index is None or blurs(sample):
            index, depth = self._sharp(sample, path)
            clock.append(time.perf_counter())
        seconds = {name: b - a for name, a, b in zip(STAGES, clock, clock[1:], strict=False)}
        device = self.device if sample.render.engine == "cycles" else "egl"
        warning = self._warning(device)
        if depth is not None:
            depth = sample.camera.at(sample.width, sample.height).planar(depth)
        return Painted(rgb, index, depth, seconds=seconds, device=device, warning=warning)

    def _warning(self, device: str) -> str:
        """What to say of the device that a picture was made on."""
        if self.wanted == "cpu":
            return ""
        if device == "egl":
            return (unused("EEVEE") or SLOW) if draws_in_software() else undivided()
        return unused("Cycles") if device == "cpu" else ""

    def _forget_lamps(self, sample: SceneSample) -> None:
        """Cycles chooses lamps by their order, which is that of their making, but for holes that earlier ones left: so
        first it must see an empty stage, in a picture of a few pixels, lest noise tell what was painted before."""
        scene, world = self.scene, self.scene.world
        enter(scene, "CYCLES")
        hurry(scene)
        scene.render.resolution_x = scene.render.resolution_y = 4
        scene.world = None
        try:
            self._call(sample, write_still=False)
        finally:
            scene.world = world

    def _sharp(self, sample: SceneSample, path: Path) -> tuple[NDArray[np.uint16] | None, NDArray[np.float32] | None]:
        """Index and depth of the moment at mid-shutter through a pinhole: depth of field and motion blur are in the
        passes, too, and EEVEE has none. One sample of Cycles without bounces: a tenth to a third of the picture's
        time."""
        plain = sample.render.model_copy(update={"engine": "cycles"})
        configure(self.scene, sample.model_copy(update={"render": plain}), self.device)
        open_shutter(self.scene, False)
        self.stage.camera.data.dof.use_dof = False
        hurry(self.scene)
        path.unlink()
        self.scene.render.use_persistent_data = not moves(sample)  # else uv maps are lost as motion stops, and holes
        self._render(sample, path)
        return passes.read(path)[1:]

    def _render(self, sample: SceneSample, path: Path) -> None:
        self.scene.render.filepath = str(path)
        complaints = self._call(sample, write_still=True)
        if any(FULL in line for line in complaints):  # the scene is not to blame, and must not go to quarantine
            raise DatasetError(f"{path.parent.parent}: no space left for the picture that Blender paints; free some")
        if complaints or not path.is_file():
            raise _failed(sample, "; ".join(complaints) or "wrote no picture", complaints)

    def _call(self, sample: SceneSample, write_still: bool) -> list[str]:
        """Render, and return what Blender complains of. Raises RenderError where it gives up, DeviceError where it does
        so for want of a device, as on a GPU without memory."""
        try:
            with captured() as complaints:
                bpy.ops.render.render(write_still=write_still)
        except RuntimeError as error:
            raise _failed(sample, str(error).strip(), [str(error), *complaints]) from error
        return complaints


def _failed(sample: SceneSample, why: str, said: list[str]) -> RenderError:
    told = f"{_name(sample)}: Blender: {why}"
    if any(map(full, said)):
        return DeviceError(f"{told}; fewer workers (farm.workers, farm.gpu_share) leave more memory to each")
    return (DeviceError if any(map(gave_up, said)) else RenderError)(told)


def _name(sample: SceneSample) -> str:
    return f"scene {sample.scene!r}, seed {sample.seed}, index {sample.index}"
