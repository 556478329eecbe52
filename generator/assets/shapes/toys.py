"""Balls, toy cars and bricks."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import block, extrude, globe, lathe
from generator.assets.shapes.outline import circle, filleted
from generator.base.geometry import Array

PANES = (
    [(-0.34, 0.6), (-0.1, 0.6), (-0.1, 0.92), (-0.25, 0.92)],
    [(-0.07, 0.6), (0.17, 0.6), (0.07, 0.92), (-0.07, 0.92)],
)


@SHAPES("ball")
def ball(radius: float = 0.11, seam: float = 0.025) -> Mesh:
    """A football of pentagons and hexagons; `seam` is the depth of its seams, as a share of its radius (m)."""
    points, faces = globe(4)
    twelve, twenty = centres()
    near = np.hstack([points @ twelve.T + 0.012, points @ twenty.T - 0.016])  # a pentagon is the smaller of the two
    first, second = -np.sort(-near, axis=1)[:, :2].T
    depth = seam * np.exp(-(((first - second) / 0.045) ** 2))
    return stood(Body(radius * points * (1 - depth)[:, None], faces), color=(0.75, 0.75, 0.75))


def centres() -> tuple[Array, Array]:
    """Directions (12, 3) of the corners of an icosahedron and (20, 3) of its faces' middles."""
    from trimesh.creation import icosahedron

    made = icosahedron()
    middles = np.asarray(made.triangles.mean(1))
    corners = np.asarray(made.vertices)
    return corners / np.linalg.norm(corners, axis=1)[:, None], middles / np.linalg.norm(middles, axis=1)[:, None]


@SHAPES("ball_basket")
def ball_basket(radius: float = 0.12, seam: float = 0.02) -> Mesh:
    """A basketball; sizes as in a ball."""
    points, faces = globe(4)
    x, _, z = points.T
    lines = np.stack([x, z, np.abs(x) - 0.52 - 0.28 * z**2])
    depth = seam * np.exp(-((lines / 0.03) ** 2)).max(0)
    return stood(
        Body(radius * points * (1 - depth)[:, None], faces).turned("x", 25).turned("z", 30), color=(0.55, 0.2, 0.05)
    )


@SHAPES("ball_rugby")
def ball_rugby(radius: float = 0.095, length: float = 0.28, seam: float = 0.035) -> Mesh:
    """A rugby ball lying on its side; `length` is from tip to tip, the rest as in a ball (m)."""
    along = np.linspace(0, np.pi, 41)
    line = np.column_stack([radius * np.sin(along) ** 1.12, -length / 2 * np.cos(along)])
    line[[0, -1], 0] = 0.0
    body = lathe(line, 64)
    x, y, z = body.vertices.T
    angle = np.abs((np.arctan2(y, x) + np.pi / 4) % (np.pi / 2) - np.pi / 4)
    depth = 1 - seam * np.exp(-((angle / 0.075) ** 2))
    return stood(
        Body(np.column_stack([x * depth, y * depth, z]), body.faces).turned("z", 35).turned("y", 90),
        color=(0.45, 0.3, 0.15),
    )


@SHAPES("ball_tennis")
def ball_tennis(radius: float = 0.033, seam: float = 0.03) -> Mesh:
    """A tennis ball with its winding seam; sizes as in a ball."""
    points, faces = globe(4)
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    curve = np.column_stack(
        [
            0.76 * np.cos(t) + 0.24 * np.cos(3 * t),
            0.76 * np.sin(t) - 0.24 * np.sin(3 * t),
            2 * np.sqrt(0.76 * 0.24) * np.cos(2 * t),
        ]
    )
    away = np.arccos(np.clip(points @ curve.T, -1, 1)).min(1)
    return stood(
        Body(radius * points * (1 - seam * np.exp(-((away / 0.055) ** 2)))[:, None], faces), color=(0.6, 0.75, 0.08)
    )


@SHAPES("car")
def car(length: float = 0.075, width: float = 0.034, height: float = 0.026, wheel: float = 0.0075) -> Mesh:
    """A toy car, its front to the right; `wheel` is a wheel's radius (m)."""
    n, h, low = length, height, 0.45 * wheel
    side = [(-0.5, 0.0, 0.004), (0.5, 0.0, 0.003), (0.5, 0.42, 0.005), (0.2, 0.53, 0.01), (-0.5, 0.55, 0.004)]
    top = [(-0.42, 0.5, 0.004), (0.26, 0.48, 0.004), (0.1, 1.0, 0.01), (-0.28, 1.0, 0.012)]
    return stood(
        *motor(side, top, n, width, h, low), *wheels([0.3 * n, -0.3 * n], wheel, width), color=(0.5, 0.02, 0.02)
    )


@SHAPES("car_bus")
def car_bus(length: float = 0.11, width: float = 0.032, height: float = 0.042, wheel: float = 0.008) -> Mesh:
    """A toy bus with rows of windows; sizes as in a car."""
    n, h, low = length, height, 0.5 * wheel
    side = [(-0.5, 0.0, 0.003), (0.5, 0.0, 0.003), (0.5, 0.5, 0.02), (0.48, 1.0, 0.006), (-0.5, 1.0, 0.006)]
    body = upright(side, n, h - low, width, 0.03 * width).moved(z=low)
    panes = [
        block(0.105 * n, width + 0.0012, 0.3 * h, 0.0015, 0.0004).moved(
            (-0.42 + 0.14 * k) * n, 0, low + 0.5 * (h - low)
        )
        for k in range(7)
    ]
    front = block(0.012, 0.8 * width, 0.38 * h, 0.001, 0.0008).moved(0.5 * n - 0.0058, 0, low + 0.42 * (h - low))
    return stood(body, *panes, front, *wheels([0.31 * n, -0.3 * n], wheel, width), color=(0.6, 0.35, 0.02))


