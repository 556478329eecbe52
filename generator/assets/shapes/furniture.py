"""Chairs, stools, tables, shelves, sofas, ladders. Their front faces -y."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, around, stood
from generator.assets.shapes.forming import bar, block, lathe, sweep
from generator.assets.shapes.outline import demand, filleted, flowing
from generator.base.geometry import Array

WOOD, DARK, CLOTH = (0.4, 0.24, 0.12), (0.08, 0.08, 0.09), (0.2, 0.25, 0.35)


def corners(x: float, y: float) -> list[tuple[float, float]]:
    """Of a rectangle about the origin."""
    return [(sx * x, sy * y) for sx in (-1, 1) for sy in (-1, 1)]


def legs(x: float, y: float, height: float, width: float, splay: float = 0.0) -> list[Body]:
    """Four square legs below (+-x, +-y, height), which spread by the share `splay` towards the ground."""
    wide = 1 + splay
    return [bar((px, py, height), (px * wide, py * wide, 0), width, width, 0.75) for px, py in corners(x, y)]


@SHAPES("chair")
def chair(
    width: float = 0.42,
    depth: float = 0.42,
    seat: float = 0.45,
    height: float = 0.88,
    leg: float = 0.036,
    slats: float = 3,
) -> Mesh:
    """A wooden chair with a slatted back.

    width, depth  of the seat (m)
    seat          height of the seat
    height        of the back's top
    leg           thickness of the legs
    slats         how many slats the back has
    """
    return stood(*wooden_chair(width, depth, seat, height, leg, slats), color=WOOD)


@SHAPES("chair_arms")
def chair_arms(
    width: float = 0.5,
    depth: float = 0.46,
    seat: float = 0.44,
    height: float = 0.9,
    leg: float = 0.04,
    slats: float = 4,
) -> Mesh:
    """A wooden chair with arm rests; sizes as in a chair."""
    x, front, back, top = width / 2 - 0.4 * leg, -depth / 2 + leg, depth / 2 - 0.2 * leg, seat + 0.45 * (height - seat)
    arms = [bar((s * x, front - 0.02, top), (s * x, back + 0.03, top + 0.005), 1.5 * leg, 0.6 * leg) for s in (-1, 1)]
    posts = [bar((s * x, front, seat - 0.01), (s * x, front, top), 0.8 * leg, 0.8 * leg) for s in (-1, 1)]
    return stood(*wooden_chair(width, depth, seat, height, leg, slats), *arms, *posts, color=WOOD)


def wooden_chair(width: float, depth: float, seat: float, height: float, leg: float, slats: float) -> list[Body]:
    demand(
        height > seat + 0.1 and seat > 3 * leg and 2.5 * leg < min(width, depth), "a chair's sizes do not fit together"
    )
    x, y, rise, lean = width / 2 - 0.7 * leg, depth / 2 - 0.7 * leg, height - seat, 0.16 * (height - seat)
    plate = block(width, depth, 0.8 * leg, 0.04, 0.1 * leg).moved(z=seat - 0.8 * leg)
    posts = [bar((s * x, y, seat - 0.5 * leg), (s * x, y + lean, height), leg, 0.8 * leg, 0.8) for s in (-1, 1)]
    count = max(1, round(slats))
    shares = np.linspace(0.35, 0.92, count) if count > 1 else np.array([0.85])
    rails = [
        bar(
            (-x, y + lean * s, seat + rise * s),
            (x, y + lean * s, seat + rise * s),
            0.4 * leg,
            0.35 * rise / (count + 1) + 0.02,
        )
        for s in shares
    ]
    rungs = [bar((s * x, -y, 0.4 * seat), (s * x, y, 0.4 * seat), 0.5 * leg, 0.5 * leg) for s in (-1, 1)]
    return [plate, *legs(x, y, seat - 0.4 * leg, leg, 0.06), *posts, *rails, *rungs]


@SHAPES("chair_office")
def chair_office(width: float = 0.48, depth: float = 0.46, seat: float = 0.47, height: float = 0.98) -> Mesh:
    """An office chair on five castors; sizes as in a chair."""
    demand(height > seat + 0.2 and seat > 0.25, "a chair's sizes do not fit together")
    cushion = block(width, depth, 0.07, 0.12, 0.025, 3).moved(z=seat - 0.07)
    tall = height - seat - 0.1
    back = (
        block(0.9 * width, tall, 0.055, min(0.1, 0.35 * tall), 0.02, 3)
        .turned("x", 82)
        .moved(y=0.56 * depth, z=height - tall / 2)
    )
    arm = sweep(
        filleted_3d([(0, 0.1, seat - 0.085), (0, 0.53 * depth, seat - 0.085), (0, 0.56 * depth, seat + 0.3)]), 0.018
    )
    spokes = around(bar((0.02, 0, 0.1), (0.3, 0, 0.065), 0.04, 0.03, 0.7), 5, 18)
    wheel = lathe(
        filleted([(0, -0.02), (0.027, -0.02, 0.008), (0.027, 0.02, 0.008), (0, 0.02)], closed=False), 24
    ).turned("x", 90)
    column = lathe(
        filleted(
            [(0, 0.07), (0.035, 0.07, 0.004), (0.035, 0.13), (0.022, 0.14), (0.022, seat - 0.05), (0, seat - 0.05)],
            closed=False,
        ),
        24,
    )
    return stood(cushion, back, arm, *spokes, *around(wheel.moved(0.3, 0, 0.027), 5, 18), column, color=DARK)


def filleted_3d(points: list[tuple[float, float, float]], radius: float = 0.08) -> Array:
    """A line in the plane x = constant, its corners rounded."""
    flat = filleted([(y, z, radius) for _, y, z in points], closed=False, steps=6)
    return np.column_stack([np.full(len(flat), points[0][0]), flat])


@SHAPES("stool")
def stool(radius: float = 0.16, height: float = 0.46, leg: float = 0.034, splay: float = 0.35) -> Mesh:
    """A stool with a round seat and four round legs.

    radius  of the seat (m)
    height  of the seat
    leg     thickness of the legs
    splay   how far the legs spread towards the ground
    """
    seat = lathe(
        filleted(
            [(0, 0), (0.9 * radius, 0, 0.01), (radius, 0.03, 0.02), (radius - 0.003, 0.036, 0.01), (0, 0.032)],
            closed=False,
        )
    )
    x, low = 0.6 * radius, 0.38
    wide = x * (1 + splay * (1 - low))
    rungs = [
        bar((-wide, 0, low * height), (wide, 0, low * height), 0.55 * leg),
        bar((0, -wide, (low - 0.06) * height), (0, wide, (low - 0.06) * height), 0.55 * leg),
    ]
    stand = around(bar((x, 0, height - 0.02), (x * (1 + splay), 0, 0), leg, taper=0.7), 4)
    return stood(seat.moved(z=height - 0.036), *stand, *rungs, color=WOOD)


@SHAPES("stool_bar")
def stool_bar(radius: float = 0.18, height: float = 0.76, leg: float = 0.05, foot: float = 1.15) -> Mesh:
    """A bar stool: a padded seat on a column with a ring for the feet; `foot` is the foot's share of `radius`."""
    r, h = radius, height
    seat = lathe(
        filleted([(0, 0), (0.97 * r, 0, 0.01), (r, 0.04, 0.03), (0.9 * r, 0.08, 0.03), (0, 0.075)], closed=False)
    )
    base = flowing([(foot * r, 0.006), (0.6 * foot * r, 0.02), (0.7 * leg, 0.045), (0.5 * leg, 0.07)], 10)
    column = lathe(np.vstack([[(0, 0), (foot * r, 0)], base, [(0.5 * leg, h - 0.05), (0, h - 0.05)]]))
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    ring = sweep(
        np.column_stack([0.75 * r * np.cos(turn), 0.75 * r * np.sin(turn), np.full(48, 0.35 * h)]),
        0.011,
        closed=True,
        sides=10,
    )
    spokes = [
        bar((-0.75 * r, 0, 0.35 * h), (0.75 * r, 0, 0.35 * h), 0.016),
        bar((0, -0.75 * r, 0.349 * h), (0, 0.75 * r, 0.349 * h), 0.016),
    ]
    return stood(seat.moved(z=h - 0.08), column, ring, *spokes, color=DARK)


