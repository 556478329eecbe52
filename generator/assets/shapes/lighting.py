"""Lamps, candles, bulbs and torches."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import stood
from generator.assets.shapes.forming import bar, block, lathe, sweep
from generator.assets.shapes.outline import demand, filleted, flowing
from generator.assets.shapes.tools import turned
from generator.assets.shapes.vessels import spun

WAX, BRASS = (0.75, 0.7, 0.55), (0.5, 0.38, 0.12)


@SHAPES("lamp")
def lamp(radius: float = 0.16, height: float = 0.45, foot: float = 0.5, shade: float = 0.42) -> Mesh:
    """A table lamp with a shade of cloth.

    radius  of the shade's lower rim (m)
    height  from the table to the shade's top
    foot    radius of its foot, as a share of `radius`
    shade   share of the height that the shade takes
    """
    r, h, f, low = radius, height, foot * radius, (1 - shade) * height
    side = flowing(
        [
            (f, 0.02 * h),
            (0.75 * f, 0.06 * h),
            (0.25 * f, 0.12 * h),
            (0.75 * f, 0.28 * h),
            (0.6 * f, 0.42 * h),
            (0.12 * f, low),
        ],
        36,
    )
    base = lathe(np.vstack([[(0, 0), (f, 0)], side, [(0.12 * f, h - 0.25 * shade * h), (0, h - 0.25 * shade * h)]]))
    cloth = lathe(np.array([(r - 0.003, low), (r, low), (0.62 * r, h), (0.62 * r - 0.003, h)]), 64)
    bulb = lathe(
        flowing([(0, low + 0.05 * h), (0.14 * r, low + 0.08 * h), (0.2 * r, low + 0.18 * h), (0, low + 0.25 * h)], 14),
        20,
    )
    wires = [
        bar((-0.62 * r, 0, h - 0.005), (0.62 * r, 0, h - 0.005), 0.003),
        bar((0, -0.62 * r, h - 0.0055), (0, 0.62 * r, h - 0.0055), 0.003),
    ]
    return stood(base, cloth, bulb, *wires, bar((0, 0, low), (0, 0, h - 0.002), 0.006), color=(0.6, 0.5, 0.35))


@SHAPES("lamp_desk")
def lamp_desk(radius: float = 0.085, height: float = 0.48, foot: float = 1.05, reach: float = 0.3) -> Mesh:
    """A desk lamp on a jointed arm.

    radius  of the shade (m)
    height  of the upper joint
    foot    radius of its foot, as a share of `radius`
    reach   how far the shade stands off to +x
    """
    r, h, f = radius, height, foot * radius
    base = lathe(
        filleted(
            [(0, 0), (f, 0, 0.004), (0.95 * f, 0.02, 0.012), (0.015, 0.024), (0.012, 0.05), (0, 0.05)], closed=False
        )
    )
    knee, tip = (-0.35 * reach, 0.0, 0.55 * h), (0.7 * reach, 0.0, h)
    ball = lathe(flowing([(0, -0.018), (0.016, -0.008), (0.016, 0.008), (0, 0.018)], 12), 20).turned("x", 90)
    hood = flowing([(r, 0.0), (0.86 * r, 0.5 * r), (0.5 * r, 0.95 * r), (0.32 * r, 1.15 * r), (0.3 * r, 1.7 * r)], 22)
    shell = np.vstack([hood, [(0, 1.7 * r), (0, 1.1 * r)], [(0.3 * r, 1.05 * r), (0.82 * r, 0.48 * r), (r - 0.003, 0)]])
    start = int(np.argmax(shell[:, 0] == 0)) + 1
    shade = lathe(np.vstack([shell[start:], shell[:start]])).turned("y", -40)
    arms = [bar((0, 0, 0.03), knee, 0.0135), bar(knee, tip, 0.013), bar(tip, (tip[0] + 0.01, 0, h - 0.04), 0.0125)]
    return stood(
        base,
        *arms,
        ball.moved(*knee),
        ball.moved(*tip),
        shade.moved(tip[0] + 0.03 + 0.6 * r, 0, h - 0.045 - 1.0 * r),
        color=(0.5, 0.08, 0.06),
    )


@SHAPES("candle")
def candle(radius: float = 0.035, height: float = 0.11, wick: float = 0.012) -> Mesh:
    """A thick candle, its top molten; `wick` is how far the wick stands out (m)."""
    r, h = radius, height
    body = spun(
        (r, 0.0, 0.002),
        (r, h, 0.003),
        (0.88 * r, h - 0.001, 0.004),
        (0.5 * r, h - 0.12 * r, 0.01),
        (0.1 * r, h - 0.14 * r),
    )
    line = flowing([(0, 0, h - 0.2 * r), (0.0, 0, h - 0.1 * r + 0.5 * wick), (0.15 * wick, 0, h - 0.1 * r + wick)], 12)
    return stood(body, sweep(line, 0.0013, up=(1, 0, 0), sides=10), color=WAX)


@SHAPES("candle_stick")
def candle_stick(radius: float = 0.011, height: float = 0.33, wick: float = 0.01, holder: float = 0.38) -> Mesh:
    """A slim candle in a turned candlestick; `holder` is the holder's share of the height (m)."""
    r, top = radius, holder * height
    demand(
        0.2 < holder < 0.8 and height > 12 * radius,
        "a candlestick takes 0.2 to 0.8 of the height, which is above 12 radii",
    )
    side = flowing(
        [
            (4.2 * r, 0.03 * top),
            (3.6 * r, 0.08 * top),
            (1.1 * r, 0.16 * top),
            (0.8 * r, 0.28 * top),
            (1.7 * r, 0.42 * top),
            (0.8 * r, 0.58 * top),
            (1.0 * r, 0.76 * top),
            (2.4 * r, 0.82 * top),
            (1.5 * r, 0.87 * top),
            (1.5 * r, top),
        ],
        48,
    )
    base = lathe(np.vstack([[(0, 0), (4.1 * r, 0)], side, [(0, top)]]), 40)
    wax = spun((r, 0.9 * top), (0.9 * r, height - wick - r), (0.3 * r, height - wick), segments=24)
    return stood(base, wax, bar((0, 0, height - 2 * wick), (0.002, 0, height), 0.0022), color=BRASS)


