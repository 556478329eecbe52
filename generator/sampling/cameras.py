"""Where the camera stands and how it sees."""

import math

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array, look_at, spherical
from generator.base.lens import Lens
from generator.base.scene import CameraSample, Vector
from generator.sampling.scope import Scope, vector
from generator.spec.optics import CameraSpec, LensSpec

NEAREST = 0.01  # metres; the least distance that a camera focuses on


def camera(spec: CameraSpec, scope: Scope, size: tuple[int, int]) -> CameraSample:
    """The camera of one view. `size` is the image's (width, height) in pixels."""
    draw = scope.draw / "camera"
    position = spec.position.sample(draw / "position")
    aim = spec.aim.sample(draw / "aim")
    around = (draw / "around").rng().random(2)
    aim = aim + spherical(
        scope.number("camera.within", spec.within) * math.sqrt(around[0]), 0.0, 2 * math.pi * around[1]
    )
    turns = {
        name: math.radians(scope.number(f"camera.{name}", getattr(spec, name))) for name in ("roll", "pan", "tilt")
    }
    pose = look_at(position, aim, **turns)
    offset = position - aim
    scope.facts["camera.distance"] = float(np.linalg.norm(offset))
    scope.facts["camera.elevation"] = math.degrees(math.asin(offset[2] / max(np.linalg.norm(offset), 1e-9)))
    millimetres = scope.number("camera.focal_length", spec.focal_length)
    right, down, forward = (vector(pose[:3, i]) for i in range(3))
    x, y = (scope.number(f"camera.shift.{axis}", value) for axis, value in zip("xy", spec.shift, strict=True))
    return CameraSample(
        position=vector(position),
        axes=(right, down, forward),
        focal_pixels=millimetres / spec.sensor_width * max(size),
        aspect=scope.number("camera.pixel_aspect", spec.pixel_aspect),
        shift=(x, y),
        lens=lens(spec.lens, draw / "lens"),
        aperture=opening(millimetres, scope.number("camera.aperture", spec.aperture)),
        focus=focus(scope.number("camera.focus", spec.focus), -offset, pose[:3, 2]),
        motion=motion(spec, draw / "motion"),
    )


def lens(spec: LensSpec, draw: Draw) -> Lens:
    """OpenCV's order of Brown's coefficients is k1 k2 p1 p2 k3; what is left out is 0."""
    drawn = [float(value.sample(draw / k)) for k, value in enumerate(spec.brown or spec.kannala_brandt or ())]
    if spec.kind != "brown":
        return Lens(kind=spec.kind, k=tuple(drawn))
    k1, k2, p1, p2, k3 = (*drawn, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
    return Lens(kind="brown", k=(k1, k2, k3), p=(p1, p2))


def opening(millimetres: float, number: float) -> float:
    """Radius (m) of the opening of a lens of this focal length at an f-number; 0 at 0."""
    return millimetres / 1000 / (2 * number) if number > 0 else 0.0


def focus(metres: float, to_aim: Array, forward: Array) -> float:
    """Planar depth (m) that is sharp: as given, or where the aim is; its distance, once the camera has turned away."""
    depth = metres if metres > 0 else float(to_aim @ forward)
    return max(depth if depth > 0 else float(np.linalg.norm(to_aim)), NEAREST)


def motion(spec: CameraSpec, draw: Draw) -> Vector:
    return vector(spec.motion.sample(draw)) if spec.motion else (0.0, 0.0, 0.0)