@SHAPES("table")
def table(width: float = 1.4, depth: float = 0.8, height: float = 0.74, top: float = 0.03, leg: float = 0.06) -> Mesh:
    """A table with four legs and an apron.

    width, depth  of its top (m)
    height        of its top
    top           thickness of its top
    leg           thickness of its legs
    """
    demand(height > top + 3 * leg and min(width, depth) > 4 * leg, "a table's sizes do not fit together")
    x, y, under = width / 2 - leg, depth / 2 - leg, height - top
    plate = block(width, depth, top, 0.015, 0.12 * top).moved(z=under)
    long = [block(2 * x, 0.4 * leg, 0.1).moved(y=s * y, z=under - 0.095) for s in (-1, 1)]
    short = [block(0.4 * leg, 2 * y, 0.094).moved(x=s * x, z=under - 0.09) for s in (-1, 1)]
    return stood(plate, *legs(x, y, under + 0.3 * top, leg), *long, *short, color=WOOD)


@SHAPES("table_round")
def table_round(width: float = 0.9, height: float = 0.74, top: float = 0.028, leg: float = 0.09) -> Mesh:
    """A round table on one leg; `width` is its diameter, `leg` the diameter of its leg (m)."""
    r, h, n = width / 2, height, leg / 2
    plate = lathe(filleted([(0, h - top), (r, h - top, 0.006), (r, h, 0.006), (0, h)], closed=False), 64)
    side = flowing(
        [
            (0.55 * r, 0.012),
            (0.35 * r, 0.035),
            (1.2 * n, 0.08),
            (0.8 * n, 0.3 * h),
            (n, 0.6 * h),
            (1.5 * n, h - top - 0.03),
        ],
        30,
    )
    column = lathe(np.vstack([[(0, 0), (0.55 * r, 0)], side, [(2.2 * n, h - 0.8 * top), (0, h - 0.8 * top)]]))
    return stood(plate, column, color=WOOD)


