"""Hand tools, lying as on a workbench, along x."""

from collections.abc import Sequence

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import block, extrude, lathe, skin, sweep
from generator.assets.shapes.outline import demand, filleted, flowing, rectangle
from generator.base.geometry import Array

STEEL, RED, WOOD = (0.5, 0.5, 0.52), (0.5, 0.04, 0.03), (0.42, 0.25, 0.11)


def fluted(knots: list[tuple[float, float]], flutes: float, depth: float, count: int = 28, around: int = 48) -> Body:
    """A handle along x through knots (x, radius); its grooves are `depth` deep, in shares of the radius."""
    x, radius = flowing(knots, count).T
    angle, along = 2 * np.pi * np.arange(around) / around, np.linspace(0, 1, count)
    grooves = np.clip(8 * along, 0, 1) * np.clip(4 * (1 - along), 0, 1)
    r = radius[:, None] * (1 - depth * grooves[:, None] * np.maximum(0, np.cos(flutes * angle)) ** 2)
    return skin(np.stack([np.repeat(x[:, None], around, 1), r * np.cos(angle), r * np.sin(angle)], -1))


def turned(*corners: Sequence[float], segments: int = 32) -> Body:
    """A body along x, spun from corners (x, radius, rounding)."""
    line = [(0.0, corners[0][0]), *((c[1], c[0], *c[2:]) for c in corners), (0.0, corners[-1][0])]
    return lathe(filleted(line, closed=False, steps=4), segments).turned("y", 90)


@SHAPES("screwdriver")
def screwdriver(length: float = 0.21, radius: float = 0.016, shaft: float = 0.0032, handle: float = 0.48) -> Mesh:
    """A screwdriver with a flat tip.

    length  from end to end (m)
    radius  of the handle
    shaft   radius of the shaft
    handle  share of the length that the handle takes
    """
    return stood(driver_handle(handle * length, radius), *flat_shaft(length, handle * length, shaft), color=RED)


@SHAPES("screwdriver_stubby")
def screwdriver_stubby(length: float = 0.1, radius: float = 0.018, shaft: float = 0.0035, handle: float = 0.62) -> Mesh:
    """A short screwdriver; sizes as in a screwdriver."""
    return stood(
        driver_handle(handle * length, radius), *flat_shaft(length, handle * length, shaft), color=(0.6, 0.35, 0.02)
    )


def driver_handle(length: float, r: float) -> Body:
    ends = [
        (0, 0.0),
        (0.01, 0.5),
        (0.06, 0.82),
        (0.15, 0.97),
        (0.4, 1.0),
        (0.7, 0.92),
        (0.84, 0.66),
        (0.93, 0.8),
        (0.99, 0.78),
        (1.0, 0.5),
    ]
    return fluted([(x * length, r * y) for x, y in ends], 6, 0.16, 36)


def flat_shaft(length: float, start: float, radius: float) -> list[Body]:
    """A round rod that is forged into a flat blade at its end."""
    angle = 2 * np.pi * np.arange(24) / 24
    x = np.array([start - 0.012, length - 6 * radius, length - 3.5 * radius, length - 1.6 * radius, length])
    flat, wide = np.array([1, 1, 0.6, 0.25, 0.16]), np.array([1, 1, 1.25, 1.4, 1.15])
    demand(x[1] > x[0] + radius, "a screwdriver's shaft is too thick for its length")
    y, z = np.outer(radius * wide, np.cos(angle)), np.outer(radius * flat, np.sin(angle))
    return [skin(np.stack([np.repeat(x[:, None], 24, 1), y, z], -1))]


