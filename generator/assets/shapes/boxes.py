"""Cartons and barrels."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import block, lathe, skin
from generator.assets.shapes.keypoints import CORNERS, keypoints
from generator.assets.shapes.outline import demand, rectangle
from generator.assets.shapes.vessels import spun
from generator.base.geometry import Array

CARD = (0.45, 0.3, 0.16)


@SHAPES("carton")
@keypoints(**CORNERS)
def carton(width: float = 0.4, depth: float = 0.3, height: float = 0.25, wall: float = 0.004) -> Mesh:
    """A closed cardboard box with a tape over its lid.

    width, depth, height  of its outside (m), along x, y, z
    wall                  thickness of the cardboard
    """
    half = [
        block(width, depth / 2 - 0.0015, wall, bevel=0.2 * wall).moved(y=s * (depth / 4 + 0.0007), z=height - wall)
        for s in (-1, 1)
    ]
    body = block(0.994 * width, 0.994 * depth, height - 1.05 * wall, 0.006, 0.003)
    tape = [block(1.0 * width + 0.0012, 0.05, 0.0006).moved(z=height - 0.0002)]
    ends = [block(0.0008, 0.05, 0.3 * height).moved(x=s * (0.5 * width + 0.0001), z=0.7 * height) for s in (-1, 1)]
    labels = block(0.4 * width, 0.001, 0.35 * height).moved(0.2 * width, -0.497 * depth, 0.4 * height)
    ridges = [block(0.5 * width, 0.0012, 0.012).moved(-0.15 * width, -0.497 * depth, z * height) for z in (0.15, 0.24)]
    return stood(body, *half, *tape, *ends, labels, *ridges, color=CARD)


@SHAPES("carton_open")
def carton_open(
    width: float = 0.4, depth: float = 0.3, height: float = 0.25, wall: float = 0.004, flaps: float = 35
) -> Mesh:
    """An open, empty cardboard box; its flaps hang `flaps` degrees below the level, the rest as in a carton."""
    box = hollow(
        rectangle(width, depth, 0.004, 3), rectangle(width - 2 * wall, depth - 2 * wall, 0.002, 3), height, wall
    )
    found = []
    for size, across, turn in ((width, depth, 0), (depth, width, 90), (width, depth, 180), (depth, width, 270)):
        flap = block(size - 0.012, 0.45 * depth, wall, 0.004, 0.15 * wall).moved(y=-0.225 * depth, z=-wall / 2)
        flap = flap.turned("x", flaps * (1.0 if turn % 180 else 0.7))
        found.append(flap.moved(y=-across / 2 + 0.4 * wall, z=height - 0.45 * wall).turned("z", turn))
    return stood(box, *found, color=CARD)


def hollow(outer: Array, inner: Array, height: float, floor: float) -> Body:
    """A box with walls between two outlines of equally many points, open above."""
    demand(0 < floor < height, "a box's floor must be thinner than its height")
    levels = [(outer, 0.0), (outer, height), (inner, height), (inner, floor)]
    return skin([np.column_stack([line, np.full(len(line), z)]) for line, z in levels])


@SHAPES("carton_milk")
def carton_milk(width: float = 0.07, depth: float = 0.07, height: float = 0.235, ridge: float = 0.018) -> Mesh:
    """A milk carton with a gabled top; `ridge` is the height of the seam at its top, the rest as in a carton (m)."""
    roof = height - ridge - 0.42 * depth
    demand(roof > 0.02, "a milk carton is too low for its gable")
    line = rectangle(width, depth, 0.0025, 3)
    rings = [(1, 1, 0.0), (1, 1, roof), (0.995, 0.05, height - ridge), (0.995, 0.04, height)]
    body = skin([np.column_stack([line * (x, y), np.full(len(line), z)]) for x, y, z in rings])
    cap = (
        spun((0.012, 0.0), (0.0125, 0.009, 0.002), segments=28)
        .turned("x", 43)
        .moved(0, -0.26 * depth, roof + 0.19 * depth)
    )
    stripe = block(0.7 * width, 0.0008, 0.35 * roof, bevel=0.0001).moved(0, -depth / 2, 0.2 * roof)
    seal = block(1.01 * width, 0.1 * depth, 0.6 * ridge, 0.001, 0.0004).moved(z=height - 0.75 * ridge)
    return stood(body, cap, stripe, seal, color=(0.75, 0.76, 0.78))


@SHAPES("barrel")
def barrel(radius: float = 0.3, height: float = 0.88, bulge: float = 0.18) -> Mesh:
    """A wooden barrel with hoops; `radius` is that of its ends, `bulge` how much wider its middle is (m)."""
    z = np.linspace(0, 1, 21)
    side = radius * (1 + bulge * (1 - (2 * z - 1) ** 2))
    rim = 0.04 * height
    line = np.vstack(
        [
            [(0, rim), (0.93 * radius, rim), (0.95 * radius, 0)],
            np.column_stack([side, z * height]),
            [(0.95 * radius, height), (0.93 * radius, height - rim), (0, height - rim)],
        ]
    )
    staves = lathe(line, 48)
    hoops = []
    for low, high in ((0.02, 0.08), (0.24, 0.29), (0.71, 0.76), (0.92, 0.98)):
        r = [radius * (1 + bulge * (1 - (2 * s - 1) ** 2)) for s in (low, high)]
        hoops.append(
            lathe(
                np.array(
                    [
                        (0.98 * r[0], low * height),
                        (1.015 * r[0], low * height),
                        (1.015 * r[1], high * height),
                        (0.98 * r[1], high * height),
                    ]
                ),
                48,
            )
        )
    return stood(staves, *hoops, color=(0.3, 0.17, 0.08))
