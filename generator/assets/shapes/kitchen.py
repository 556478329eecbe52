"""Cutlery, pans and fruit, lying or standing as on a kitchen table."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import extrude, lathe, skin, sweep, vessel
from generator.assets.shapes.outline import filleted, flowing

STEEL, IRON = (0.55, 0.55, 0.56), (0.06, 0.06, 0.065)


def ribbon(knots: list[tuple[float, float, float, float]], thick: float, count: int = 48) -> Body:
    """A thin strip along x through knots (x, half its width, height of its edges, how far its middle hangs below)."""
    x, width, height, hang = flowing(knots, count).T
    t = np.linspace(-1, 1, 11)
    t = np.concatenate([t, t[::-1]])
    half = thick / 2 * (1 - 0.75 * t**4) * np.repeat([-1, 1], 11)
    z = height[:, None] - hang[:, None] * (1 - t**2) + half
    return skin(np.stack([np.repeat(x[:, None], 22, 1), width[:, None] * t, z], -1))


def grip(length: float, width: float, neck: float) -> list[tuple[float, float, float, float]]:
    """Knots of a cutlery handle of that length, from its end at x = 0 to the neck, where it is thinnest and highest."""
    ends = [(0.0, 0.18), (0.01, 0.4), (0.05, 0.5), (0.3, 0.46), (0.8, 0.24), (1.0, 0.22)]
    heights = [0.1, 0.1, 0.12, 0.3, 0.95, 1.0]
    return [(x * length, w * width, neck * z, 0.0) for (x, w), z in zip(ends, heights, strict=True)]


@SHAPES("spoon")
def spoon(length: float = 0.19, width: float = 0.04, depth: float = 0.009, thickness: float = 0.0024) -> Mesh:
    """A spoon, its bowl to the right and open upwards.

    length     from end to end (m)
    width      of the bowl
    depth      of the bowl
    thickness  of the metal
    """
    n, w = 0.66 * length, width / 2
    bowl = [
        (0.72, 0.42, 0.95, 0.15),
        (0.8, 0.87, 0.75, 0.7),
        (0.87, 1.0, 0.7, 1.0),
        (0.94, 0.82, 0.8, 0.75),
        (0.985, 0.42, 0.95, 0.25),
        (1.0, 0.1, 1.0, 0.0),
    ]
    knots = grip(n, 0.5 * width, 1.3 * depth) + [
        (x * length, y * w, (0.3 + z) * depth, s * depth) for x, y, z, s in bowl
    ]
    return stood(ribbon(knots, thickness, 64), color=STEEL)


@SHAPES("fork")
def fork(
    length: float = 0.19, width: float = 0.025, depth: float = 0.012, thickness: float = 0.0024, tines: float = 4
) -> Mesh:
    """A fork, its tines to the right and bent upwards; `tines` is how many (3 or 4), the rest as in a spoon."""
    n, w, count = 0.64 * length, width / 2, max(2, round(tines))
    head = [(0.69, 0.35, 1.0, 0.1), (0.735, 0.9, 0.75, 0.15), (0.8, 1.0, 0.3, 0.1), (0.808, 0.9, 0.27, 0.08)]
    knots = grip(n, 0.85 * width, depth) + [(x * length, y * w, z * depth, s * depth) for x, y, z, s in head]
    bent = [
        (0.76, 1.0, 0.53),
        (0.81, 1.0, 0.19),
        (0.88, 0.95, 0.0),
        (0.96, 0.75, 0.3),
        (0.995, 0.5, 0.55),
        (1.0, 0.2, 0.58),
    ]
    slim = 0.62 * width / count / 2
    tine = ribbon([(x * length, y * slim, z * depth, 0.0) for x, y, z in bent], 0.85 * thickness, 24)
    sides = np.linspace(-1, 1, count) * (w - slim)
    return stood(ribbon(knots, thickness), *(tine.moved(y=float(y)) for y in sides), color=STEEL)


@SHAPES("knife")
def knife(length: float = 0.22, width: float = 0.021, thickness: float = 0.006, blade: float = 0.56) -> Mesh:
    """A table knife lying on its side, its blade to the right; `blade` is the blade's share of the length (m)."""
    joint, w = (1 - blade) * length, width
    edge = [(joint - 0.01, -0.25 * w), (joint + 0.02, -0.3 * w), (joint + 0.03, -0.5 * w, 0.01)]
    point = [(0.9 * length, -0.5 * w, 0.05), (length, 0.2 * w, 0.004), (0.94 * length, 0.5 * w, 0.02)]
    outline = [*edge, *point, (joint - 0.01, 0.35 * w)]
    steel = extrude(filleted(outline), 0.25 * thickness, bevel=0.07 * thickness).moved(z=-0.125 * thickness)
    handle = flowing(
        [(0.0, 0.25), (0.01 * length, 0.36), (0.06 * length, 0.42), (0.6 * joint, 0.36), (joint, 0.33)], 24
    )
    path = np.column_stack([handle[:, 0], np.zeros((24, 2))])
    scale = np.column_stack([np.full(24, thickness / 2) * (handle[:, 1] / 0.42) ** 0.5, w * handle[:, 1]])
    return stood(steel, sweep(path, 1.0, scale, ends="round", sides=20), color=STEEL)


