"""More solids for flying distractors: polyhedra, letters and signs, tubes, knots, rocks and blobs. All are centred on
the origin by their bounds, sizes in metres."""

import numpy as np
import scipy

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, centred
from generator.assets.shapes.forming import extrude, globe, lathe, skin, sweep
from generator.assets.shapes.outline import circle, demand, flowing
from generator.base.draw import Draw
from generator.base.geometry import Array

GOLDEN = (1 + 5**0.5) / 2


def hull(points: Array) -> Body:
    """The convex body that points span."""
    shape = scipy.spatial.ConvexHull(points)
    corners = points[shape.simplices]
    outward = np.einsum(
        "ij,ij->i", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), shape.equations[:, :3]
    )
    faces = np.where(outward[:, None] < 0, shape.simplices[:, ::-1], shape.simplices)
    used, index = np.unique(faces, return_inverse=True)
    return Body(points[used], index.reshape(-1, 3))


@SHAPES("pyramid")
def pyramid(radius: float = 0.5, height: float = 1.0, sides: float = 4) -> Mesh:
    """An upright pyramid over a regular polygon."""
    count = max(3, round(sides))
    demand(height > 0, "a pyramid must be higher than 0")
    foot = np.column_stack([circle(radius, count, np.pi / count), np.zeros(count)])
    return centred(hull(np.vstack([foot, [(0, 0, height)]])))


@SHAPES("tetrahedron")
def tetrahedron(radius: float = 0.5) -> Mesh:
    """A regular tetrahedron; `radius` is that of the sphere through its corners, here as in the next three (m)."""
    return centred(hull(radius / 3**0.5 * np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], float)))


@SHAPES("octahedron")
def octahedron(radius: float = 0.5) -> Mesh:
    """A regular octahedron."""
    return centred(hull(radius * np.vstack([np.eye(3), -np.eye(3)])))


@SHAPES("icosahedron")
def icosahedron(radius: float = 0.5) -> Mesh:
    """A regular icosahedron."""
    return centred(
        hull(radius / (1 + GOLDEN**2) ** 0.5 * cyclic([(0, a, b * GOLDEN) for a in (-1, 1) for b in (-1, 1)]))
    )


@SHAPES("dodecahedron")
def dodecahedron(radius: float = 0.5) -> Mesh:
    """A regular dodecahedron."""
    cube = [(a, b, c) for a in (-1.0, 1.0) for b in (-1.0, 1.0) for c in (-1.0, 1.0)]
    rest = cyclic([(0, a / GOLDEN, b * GOLDEN) for a in (-1, 1) for b in (-1, 1)])
    return centred(hull(radius / 3**0.5 * np.vstack([cube, rest])))


def cyclic(points: list[tuple[float, float, float]]) -> Array:
    """Points with their coordinates exchanged in all three cyclic ways."""
    return np.vstack([np.roll(np.array(points, float), k, axis=1) for k in range(3)])


@SHAPES("polyhedron")
def polyhedron(radius: float = 0.5, corners: float = 14, flat: float = 0.8, variant: float = 0) -> Mesh:
    """An irregular convex polyhedron, like a cut stone.

    radius   no corner is farther from where it was centred (m)
    corners  how many points span it
    flat     its height is that share of its width, as a rule
    variant  seed, rounded to a whole number
    """
    count, rng = max(4, round(corners)), (Draw(round(variant)) / "polyhedron").rng()
    points = rng.normal(0, 1, (count, 3))
    points *= radius * rng.uniform(0.8, 1, (count, 1)) / np.linalg.norm(points, axis=1, keepdims=True)
    return centred(hull(points * (1, 1, flat)))


@SHAPES("blob")
def blob(
    radius: float = 0.5, rough: float = 0.35, waves: float = 3.2, variant: float = 0, subdivisions: float = 4
) -> Mesh:
    """A smooth, irregular lump.

    radius        on average (m)
    rough         greatest departure from that, as a share of it
    waves         how many bumps there are around it, as a rule
    variant       seed, rounded to a whole number
    subdivisions  resolution: 20 * 4**subdivisions triangles
    """
    demand(0 <= rough < 0.9, "a blob's roughness lies from 0 to 0.9")
    points, faces = globe(min(4, max(1, round(subdivisions))))
    rng = (Draw(round(variant)) / "blob").rng()
    ways = rng.normal(0, 1, (24, 3))
    ways *= waves * rng.uniform(0.5, 1.2, (24, 1)) / np.linalg.norm(ways, axis=1, keepdims=True)
    height = np.cos(points @ ways.T + rng.uniform(0, 2 * np.pi, 24)).sum(1)
    height -= height.mean()
    return centred(Body(radius * points * (1 + rough * height / np.abs(height).max())[:, None], faces))


