"""What holds something: bottles, cans, jars, vases, jugs, teapots, buckets, flower pots."""

from collections.abc import Sequence

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import lathe, skin, sweep, vessel
from generator.assets.shapes.keypoints import DOWN, UP, keypoints
from generator.assets.shapes.outline import demand, filleted, flowing
from generator.assets.shapes.tableware import ear
from generator.base.draw import Draw

GLASS, TIN, CLAY = (0.03, 0.12, 0.05), (0.6, 0.6, 0.62), (0.55, 0.2, 0.1)


def spun(*corners: Sequence[float], segments: int = 48, steps: int = 5) -> Body:
    """A solid of corners (radius, height, rounding) from the axis below to the axis above."""
    line = filleted([(0.0, corners[0][1]), *corners, (0.0, corners[-1][1])], closed=False, steps=steps)
    return lathe(line, segments)


@SHAPES("bottle")
@keypoints(top=UP, foot=DOWN)
def bottle(radius: float = 0.033, height: float = 0.22, neck: float = 0.4, shoulder: float = 0.68) -> Mesh:
    """A water bottle with ribs and a screw cap.

    radius    of the body (m)
    height    from the table to the top of the cap
    neck      radius of the neck, as a share of `radius`
    shoulder  share of the height below the shoulder
    """
    r, h, n, s = radius, height, neck * radius, shoulder * height
    demand(0 < neck < 0.95 and 0.3 < shoulder < 0.85, "a bottle's neck must be below 0.95, its shoulder 0.3 to 0.85")
    ribs = [(r * (1 - 0.045 * (k % 2)), s * (0.25 + 0.5 * k / 10), 0.004) for k in range(11)]
    top = flowing([(r, s), (0.88 * r, s + 0.35 * (0.92 * h - s)), (1.05 * n, 0.9 * h), (n, 0.925 * h)], 12)
    corners = [(0.85 * r, 0.0, 0.003), (r, 0.012, 0.02), *ribs, *map(tuple, top.tolist()), (n, 0.95 * h)]
    cap = spun((1.15 * n, 0.94 * h, 0.0006), (1.15 * n, h, 0.002))
    return stood(spun(*corners), cap, color=(0.2, 0.45, 0.6))


@SHAPES("bottle_wine")
@keypoints(top=UP, foot=DOWN)
def bottle_wine(radius: float = 0.038, height: float = 0.3, neck: float = 0.37, shoulder: float = 0.57) -> Mesh:
    """A wine bottle; sizes as in a bottle."""
    r, h, n, s = radius, height, neck * radius, shoulder * height
    demand(0 < neck < 0.9 and 0.3 < shoulder < 0.73, "a wine bottle's neck must be below 0.9, its shoulder 0.3 to 0.73")
    side = flowing([(r, s), (0.9 * r, s + 0.05 * h), (1.1 * n, s + 0.14 * h), (n, s + 0.2 * h)], 14)
    lip = [
        (0.96 * n, 0.955 * h),
        (1.12 * n, 0.957 * h, 0.001),
        (1.12 * n, 0.98 * h, 0.001),
        (n, 0.982 * h),
        (n, h, 0.002),
    ]
    return stood(spun((0.94 * r, 0.0, 0.002), (r, 0.005, 0.008), *map(tuple, side.tolist()), *lip), color=GLASS)


@SHAPES("can")
@keypoints(top=UP, foot=DOWN)
def can(radius: float = 0.033, height: float = 0.115) -> Mesh:
    """A drinks can with a ring to pull.

    radius  of the body (m)
    height  from the table to the rim
    """
    r, h = radius, height
    neck, lid = 0.82 * r, h - 0.1 * r
    demand(h > 1.2 * r, "a can must be higher than 1.2 of its radius")
    side = [(0.72 * r, 0.0, 0.001), (0.78 * r, 0.0, 0.002), (r, 0.3 * r, 0.01), (r, h - 0.45 * r, 0.01)]
    rim = [(neck, h - 0.12 * r, 0.003), (neck, h, 0.0012), (0.93 * neck, h, 0.0012), (0.9 * neck, lid)]
    ring = np.column_stack(
        [0.17 * r * np.cos(t := np.linspace(0, 2 * np.pi, 24, endpoint=False)), 0.25 * r * np.sin(t), 0 * t]
    )
    pull = sweep(ring, 0.045 * r, closed=True, sides=8).moved(y=-0.2 * r, z=lid + 0.03 * r)
    return stood(spun(*side, *rim), pull, color=TIN)


