"""What lies on a desk: books, pencils, pens, scissors."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import block, extrude, lathe, skin, sweep
from generator.assets.shapes.outline import demand, filleted, flowing, rectangle
from generator.assets.shapes.tools import turned

BLACK, SILVER = (0.03, 0.03, 0.035), (0.5, 0.5, 0.52)


@SHAPES("book")
def book(width: float = 0.155, height: float = 0.22, thickness: float = 0.032, cover: float = 0.0025) -> Mesh:
    """A closed hardback lying flat, its spine to the left.

    width, height  of its cover (m), along x and y
    thickness      of the whole
    cover          thickness of its boards
    """
    return stood(*bound(width, height, thickness, cover), color=(0.25, 0.05, 0.06))


def bound(width: float, height: float, thickness: float, cover: float) -> list[Body]:
    """The case and the pages of a book."""
    demand(thickness > 3 * cover and min(width, height) > 0.03, "a book must be thicker than 3 of its boards")
    t, x = thickness, width / 2
    bow = 0.16 * t
    spine = np.linspace(1, -1, 9)
    outer = [(-x - bow * (1 - s * s), t / 2 + s * t / 2) for s in spine]
    inner = [(cover - x - bow * (1 - s * s), t / 2 + s * (t / 2 - cover)) for s in spine[::-1]]
    shell = np.array([*outer, (x, 0), (x, cover), *inner, (x, t - cover), (x, t)])
    case = extrude(shell, height, bevel=0.15 * cover).turned("x", 90).moved(y=height / 2)
    low, high = 0.7 * cover, t - 0.7 * cover
    back = [(0.6 * cover - x - 0.9 * bow * (1 - u * u), t / 2 + u * (t / 2 - 0.7 * cover)) for u in spine]
    front = [(0.96 * x - 0.5 * bow * (1 - u * u), t / 2 - u * (t / 2 - 0.7 * cover)) for u in spine[1:-1]]
    pages = extrude(np.array([*back, (0.96 * x, low), *front, (0.96 * x, high)]), 0.95 * height)
    return [case, pages.turned("x", 90).moved(y=0.475 * height)]


@SHAPES("book_open")
def book_open(width: float = 0.15, height: float = 0.22, thickness: float = 0.024, cover: float = 0.0025) -> Mesh:
    """An open book lying on its back; `width` is that of a page, the rest as in a book."""
    x, t = width, thickness
    top = flowing([(0, 0.45 * t), (0.1 * x, 0.85 * t), (0.3 * x, t), (0.7 * x, 0.86 * t), (0.97 * x, 0.62 * t)], 18)
    half = np.vstack([[(0.93 * x, 0.6 * cover)], top[::-1]])
    block_ = np.vstack([half, (half * (-1, 1))[::-1][1:]])
    pages = extrude(block_, 0.96 * height).turned("x", 90).moved(y=0.48 * height)
    return stood(block(2.06 * x, height, cover, 0.002, 0.15 * cover), pages, color=(0.8, 0.77, 0.68))


@SHAPES("book_stack")
def book_stack(
    width: float = 0.155, height: float = 0.22, thickness: float = 0.03, cover: float = 0.0025, books: float = 4
) -> Mesh:
    """A pile of closed books, askew; `books` is how many, the rest as in a book."""
    found, z = [], 0.0
    for k in range(max(2, round(books))):
        size, thick = 1 - 0.08 * (k % 3) - 0.02 * k, thickness * (1 - 0.3 * (k % 2))
        turn, x, y = 180 * (k % 2) + 17 * np.sin(2.4 * k), 0.006 * np.sin(5 * k), 0.006 * np.cos(3 * k)
        found += [part.turned("z", turn).moved(x, y, z) for part in bound(width * size, height * size, thick, cover)]
        z += thick + 0.0003
    return stood(*found, color=(0.05, 0.12, 0.25))


@SHAPES("pencil")
def pencil(length: float = 0.175, radius: float = 0.0038, point: float = 0.02, eraser: float = 0.018) -> Mesh:
    """A hexagonal pencil with an eraser, its point to the right.

    length  from end to end (m)
    radius  to its edges
    point   length of the sharpened part
    eraser  length of ferrule and eraser
    """
    demand(length > 2 * (point + eraser), "a pencil's point and eraser are too long for it")
    angle = 2 * np.pi * np.arange(36) / 36
    hexagon = radius * np.cos(np.pi / 6) / np.cos((angle + np.pi / 6) % (np.pi / 3) - np.pi / 6)
    rings = []
    for x, share in [
        (eraser - 0.002, 1.0),
        (0.5 * length, 1.0),
        (length - point, 1.0),
        (length - 0.97 * point, 0.93),
        (length - 0.2 * point, 0.24),
        (length, 0.03),
    ]:
        r = np.minimum(hexagon, share * radius) if share < 1 else hexagon
        rings.append(np.column_stack([np.full(36, x), r * np.cos(angle), r * np.sin(angle)]))
    r = 0.98 * radius
    ring = [
        (x * eraser, r * y, 0.0004)
        for x, y in (
            (0.45, 1.03),
            (0.55, 1.03),
            (0.58, 0.95),
            (0.66, 0.95),
            (0.69, 1.03),
            (0.8, 1.03),
            (0.83, 0.95),
            (0.91, 0.95),
            (0.94, 1.03),
            (1.0, 1.03),
        )
    ]
    return stood(
        skin(np.array(rings)),
        turned(*ring),
        turned((0.0, 0.9 * r, 0.0015), (0.5 * eraser, 0.93 * r)),
        color=(0.75, 0.45, 0.02),
    )


@SHAPES("pen")
def pen(length: float = 0.142, radius: float = 0.0052, point: float = 0.022, clip: float = 0.04) -> Mesh:
    """A ball pen with a push button, its point to the right; `clip` is the clip's length, the rest as in a pencil."""
    n, r = length, radius
    demand(length > 2 * point + clip, "a pen's point and clip are too long for it")
    body = turned(
        (0.0, 0.45 * r, 0.001),
        (0.012, 0.5 * r),
        (0.0125, 0.85 * r, 0.002),
        (0.03, r),
        (0.55 * n, r),
        (0.555 * n, 1.08 * r, 0.0005),
        (0.575 * n, 1.08 * r, 0.0005),
        (0.58 * n, r),
        (n - point, r, 0.02),
        (n - 0.2 * point, 0.3 * r),
        (n - 0.19 * point, 0.16 * r),
        (n, 0.1 * r),
    )
    line = filleted(
        [(0.018, 0.5 * r), (0.018, 1.55 * r, 0.002), (0.018 + 0.8 * clip, 1.5 * r, 0.01), (0.018 + clip, 1.15 * r)],
        closed=False,
    )
    path = np.column_stack([line[:, 0], np.zeros(len(line)), line[:, 1]])
    return stood(body, sweep(path, rectangle(0.0011, 0.55 * r, 0.0003, 2)), color=(0.03, 0.08, 0.35))