@SHAPES("car_truck")
def car_truck(length: float = 0.1, width: float = 0.034, height: float = 0.04, wheel: float = 0.008) -> Mesh:
    """A toy lorry with an open load bed; sizes as in a car."""
    n, h, low = length, height, 0.7 * wheel
    cab = [(0.18, 0.0, 0.002), (0.5, 0.0, 0.003), (0.5, 0.48, 0.005), (0.43, 0.95, 0.006), (0.18, 1.0, 0.003)]
    floor = block(0.98 * n, 0.8 * width, 0.16 * h, 0.002, 0.0008).moved(z=low + 0.0006)
    rail, deep = 0.0022, 0.34 * h
    base = low + 0.14 * h
    long = [block(0.66 * n, rail, deep, bevel=0.0004).moved(-0.17 * n, s * (width - rail) / 2, base) for s in (-1, 1)]
    short = [block(rail, width - rail, 0.97 * deep, bevel=0.0004).moved(x * n, 0, base) for x in (-0.488, 0.148)]
    bed = block(0.65 * n, width - 1.5 * rail, 0.004).moved(-0.17 * n, 0, base + 0.0003)
    panes = block(0.12 * n, width + 0.001, 0.24 * h, 0.0012, 0.0003).moved(0.31 * n, 0, low + 0.52 * (h - low))
    return stood(
        floor,
        upright(cab, n, h - low, width, 0.03 * width).moved(z=low),
        *long,
        *short,
        bed,
        panes,
        *wheels([0.33 * n, -0.18 * n, -0.37 * n], wheel, width),
        color=(0.05, 0.25, 0.1),
    )


Points = list[tuple[float, float, float]]


def upright(side: Points, length: float, height: float, width: float, bevel: float) -> Body:
    """A side view, in shares of length and height, as thick as `width`."""
    line = filleted([(x * length, z * height, r) for x, z, r in side], steps=4)
    return extrude(line, width, bevel=bevel).turned("x", 90).moved(y=width / 2)


def motor(side: Points, top: Points, n: float, width: float, h: float, low: float) -> list[Body]:
    """Chassis, cabin, windows, lamps and bumpers of a car."""
    body, cabin = (
        upright(side, n, h - low, width, 0.03 * width).moved(z=low),
        upright(top, n, h - low, 0.84 * width, 0.03 * width).moved(z=low),
    )
    outlines = [[(x, z, 0.001) for x, z in outline] for outline in PANES]
    panes = [upright(outline, n, h - low, 0.84 * width + 0.0008, 0.0003).moved(z=low) for outline in outlines]
    lamp = lathe(
        filleted([(0, -0.002), (0.0032, -0.002), (0.0032, 0.0008, 0.0008), (0, 0.0012)], closed=False), 16
    ).turned("y", 90)
    lamps = [lamp.moved(0.495 * n, s * 0.32 * width, low + 0.3 * (h - low)) for s in (-1, 1)]
    bumpers = [
        block(0.004, 0.96 * width, 0.1 * h, 0.001, 0.0006).moved(s * 0.5 * n, 0, low + 0.05 * h) for s in (-1, 1)
    ]
    return [body, cabin, *panes, *lamps, *bumpers]


def wheels(axles: list[float], radius: float, width: float) -> list[Body]:
    """Two wheels on each axle."""
    r, t = radius, 0.2 * width
    line = [(0, 0), (0.5 * r, 0), (0.55 * r, 0.12 * t), (0.62 * r, 0), (r, 0, 0.1 * r), (r, t, 0.1 * r), (0, t)]
    wheel = lathe(filleted(line, closed=False, steps=3), 32).turned("x", 90).moved(0, 0, r)
    sides = [wheel.moved(y=-0.41 * width), wheel.turned("z", 180).moved(y=0.41 * width)]
    return [one.moved(float(x)) for x in axles for one in sides]


@SHAPES("brick")
def brick(length: float = 0.215, width: float = 0.1025, height: float = 0.065, holes: float = 3) -> Mesh:
    """A building brick with holes from above to below; `holes` is how many (m)."""
    count = max(1, round(holes))
    x = length * ((np.arange(count) + 0.5) / count - 0.5) * 0.86
    hole = circle(min(0.24 * width, 0.34 * length / count), 32)
    return stood(
        extrude(
            filleted(
                [(sx * length / 2, sy * width / 2, 0.003) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))], steps=2
            ),
            height,
            [hole + np.array([c, 0]) for c in x],
            bevel=0.002,
        ),
        color=(0.4, 0.12, 0.06),
    )


@SHAPES("brick_toy")
def brick_toy(length: float = 0.0318, width: float = 0.0158, height: float = 0.0096, studs: float = 4) -> Mesh:
    """A toy building brick with two rows of studs; `studs` is how many in a row (m)."""
    count, pitch = max(1, round(studs)), length / max(1, round(studs))
    r = 0.3 * min(pitch, width / 2)
    stud = lathe(
        filleted([(0, -0.3 * r), (r, -0.3 * r), (r, 0.72 * r, 0.06 * r), (0, 0.72 * r)], closed=False, steps=2), 28
    )
    knobs = [stud.moved((k + 0.5) * pitch - length / 2, s * width / 4, height) for k in range(count) for s in (-1, 1)]
    return stood(block(length, width, height, 0.0004, 0.02 * height), *knobs, color=(0.6, 0.02, 0.02))