@SHAPES("can_food")
@keypoints(top=UP, foot=DOWN)
def can_food(radius: float = 0.038, height: float = 0.105, ribs: float = 7) -> Mesh:
    """A tin of food: rims above and below, `ribs` around its middle; sizes as in a can."""
    r, h, count = radius, height, max(0, round(ribs))
    rim = 0.04 * r
    middle = [
        (r * (0.96 if k % 2 else 0.93), h * (0.25 + 0.5 * k / max(1, 2 * count)), 0.003) for k in range(2 * count + 1)
    ]
    low = [(0.9 * r, rim), (0.94 * r, 0.0, 0.0005), (r, 0.0, 0.001), (r, 2 * rim, 0.001), (0.96 * r, 2.4 * rim, 0.001)]
    high = [(radius_, h - z, f) for radius_, z, *more in reversed(low) for f in [more[0] if more else 0.0]]
    return stood(spun(*low, *middle, *high, steps=3), color=TIN)


@SHAPES("jar")
@keypoints(top=UP, foot=DOWN)
def jar(radius: float = 0.04, height: float = 0.12, lid: float = 0.9) -> Mesh:
    """A jam jar with a screw lid; `lid` is the lid's radius as a share of the jar's (m)."""
    r, h, top = radius, height, lid * radius
    body = spun(
        (0.92 * r, 0.0, 0.003),
        (r, 0.006, 0.01),
        (r, 0.78 * h, 0.02),
        (0.94 * top, 0.86 * h, 0.01),
        (0.94 * top, 0.95 * h),
    )
    knurl = np.column_stack([np.cos(t := np.linspace(0, 2 * np.pi, 120, endpoint=False)), np.sin(t)])
    edge = top * knurl * (1 - 0.012 * (np.arange(120) % 2))[:, None]
    rings = [
        np.column_stack([share * edge, np.full(120, z)])
        for share, z in ((0.97, 0.86), (1, 0.868), (1, 0.975), (0.95, 1))
    ]
    cap = skin(np.array(rings) * (1, 1, h))
    return stood(body, cap, color=(0.5, 0.12, 0.06))


@SHAPES("vase")
def vase(
    radius: float = 0.075, height: float = 0.25, wall: float = 0.005, neck: float = 0.4, belly: float = 0.38
) -> Mesh:
    """A round vase with a narrow neck and a flared rim.

    radius  where it is widest (m)
    height  from the table to the rim
    wall    thickness
    neck    radius of the neck, as a share of `radius`
    belly   share of the height at which it is widest
    """
    return stood(flared(radius, height, wall, neck, belly, 0.6), color=(0.1, 0.2, 0.4))


@SHAPES("vase_slim")
def vase_slim(
    radius: float = 0.04, height: float = 0.32, wall: float = 0.004, neck: float = 0.5, belly: float = 0.7
) -> Mesh:
    """A tall, slim vase, widest near its top; sizes as in a vase."""
    return stood(flared(radius, height, wall, neck, belly, 0.62), color=(0.5, 0.35, 0.15))


def flared(radius: float, height: float, wall: float, neck: float, belly: float, foot: float) -> Body:
    """A vase; `foot` and `neck` are radii as shares of the widest."""
    demand(
        0.15 < belly < 0.9 and 0 < neck < 1, "a vase's belly must lie at 0.15 to 0.9 of its height, its neck below 1"
    )
    high = belly + 0.62 * (1 - belly)
    knots = [(foot, 0), (foot + 0.8 * (1 - foot), 0.5 * belly), (1, belly), (neck, high), (1.3 * neck, 1)]
    return vessel(flowing(np.array(knots) * (radius, height), 40), wall, wall + 0.004)


@SHAPES("jug")
def jug(radius: float = 0.065, height: float = 0.2, wall: float = 0.004, handle: float = 0.05) -> Mesh:
    """A water jug with a spout on -x and a handle on +x.

    radius  where it is widest (m)
    height  from the table to the rim
    wall    thickness
    handle  how far it stands off
    """
    r, h = radius, height
    outside = flowing([(0.78 * r, 0), (r, 0.3 * h), (0.85 * r, 0.62 * h), (0.62 * r, 0.85 * h), (0.7 * r, h)], 30)
    body = vessel(outside, wall, 0.03 * h)
    return stood(lipped(body, r, h), ear(outside, handle, 0.86 * h, 0.3 * h, 0.014), color=(0.75, 0.72, 0.65))


def lipped(body: Body, r: float, h: float) -> Body:
    """Drawn out to a spout on the side -x of the rim."""
    x, y, z = body.vertices.T
    high = np.clip((z / h - 0.8) / 0.2, 0, 1) ** 2
    near = np.exp(-((np.arctan2(y, -x) / 0.5) ** 2)) * np.hypot(x, y) / r
    return Body(
        np.column_stack([x - 0.45 * r * high * near, y * (1 - 0.3 * high * near), z + 0.03 * h * high * near]),
        body.faces,
    )