@SHAPES("capsule")
def capsule(radius: float = 0.25, height: float = 1.0) -> Mesh:
    """An upright cylinder with round ends; `height` is from end to end (m)."""
    demand(height > 2.02 * radius > 0, "a capsule must be longer than it is wide")
    turn = np.linspace(0, np.pi / 2, 13)
    cap = radius * np.column_stack([np.cos(turn), np.sin(turn)])
    cap[-1, 0] = 0.0
    middle = height / 2 - radius
    return centred(lathe(np.vstack([(cap * (1, -1))[::-1] - np.array([0, middle]), cap + np.array([0, middle])])))


@SHAPES("hemisphere")
def hemisphere(radius: float = 0.5) -> Mesh:
    """The upper half of a ball."""
    turn = np.linspace(0, np.pi / 2, 17)
    line = radius * np.column_stack([np.cos(turn), np.sin(turn)])
    line[-1, 0] = 0.0
    return centred(lathe(np.vstack([[(0, 0)], line])))


@SHAPES("tube")
def tube(radius: float = 0.5, height: float = 1.0, hole: float = 0.7, segments: float = 48) -> Mesh:
    """An upright pipe, or a flat ring; `hole` is the share of its radius that is open (m)."""
    demand(0 < hole < 0.99 and height > 0, "a tube's hole takes more than 0 and less than 0.99 of its radius")
    low = hole * radius
    return centred(lathe(np.array([(low, 0), (radius, 0), (radius, height), (low, height)]), max(3, round(segments))))


@SHAPES("wedge")
def wedge(x: float = 1.0, y: float = 0.6, z: float = 0.5) -> Mesh:
    """A ramp that rises towards +x."""
    demand(min(x, y, z) > 0, "a wedge's sides must be greater than 0")
    return centred(hull(np.array([(0, 0, 0), (x, 0, 0), (x, 0, z), (0, y, 0), (x, y, 0), (x, y, z)])))


@SHAPES("star")
def star(radius: float = 0.5, height: float = 0.2, points: float = 5, inner: float = 0.42) -> Mesh:
    """A flat star; `inner` is its radius between its points, as a share of `radius` (m)."""
    count = max(3, round(points))
    demand(0 < inner < 0.95, "a star's inner radius must be above 0 and below 0.95 of its outer one")
    line = circle(1.0, 2 * count, np.pi / 2) * (radius * np.tile([1.0, inner], count))[:, None]
    return centred(extrude(line, height, bevel=0.08 * min(height, 0.3 * inner * radius)))


@SHAPES("heart")
def heart(width: float = 0.8, height: float = 0.25) -> Mesh:
    """A flat heart, its tip towards -y (m)."""
    t = np.linspace(0, 2 * np.pi, 81)[:-1] + np.pi / 80
    line = np.column_stack(
        [16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)]
    )
    return centred(extrude(line[::-1] * width / np.ptp(line[:, 0]), height))


@SHAPES("cross")
def cross(width: float = 0.8, height: float = 0.25, arm: float = 0.3) -> Mesh:
    """A flat cross; `arm` is the share of its width that an arm takes (m)."""
    demand(0 < arm < 0.95, "a cross's arm takes more than 0 and less than 0.95 of its width")
    a, b = width / 2, arm * width / 2
    line = np.array(
        [(-b, -a), (b, -a), (b, -b), (a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b), (-b, -b)]
    )
    return centred(extrude(line, height, bevel=0.08 * min(height, 2 * b)))


@SHAPES("ell")
def ell(width: float = 0.8, height: float = 0.25, arm: float = 0.35) -> Mesh:
    """An angle of two equal arms; `arm` is the share of its width that an arm takes (m)."""
    demand(0 < arm < 0.95, "an angle's arm takes more than 0 and less than 0.95 of its width")
    w, b = width, arm * width
    return centred(
        extrude(np.array([(0, 0), (w, 0), (w, b), (b, b), (b, w), (0, w)]), height, bevel=0.08 * min(height, b))
    )


