"""Mugs, bowls, plates, glasses: hollow, so that one can look into them."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import lathe, sweep, vessel
from generator.assets.shapes.keypoints import DOWN, RIGHT, UP, keypoints
from generator.assets.shapes.outline import demand, filleted, flowing
from generator.base.geometry import Array

WHITE = (0.8, 0.78, 0.74)
CLEAR = (0.75, 0.82, 0.82)


def ear(outside: Array, reach: float, high: float, low: float, thick: float) -> Body:
    """A handle on the side +x of a vessel's `outside` (radius, height), from height `high` to `low`, standing off by
    `reach`; its ends lie inside the wall."""
    wall = [float(np.interp(z, outside[:, 1], outside[:, 0])) - 0.35 * thick for z in (high, low)]
    demand(reach > 1.2 * thick and high - low > 2.5 * thick, "a handle is too thick for its size")
    far, middle = max(wall) + reach, (high + low) / 2
    line = filleted(
        [(wall[0], high), (far, high, 0.6 * (high - low)), (far - 0.05 * reach, middle - 0.1 * (high - low), reach),
         (far - 0.35 * reach, low, reach), (wall[1], low)], closed=False, steps=8,
    )  # fmt: skip
    points = flowing(line, 30)
    path = np.column_stack([points[:, 0], np.zeros(30), points[:, 1]])
    return sweep(path, thick / 2, np.array([[1.0, 1.5]]).repeat(30, 0), up=(0, 0, 1), sides=14)


def cup(outside: Array, wall: float, handle: float, floor: float = 0.006) -> Mesh:
    """A vessel with an ear; none when `handle` is 0."""
    height = float(outside[-1, 1])
    body = vessel(outside, wall, floor)
    if handle == 0:
        return stood(body, color=WHITE)
    return stood(body, ear(outside, handle, 0.82 * height, 0.24 * height, 0.22 * handle + 0.0025), color=WHITE)


@SHAPES("mug")
@keypoints(rim=UP, foot=DOWN, handle=RIGHT)
def mug(radius: float = 0.041, height: float = 0.095, wall: float = 0.004, handle: float = 0.03) -> Mesh:
    """A straight mug with a handle.

    radius  of its outside (m)
    height  from the table to the rim
    wall    thickness
    handle  how far it stands off; 0 for none
    """
    return cup(filleted([(0.93 * radius, 0), (radius, 0.01, 0.02), (radius, height)], closed=False), wall, handle)


@SHAPES("mug_tapered")
@keypoints(rim=UP, foot=DOWN, handle=RIGHT)
def mug_tapered(
    radius: float = 0.045, height: float = 0.105, wall: float = 0.004, handle: float = 0.032, foot: float = 0.7
) -> Mesh:
    """A mug that widens upwards; `foot` is the share of the rim's radius at the bottom, the rest as in a mug."""
    low = foot * radius
    line = [(low - 0.003, 0), (low, 0.004, 0.006), (low + 0.75 * (radius - low), 0.75 * height, 0.1), (radius, height)]
    return cup(filleted(line, closed=False), wall, handle)


@SHAPES("mug_wide")
@keypoints(rim=UP, foot=DOWN, handle=RIGHT)
def mug_wide(radius: float = 0.052, height: float = 0.062, wall: float = 0.004, handle: float = 0.026) -> Mesh:
    """A low, round cup, as for cappuccino; sizes as in a mug."""
    r, h = radius, height
    foot = [(0.5 * r, 0), (0.52 * r, 0.05 * h), (0.5 * r, 0.09 * h)]
    side = flowing([(0.5 * r, 0.09 * h), (0.72 * r, 0.22 * h), (0.91 * r, 0.52 * h), (r, h)], 16)
    return cup(np.concatenate([foot[:2], side]), wall, handle, 0.09 * h + wall)


@SHAPES("bowl")
@keypoints(rim=UP, foot=DOWN)
def bowl(radius: float = 0.08, height: float = 0.06, wall: float = 0.004, foot: float = 0.42) -> Mesh:
    """A round bowl on a low foot ring.

    radius  of the rim (m)
    height  from the table to the rim
    wall    thickness
    foot    share of the rim's radius that the foot takes
    """
    r, h, f = radius, height, foot * radius
    side = [(f, 0.07 * h), (f + 0.45 * (r - f), 0.2 * h), (f + 0.85 * (r - f), 0.6 * h), (r, h)]
    outside = np.concatenate([[(f - 0.002, 0), (f, 0.05 * h)], flowing(side, 20)])
    return stood(vessel(outside, wall, 0.07 * h + wall), color=WHITE)