@SHAPES("hammer")
def hammer(length: float = 0.32, head: float = 0.125, radius: float = 0.0135, handle: float = 0.018) -> Mesh:
    """A claw hammer lying on its side, its head to the right.

    length  from the handle's end to the head's top (m)
    head    from the striking face to the tips of the claw
    radius  of the striking face
    handle  half the handle's width
    """
    at, r = length - radius, radius
    demand(head > 5 * r and length > 6 * r, "a hammer's head is too thick for its length")
    face = lathe(
        filleted(
            [
                (0, 0),
                (r, 0, 0.002),
                (r, 0.16 * head, 0.004),
                (0.7 * r, 0.22 * head, 0.006),
                (0.7 * r, 0.36 * head),
                (0, 0.36 * head),
            ],
            closed=False,
        ),
        32,
    )
    face = face.turned("x", 90).moved(at, 0.4 * head, 0)  # looks along +y
    cheek = block(2.1 * r, 1.7 * r, 2.3 * r, 0.4 * r, 0.2 * r).moved(at, 0.0, -1.15 * r)
    prongs = [claw(head, r, s).moved(at) for s in (-1, 1)]
    return stood(face, cheek, *prongs, wooden(at + 0.9 * r, handle), color=WOOD)


def claw(head: float, r: float, side: int) -> Body:
    """One prong, towards -y and bent down towards the handle."""
    line = flowing(
        [
            (0.2 * r, -0.2 * r, side * 0.55 * r),
            (0.25 * r, -0.3 * head, side * 0.62 * r),
            (-0.75 * r, -0.6 * head, side * 0.85 * r),
        ],
        20,
    )
    scale = np.column_stack([np.linspace(0.75, 0.14, 20) * r, np.full(20, 0.46 * r) * np.linspace(1, 0.7, 20)])
    return sweep(line, rectangle(2, 2, 0.5, 3), scale, up=(1, 0, 0))


def wooden(length: float, half: float) -> Body:
    """A handle of oval section along x, slimmer before the head, swelling at its end."""
    share = flowing([(0.0, 0.6), (0.02, 0.9), (0.1, 1.0), (0.3, 0.85), (0.75, 0.65), (1.0, 0.7)], 30)
    path = np.column_stack([share[:, 0] * length, np.zeros((30, 2))])
    return sweep(path, half, np.column_stack([0.72 * share[:, 1], share[:, 1]]), sides=20)


@SHAPES("hammer_mallet")
def hammer_mallet(length: float = 0.32, head: float = 0.13, radius: float = 0.035, handle: float = 0.017) -> Mesh:
    """A mallet with a thick round head; sizes as in a hammer."""
    drum = lathe(
        filleted(
            [(0, 0), (radius, 0, 0.006), (1.06 * radius, head / 2, 0.2), (radius, head, 0.006), (0, head)], closed=False
        ),
        40,
    )
    at = length - radius
    return stood(drum.moved(z=-head / 2).turned("x", 90).moved(at), wooden(at + 1.08 * radius, handle), color=WOOD)


@SHAPES("wrench")
def wrench(length: float = 0.19, jaw: float = 0.015, thickness: float = 0.006, width: float = 0.014) -> Mesh:
    """A double open-ended spanner.

    length     from end to end (m)
    jaw        opening of the larger end
    thickness  of the steel
    width      of the handle
    """
    ends = [wrench_end(jaw, length, width), -wrench_end(0.85 * jaw, length, width)]
    return stood(extrude(np.vstack(ends), thickness, bevel=0.15 * thickness), color=STEEL)


def wrench_end(jaw: float, length: float, width: float) -> Array:
    """The outline of the right half of a spanner, from below its handle round to above it."""
    r, s = 1.08 * jaw, jaw / 2
    centre, tilt, root = length / 2 - r, np.radians(15), np.arcsin(min(0.9, 0.5 * width / r))
    demand(width < 1.6 * r and centre > 1.3 * r, "a spanner's jaw is too wide for its length")
    cut = np.arcsin(s / r)
    low = np.linspace(-np.pi + root, tilt - cut - 0.12, 20)
    high = np.linspace(tilt + cut + 0.12, np.pi - root, 20)
    mouth = filleted([(0.93 * r, -s), (-0.3 * r, -s, 0.45 * s), (-0.3 * r, s, 0.45 * s), (0.93 * r, s)], closed=False)
    c, d = np.cos(tilt), np.sin(tilt)
    mouth = mouth @ np.array([[c, d], [-d, c]])
    ring = [r * np.column_stack([np.cos(a), np.sin(a)]) for a in (low, high)]
    return np.vstack([ring[0], mouth, ring[1]]) + np.array([centre, 0.0])


