"""Small metal parts: nuts, bolts, screws, gears, keys, locks."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import extrude, lathe, skin, sweep
from generator.assets.shapes.outline import circle, demand, filleted
from generator.base.geometry import Array

STEEL, BRASS = (0.5, 0.5, 0.52), (0.5, 0.35, 0.12)


@SHAPES("nut")
def nut(width: float = 0.0175, height: float = 0.0085, hole: float = 0.009) -> Mesh:
    """A hexagonal nut lying flat.

    width   across its flats (m)
    height  its thickness
    hole    diameter of its hole
    """
    return stood(
        extrude(circle(width / np.sqrt(3), 6), height, [circle(hole / 2, 48)], bevel=0.09 * height), color=STEEL
    )


@SHAPES("nut_square")
def nut_square(width: float = 0.017, height: float = 0.007, hole: float = 0.0085) -> Mesh:
    """A square nut; sizes as in a nut."""
    return stood(
        extrude(circle(width / np.sqrt(2), 4, np.pi / 4), height, [circle(hole / 2, 48)], bevel=0.1 * height),
        color=STEEL,
    )


@SHAPES("nut_wing")
def nut_wing(width: float = 0.014, height: float = 0.011, hole: float = 0.007, wings: float = 0.017) -> Mesh:
    """A wing nut; `wings` is how far each stands off, `width` the diameter of its base, the rest as in a nut (m)."""
    base = lathe(np.array([(hole / 2, 0), (width / 2, 0), (0.42 * width, height), (hole / 2, height)]), 40)
    start = 0.5 * (0.46 * width + hole / 2)
    line = np.column_stack(
        [
            start + np.linspace(0, 1, 16) * wings,
            np.zeros(16),
            0.45 * height + 0.75 * wings * np.linspace(0, 1, 16) ** 1.3,
        ]
    )
    wide = np.interp(np.linspace(0, 1, 16), [0, 0.5, 0.8, 1], [0.5, 0.62, 0.66, 0.5])
    wing = sweep(
        line,
        1.0,
        np.column_stack([0.6 * height * wide, np.full(16, 0.09 * width)]),
        up=(0, 0, 1),
        ends="round",
        sides=18,
    )
    return stood(base, wing, wing.turned("z", 180), color=STEEL)


def thread(radius: float, length: float, pitch: float, depth: float, point: float = 0.0, rounds: int = 26) -> Body:
    """A threaded rod along z from 0 to `length`, coming to a point over its last `point`; about five rings a turn."""
    demand(length > 2 * radius, "a thread must be longer than it is wide")
    count = min(120, max(12, int(5 * length / pitch)))
    z, angle = np.linspace(0, length, count)[:, None], 2 * np.pi * np.arange(rounds)[None] / rounds
    wave = np.abs(((z / pitch - angle / (2 * np.pi)) % 1) * 2 - 1)
    taper = np.clip((length - z) / point, 0.02, 1) if point else np.clip((length - z) / pitch + 0.75, 0, 1)
    r = (radius - depth * wave) * taper
    return skin(np.stack([r * np.cos(angle), r * np.sin(angle), np.broadcast_to(z, r.shape)], -1))


@SHAPES("bolt")
def bolt(length: float = 0.05, radius: float = 0.005, head: float = 1.7, pitch: float = 0.0018) -> Mesh:
    """A bolt with a hexagonal head, standing on it.

    length  of its shank (m)
    radius  of its thread
    head    how many times as wide as the shank the head is across its flats
    pitch   of its thread
    """
    demand(pitch > length / 60 and head > 1.1, "a bolt has at most 60 turns and a head wider than 1.1 of its shank")
    cap = extrude(circle(2 * head * radius / np.sqrt(3), 6), 1.3 * radius, bevel=0.12 * radius)
    return stood(cap, thread(radius, length + 0.4 * radius, pitch, 0.12 * radius).moved(z=0.9 * radius), color=STEEL)


@SHAPES("screw")
def screw(length: float = 0.045, radius: float = 0.0024, head: float = 2.0, pitch: float = 0.0022) -> Mesh:
    """A wood screw with a countersunk, slotted head, standing on it; `head` is its radius in radii of the shank (m)."""
    demand(pitch > length / 60 and head > 1.3, "a screw has at most 60 turns and a head wider than 1.3 of its shank")
    wide = head * radius
    cone = lathe(
        np.array(
            [(0, 0.35 * wide), (wide, 0.35 * wide), (wide, 0.45 * wide), (0.9 * radius, 1.3 * wide), (0, 1.3 * wide)]
        ),
        40,
    )
    half = circle(0.97 * wide, 60, np.pi / 60)
    bit = half[np.abs(half[:, 1]) > 0.16 * wide]
    caps = [bit[bit[:, 1] > 0], bit[bit[:, 1] < 0]]
    heads = [extrude(cap, 0.4 * wide) for cap in caps]
    return stood(
        cone,
        *heads,
        thread(radius, length - 1.2 * wide, pitch, 0.28 * radius, 4 * radius).moved(z=1.2 * wide),
        color=BRASS,
    )


@SHAPES("gear")
def gear(radius: float = 0.03, thickness: float = 0.008, teeth: float = 20, hole: float = 0.2) -> Mesh:
    """A gear wheel lying flat.

    radius     to the tips of its teeth (m)
    thickness  of the wheel
    teeth      how many
    hole       radius of its bore, as a share of `radius`
    """
    rim, bore = toothed(radius, round(teeth)), circle(hole * radius, 40)
    return stood(extrude(rim, thickness, [bore], bevel=0.06 * thickness), color=STEEL)


@SHAPES("gear_spoked")
def gear_spoked(
    radius: float = 0.045, thickness: float = 0.008, teeth: float = 32, hole: float = 0.12, spokes: float = 5
) -> Mesh:
    """A gear wheel with openings between its spokes and a hub; sizes as in a gear."""
    count, bore = max(3, round(spokes)), hole * radius
    rim, low = radius * (1 - 4.4 / max(8, round(teeth))) * 0.9, 1.0 * bore + 0.12 * radius
    demand(rim > 1.3 * low, "a gear's bore leaves no room for its spokes")
    step, gap = np.pi / count, 0.09 * radius
    a, b = step - np.arcsin(gap / rim), step - np.arcsin(gap / low)
    demand(b > 0.05, "a gear has too many spokes for its size")
    out, back = np.linspace(-a, a, 12), np.linspace(b, -b, 6)
    window = np.vstack(
        [rim * np.column_stack([np.cos(out), np.sin(out)]), low * np.column_stack([np.cos(back), np.sin(back)])]
    )
    turned = [
        window @ np.array([[c, s], [-s, c]])
        for t in 2 * np.pi * np.arange(count) / count
        for c, s in [(np.cos(t), np.sin(t))]
    ]
    wheel = extrude(toothed(radius, round(teeth)), thickness, [circle(bore, 40), *turned], bevel=0.05 * thickness)
    hub = lathe(
        np.array(
            [
                (1.02 * bore, -0.25),
                (1.02 * bore + 0.08 * radius, -0.25),
                (1.02 * bore + 0.08 * radius, 1.25),
                (1.02 * bore, 1.25),
            ]
        )
        * (1, thickness),
        40,
    )
    return stood(wheel, hub, color=BRASS)


def toothed(radius: float, teeth: int) -> Array:
    """Outline of a gear with straight flanks; the teeth are 2.25 modules high."""
    demand(teeth >= 6, f"a gear needs at least 6 teeth, not {teeth}")
    root = radius * (1 - 4.5 / (teeth + 2))
    shares = np.array([-0.31, -0.13, 0.13, 0.31])  # of the pitch: root, tip, tip, root
    angle = 2 * np.pi / teeth * (np.arange(teeth)[:, None] + shares)
    r = np.broadcast_to([root, radius, radius, root], angle.shape)
    return np.column_stack([(r * np.cos(angle)).ravel(), (r * np.sin(angle)).ravel()])


@SHAPES("key")
def key(length: float = 0.058, width: float = 0.024, thickness: float = 0.0024) -> Mesh:
    """A door key lying flat, its bow to the left; `width` is that of the bow (m)."""
    r, w = width / 2, 0.16 * width
    angle = np.linspace(np.arcsin(1.2 * w / r), 2 * np.pi - np.arcsin(1.2 * w / r), 32)
    bow = np.column_stack([r * np.cos(angle), 0.95 * r * np.sin(angle)])
    start, end = 1.25 * r, length - r
    demand(end > start + 0.3 * r, "a key's bow is too wide for its length")
    cuts = np.array([0.0, 0.5, 0.12, 0.75, 0.3, 0.6, 0.05, 0.45, 0.0])
    bits = np.column_stack(
        [np.linspace(start + 0.25 * (end - start), end - 0.5 * w, len(cuts)), -1.2 * w + 1.2 * w * cuts]
    )
    blade = np.vstack([[(start, -1.2 * w)], bits, [(end, -0.1 * w), (end - 0.9 * w, 1.2 * w), (start, 1.2 * w)]])
    eye = circle(0.24 * width, 24) * (0.8, 1) + (-0.42 * r, 0)
    return stood(extrude(np.vstack([bow, blade]), thickness, [eye], bevel=0.12 * thickness), color=BRASS)


@SHAPES("key_old")
def key_old(length: float = 0.085, width: float = 0.028, thickness: float = 0.006) -> Mesh:
    """An old key with a round bow and a bit at its end; `thickness` is that of its shaft, the rest as in a key (m)."""
    r, t = width / 2, thickness
    long = length - 1.55 * r - 0.42 * t
    turn = 2 * np.pi * np.arange(48) / 48
    bow = sweep(np.column_stack([0.8 * r * np.cos(turn), r * np.sin(turn), 0 * turn]), 0.42 * t, closed=True, sides=14)
    shaft = lathe(
        filleted(
            [(0, 0), (0.9 * t, 0, 0.001), (0.9 * t, 0.5 * t, 0.001), (t / 2, 0.6 * t), (t / 2, long, 0.001), (0, long)],
            closed=False,
        ),
        24,
    )
    x, h = long + 0.2 * r, 0.62 * width
    bit = [
        (x - 0.75 * h, 0),
        (x - 0.75 * h, -h),
        (x - 0.5 * h, -h),
        (x - 0.5 * h, -0.7 * h),
        (x - 0.3 * h, -0.7 * h),
        (x - 0.3 * h, -h),
        (x - 0.12 * h, -h),
        (x - 0.12 * h, 0),
    ]
    tooth = extrude(np.array(bit), 0.5 * t, bevel=0.06 * t).moved(z=-0.25 * t)
    return stood(bow, shaft.turned("y", 90).moved(0.75 * r), tooth, color=(0.2, 0.15, 0.1))


@SHAPES("lock")
def lock(width: float = 0.045, height: float = 0.038, thickness: float = 0.018, shackle: float = 0.034) -> Mesh:
    """A padlock; `shackle` is how far its bow stands above its body (m)."""
    body = extrude(
        filleted(
            [(-width / 2, 0, 0.005), (width / 2, 0, 0.005), (width / 2, height, 0.008), (-width / 2, height, 0.008)]
        ),
        thickness,
        bevel=0.1 * thickness,
    ).turned("x", 90)
    r = 0.3 * width
    demand(shackle > r + 0.002, "a padlock's shackle must stand higher than 0.3 of its width")
    turn = np.linspace(0, np.pi, 20)
    bow = np.vstack(
        [
            [(r, 0.8 * height)],
            np.column_stack([r * np.cos(turn), height + shackle - 0.1 * width - r + r * np.sin(turn)]),
            [(-r, 0.8 * height)],
        ]
    )
    line = np.column_stack([bow[:, 0], np.full(22, -thickness / 2), bow[:, 1]])
    plate = lathe(
        filleted([(0, 0), (0.15 * width, 0), (0.15 * width, 0.0015, 0.0004), (0, 0.0015)], closed=False), 24
    ).turned("x", 90)
    return stood(
        body, sweep(line, 0.095 * width, up=(0, 1, 0)), plate.moved(0, -thickness + 0.0002, 0.42 * height), color=BRASS
    )


@SHAPES("hook")
def hook(height: float = 0.09, radius: float = 0.022, thickness: float = 0.006) -> Mesh:
    """A hook with an eye, lying flat; `radius` is that of its bend, `thickness` that of its wire (m)."""
    turn = np.linspace(0.0, -1.25 * np.pi, 30)
    bend = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(30)])
    top = height - radius - 3.65 * thickness
    demand(top > 2 * thickness, "a hook's bend is too wide for its height")
    line = np.vstack([[(radius, top, 0), (radius, 0.5 * top, 0)], bend])
    eye = 2 * np.pi * np.arange(32) / 32
    ring = sweep(
        np.column_stack(
            [1.5 * thickness * np.cos(eye) + radius, 1.5 * thickness * np.sin(eye) + top + 1.2 * thickness, 0 * eye]
        ),
        0.45 * thickness,
        closed=True,
        sides=12,
    )
    return stood(sweep(line, thickness / 2, ends="round"), ring, color=STEEL)


@SHAPES("chain")
def chain(length: float = 0.2, width: float = 0.024, thickness: float = 0.005, links: float = 6) -> Mesh:
    """A straight piece of chain; every other link stands upright. `width` is that of a link (m)."""
    count, r = max(1, round(links)), width / 2 - thickness / 2
    pitch = (length - 2 * thickness) / count
    half = (pitch + 1.6 * thickness) / 2 - r
    demand(half > 0, "a chain's links are too wide for its length")
    turn = np.linspace(-np.pi / 2, np.pi / 2, 12)
    arc = np.column_stack([half + r * np.cos(turn), r * np.sin(turn), 0 * turn])
    link = sweep(np.vstack([arc, arc * (-1, -1, 1)]), thickness / 2, closed=True, sides=12)
    return stood(*(link.turned("x", 90 * (k % 2)).moved((k + 0.5) * pitch) for k in range(count)), color=STEEL)


@SHAPES("spring")
def spring(radius: float = 0.012, height: float = 0.045, wire: float = 0.0015, turns: float = 7) -> Mesh:
    """A coil spring standing upright; `wire` is the radius of its wire (m)."""
    demand(height > 2.2 * wire * (turns + 1), "a spring's turns touch each other: fewer turns, or a thinner wire")
    count = int(28 * turns)
    angle, z = np.linspace(0, 2 * np.pi * turns, count), np.linspace(wire, height - wire, count)
    demand(count * 20 < 12000, "a spring has at most 20 turns")
    return stood(
        sweep(np.column_stack([radius * np.cos(angle), radius * np.sin(angle), z]), wire, sides=10), color=STEEL
    )
