"""Traffic cones: a hollow, open cone on a square plate, one closed surface."""

import numpy as np

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.keypoints import DOWN, UP, keypoints
from generator.base.geometry import Array

ROUND = 0.3  # of the plate's thickness is rounded off at its upper and lower rim
TOP = 0.025  # of the height: how far below the mouth its rounding begins
Profile = list[tuple[float, float, float]]  # radius (m), height (m), 0 for a circle .. 1 for the plate's outline


@SHAPES("traffic_cone")
@keypoints(
    tip=UP, base=DOWN, left_front=(-1, -1, 0), right_front=(1, -1, 0), left_back=(-1, 1, 0), right_back=(1, 1, 0)
)
def traffic_cone(
    height: float = 0.325, radius: float = 0.078, base: float = 0.21, mouth: float = 0.026, plate: float = 0.018,
    corner: float = 0.025, flare: float = 0.018, wall: float = 0.006, segments: float = 64,
) -> Mesh:  # fmt: skip
    """A cone that stands upright on the origin; its plate's sides lie along x and y.

    height   from the ground to the top (m)
    radius   of the cone's outside where its straight line would meet the plate
    base     side of the square plate
    mouth    radius of the top's outside; the cone is open at both ends
    plate    thickness of the plate
    corner   radius of the plate's rounded corners, as seen from above
    flare    how far the cone widens where it runs into the plate
    wall     thickness of the cone's wall
    segments resolution around the axis, a multiple of 8: about 45 triangles each
    """
    around = np.linspace(0, 2 * np.pi, 8 * max(1, round(segments / 8)), endpoint=False)
    square = rounded_square(around, base / 2, min(corner, base / 2))
    rings = [
        np.column_stack([r * edge * np.cos(around), r * edge * np.sin(around), np.full(len(around), z)])
        for r, z, share in profile(height, radius, base / 2, mouth, plate, flare, wall)
        for edge in [1 + share * (square / (base / 2) - 1)]
    ]
    vertices = np.concatenate(rings).astype(np.float32)
    return Mesh(vertices, closed_tube(len(rings), len(around)).astype(np.int32), smooth=True)


def profile(
    height: float, radius: float, half: float, mouth: float, plate: float, flare: float, wall: float
) -> Profile:
    """The section through one side, a closed line: out below the plate, in above it, up outside, down inside."""
    soft, edge = ROUND * plate, TOP * height
    foot = min(radius + flare, 0.97 * (half - soft))
    slope = (mouth - radius) / (height - plate)
    under = [(0.5 * (radius + half), 0.0, 0.5), (half - soft, 0.0, 1.0), (half - 0.3 * soft, 0.3 * soft, 1.0)]
    side = [(half, soft, 1.0), (half, plate - soft, 1.0), (half - 0.3 * soft, plate - 0.3 * soft, 1.0)]
    above = [(half - soft, plate, 1.0), (0.5 * (foot + half), plate, 0.5)]
    widening = foot - radius  # dies away upwards as a parabola does, so that the cone's line goes on without a kink
    fillet = [(radius + slope * z + widening * (1 - t) ** 2, plate + z, 0.0) for t, z in rise(2.5 * widening)]
    body = [(radius + slope * (z - plate), z, 0.0) for z in np.linspace(fillet[-1][1], height - edge, 6)[1:]]
    lip = [(mouth - 0.2 * wall, height - 0.3 * edge, 0.0), (mouth - 0.5 * wall, height, 0.0)]
    inside = [(mouth - 0.8 * wall, height - 0.3 * edge, 0.0)]
    inner = [(radius - wall + slope * (z - plate), z, 0.0) for z in np.linspace(height - edge, plate, 4)]
    return [*under, *side, *above, *fillet, *body, *lip, *inside, *inner, (radius - wall, 0.0, 0.0)]


def rise(height: float, steps: int = 6) -> list[tuple[float, float]]:
    """Shares 0..1 of a height, each with that height."""
    return [(t, t * height) for t in np.linspace(0, 1, steps).tolist()]


def rounded_square(angle: Array, half: float, corner: float) -> Array:
    """Distance from the centre to the outline of a square with round corners, in each direction."""
    folded = np.abs((angle + np.pi / 4) % (np.pi / 2) - np.pi / 4)
    x, y = np.cos(folded), np.sin(folded)
    middle = half - corner  # the corner's centre lies at (middle, middle)
    along = middle * (x + y)
    arc = along + np.sqrt(np.maximum(along**2 - 2 * middle**2 + corner**2, 0))
    return np.asarray(np.where(half * y <= middle * x, half / x, arc))


def closed_tube(rings: int, around: int) -> Array:
    """Triangles between rings of points that follow one another in a circle, the last being joined to the first."""
    k, i = (v.ravel() for v in np.meshgrid(np.arange(rings), np.arange(around), indexing="ij"))
    here, aside = k * around + i, k * around + (i + 1) % around
    above, across = (k + 1) % rings * around + i, (k + 1) % rings * around + (i + 1) % around
    return np.concatenate([np.column_stack([here, aside, across]), np.column_stack([here, across, above])])