@SHAPES("scissors")
def scissors(length: float = 0.19, open: float = 24, width: float = 0.017, thickness: float = 0.0035) -> Mesh:
    """Scissors, their blades to the right.

    length     from the grips to the tips (m)
    open       angle between the blades in degrees
    width      of a blade at the joint
    thickness  of a blade
    """
    demand(
        0 <= open <= 120 and length > 5 * width,
        "scissors open by 0 to 120 degrees, and are longer than 5 of their width",
    )
    lower, upper = shear(length, width, thickness), shear(length, width, thickness)
    upper = [part.mirrored("y").moved(z=1.02 * thickness) for part in upper]
    half = max(open, 14) / 2
    rivet = lathe(
        filleted(
            [(0, -0.0006), (0.28 * width, -0.0006), (0.28 * width, 2.4 * thickness, 0.0008), (0, 2.4 * thickness)],
            closed=False,
        ),
        20,
    )
    return stood(
        *(b.turned("z", half - 9) for b in lower),
        *(b.turned("z", 9 - half) for b in upper),
        rivet,
        color=(0.5, 0.05, 0.03),
    )


def shear(length: float, width: float, thickness: float) -> list[Body]:
    """One half, turning about the origin: a blade to +x, a shank to -x and a ring for the fingers below it."""
    n, w = length, width
    edge = [
        (-0.125 * n, -1.7 * w),
        (-0.108 * n, -2.3 * w),
        (-0.02 * n, -0.62 * w, 0.02),
        (0.06 * n, -0.45 * w, 0.03),
        (0.55 * n, 0.42 * w),
        (0.05 * n, 0.52 * w, 0.02),
        (-0.02 * n, 0.4 * w, 0.02),
    ]
    blade = extrude(filleted(edge), thickness, bevel=0.15 * thickness)
    turn = 2 * np.pi * np.arange(44) / 44
    ring = np.column_stack(
        [
            -0.275 * n + 0.17 * n * np.cos(turn),
            -1.9 * w + 1.25 * w * np.sin(turn) - 0.35 * w * np.cos(turn),
            np.full(44, thickness / 2),
        ]
    )
    return [
        blade,
        sweep(ring, 1.0, np.array([[1.0, 0.24 * w]]).repeat(44, 0) * (1.3 * thickness, 1), closed=True, sides=14),
    ]
