"""Rigid bodies that fall, collide and come to rest, in MuJoCo (Todorov, Erez, Tassa, "MuJoCo: a physics engine for
model-based control", IROS 2012). One thread: the same bodies end in the same places."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mujoco
import numpy as np

from generator.base.geometry import Array

DENSITY = 500.0  # kg/m3
STEP, SMALLEST_STEP = 0.002, 0.001  # seconds; the smaller one for bodies thinner than 8 mm
CHECK = 0.05  # seconds between looks at whether all are still, of which CALM must find so
CALM = 4
STILL = 0.005, 0.1  # m/s, radii/s: slower is still, be it moving or turning
SLOW = 0.1, 2.0  # the same: slower, or after half of the time, nothing bounces any more
MARGIN = 2e-5  # metres at which bodies rest on each other, so that they do not overlap
ARENA = 1 << 29  # bytes set aside, of which only what contacts need is ever touched
ROLLING, SPINNING = 0.08, 0.1  # of a body's radius, times friction


@dataclass(frozen=True, eq=False)
class Solid:
    """Convex parts (corners (k, 3) in metres) under a rotation (w x y z) at a position; what is not `free` stays."""

    parts: tuple[Array, ...]
    position: Array
    rotation: Array
    free: bool

    @cached_property
    def radius(self) -> float:
        """Of its bounds, half their diagonal (m)."""
        points = np.concatenate(self.parts)
        return float(np.linalg.norm(np.ptp(points, axis=0))) / 2

    @cached_property
    def thickness(self) -> float:
        """Its least extent along its own axes (m)."""
        return float(np.ptp(np.concatenate(self.parts), axis=0).min())


@dataclass(frozen=True, eq=False)
class Rest:
    """Where the free solids ended: positions (n, 3), rotations (n, 4); whether all were still, and how deep (m) any two
    or one and the ground overlap."""

    positions: Array
    rotations: Array
    still: bool
    overlap: float


def fall(solids: Sequence[Solid], seconds: float, friction: float, bounce: float) -> Rest:
    """Let go of the free solids above the ground z = 0, which has no end, until all are still or `seconds` are over.

    `friction` is Coulomb's coefficient, `bounce` the share of its speed (0..1) that a body keeps when it hits. There is
    no bouncing at less than 0.1 m/s, half a millimetre high, and none in the second half of the time.
    """
    model = world(solids, friction, bounce)
    data = mujoco.MjData(model)
    with quiet():
        still = run(model, data, np.array([solid.radius for solid in solids if solid.free]), seconds)
    places = data.qpos.reshape(-1, 7).copy()
    deepest = -float(min(data.contact.dist, default=0.0))
    return Rest(places[:, :3], places[:, 3:], still, max(0.0, deepest))


@contextmanager
def quiet() -> Iterator[None]:
    """MuJoCo's warnings, which it else writes to a file of its own, are dropped: `run` looks at their counts."""
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda text: None)
    try:
        yield
    finally:
        mujoco.set_mju_user_warning(before)


def run(model: Any, data: Any, radii: Array, seconds: float) -> bool:
    """Whether all bodies, of these radii (n,), came to rest, and nothing went wrong on the way."""
    steps, looks, calm = round(CHECK / model.opt.timestep), math.ceil(seconds / CHECK), 0
    for look in range(looks):
        mujoco.mj_step(model, data, nstep=steps)
        speeds = data.qvel.reshape(-1, 6)
        if look >= looks / 2 or slower(speeds, radii, SLOW):
            model.geom_solref[:] = springs(model.opt.timestep, 0.0)
        calm = calm + 1 if slower(speeds, radii, STILL) else 0
        if calm == CALM:
            break
    mujoco.mj_forward(model, data)
    return calm == CALM and not any(warning.number for warning in data.warning)


def slower(speeds: Array, radii: Array, limit: tuple[float, float]) -> bool:
    """Whether no body moves or turns faster than a limit (m/s, radii/s), given speeds (n, 6) (m/s, rad/s)."""
    most = np.minimum(limit[0], limit[1] * radii)
    fastest = np.maximum(np.linalg.norm(speeds[:, :3], axis=1), radii * np.linalg.norm(speeds[:, 3:], axis=1))
    return bool((fastest < most).all())


def world(solids: Sequence[Solid], friction: float, bounce: float) -> Any:
    """The solids and the ground as a model."""
    spec = mujoco.MjSpec()
    spec.memory = ARENA
    thinnest = min((solid.thickness for solid in solids if solid.free), default=1.0)
    spec.option.timestep = min(STEP, max(SMALLEST_STEP, thinnest / 4))
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
    solref = springs(spec.option.timestep, bounce)
    touch = {"condim": 6, "margin": MARGIN, "solref": solref, "solimp": [0.99, 0.999, 0.001, 0.5, 2]}
    ground = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], **touch)
    ground.friction = [friction, 0, 0]
    by_size = sorted((k for k, solid in enumerate(solids) if solid.free), key=lambda k: -solids[k].radius)
    for k, solid in enumerate(solids):
        body = spec.worldbody.add_body(pos=solid.position, quat=solid.rotation)
        if solid.free:
            body.add_freejoint()
        for j, part in enumerate(solid.parts):
            spec.add_mesh(name=f"{k}/{j}", uservert=part.ravel())
            geom = body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"{k}/{j}", density=DENSITY, **touch)
            geom.priority = by_size.index(k) + 1 if solid.free else 0  # of two, the smaller one says how it rolls
            geom.friction = [friction, SPINNING * friction * solid.radius, ROLLING * friction * solid.radius]
    return spec.compile()


def springs(step: float, bounce: float) -> list[float]:
    """MuJoCo's `solref` of surfaces as stiff as the time step can carry, so damped that a body leaves with the share
    `bounce` of the speed it came with (half a period of a damped oscillator)."""
    swing = -math.log(min(0.99, max(1e-4, bounce)))
    damping = swing / math.hypot(math.pi, swing)
    return [2 * step / damping, damping]