@SHAPES("knife_chef")
def knife_chef(length: float = 0.33, width: float = 0.046, thickness: float = 0.02, blade: float = 0.62) -> Mesh:
    """A kitchen knife with a broad, pointed blade; sizes as in a knife."""
    joint, w = (1 - blade) * length, width
    edge = flowing([(joint + 0.004, -0.62 * w), (joint + 0.6 * (length - joint), -0.5 * w), (length, 0.36 * w)], 16)
    outline = np.vstack(
        [[(joint - 0.02, -0.1 * w), (joint + 0.003, -0.12 * w)], edge, [(joint, 0.4 * w), (joint - 0.02, 0.35 * w)]]
    )
    steel = extrude(outline, 0.15 * thickness, bevel=0.04 * thickness).moved(z=-0.075 * thickness)
    side = [
        (0, 0.1 * w, 0.01),
        (0.012, -0.35 * w, 0.012),
        (0.35 * joint, -0.18 * w, 0.05),
        (joint, -0.24 * w, 0.008),
        (joint, 0.42 * w, 0.008),
        (0.02, 0.4 * w, 0.012),
    ]
    handle = extrude(filleted(side), thickness, bevel=0.2 * thickness, steps=3).moved(z=-thickness / 2)
    return stood(steel, handle, color=STEEL)


@SHAPES("pan")
def pan(radius: float = 0.14, height: float = 0.05, wall: float = 0.003, handle: float = 0.19) -> Mesh:
    """A frying pan, its handle on +x.

    radius  of the rim (m)
    height  from the stove to the rim
    wall    thickness
    handle  its length
    """
    outside = filleted([(0.76 * radius, 0), (0.8 * radius, 0.003, 0.01), (radius, height)], closed=False)
    return stood(vessel(outside, wall, wall + 0.002), stick(radius, 0.7 * height, handle), color=IRON)


@SHAPES("pan_sauce")
def pan_sauce(radius: float = 0.09, height: float = 0.1, wall: float = 0.0025, handle: float = 0.17) -> Mesh:
    """A saucepan with a long handle on +x; sizes as in a pan."""
    outside = filleted([(0.93 * radius, 0), (radius, 0.003, 0.012), (radius, height)], closed=False)
    return stood(vessel(outside, wall, wall + 0.003), stick(radius, 0.8 * height, handle), color=STEEL)


def stick(radius: float, height: float, length: float) -> Body:
    """The handle of a pan, rising outwards."""
    start = radius - 0.4 * 0.0025 - 0.05 * height
    knots = [
        (start, 0, height),
        (start + 0.2 * length, 0, height + 0.03 * length),
        (start + length, 0, height + 0.2 * length),
    ]
    width = np.interp(np.linspace(0, 1, 30), [0, 0.1, 0.3, 0.8, 1], [0.75, 0.55, 0.75, 1.0, 0.85])
    return sweep(flowing(knots, 30), 0.013, np.column_stack([0.5 * width, width]), ends="round")


@SHAPES("pan_stew")
def pan_stew(radius: float = 0.12, height: float = 0.15, wall: float = 0.0025, handle: float = 0.04) -> Mesh:
    """A stew pot with a lid and a handle on either side; sizes as in a pan."""
    r, h = radius, height
    outside = filleted([(0.95 * r, 0), (r, 0.003, 0.015), (r, h)], closed=False)
    lid = flowing(
        [
            (1.03 * r, h),
            (1.03 * r, h + 0.004),
            (0.7 * r, 1.1 * h),
            (0.12 * r, 1.15 * h),
            (0.09 * r, 1.2 * h),
            (0.19 * r, 1.26 * h),
            (0.0, 1.3 * h),
        ],
        36,
    )
    turn = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 25)
    grip = np.column_stack(
        [r - 0.004 + handle * np.cos(turn) ** 0.5, 1.1 * handle * np.sin(turn), np.full(25, 0.78 * h)]
    )
    ear = sweep(grip, 0.0055, sides=12)
    cover = lathe(np.vstack([[(0.0, h - 0.001)], [(1.03 * r, h - 0.001)], lid]))
    return stood(vessel(outside, wall, wall + 0.004), cover, ear, ear.turned("z", 180), color=STEEL)