@SHAPES("bulb")
def bulb(radius: float = 0.03, height: float = 0.11, socket: float = 0.013) -> Mesh:
    """A light bulb standing on its screw base; `socket` is the base's radius (m)."""
    r, h, s = radius, height, socket
    demand(s < 0.8 * r and h > 2.4 * r, "a bulb is higher than 2.4 radii, and its base narrower than 0.8 of them")
    turns = [(s * (1 - 0.1 * (k % 2)), h * (0.06 + 0.022 * k), 0.002) for k in range(8)]
    side = flowing(
        [
            (s, 0.24 * h),
            (1.05 * s, 0.32 * h),
            (0.9 * r, 0.56 * h),
            (r, 0.7 * h),
            (0.84 * r, 0.87 * h),
            (0.45 * r, 0.975 * h),
            (0.0, h),
        ],
        30,
    )
    low = filleted([(0, 0), (0.35 * s, 0, 0.001), (0.8 * s, 0.05 * h), *turns, (s, 0.235 * h)], closed=False, steps=3)
    return stood(lathe(np.vstack([low, side]), 36), color=WAX)


@SHAPES("torch")
def torch(length: float = 0.16, radius: float = 0.014, head: float = 1.7) -> Mesh:
    """A torch lying on its side; `radius` is that of its barrel, `head` how many times as wide its head is (m)."""
    r, wide = radius, head * radius
    body = turned(
        (0.0, 0.85 * r, 0.002),
        (0.006, r, 0.002),
        (0.68 * length, r, 0.006),
        (0.8 * length, wide, 0.02),
        (length, wide, 0.001),
        (length, 0.88 * wide, 0.001),
        (0.96 * length, 0.85 * wide),
    )
    rings = [
        turned((x * length, 1.05 * r, 0.0006), ((x + 0.022) * length, 1.05 * r, 0.0006))
        for x in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
    ]
    button = block(0.02, 0.008, 0.005, 0.003, 0.001).moved(0.56 * length, 0, r - 0.002)
    return stood(body, *rings, button, color=(0.05, 0.05, 0.055))
