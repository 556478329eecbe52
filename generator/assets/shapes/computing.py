"""Telephones, keyboards, computers and what belongs to them."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import bar, block, lathe, skin, sweep
from generator.assets.shapes.outline import demand, filleted, rectangle

BLACK, SILVER = (0.03, 0.03, 0.035), (0.5, 0.5, 0.52)


@SHAPES("phone")
def phone(width: float = 0.072, height: float = 0.148, thickness: float = 0.008, corner: float = 0.011) -> Mesh:
    """A smart phone lying on its back, its top towards +y.

    width, height  along x and y (m)
    thickness      without the camera
    corner         radius of its corners
    """
    body = block(width, height, thickness, corner, 0.28 * thickness, 3)
    screen = block(width - 0.45 * corner, height - 0.45 * corner, 0.0008, 0.8 * corner).moved(z=thickness - 0.0004)
    camera = block(0.38 * width, 0.38 * width, 0.004, 0.1 * width, 0.0005).moved(
        -0.24 * width, 0.5 * height - 0.26 * width, -0.0016
    )
    ear = block(0.2 * width, 0.0018, 0.0006, 0.0008).moved(0, 0.5 * height - 0.55 * corner, thickness + 0.0001)
    keys = [
        block(0.0016, 0.08 * height, 0.25 * thickness, bevel=0.0002).moved(
            width / 2 - 0.0002, y * height, 0.38 * thickness
        )
        for y in (0.1, 0.24)
    ]
    return stood(body, screen, camera, ear, *keys, color=BLACK)


@SHAPES("remote")
def remote(width: float = 0.046, length: float = 0.18, thickness: float = 0.02, rows: float = 7) -> Mesh:
    """A remote control lying on its back; `rows` is how many rows of three buttons it has (m)."""
    count, x = max(1, round(rows)), width
    body = block(x, length, thickness, 0.2 * x, min(0.3 * thickness, 0.16 * x), 3)
    step = 0.62 * length / count
    size, z = min(0.2 * x, 0.7 * step), thickness - 0.001
    keys = [
        block(size, 0.75 * size, 0.0035, 0.2 * size, 0.0007).moved(c * 0.27 * x, -0.4 * length + (k + 0.5) * step, z)
        for c in (-1, 0, 1)
        for k in range(count)
    ]
    pad = lathe(
        filleted(
            [
                (0, 0),
                (0.26 * x, 0),
                (0.26 * x, 0.003, 0.0008),
                (0.12 * x, 0.003, 0.0005),
                (0.11 * x, 0.002),
                (0, 0.002),
            ],
            closed=False,
        ),
        32,
    )
    power = lathe(filleted([(0, 0), (0.08 * x, 0), (0.08 * x, 0.003, 0.0008), (0, 0.003)], closed=False), 20)
    return stood(body, *keys, pad.moved(0, 0.29 * length, z), power.moved(-0.27 * x, 0.44 * length, z), color=BLACK)


@SHAPES("keyboard")
def keyboard(width: float = 0.36, depth: float = 0.13, height: float = 0.02, tilt: float = 4) -> Mesh:
    """A computer keyboard with five rows of keys; `tilt` is by how much its back is raised in degrees (m)."""
    base = block(width, depth, 0.6 * height, 0.008, 0.002)
    pitch = (width - 0.014) / 15
    deep = (depth - 0.02) / 5
    keys = [cap(x * pitch, y * deep, w * pitch, deep, 0.5 * height) for y in range(5) for x, w in row(y)]
    moved = [k.moved(-width / 2 + 0.007, -depth / 2 + 0.01, 0.5 * height) for k in keys]
    feet = [
        block(0.02, 0.012, 0.5 * height, 0.003).moved(s * 0.42 * width, 0.42 * depth, -0.3 * height) for s in (-1, 1)
    ]
    return stood(*(part.turned("x", tilt) for part in (base, *moved, *feet)), color=(0.12, 0.12, 0.13))


def row(number: int) -> list[tuple[float, float]]:
    """Left end and width, in keys, of the keys of a row from the front; they fill fifteen."""
    widths = [
        [1.25] * 3 + [6.25] + [1.25] * 4,
        [2.25, *[1.0] * 10, 2.75],
        [1.75, *[1.0] * 11, 2.25],
        [1.5, *[1.0] * 12, 1.5],
        [*[1.0] * 13, 2.0],
    ][number]
    return [(sum(widths[:k]), w) for k, w in enumerate(widths)]


def cap(x: float, y: float, width: float, depth: float, height: float) -> Body:
    """A key that narrows upwards."""
    gap = 0.0018
    low, high = (
        rectangle(width - gap, depth - gap, 0.0015, 2),
        rectangle(width - gap - 0.004, depth - gap - 0.0045, 0.0015, 2),
    )
    rings = [
        np.column_stack([line, np.full(len(line), z)])
        for line, z in ((low, 0.0), (low, 0.35 * height), (high, 0.95 * height), (0.9 * high, height))
    ]
    return skin(np.array(rings)).moved(x + width / 2, y + depth / 2)


@SHAPES("laptop")
def laptop(width: float = 0.32, depth: float = 0.22, thickness: float = 0.015, open: float = 110) -> Mesh:
    """An open laptop; `open` is the angle between keyboard and screen in degrees (m)."""
    demand(5 <= open <= 175, "a laptop opens by 5 to 175 degrees")
    base = block(width, depth, thickness, 0.01, 0.12 * thickness)
    pitch, deep = 0.9 * width / 15, 0.45 * depth / 5
    keys = [
        cap(x * pitch, y * deep, w * pitch, deep, 0.003).moved(-0.45 * width, -0.02 * depth, thickness - 0.001)
        for y in range(5)
        for x, w in row(y)
    ]
    pad = block(0.32 * width, 0.26 * depth, 0.0016, 0.004).moved(0, -0.3 * depth, thickness - 0.001)
    lid = block(width, depth, 0.45 * thickness, 0.01, 0.06 * thickness)
    frame = block(width - 0.016, depth - 0.02, 0.0014, 0.004).moved(0, 0.002, 0.45 * thickness - 0.0008)
    hinge = bar(
        (-0.42 * width, depth / 2 - 0.3 * thickness, thickness),
        (0.42 * width, depth / 2 - 0.3 * thickness, thickness),
        0.55 * thickness,
    )
    screen = [
        part.moved(y=depth / 2).turned("x", 180 - open).moved(0, depth / 2 - 0.3 * thickness, thickness)
        for part in (lid.turned("z", 180), frame.turned("z", 180))
    ]
    return stood(base, *keys, pad, *screen, hinge, color=SILVER)


@SHAPES("monitor")
def monitor(width: float = 0.56, height: float = 0.34, thickness: float = 0.022, stand: float = 0.13) -> Mesh:
    """A computer screen on its foot, facing -y; `stand` is how far it is raised (m)."""
    panel = (
        block(width, height, thickness, 0.008, 0.12 * thickness)
        .turned("x", 90)
        .moved(y=thickness / 2, z=height / 2 + stand)
    )
    rim = [block(width - 0.012, 0.006, 0.002).moved(0, s * (height / 2 - 0.008)) for s in (-1, 1)]
    rim += [block(0.006, height - 0.026, 0.0019).moved(s * (width / 2 - 0.008)) for s in (-1, 1)]
    edge = [r.turned("x", 90).moved(y=0.0005 - thickness / 2, z=height / 2 + stand) for r in rim]
    neck = bar((0, 0.03, 0.008), (0, 0.012, stand + 0.4 * height), 0.05, 0.018)
    return stood(panel, *edge, neck, block(0.42 * width, 0.34 * width, 0.011, 0.02, 0.002).moved(y=0.02), color=BLACK)


@SHAPES("mouse")
def mouse(width: float = 0.062, length: float = 0.11, height: float = 0.036) -> Mesh:
    """A computer mouse with a wheel, its front towards +y (m)."""
    u, v = np.linspace(0, np.pi / 2, 18)[:, None], 2 * np.pi * np.arange(48) / 48
    c, s = np.cos(v), np.sin(v)
    x, y = np.sign(c) * np.abs(c) ** 0.75 * width / 2, np.sign(s) * np.abs(s) ** 0.75 * length / 2
    rise = np.sin(u) ** 0.85
    hump = 1 - 0.24 * (np.cos(u) * s + 0.25) ** 2
    top = np.stack([x * np.cos(u) ** 0.62, y * np.cos(u) ** 0.62, 0.006 + (height - 0.006) * rise * hump], -1)
    top[-1] = top[-1].mean(0)
    low = np.stack([0.93 * x, 0.95 * y, 0 * x], -1)
    wheel = lathe(
        filleted([(0, -0.003), (0.011, -0.003, 0.002), (0.011, 0.003, 0.002), (0, 0.003)], closed=False), 28
    ).turned("y", 90)
    return stood(skin(np.concatenate([low[None], top])), wheel.moved(0, 0.28 * length, 0.7 * height), color=BLACK)


@SHAPES("headphones")
def headphones(width: float = 0.16, height: float = 0.185, cup: float = 0.04, band: float = 0.026) -> Mesh:
    """Headphones standing on their ear cups; `cup` is a cup's radius, `band` the width of the band (m)."""
    r = width / 2
    demand(
        height > r + 1.1 * cup and width > 0.075,
        "headphones must be wider than 0.075, and higher than half their width and their cups",
    )
    turn = np.linspace(0, np.pi, 32)
    top = np.column_stack([r * np.cos(turn), 0 * turn, height - r + r * np.sin(turn)])
    line = np.vstack([[(r, 0, cup)], top, [(-r, 0, cup)]])
    strap = sweep(line, rectangle(0.006, band, 0.002, 2), up=(1, 0, 0))
    shell = [
        (0, -0.006),
        (0.8 * cup, -0.006, 0.006),
        (cup, 0.006, 0.006),
        (cup, 0.014, 0.002),
        (0.93 * cup, 0.016),
        (0.95 * cup, 0.032, 0.008),
        (0.6 * cup, 0.034, 0.006),
        (0.5 * cup, 0.026),
        (0, 0.026),
    ]
    ear = lathe(filleted(shell, closed=False), 40).scaled(1.1, 1, 1).turned("y", -90).moved(r, 0, 1.1 * cup)
    return stood(strap, ear, ear.turned("z", 180), color=BLACK)