@SHAPES("teapot")
def teapot(radius: float = 0.07, height: float = 0.13, spout: float = 0.075, handle: float = 0.05) -> Mesh:
    """A round teapot: spout on -x, handle on +x, a lid with a knob.

    radius  of the belly (m)
    height  from the table to the top of the knob
    spout   how far it stands off
    handle  how far it stands off
    """
    r, h = radius, height
    side = flowing([(0.6 * r, 0.0), (0.97 * r, 0.2 * h), (r, 0.38 * h), (0.75 * r, 0.68 * h), (0.42 * r, 0.8 * h)], 26)
    lid = flowing([(0.46 * r, 0.82 * h), (0.3 * r, 0.85 * h), (0.08 * r, 0.88 * h), (0.14 * r, 0.95 * h), (0.0, h)], 20)
    body = lathe(np.concatenate([[(0.0, 0.0)], side, [(0.46 * r, 0.8 * h)], lid]))
    start, tip = -0.82 * r, -r - spout
    line = flowing(
        [
            (start, 0, 0.28 * h),
            (start - 0.5 * (start - tip), 0, 0.36 * h),
            (tip + 0.15 * spout, 0, 0.62 * h),
            (tip, 0, 0.76 * h),
        ],
        24,
    )
    pipe = sweep(line, 0.26 * r, np.linspace(1, 0.42, 24) ** 1.2, up=(0, 1, 0))
    return stood(body, pipe, ear(side, handle, 0.66 * h, 0.2 * h, 0.013), color=(0.45, 0.12, 0.1))


@SHAPES("bucket")
def bucket(
    radius: float = 0.145, height: float = 0.28, wall: float = 0.003, foot: float = 0.72, handle: float = 0.8
) -> Mesh:
    """A bucket with a bail of wire.

    radius  of the rim (m)
    height  from the ground to the rim
    wall    thickness
    foot    share of the rim's radius at the bottom
    handle  0 for a bail that lies on the rim, 1 for one that stands up
    """
    r, h = radius, height
    line = [
        (foot * r, 0),
        (0.97 * r, 0.93 * h),
        (r, 0.935 * h),
        (1.0 * r, 0.95 * h),
        (0.975 * r, 0.955 * h),
        (0.99 * r, h),
    ]
    turn = np.linspace(0, np.pi, 40)
    tilt = np.radians(8 + 80 * handle)
    away = (r + 0.012) * np.sin(turn)
    bail = np.column_stack([(r + 0.004) * np.cos(turn), -away * np.cos(tilt), 0.9 * h + away * np.sin(tilt)])
    plain = np.array([(foot * r, 0), (0.99 * r, h)])
    return stood(
        vessel(np.array(line), wall, 0.02, inside=plain), sweep(bail, 0.004, sides=10), color=(0.1, 0.25, 0.45)
    )


@SHAPES("pot")
def pot(radius: float = 0.08, height: float = 0.14, wall: float = 0.006) -> Mesh:
    """A clay flower pot filled with earth.

    radius  of the rim (m)
    height  from the ground to the rim
    wall    thickness
    """
    return stood(*planter(radius, height, wall), color=CLAY)


def planter(r: float, h: float, wall: float) -> list[Body]:
    """A flower pot and the earth in it."""
    outside = filleted([(0.68 * r, 0), (0.92 * r, 0.76 * h), (r, 0.765 * h, 0.001), (r, h)], closed=False)
    low, high = 0.87 * r - wall / 2, 0.91 * r - wall / 2
    plain = np.array([(0.68 * r, 0), (0.97 * r, h)])
    return [vessel(outside, wall, 0.08 * h, inside=plain), spun((low, 0.7 * h), (high, 0.86 * h))]


@SHAPES("pot_plant")
def pot_plant(
    radius: float = 0.08, height: float = 0.14, wall: float = 0.006, leaves: float = 16, length: float = 0.26,
    variant: float = 0,
) -> Mesh:  # fmt: skip
    """A plant with long, arching leaves in a flower pot.

    radius, height, wall  of the pot, as in a pot
    leaves   how many
    length   of the longest leaf (m)
    variant  seed of how they grow, rounded to a whole number
    """
    rng, count = (Draw(round(variant)) / "plant").rng(), max(1, round(leaves))
    grown = [leaf(rng, length, 0.82 * height, 360 * k / count) for k in range(count)]
    return stood(*planter(radius, height, wall), *grown, color=(0.08, 0.3, 0.06))


def leaf(rng: np.random.Generator, length: float, root: float, degrees: float) -> Body:
    """A leaf that rises from the earth at height `root` and bends over."""
    size, steep, turn = length * rng.uniform(0.55, 1), rng.uniform(0.15, 1.1), degrees + rng.uniform(-15, 15)
    along = np.linspace(0, 1, 14)
    lean = steep + (2.1 - steep) * along**1.6
    step = size / 13
    out, up = np.cumsum(np.sin(lean)) * step, np.cumsum(np.cos(lean)) * step
    path = np.column_stack([0.012 + out, 0 * out, root + up])
    width = 0.06 * size * np.sin(np.pi * np.clip(0.12 + 0.87 * along, 0, 1)) ** 0.8 + 0.001
    section = np.array([[-0.0008, 0], [0.0, -1], [0.0008, 0], [0.0, 1]])
    return sweep(path, section, np.column_stack([np.ones(14), width]), up=(-1, 0, 1)).turned("z", turn)
