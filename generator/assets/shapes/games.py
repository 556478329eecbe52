"""Dice, skittles and chess men."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import block, extrude, lathe
from generator.assets.shapes.outline import demand, filleted, flowing
from generator.base.geometry import Array

IVORY = (0.7, 0.66, 0.55)


@SHAPES("dice")
def dice(size: float = 0.016, corner: float = 0.16, pip: float = 0.085) -> Mesh:
    """A die with raised pips, six above.

    size    of its sides (m)
    corner  how far its edges are rounded, as a share of the size
    pip     radius of a pip, as a share of the size
    """
    demand(0 < corner < 0.4 and 0 < pip < 0.11, "a die's corner must be below 0.4 and its pips below 0.11 of its size")
    body = block(size, size, size, corner * size, 0.8 * corner * size, 4).moved(z=-size / 2)
    dot = lathe(
        filleted([(0, -0.05), (0.95, -0.05), (0.95, 0.02), (0.6, 0.2), (0, 0.28)], closed=False) * (pip * size), 14
    ).moved(z=size / 2)
    d = 0.24 * size
    spots: dict[int, list[tuple[float, float]]] = {}
    spots |= {
        1: [(0, 0)],
        2: [(-d, d), (d, -d)],
        3: [(-d, d), (0, 0), (d, -d)],
        4: [(-d, -d), (-d, d), (d, -d), (d, d)],
    }
    spots |= {5: [*spots[4], (0, 0)], 6: [*spots[4], (-d, 0), (d, 0)]}
    turns = {6: ("x", 0), 1: ("x", 180), 2: ("x", 90), 5: ("x", -90), 3: ("y", 90), 4: ("y", -90)}
    return stood(body, *(dot.moved(x, y).turned(*turns[n]) for n in sorted(turns) for x, y in spots[n]), color=IVORY)


@SHAPES("skittle")
def skittle(radius: float = 0.06, height: float = 0.38, neck: float = 0.4) -> Mesh:
    """A bowling pin; `neck` is its narrowest radius as a share of the widest (m)."""
    knots = [
        (0.45, 0.0),
        (0.5, 0.02),
        (1.0, 0.3),
        (0.72, 0.52),
        (neck, 0.68),
        (0.52, 0.84),
        (0.46, 0.94),
        (0.22, 0.99),
        (0.0, 1.0),
    ]
    return stood(lathe(np.vstack([[(0, 0)], flowing(np.array(knots) * (radius, height), 48)])), color=IVORY)


@SHAPES("chess_pawn")
def chess_pawn(radius: float = 0.014, height: float = 0.045) -> Mesh:
    """A pawn; `radius` is that of its foot (m)."""
    turn = np.linspace(-1.05, np.pi / 2, 12)
    head = np.column_stack([0.52 * np.cos(turn), 0.82 + 0.18 * np.sin(turn)])
    head[-1] = (0, 1)
    return stood(chess_man([(0.42, 0.58), (0.72, 0.6), (0.72, 0.64), (0.3, 0.665)], head, radius, height), color=IVORY)


@SHAPES("chess_bishop")
def chess_bishop(radius: float = 0.017, height: float = 0.07) -> Mesh:
    """A bishop; sizes as in a pawn."""
    head = flowing([(0.3, 0.7), (0.46, 0.78), (0.3, 0.89), (0.08, 0.94)], 16)
    tip = np.column_stack([0.13 * np.cos(t := np.linspace(-0.9, np.pi / 2, 8)), 0.97 + 0.03 * np.sin(t)])
    tip[-1] = (0, 1)
    return stood(
        chess_man([(0.3, 0.6), (0.62, 0.62), (0.62, 0.65), (0.34, 0.67)], np.vstack([head, tip]), radius, height),
        color=(0.05, 0.04, 0.03),
    )


@SHAPES("chess_rook")
def chess_rook(radius: float = 0.016, height: float = 0.05) -> Mesh:
    """A rook with its battlements; sizes as in a pawn."""
    r, h = radius, height
    head = np.array([(0.62, 0.78), (0.68, 0.8), (0.68, 0.88), (0, 0.88)])
    body = chess_man([(0.46, 0.7), (0.6, 0.74)], head, r, h)
    arc, back = np.linspace(-0.38, 0.38, 6), np.linspace(0.36, -0.36, 6)
    tooth = np.vstack(
        [
            0.66 * r * np.column_stack([np.cos(arc), np.sin(arc)]),
            0.46 * r * np.column_stack([np.cos(back), np.sin(back)]),
        ]
    )
    return stood(body, *(extrude(tooth, 0.17 * h).moved(z=0.83 * h).turned("z", 60 * k) for k in range(6)), color=IVORY)


def chess_man(collar: list[tuple[float, float]], head: Array, radius: float, height: float) -> Body:
    """Foot and body below a collar and a head, in shares of radius and height."""
    demand(height > 1.5 * radius, "a chess man must be higher than 1.5 of its foot's radius")
    foot = filleted(
        [(0, 0), (0.96, 0, 0.02), (1.0, 0.07, 0.05), (0.86, 0.11, 0.02), (0.8, 0.15, 0.02)], closed=False, steps=3
    )
    side = flowing([(0.78, 0.155), (0.52, 0.27), (0.36, 0.45), collar[0]], 14)
    return lathe(np.vstack([foot, side, collar[1:], head]) * (radius, height), 40)
