"""`BlenderPainter`: Cycles and EEVEE behind one call."""

import time
from pathlib import Path

import bpy

from generator.assets.store import AssetStore
from generator.base.errors import RenderError
from generator.base.scene import SceneSample
from generator.render.blender import passes
from generator.render.blender.capture import captured
from generator.render.blender.engines import choose_device, configure, prepare
from generator.render.blender.stage import Stage
from generator.render.painter import Device, Painted
from generator.render.tone import develop


class BlenderPainter:
    """Paints scenes with the Blender inside this process; make one per process.

    Cycles gives object index and depth out of the same render; EEVEE has neither, so its frames carry no passes.
    One thread by default: on a CPU, more workers of one thread are as fast as fewer of more.
    """

    def __init__(self, store: AssetStore, device: Device = "auto", threads: int = 1) -> None:
        self.threads = threads
        passes.sweep()
        with captured():
            bpy.ops.wm.read_factory_settings(use_empty=True)
            bpy.context.preferences.edit.use_global_undo = False
            self.device = choose_device(device)
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
        configure(self.scene, sample, self.device, self.threads)
        self.stage.build(sample)
        clock.append(time.perf_counter())
        self._render(sample, path)
        clock.append(time.perf_counter())
        color, index, depth = passes.read(path)
        rgb = develop(color, sample.render.exposure, sample.render.metering)
        clock.append(time.perf_counter())
        seconds = {name: b - a for name, a, b in zip(("build", "paint", "read"), clock, clock[1:], strict=False)}
        device = self.device if sample.render.engine == "cycles" else "egl"
        return Painted(rgb, index, depth, seconds=seconds, device=device)

    def _render(self, sample: SceneSample, path: Path) -> None:
        self.scene.render.filepath = str(path)
        place = f"scene {sample.scene!r}, seed {sample.seed}, index {sample.index}"
        try:
            with captured() as complaints:
                bpy.ops.render.render(write_still=True)
        except RuntimeError as error:
            raise RenderError(f"{place}: Blender: {str(error).strip()}") from error
        if complaints or not path.is_file():
            raise RenderError(f"{place}: Blender: {'; '.join(complaints) or 'wrote no picture'}")