@SHAPES("arrow")
def arrow(length: float = 1.0, width: float = 0.5, height: float = 0.2, shaft: float = 0.4) -> Mesh:
    """A flat arrow towards +x; `shaft` is the share of its width that its shaft takes (m)."""
    demand(
        0 < shaft < 0.95 and width < 1.6 * length, "an arrow's shaft takes more than 0 and less than 0.95 of its width"
    )
    a, b, neck = width / 2, shaft * width / 2, length - 0.6 * width
    line = np.array([(0, -b), (neck, -b), (neck, -a), (length, 0), (neck, a), (neck, b), (0, b)])
    return centred(extrude(line, height, bevel=0.08 * min(height, 2 * b)))


@SHAPES("crescent")
def crescent(radius: float = 0.5, height: float = 0.2, thick: float = 0.25) -> Mesh:
    """A flat sickle moon; `thick` is the share of its diameter that it is wide in its middle (m)."""
    demand(0.08 < thick < 0.9, "a crescent is 0.08 to 0.9 of its diameter wide")
    turn = np.linspace(-np.pi / 2, np.pi / 2, 33)
    outer = np.column_stack([np.cos(turn), np.sin(turn)])
    inner = (outer * (1 - 2 * thick, 1))[::-1][1:-1]
    return centred(extrude(radius * np.vstack([outer, inner]), height))


@SHAPES("helix")
def helix(radius: float = 0.35, height: float = 1.0, tube: float = 0.06, turns: float = 3.5) -> Mesh:
    """An upright corkscrew with round ends; `tube` is half its thickness (m)."""
    demand(
        0 < turns <= 12 and height > 2.1 * tube * (turns + 1), "a helix's turns touch each other, or are more than 12"
    )
    count = max(16, int(32 * turns))
    angle, z = np.linspace(0, 2 * np.pi * turns, count), np.linspace(tube, height - tube, count)
    line = np.column_stack([radius * np.cos(angle), radius * np.sin(angle), z])
    return centred(sweep(line, tube, ends="round", sides=12))


@SHAPES("knot")
def knot(radius: float = 0.4, tube: float = 0.08) -> Mesh:
    """A trefoil knot; `tube` is half its thickness (m)."""
    demand(0 < tube < 0.32 * radius, "a knot's tube must be thinner than 0.32 of its radius")
    t = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    line = np.column_stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)])
    return centred(sweep(line * radius / 3, tube, closed=True, sides=16))


@SHAPES("drop")
def drop(radius: float = 0.35, height: float = 1.0) -> Mesh:
    """A drop, its tip above (m)."""
    t = np.linspace(0, np.pi, 33)
    line = np.column_stack([np.sin(t) * np.cos(t / 2) ** 1.2, (1 - np.cos(t)) / 2])
    line[:, 0] *= radius / line[:, 0].max()
    line[[0, -1], 0] = 0.0
    return centred(lathe(line * (1, height)))


@SHAPES("hourglass")
def hourglass(radius: float = 0.35, height: float = 1.0, waist: float = 0.3) -> Mesh:
    """A body with a waist; `waist` is its radius there, as a share of `radius` (m)."""
    side = flowing(
        [
            (radius, 0),
            (0.94 * radius, 0.2 * height),
            (waist * radius, 0.5 * height),
            (0.94 * radius, 0.8 * height),
            (radius, height),
        ],
        30,
    )
    return centred(lathe(np.vstack([[(0, 0)], side, [(0, height)]])))


@SHAPES("twist")
def twist(radius: float = 0.35, height: float = 1.0, sides: float = 4, turn: float = 90) -> Mesh:
    """A prism twisted about its axis by `turn` degrees (m)."""
    count = max(3, round(sides))
    angles = np.linspace(0, np.radians(turn), 33)
    corners, along = circle(1.0, count), np.arange(8)[:, None, None] / 8
    line = radius * (corners + along * (np.roll(corners, -1, 0) - corners)).swapaxes(0, 1).reshape(-1, 2)
    rings = [np.column_stack([line @ [[c, s], [-s, c]], np.full(len(line), height * k / 32)])
             for k, (c, s) in enumerate(zip(np.cos(angles), np.sin(angles), strict=True))]  # fmt: skip
    return centred(skin(np.array(rings)))
