"""Ancient struck coins: an irregular flan with a design in low relief, made from a seed."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.strike import design, waves
from generator.base.draw import Draw
from generator.base.geometry import Array

FACE = 0.955  # share of the radius that the struck face takes; the rounded edge has the rest
EDGE = ((0.982, 0.36), (1.0, 0.08), (0.994, -0.22), (0.97, -0.42), (0.93, -0.5))  # radius, height in thicknesses


@SHAPES("coin")
def coin(
    radius: float = 0.012, thickness: float = 0.0028, variant: float = 0, relief: float = 0.14, chips: float = 0.5,
    uneven: float = 1.0, wear: float = 0.3, rings: float = 30,
) -> Mesh:  # fmt: skip
    """A coin lying flat, centred on the origin, face up.

    radius     no vertex is farther from the axis (m)
    thickness  from the flat back to the highest point (m)
    variant    seed of outline and design, rounded to a whole number
    relief     greatest depth of the design in radii; each variant has 0.4 to 1 of it
    chips      0..1, how many and how deep the cuts and cracks of the outline
    uneven     how far the outline is from a circle; at 1 the longest diameter is 1 to 1.15 times the shortest
    wear       0..1, how much of the design is rubbed away and pitted
    rings      resolution: 6 rings**2 triangles on the face
    """
    draw, rings = Draw(round(variant)) / "coin", int(rings)
    grid, faces = disc(rings)
    edge = outline(np.arctan2(grid[:, 1], grid[:, 0]), draw / "outline", chips, uneven)
    height = struck(grid, draw / "face", wear)
    depth = min((0.4 + 0.6 * (draw / "relief").uniform()) * relief * radius, 0.6 * thickness)
    face = np.column_stack([grid * (FACE * radius * edge)[:, None], thickness / 2 - depth * (1 - height)])
    body = np.concatenate([face, side(face[-6 * rings :], thickness)])
    return Mesh(body.astype(np.float32), np.concatenate([faces, skirt(rings)]).astype(np.int32), smooth=True)


def disc(rings: int) -> tuple[Array, Array]:
    """Points of the unit disc, (1 + 3 n (n + 1), 2), in rings of 6, 12, 18, ... all about equally far apart, and its
    6 n**2 triangles. The last 6 n points are the rim, counter-clockwise from +x."""
    points, faces = [np.zeros((1, 2))], []
    for k in range(1, rings + 1):
        angle = 2 * np.pi * np.arange(6 * k) / (6 * k)
        points.append(k / rings * np.column_stack([np.cos(angle), np.sin(angle)]))
        faces += ring_faces(k)
    return np.concatenate(points), np.concatenate(faces)


def ring_faces(k: int) -> list[Array]:
    """Triangles between ring k - 1 and ring k: in each sextant k that point inwards and k - 1 that point outwards."""
    outer, inner = 1 + 3 * k * (k - 1), (1 + 3 * (k - 1) * (k - 2)) if k > 1 else 0
    size = max(1, 6 * (k - 1))
    sextant, i = (v.ravel() for v in np.meshgrid(np.arange(6), np.arange(k), indexing="ij"))
    a, b = outer + sextant * k + i, outer + (sextant * k + i + 1) % (6 * k)
    c, d = inner + (sextant * (k - 1) + i) % size, inner + (sextant * (k - 1) + i + 1) % size
    between = i < k - 1
    return [np.column_stack([a, b, c]), np.column_stack([c, b, d])[between]]


def side(rim: Array, thickness: float) -> Array:
    """The rounded edge below the face's rim, ring by ring, then the centre of the back."""
    flat = rim[:, :2] / FACE
    rings = [np.column_stack([flat * r, np.minimum(thickness * z, rim[:, 2] - 0.02 * thickness)]) for r, z in EDGE]
    return np.concatenate([*rings, [[0.0, 0.0, -thickness / 2]]])


def skirt(rings: int) -> Array:
    """Triangles of the edge and the flat back."""
    n, first = 6 * rings, 1 + 3 * rings * (rings - 1)
    here, faces = np.arange(n), []
    for k in range(len(EDGE)):
        upper, lower = first + k * n + here, first + (k + 1) * n + here
        next_upper, next_lower = first + k * n + (here + 1) % n, first + (k + 1) * n + (here + 1) % n
        faces += [np.column_stack([upper, lower, next_upper]), np.column_stack([next_upper, lower, next_lower])]
    last, centre = first + len(EDGE) * n, first + (len(EDGE) + 1) * n
    return np.concatenate([*faces, np.column_stack([last + (here + 1) % n, last + here, np.full(n, centre)])])


def outline(angle: Array, draw: Draw, chips: float, uneven: float) -> Array:
    """Radius (0..1] of the flan in each direction: an oval, low harmonics, straight cuts, notches and small spurs."""
    rng = draw.rng()
    order, most = np.arange(2, 14), [0.09, 0.022, 0.018, 0.014, 0.012, 0.01, 0.009, 0.008, 0.007, 0.006, 0.005, 0.004]
    size = uneven * rng.uniform(0, 1, len(order)) * np.array(most)
    size[0] *= rng.random()
    edge = 1 + (size * np.cos(order * angle[:, None] + rng.uniform(0, 2 * np.pi, len(order)))).sum(1)
    for _ in range(rng.binomial(3, 0.5 * chips)):
        away = np.cos(angle - rng.uniform(0, 2 * np.pi))
        edge = np.minimum(edge, np.where(away > 0.5, (1 - rng.uniform(0, 0.09) * chips) / np.maximum(away, 0.5), 2))
    for _ in range(rng.binomial(5, 0.5 * chips)):
        away = np.angle(np.exp(1j * (angle - rng.uniform(0, 2 * np.pi))))
        depth = rng.choice([-0.15, -0.15, 0.06]) * chips * rng.random()
        edge += depth * np.exp(-((away / rng.uniform(0.04, 0.2)) ** 2))
    return np.asarray(edge / edge.max())


def struck(grid: Array, draw: Draw, wear: float) -> Array:
    """Height 0..1 of the face at points of the unit disc: the design, struck off centre on a worn and domed flan."""
    rng = (draw / "strike").rng()
    turn, slip = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.06, 2)
    c, s = np.cos(turn), np.sin(turn)
    die = (grid - slip) @ np.array([[c, -s], [s, c]]) / rng.uniform(0.82, 1.06)
    worn = wear * rng.uniform(0.3, 1)
    raised = design(die, draw / "design") * (1 - 0.75 * worn * (0.5 + 0.5 * waves(grid, rng, 1, 4)))
    pits = np.minimum(waves(grid, rng, 9, 30) + 0.45, 0) * 0.9 * worn
    distance = np.linalg.norm(grid, axis=1)
    dome = (
        rng.uniform(-0.15, 0.35) * (1 - distance**2)
        - rng.uniform(0.0, 0.5) * np.clip((distance - 0.9) / 0.1, 0, 1) ** 2
    )
    return np.asarray(np.clip(0.25 + 0.6 * raised + pits + dome + 0.12 * waves(grid, rng, 2, 9), 0, 1))
