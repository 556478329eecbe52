"""The camera in Blender: its lens and opening, and what moves while the shutter is open."""

from math import pi

import bpy
import numpy as np
from mathutils import Matrix

from generator.base.errors import RenderError
from generator.base.geometry import Camera
from generator.base.scene import SceneSample, Vector
from generator.truth.bounds import NEAR

SENSOR = 36.0  # mm; only its ratio to the focal length matters
FAR = 1000.0
MIDDLE = 1  # the animation's frame at mid-shutter


def place_camera(scene: bpy.types.Scene, holder: bpy.types.Object, sample: SceneSample) -> None:
    """Everything of the camera, nothing left over from the frame before. Raises RenderError for a lens that the engine
    does not have: Brown's and Kannala and Brandt's are painted as plates, see `render.plate`."""
    camera, lens = sample.camera.at(sample.width, sample.height), holder.data
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR
    lens.clip_start, lens.clip_end = NEAR, FAR
    tall = camera.fx / camera.fy  # of a pixel, in widths of one; Blender wants both sides at least 1
    scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = max(1.0, 1 / tall), max(1.0, tall)
    kinds = {"pinhole": _pinhole, "equidistant": _equidistant}
    if camera.lens.kind not in kinds or (camera.lens.fisheye and sample.render.engine == "eevee"):
        raise RenderError(f"engine: {sample.render.engine} has no {camera.lens.kind} lens; use engine: cycles")
    kinds[camera.lens.kind](lens, camera)
    _focus(lens, camera, sample)
    blender_from_opencv = np.diag([1.0, -1.0, -1.0, 1.0])
    holder.matrix_world = Matrix((camera.world_from_camera @ blender_from_opencv).tolist())


def _pinhole(lens: bpy.types.Camera, camera: Camera) -> None:
    """Both shifts are in widths of the picture, right and up."""
    lens.type = "PERSP"
    lens.lens = camera.fx * SENSOR / camera.width
    tall = camera.fx / camera.fy  # of a pixel, in widths of one
    lens.shift_x, lens.shift_y = 0.5 - camera.cx / camera.width, (camera.cy - camera.height / 2) * tall / camera.width


def _equidistant(lens: bpy.types.Camera, camera: Camera) -> None:
    """By Cycles' polynomial, theta = -(k0 + k1 r + ...) with r in mm: its own equidistant lens stretches a circle over
    the picture, whatever its sides. Shifts are in shares of each side."""
    lens.type, lens.panorama_type, lens.fisheye_fov = "PANO", "FISHEYE_LENS_POLYNOMIAL", 2 * pi
    for power, value in enumerate((0.0, -camera.width / (camera.fx * SENSOR), 0.0, 0.0, 0.0)):
        setattr(lens, f"fisheye_polynomial_k{power}", value)
    lens.lens = camera.fx * SENSOR / camera.width
    lens.shift_x, lens.shift_y = 0.5 - camera.cx / camera.width, camera.cy / camera.height - 0.5


def _focus(lens: bpy.types.Camera, camera: Camera, sample: SceneSample) -> None:
    """Cycles and EEVEE open a lens of `lens` mm at an f-number by a radius of lens / (2 f-number)."""
    shot = sample.camera
    lens.dof.use_dof = shot.aperture > 0
    if shot.aperture > 0:
        lens.dof.focus_distance = shot.focus
        lens.dof.aperture_fstop = lens.lens / 1000 / (2 * shot.aperture)


def blurs(sample: SceneSample) -> bool:
    """Whether what the passes show is blurred, too."""
    return sample.camera.aperture > 0 or moves(sample)


def moves(sample: SceneSample) -> bool:
    """Whether anything moves while the shutter is open."""
    return any(sample.camera.motion) or any(any(one.motion) for one in sample.objects)


def animate(holder: bpy.types.Object, motion: Vector) -> list[bpy.types.ID]:
    """Let an object move by `motion` (world metres) in one frame, through where it stands at mid-shutter. Returns what
    must be removed with it."""
    if not any(motion):
        return []
    middle = holder.location.copy()
    for frame, share in ((MIDDLE - 1, -1.0), (MIDDLE + 1, 1.0)):
        holder.location = [m + share * d for m, d in zip(middle, motion, strict=True)]
        holder.keyframe_insert("location", frame=frame)
    holder.location = middle
    action = holder.animation_data.action
    for curve in action.fcurves:
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    return [action]


def open_shutter(scene: bpy.types.Scene, blurred: bool) -> None:
    """Open for one frame of the animation about its middle, evenly."""
    scene.frame_current = MIDDLE
    render = scene.render
    render.use_motion_blur = blurred
    render.motion_blur_position, render.motion_blur_shutter = "CENTER", 1.0
