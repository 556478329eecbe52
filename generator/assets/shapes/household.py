"""What else is about a house, a garage, a street: clocks, dumb-bells, tyres, bollards."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, around, stood
from generator.assets.shapes.forming import bar, block, extrude, lathe
from generator.assets.shapes.outline import filleted
from generator.assets.shapes.vessels import spun


@SHAPES("clock")
def clock(radius: float = 0.055, depth: float = 0.05, hour: float = 10, minute: float = 10) -> Mesh:
    """An alarm clock with two bells, facing -y; `hour` and `minute` are the time it shows (m)."""
    r, d = radius, depth
    case = spun(
        (0.92 * r, 0.0, 0.006),
        (r, 0.15 * d, 0.01),
        (r, d, 0.003),
        (0.93 * r, d, 0.002),
        (0.9 * r, 0.88 * d),
        segments=56,
    )
    ticks = [
        block(0.02 * r * (2 if k % 3 == 0 else 1), 0.12 * r, 0.0025).moved(y=0.76 * r, z=0.87 * d).turned("z", 30 * k)
        for k in range(12)
    ]
    hands = [
        hand(0.5 * r, 0.07 * r, 0.9 * d, -30 * hour - minute / 2),
        hand(0.72 * r, 0.05 * r, 0.925 * d, -6 * minute),
    ]
    pin = spun((0.05 * r, 0.86 * d), (0.05 * r, 0.97 * d, 0.001), segments=20)
    face = [part.turned("x", 90).moved(y=d / 2) for part in (case, *ticks, *hands, pin)]
    bell = spun(
        (0.34 * r, 0.0),
        (0.33 * r, 0.06 * r, 0.02),
        (0.2 * r, 0.24 * r, 0.02),
        (0.05 * r, 0.26 * r),
        (0.05 * r, 0.33 * r),
        segments=28,
    )
    bells = [bell.moved(z=1.06 * r).turned("y", s * 34) for s in (-1, 1)]
    posts = [bar((0, 0, 0.9 * r), (0, 0, 1.1 * r), 0.07 * r).turned("y", s * 34) for s in (-1, 1)]
    feet = [bar((0, 0, -0.9 * r), (0, 0, -1.22 * r), 0.16 * r, taper=0.5).turned("y", s * 32) for s in (-1, 1)]
    return stood(*face, *bells, *posts, *feet, color=(0.1, 0.35, 0.35))


def hand(length: float, width: float, height: float, degrees: float) -> Body:
    """A pointed hand of a clock."""
    line = np.array(
        [
            (-width / 2, -0.2 * length),
            (width / 2, -0.2 * length),
            (width / 2, 0.75 * length),
            (0, length),
            (-width / 2, 0.75 * length),
        ]
    )
    return extrude(line, 0.0012).moved(z=height).turned("z", degrees)


@SHAPES("dumbbell")
def dumbbell(length: float = 0.3, radius: float = 0.065, grip: float = 0.014, plates: float = 2) -> Mesh:
    """A dumb-bell lying on the ground; `grip` is its bar's radius, `plates` how many discs are on each side (m)."""
    count, thick = max(1, round(plates)), 0.3 * length / max(1, round(plates))
    rod = spun((grip, 0.0, 0.004), (grip, length, 0.004), segments=32).moved(z=-length / 2)
    edge = [(0.9 * radius, 0.0, 0.004), (radius, 0.15 * thick, 0.004), (radius, 0.8 * thick, 0.004)]
    disc = spun(*edge, (0.9 * radius, 0.96 * thick, 0.004), segments=40, steps=4)
    stack = [disc.scaled(1 - 0.12 * k, 1 - 0.12 * k).moved(z=0.15 * length + k * thick) for k in range(count)]
    parts = [rod, *stack, *(part.mirrored("z") for part in stack)]
    return stood(*(part.turned("y", 90) for part in parts), color=(0.06, 0.06, 0.065))


@SHAPES("tyre")
def tyre(radius: float = 0.31, width: float = 0.2, rim: float = 0.62, blocks: float = 36) -> Mesh:
    """A car tyre lying flat; `rim` is the share of its radius that is open, `blocks` the treads around it (m)."""
    r, w, low = radius, width, rim * radius
    section = [
        (low, 0.2 * w, 0.01),
        (0.5 * (r + low), 0.0, 0.06),
        (0.97 * r, 0.12 * w, 0.04),
        (0.985 * r, 0.5 * w, 0.2),
        (0.97 * r, 0.88 * w, 0.04),
        (0.5 * (r + low), w, 0.06),
        (low, 0.8 * w, 0.01),
        (0.5 * (r + low), 0.86 * w, 0.04),
        (0.93 * r, 0.75 * w, 0.04),
        (0.93 * r, 0.25 * w, 0.04),
        (0.5 * (r + low), 0.14 * w, 0.04),
    ]
    count = max(8, round(blocks))
    tread = [
        block(0.035 * r, 4.4 * r / count, 0.3 * w, bevel=0.004 * r).moved(0.982 * r, 0, z * w) for z in (0.17, 0.53)
    ]
    line = filleted(section, steps=4)
    z = line[:, 1]  # the rounding of the side walls has lowered them
    rubber = lathe(np.column_stack([line[:, 0], w * (z - z.min()) / np.ptp(z)]), 64)
    return stood(
        rubber,
        *(b for k, t in enumerate(tread) for b in around(t, count, 180 / count * k)),
        color=(0.02, 0.02, 0.022),
    )


@SHAPES("bollard")
def bollard(radius: float = 0.06, height: float = 0.75, foot: float = 2.2) -> Mesh:
    """A flexible traffic post with two raised bands; `foot` is its foot's radius in radii of the post (m)."""
    r, h = radius, height
    bands = [
        (r, 0.55 * h),
        (1.06 * r, 0.555 * h),
        (1.06 * r, 0.66 * h),
        (r, 0.665 * h),
        (r, 0.76 * h),
        (1.06 * r, 0.765 * h),
        (1.06 * r, 0.87 * h),
        (r, 0.875 * h),
    ]
    return stood(
        spun(
            (foot * r, 0.0, 0.004),
            (foot * r, 0.03, 0.01),
            (1.2 * r, 0.05, 0.03),
            (r, 0.12, 0.1),
            *bands,
            (r, 0.97 * h, 0.01),
            (0.5 * r, h, 0.01),
        ),
        color=(0.65, 0.12, 0.02),
    )