@SHAPES("wrench_ring")
def wrench_ring(length: float = 0.19, jaw: float = 0.015, thickness: float = 0.007, width: float = 0.013) -> Mesh:
    """A combination spanner: one end open, one end a ring; sizes as in a wrench."""
    r, root = 0.9 * jaw, np.arcsin(min(0.9, 0.5 * width / (0.9 * jaw)))
    eye = -length / 2 + r
    angle = np.linspace(root, 2 * np.pi - root, 40)
    ring = r * np.column_stack([np.cos(angle), np.sin(angle)]) + (eye, 0.0)
    teeth = (
        0.55
        * jaw
        * np.column_stack([np.cos(t := 2 * np.pi * np.arange(24) / 24), np.sin(t)])
        * np.tile([1.12, 1.0], 12)[:, None]
    )
    outline = np.vstack([wrench_end(jaw, length, width), ring])
    return stood(extrude(outline, thickness, [teeth + np.array([eye, 0.0])], bevel=0.12 * thickness), color=STEEL)


@SHAPES("saw")
def saw(
    length: float = 0.5, height: float = 0.11, thickness: float = 0.0016, teeth: float = 50, handle: float = 0.13
) -> Mesh:
    """A hand saw lying on its side, its handle to the left.

    length     of the blade (m)
    height     of the blade at the handle
    thickness  of the blade
    teeth      how many
    handle     length of the handle
    """
    count, deep = max(3, round(teeth)), 0.6 * length / max(3, round(teeth))
    x = np.linspace(0, length, 2 * count + 1)
    cut = np.column_stack([x, np.where(np.arange(2 * count + 1) % 2, deep, 0.0)])
    blade = extrude(np.vstack([cut, [(length, 0.45 * height), (0, height)]]), thickness).moved(z=-thickness / 2)
    h, d = height, handle
    side = [
        (0.03 * d, -0.02 * h, 0.01),
        (0.25 * d, 0.05 * h, 0.02),
        (0.25 * d, 1.0 * h, 0.015),
        (-0.4 * d, 1.15 * h, 0.02),
        (-0.6 * d, 1.0 * h, 0.015),
        (-0.45 * d, 0.5 * h, 0.03),
        (-0.65 * d, -0.02 * h, 0.02),
        (-0.4 * d, -0.12 * h, 0.02),
    ]
    hole = filleted(
        [
            (-0.3 * d, 0.14 * h, 0.012),
            (-0.02 * d, 0.14 * h, 0.012),
            (0.02 * d, 0.8 * h, 0.015),
            (-0.28 * d, 0.88 * h, 0.015),
            (-0.2 * d, 0.5 * h, 0.03),
        ]
    )
    grip = extrude(filleted(side), 0.022, [hole], bevel=0.003)
    return stood(blade, grip.moved(z=-0.011), color=WOOD)


@SHAPES("brush")
def brush(length: float = 0.22, width: float = 0.05, bristles: float = 0.055, thickness: float = 0.014) -> Mesh:
    """A flat paint brush, lying; `bristles` is their length, `width` and `thickness` are the ferrule's (m)."""
    grip = 0.5 * length
    knots = flowing([(0, 0.2), (0.03, 0.3), (0.25, 0.24), (0.6, 0.2), (0.85, 0.42), (1.0, 0.46)], 24)
    path = np.column_stack([knots[:, 0] * grip, np.zeros((24, 2))])
    handle = sweep(path, 1.0, np.column_stack([np.full(24, 0.45 * thickness), knots[:, 1] * width]), sides=24)
    ferrule = block(length - bristles - 0.96 * grip, width, thickness, 0.002, 0.0015).moved(
        (length - bristles + 0.96 * grip) / 2, 0, -thickness / 2
    )
    tip = np.linspace(0, 1, 12)
    line = np.column_stack([length - bristles - 0.004 + tip * (bristles + 0.004), np.zeros((12, 2))])
    scale = np.column_stack([0.46 * thickness * (1 - 0.75 * tip**2), 0.47 * width * (1 - 0.1 * tip**3)])
    hair = sweep(line, rectangle(2, 2, 0.4, 3), scale)
    return stood(handle, ferrule, hair, color=WOOD)
