"""What people wear and carry: hats, spectacles, umbrellas, rings."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import bar, extrude, lathe, skin, sweep
from generator.assets.shapes.outline import filleted, flowing

BLACK, STRAW = (0.03, 0.03, 0.035), (0.65, 0.48, 0.2)


@SHAPES("umbrella")
def umbrella(radius: float = 0.5, height: float = 0.85, ribs: float = 8, dome: float = 0.5) -> Mesh:
    """An open umbrella held upright.

    radius  of the canopy, to the tips of its ribs (m)
    height  from the handle's lowest point to the tip
    ribs    how many
    dome    height of the canopy, as a share of its radius
    """
    count = max(4, round(ribs))
    angle = np.linspace(0, 2 * np.pi, 12 * count, endpoint=False)
    between = np.sin(angle * count / 2) ** 2  # 0 at a rib, 1 between two
    shells = []
    for offset in (0.0, 0.002):
        for share in np.linspace(1, 0.02, 12)[:: 1 if offset == 0 else -1]:
            r = radius * np.sin(share * 1.15) / np.sin(1.15) * (1 - 0.1 * share**3 * between)
            z = (
                height
                - 0.05
                - offset
                - dome * radius * (1 - np.cos(share * 1.15)) / (1 - np.cos(1.15))
                - 0.02 * radius * share * between
            )
            shells.append(np.column_stack([r * np.cos(angle), r * np.sin(angle), z]))
    canopy = skin(np.array(shells), closed=True)
    hook = np.linspace(0, np.pi, 20)
    bend = np.column_stack([0.045 * np.cos(hook) - 0.045, 0 * hook, 0.055 - 0.045 * np.sin(hook)])
    handle = sweep(np.vstack([[(0, 0, 0.2), (0, 0, 0.13)], bend]), 0.011, ends="round", up=(1, 0, 0))
    return stood(canopy, handle, bar((0, 0, 0.15), (0, 0, height), 0.009, taper=0.6), color=(0.12, 0.03, 0.2))


@SHAPES("hat")
def hat(radius: float = 0.085, height: float = 0.13, brim: float = 0.055) -> Mesh:
    """A top hat with a band; `radius` is that of the head, `brim` how far the brim stands off (m)."""
    r, h = radius, height
    line = [
        (0.98 * r, 0.002),
        (r + brim, 0.004, 0.002),
        (r + brim, 0.008, 0.002),
        (r + 0.1 * brim, 0.006, 0.012),
        (0.96 * r, 0.5 * h, 0.3),
        (1.08 * r, h, 0.006),
        (0, h - 0.002),
    ]
    inside = filleted(
        [(0, h - 0.006), (1.02 * r, h - 0.006, 0.004), (0.93 * r, 0.5 * h, 0.3), (0.95 * r, 0.002)], closed=False
    )
    felt = lathe(np.vstack([inside, filleted(line, closed=False)]), 56)
    x, y, z = felt.vertices.T
    curled = Body(
        np.column_stack([x, 1.15 * y, z + 0.25 * np.maximum(0, np.abs(x) - r) ** 2 / max(brim, 0.01)]), felt.faces
    )
    band = lathe(np.array([(0.96 * r, 0.012), (1.012 * r, 0.012), (0.99 * r, 0.04), (0.95 * r, 0.04)]), 56).scaled(
        y=1.15
    )
    return stood(curled, band, color=BLACK)


@SHAPES("hat_sun")
def hat_sun(radius: float = 0.09, height: float = 0.1, brim: float = 0.11) -> Mesh:
    """A straw hat with a wide, drooping brim; sizes as in a hat."""
    r, h, t = radius, height - 0.003, 0.003
    top = flowing(
        [
            (r + brim, 0.0),
            (r + 0.5 * brim, 0.014),
            (1.03 * r, 0.022),
            (0.98 * r, 0.5 * h),
            (0.8 * r, 0.87 * h),
            (0.4 * r, 0.97 * h),
            (0.0, h),
        ],
        40,
    )
    low = flowing(
        [
            (0.0, h - t),
            (0.4 * r, 0.97 * h - t),
            (0.8 * r - 0.7 * t, 0.87 * h - 0.7 * t),
            (0.98 * r - t, 0.5 * h),
            (1.03 * r - t, 0.022 - t),
            (r + 0.5 * brim, 0.014 - t),
            (r + brim, -t),
        ],
        40,
    )
    straw = lathe(np.vstack([low, top]), 56)
    band = lathe(np.array([(0.98 * r, 0.024), (1.045 * r, 0.024), (1.02 * r, 0.042), (0.97 * r, 0.042)]), 56)
    return stood(*(part.scaled(y=1.12) for part in (straw, band)), color=STRAW)


@SHAPES("spectacles")
def spectacles(width: float = 0.135, height: float = 0.042, wire: float = 0.0022, temple: float = 0.135) -> Mesh:
    """Spectacles that face -y; `temple` is the length of their arms, `wire` half the thickness of their frame (m)."""
    turn = 2 * np.pi * np.arange(48) / 48
    c, s = np.cos(turn), np.sin(turn)
    half = 0.2 * width
    rim = np.column_stack([half * np.sign(c) * np.abs(c) ** 0.8, 0 * c, height / 2 * np.sign(s) * np.abs(s) ** 0.8])
    lens = [extrude(rim[:, [0, 2]], 0.0012).turned("x", 90), sweep(rim, wire, closed=True, up=(0, 1, 0), sides=10)]
    at = width / 2 - half - wire
    bow = np.linspace(-1, 1, 14)
    bridge = sweep(
        np.column_stack([bow * (at - half + 0.001), 0 * bow, 0.18 * height + 0.12 * height * (1 - bow**2)]),
        wire,
        up=(0, 1, 0),
        sides=10,
    )
    line = filleted(
        [(0, 0), (0.01, 0.005, 0.004), (0.72 * temple, 0.005, 0.03), (temple, -0.55 * height)], closed=False
    )
    arms = [
        sweep(
            np.column_stack([np.full(len(line), x * (width / 2 - 0.004)), line[:, 0], 0.2 * height + line[:, 1]]),
            wire,
            up=(1, 0, 0),
            ends="round",
            sides=10,
        )
        for x in (-1, 1)
    ]
    return stood(*(part.moved(x * at) for part in lens for x in (-1, 1)), bridge, *arms, color=(0.04, 0.03, 0.03))


@SHAPES("ring")
def ring(radius: float = 0.0095, width: float = 0.0045, thickness: float = 0.0016, stone: float = 0.004) -> Mesh:
    """A finger ring standing upright, with a cut stone; `stone` is its radius (m)."""
    turn = 2 * np.pi * np.arange(64) / 64
    path = (radius + thickness / 2) * np.column_stack([np.cos(turn), 0 * turn, np.sin(turn)])
    section = filleted(
        [
            (-0.5 * thickness, -0.5 * width),
            (0.5 * thickness, -0.3 * width, 0.03 * width),
            (0.5 * thickness, 0.3 * width, 0.03 * width),
            (-0.5 * thickness, 0.5 * width),
        ],
        steps=3,
    )
    band = sweep(path, section, up=(1, 0, 0), closed=True)
    gem = lathe(np.array([(0, -0.9), (0.95, 0.0), (1.0, 0.08), (0.62, 0.42), (0, 0.42)]) * stone, 10)
    claw = lathe(np.array([(0, -1.0), (0.3, -1.0), (0.8, -0.35), (0.7, -0.3), (0, -0.3)]) * stone, 24)
    return stood(
        band, *(part.moved(z=radius + thickness + 0.75 * stone) for part in (gem, claw)), color=(0.6, 0.4, 0.1)
    )