@SHAPES("shelf")
def shelf(width: float = 0.8, depth: float = 0.28, height: float = 1.8, boards: float = 5, board: float = 0.02) -> Mesh:
    """An open bookcase with a back.

    width, depth, height  of its outside (m)
    boards  how many shelves
    board   their thickness
    """
    count, inner = max(2, round(boards)), width - 1.2 * board
    demand(height > 2 * count * board and width > 4 * board < 4 * depth, "a shelf's boards take more room than it has")
    sides = [block(board, depth, height, bevel=0.08 * board).moved(x=s * (width - board) / 2) for s in (-1, 1)]
    levels = np.linspace(0.06, height - 1.1 * board, count)
    planks = [block(inner, 0.96 * depth, board, bevel=0.08 * board).moved(z=float(z)) for z in levels]
    back = block(inner, 0.3 * board, height - 0.08).moved(y=0.5 * depth - 0.25 * board - 0.002, z=0.065)
    return stood(*sides, *planks, back, color=WOOD)


@SHAPES("sofa")
def sofa(width: float = 1.9, depth: float = 0.85, height: float = 0.8, seat: float = 0.42, seats: float = 3) -> Mesh:
    """A sofa; `seat` is the height of its cushions, `seats` how many (m)."""
    demand(height > seat + 0.1 and seat > 0.25 and width > 0.8 and depth > 0.5, "a sofa's sizes do not fit together")
    count, arm = max(1, round(seats)), 0.18
    room = (width - 2 * arm) / count
    base = block(width - 0.04, depth - 0.03, seat - 0.22, 0.03, 0.01).moved(z=0.08)
    sides = [block(arm, depth, seat + 0.12, 0.05, 0.035, 3).moved(x=s * (width - arm) / 2, z=0.07) for s in (-1, 1)]
    back = block(width - 1.6 * arm, 0.2, height - 0.1, 0.06, 0.045, 3).moved(y=depth / 2 - 0.11, z=0.09)
    pads, pillows = [], []
    for k in range(count):
        x = -width / 2 + arm + (k + 0.5) * room
        pads.append(block(room - 0.008, depth - 0.22, 0.18, 0.05, 0.04, 3).moved(x, -0.095, seat - 0.17))
        pillows.append(
            block(room - 0.02, height - seat, 0.15, 0.06, 0.05, 3)
            .turned("x", 78)
            .moved(x, depth / 2 - 0.21, seat + 0.3 * (height - seat))
        )
    feet = [bar((x, y, 0.1), (x, y, 0), 0.05, taper=0.7) for x, y in corners(width / 2 - 0.1, depth / 2 - 0.1)]
    return stood(base, *sides, back, *pads, *pillows, *feet, color=CLOTH)


@SHAPES("ladder")
def ladder(width: float = 0.45, height: float = 1.8, rungs: float = 6, open: float = 22) -> Mesh:
    """A step ladder; `open` is the angle between its halves in degrees, `rungs` how many steps (m)."""
    count, lean = max(2, round(rungs)), np.tan(np.radians(open / 2))
    foot = height * lean
    rails = [
        bar((s * width / 2, y * foot, 0), (s * 0.38 * width, y * 0.02, height), 0.03, 0.06)
        for s in (-1, 1)
        for y in (-1, 1)
    ]
    steps = []
    for k in range(count):
        share = (k + 1) / (count + 0.6)
        half, y = width * (0.5 - 0.12 * share), -foot * (1 - share)
        steps.append(block(2 * half, 0.085, 0.028, bevel=0.004).moved(0, y, share * height))
    cross = [bar((-0.46 * width, 0.7 * foot, 0.3 * height), (0.46 * width, 0.7 * foot, 0.3 * height), 0.03)]
    lid = block(0.82 * width, 0.16, 0.03, 0.02, 0.005).moved(z=height - 0.01)
    return stood(*rails, *steps, *cross, lid, color=(0.6, 0.6, 0.62))