@SHAPES("apple")
def apple(radius: float = 0.039, height: float = 0.068, lobes: float = 0.03, stem: float = 0.016) -> Mesh:
    """An apple with its stem.

    radius  where it is widest (m)
    height  without the stem
    lobes   how far it differs from round, 0..0.1
    stem    its length
    """
    knots = [
        (0, 0.08),
        (0.18, 0.02),
        (0.36, 0.0),
        (0.66, 0.15),
        (0.93, 0.42),
        (1.0, 0.64),
        (0.85, 0.87),
        (0.52, 0.99),
        (0.25, 0.95),
        (0.08, 0.84),
        (0, 0.8),
    ]
    return stood(
        lobed(knots, radius, height, lobes), stalk(0.79 * height, 0.2 * height + stem), color=(0.5, 0.03, 0.03)
    )


@SHAPES("pear")
def pear(radius: float = 0.035, height: float = 0.09, lobes: float = 0.015, stem: float = 0.02) -> Mesh:
    """A pear with its stem; sizes as in an apple."""
    knots = [
        (0, 0.04),
        (0.2, 0.01),
        (0.4, 0.0),
        (0.75, 0.1),
        (0.97, 0.25),
        (1.0, 0.36),
        (0.85, 0.55),
        (0.58, 0.73),
        (0.45, 0.87),
        (0.25, 0.97),
        (0.08, 0.98),
        (0, 0.96),
    ]
    return stood(
        lobed(knots, radius, height, lobes), stalk(0.95 * height, 0.03 * height + stem), color=(0.4, 0.45, 0.08)
    )


def lobed(knots: list[tuple[float, float]], radius: float, height: float, depth: float) -> Body:
    """A spun profile, given in shares of radius and height, with five gentle lobes."""
    body = lathe(flowing(np.array(knots) * (radius, height), 40), 40)
    x, y, z = body.vertices.T
    swell = 1 + depth * np.cos(5 * np.arctan2(y, x)) * np.clip(np.hypot(x, y) / radius, 0, 1)
    return Body(np.column_stack([x * swell, y * swell, z]), body.faces)


def stalk(root: float, length: float) -> Body:
    """A bent stem that rises from height `root`."""
    line = flowing([(0, 0, root), (0.05 * length, 0, root + 0.5 * length), (0.3 * length, 0, root + length)], 10)
    return sweep(line, 0.0015, np.linspace(0.9, 1.3, 10), up=(1, 0, 0), sides=8)


@SHAPES("banana")
def banana(length: float = 0.19, thickness: float = 0.036, bend: float = 80) -> Mesh:
    """A banana lying on its side; `length` is along its bend, `bend` how many degrees it turns in all (m)."""
    turn = np.radians(bend) * (np.linspace(0, 1, 40) - 0.5)
    radius = length / max(np.radians(bend), 1e-3)
    path = np.column_stack([radius * np.sin(turn), radius * (1 - np.cos(turn)), np.zeros(40)])
    along = np.linspace(0, 1, 40)
    width = np.interp(
        along, [0, 0.02, 0.06, 0.2, 0.5, 0.8, 0.88, 0.93, 1], [0.14, 0.2, 0.5, 0.88, 1.0, 0.8, 0.42, 0.24, 0.27]
    )
    width = np.convolve(np.pad(width, 1, "edge"), [0.25, 0.5, 0.25], "valid")
    section = filleted([(0.5 * np.cos(a), 0.5 * np.sin(a), 0.25) for a in 2 * np.pi * np.arange(5) / 5], steps=3)
    return stood(sweep(path, thickness * section, width), color=(0.7, 0.5, 0.03))


@SHAPES("egg")
def egg(radius: float = 0.022, height: float = 0.057, point: float = 0.16) -> Mesh:
    """An egg lying on its side; `point` is how far it differs from an ellipsoid (m)."""
    angle = np.linspace(0, np.pi, 33)
    line = np.column_stack([radius * np.sin(angle), height / 2 * (1 - np.cos(angle))])
    line[:, 0] *= 1 + point * np.cos(angle)
    line[[0, -1], 0] = 0.0
    return stood(lathe(line, 40).turned("y", 90), color=(0.7, 0.5, 0.35))


@SHAPES("carrot")
def carrot(length: float = 0.17, radius: float = 0.017, rings: float = 9) -> Mesh:
    """A carrot without its greens, lying; `rings` is how many shallow grooves it has (m)."""
    along = np.linspace(0, 1, 60)
    width = np.interp(along, [0, 0.03, 0.1, 0.8, 0.97, 1], [0, 0.15, 0.28, 0.92, 0.7, 0.3]) ** 0.9
    width *= 1 - 0.03 * np.maximum(0, np.cos(2 * np.pi * rings * along)) ** 8
    line = np.vstack([np.column_stack([radius * width, length * along]), [(0, 0.985 * length)]])
    line[0, 0] = 0.0
    return stood(lathe(line, 32).turned("y", 90), color=(0.75, 0.25, 0.03))
