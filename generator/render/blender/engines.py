"""Render settings and devices."""

import subprocess
import sys
from functools import cache

import bpy
import gpu

from generator.base.draw import Draw
from generator.base.errors import RenderError
from generator.base.scene import SceneSample
from generator.render.painter import Device

FEW_LAMPS = 8  # up to here a light tree costs more time (14 % of a frame with 3 lamps) than it saves noise
_GPU_KINDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")
_PROBE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "BLENDER_EEVEE_NEXT"
scene.render.resolution_x = scene.render.resolution_y = 8
scene.eevee.taa_render_samples = 1
bpy.ops.render.render()
print("EEVEE" + " works")
"""


def choose_device(wanted: Device) -> str:
    """Switch on the best GPU that Cycles knows, else the CPU. Raises RenderError if a wanted GPU is not there."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    for kind in _GPU_KINDS if wanted != "cpu" else ():
        devices = _devices(preferences, kind)
        if devices:
            preferences.compute_device_type = kind
            for device in preferences.devices:
                device.use = device.type == kind
            return kind.lower()
    if wanted == "gpu":
        raise RenderError("device: gpu, but Cycles finds none here; install the driver or set device: auto")
    return "cpu"


def _devices(preferences: bpy.types.AddonPreferences, kind: str) -> list[object]:
    try:
        return [d for d in preferences.get_devices_for_type(kind) if d.type == kind]
    except ValueError:  # this build of Blender was made without that kind
        return []


def configure(scene: bpy.types.Scene, sample: SceneSample, device: str) -> None:
    """All settings of one frame: nothing is left over from the frame before."""
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = sample.width, sample.height, 100
    render.threads_mode, render.threads = "FIXED", 1
    render.use_persistent_data = True
    if sample.render.engine == "eevee":
        require_eevee()
        enter(scene, "BLENDER_EEVEE_NEXT")
        scene.eevee.taa_render_samples = sample.render.samples
    else:
        enter(scene, "CYCLES")
        _cycles(scene, sample, device)


def enter(scene: bpy.types.Scene, engine: str) -> None:
    """Only a change is made: even the same name, set again, makes Blender forget all that it keeps between frames."""
    if scene.render.engine != engine:
        scene.render.engine = engine


def forget(scene: bpy.types.Scene) -> None:
    """Drop all that Blender keeps between frames."""
    scene.render.engine = scene.render.engine


def _cycles(scene: bpy.types.Scene, sample: SceneSample, device: str) -> None:
    cycles, bounces = scene.cycles, sample.render.bounces
    cycles.device, cycles.denoising_use_gpu = ("CPU", False) if device == "cpu" else ("GPU", True)
    cycles.seed = (Draw(sample.seed, sample.index) / "render").key() & 0x7FFFFFFF
    cycles.samples, cycles.use_denoising = sample.render.samples, sample.render.denoise
    cycles.denoising_prefilter, cycles.denoising_quality = sample.render.prefilter.upper(), sample.render.filter.upper()
    cycles.use_adaptive_sampling = sample.render.adaptive > 0
    cycles.adaptive_threshold = sample.render.adaptive or 0.01  # Blender's own 0 means: by the number of samples
    cycles.use_light_tree = len(sample.lights) > FEW_LAMPS
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = cycles.transmission_bounces = bounces


def hurry(scene: bpy.types.Scene) -> None:
    """Settings for a picture of which only index and depth matter. `configure` undoes them."""
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.use_adaptive_sampling = 1, False, False
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = cycles.transmission_bounces = 0


def prepare(scene: bpy.types.Scene) -> None:
    """Settings that no sample changes."""
    render, cycles, layer = scene.render, scene.cycles, scene.view_layers[0]
    # EEVEE's 2x changes a level in three pixels; in software, floors of photos seen at a low angle take minutes with it
    # (224 px on 2 busy cores: 453 s with it, 6 s without)
    bpy.context.preferences.system.anisotropic_filter = "FILTER_0"
    render.use_compositing = render.use_sequencer = False
    render.film_transparent = False
    layer.use_pass_z = layer.use_pass_object_index = True
    output = render.image_settings
    output.file_format, output.color_depth, output.exr_codec = "OPEN_EXR_MULTILAYER", "32", "NONE"
    cycles.sampling_pattern = "TABULATED_SOBOL"  # blue noise at 8 samples leaves the denoiser maze-like worms
    cycles.use_animated_seed = False
    cycles.use_auto_tile = False
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    cycles.transparent_max_bounces = 64  # holes that light passes; as many as label rays do
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 10.0


def require_eevee() -> None:
    """Raises RenderError where EEVEE cannot draw."""
    fault = eevee_fault()
    if fault:
        raise RenderError(f"engine: eevee {fault}; install libegl1 and libgl1-mesa-dri, or use engine: cycles")


def draws_in_software() -> bool:
    """Whether EEVEE, which has drawn, did so without a GPU."""
    return bool(gpu.platform.device_type_get() == "SOFTWARE")


@cache
def eevee_fault() -> str | None:
    """What is wrong with EEVEE here, tried once in a process of its own: a missing driver may end that process."""
    try:
        done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return "does not answer within two minutes here"
    if "EEVEE works" in done.stdout:
        return None
    last = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return f"needs an EGL driver ({last[0]})"