@SHAPES("bowl_deep")
@keypoints(rim=UP, foot=DOWN)
def bowl_deep(radius: float = 0.075, height: float = 0.085, wall: float = 0.004, foot: float = 0.55) -> Mesh:
    """A deep bowl with steep sides, as for noodles; sizes as in a bowl."""
    r, h, f = radius, height, foot * radius
    side = [(f, 0.12 * h), (f + 0.7 * (r - f), 0.27 * h), (0.97 * r, 0.7 * h), (r, h)]
    outside = np.concatenate([[(f * 1.02, 0)], flowing(side, 20)])
    return stood(vessel(outside, wall, 0.12 * h + wall), color=WHITE)


@SHAPES("plate")
@keypoints(rim=UP, foot=DOWN)
def plate(radius: float = 0.13, height: float = 0.02, wall: float = 0.0045, rim: float = 0.3) -> Mesh:
    """A dinner plate.

    radius  of the rim (m)
    height  from the table to the rim
    wall    thickness
    rim     share of the radius that the flat rim takes
    """
    return stood(platter(radius, height, wall, rim, 0.55), color=WHITE)


@SHAPES("plate_deep")
@keypoints(rim=UP, foot=DOWN)
def plate_deep(radius: float = 0.115, height: float = 0.04, wall: float = 0.0045, rim: float = 0.26) -> Mesh:
    """A soup plate; sizes as in a plate."""
    return stood(platter(radius, height, wall, rim, 0.85), color=WHITE)


def platter(radius: float, height: float, wall: float, rim: float, depth: float) -> Body:
    """A plate whose well reaches up to the share `depth` of its height."""
    demand(0 < rim < 0.7, "a plate's rim must take more than 0 and less than 0.7 of its radius")
    well, foot = (1 - rim) * radius, 0.8 * (1 - rim) * radius
    up = depth * (height - 0.0025) + 0.0025
    line = [(foot, 0.0025), (foot + 0.5 * (well - foot), 0.0025 + 0.2 * up, 0.01), (well, up, 0.012), (radius, height)]
    return vessel(np.vstack([[foot - 0.002, 0], filleted(line, closed=False)]), wall, 0.002 + wall, 64)


@SHAPES("glass")
@keypoints(rim=UP, foot=DOWN)
def glass(radius: float = 0.037, height: float = 0.11, wall: float = 0.0025, foot: float = 0.82) -> Mesh:
    """A tumbler with a thick bottom.

    radius  of the rim (m)
    height  from the table to the rim
    wall    thickness
    foot    share of the rim's radius at the bottom
    """
    outside = filleted([(0.9 * foot * radius, 0), (foot * radius, 0.002, 0.004), (radius, height)], closed=False)
    return stood(vessel(outside, wall, 0.11 * height), color=CLEAR)


@SHAPES("glass_wine")
@keypoints(rim=UP, foot=DOWN)
def glass_wine(radius: float = 0.042, height: float = 0.21, wall: float = 0.0016, foot: float = 0.85) -> Mesh:
    """A wine glass: foot, stem and a bowl that narrows towards the rim.

    radius  where the bowl is widest (m)
    height  from the table to the rim
    wall    thickness
    foot    radius of the foot, as a share of `radius`
    """
    r, h, stem = radius, height, 0.1 * radius
    demand(wall < 0.15 * r, "the wall of a wine glass must be thinner than 0.15 of its radius")
    low = flowing([(foot * r, 0.008 * h), (0.5 * foot * r, 0.022 * h), (1.3 * stem, 0.06 * h), (stem, 0.15 * h)], 12)
    high = [
        (stem, 0.3 * h),
        (1.1 * stem, 0.42 * h),
        (0.55 * r, 0.475 * h),
        (r, 0.66 * h),
        (0.92 * r, 0.86 * h),
        (0.8 * r, h),
    ]
    outside = flowing(high, 36)
    lower = [
        (0.0, 0.475 * h),
        (0.5 * r, 0.5 * h),
        (r - wall, 0.66 * h),
        (0.92 * r - wall, 0.86 * h),
        (0.8 * r - wall, h),
    ]
    inside = flowing(lower, 24)[::-1]
    return stood(lathe(np.concatenate([[(0, 0), (foot * r, 0)], low, outside, inside])), color=CLEAR)


@SHAPES("glass_beer")
@keypoints(rim=UP, foot=DOWN, handle=RIGHT)
def glass_beer(radius: float = 0.045, height: float = 0.15, wall: float = 0.004, foot: float = 0.95) -> Mesh:
    """A beer glass with a heavy handle; sizes as in a glass."""
    outside = filleted([(0.95 * foot * radius, 0), (foot * radius, 0.004, 0.006), (radius, height)], closed=False)
    handle = ear(outside, 0.75 * radius, 0.84 * height, 0.2 * height, 0.27 * radius)
    return stood(vessel(outside, wall, 0.12 * height), handle, color=CLEAR)
