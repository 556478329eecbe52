"""Ways to make a `Body`: skin over rings, spin a profile, extrude an outline, sweep a section along a line.

All raise AssetError when the sizes make no body that is closed and free of self-crossings.
"""

from collections.abc import Sequence

import mapbox_earcut
import numpy as np

from generator.assets.shapes.body import Body, Faces
from generator.assets.shapes.outline import area, circle, demand, inset, rectangle, sound
from generator.base.geometry import Array

UP = (0.0, 0.0, 1.0)


def skin(rings: Sequence[Array] | Array, closed: bool = False) -> Body:
    """A tube over rings (k, 3) of equally many points, each counter-clockwise as seen from the next one. Its ends are
    closed by fans, or joined when it is `closed`. Rings may shrink to a point."""
    grid = np.array(rings, float)
    count, k = grid.shape[:2]
    faces = strips(count if closed else count - 1, k, count)
    points = grid.reshape(-1, 3)
    if not closed:
        here, aside = np.arange(k), np.roll(np.arange(k), -1)
        low = np.column_stack([aside, here, np.full(k, len(points))])
        high = np.column_stack([here + (count - 1) * k, aside + (count - 1) * k, np.full(k, len(points) + 1)])
        points, faces = np.concatenate([points, grid[[0, -1]].mean(1)]), np.concatenate([faces, low, high])
    return welded(points, faces)


def strips(layers: int, k: int, rings: int) -> Faces:
    """Triangles between each of the first `layers` rings of k points and its next."""
    ring, i = (v.ravel() for v in np.meshgrid(np.arange(layers), np.arange(k), indexing="ij"))
    here, aside = ring * k + i, ring * k + (i + 1) % k
    above, across = (ring + 1) % rings * k + i, (ring + 1) % rings * k + (i + 1) % k
    return np.concatenate([np.column_stack([here, aside, across]), np.column_stack([here, across, above])])


def welded(points: Array, faces: Faces) -> Body:
    """Equal points made one; triangles that thereby lose a side are dropped."""
    points, index = np.unique(points + 0.0, axis=0, return_inverse=True)  # + 0.0: -0.0 is 0.0
    faces = index.reshape(-1)[faces]
    whole = (faces != np.roll(faces, 1, 1)).all(1)
    return Body(points, faces[whole])


def lathe(profile: Array, segments: int = 48) -> Body:
    """A line of (radius, height) spun about the z axis: a closed one, or one from axis to axis. Counter-clockwise with
    the radius to the right: outside upwards."""
    line = np.array(profile, float)
    demand(bool((line[:, 0] >= 0).all()), "a wall or a rounding is thicker than the radius it belongs to")
    sound(line, "a spun profile")
    angle = 2 * np.pi * np.arange(segments) / segments
    rings = [np.column_stack([r * np.cos(angle), r * np.sin(angle), np.full(segments, z)]) for r, z in line]
    on_axis = line[0, 0] == 0 and line[-1, 0] == 0
    demand(on_axis or bool((line[:, 0] > 0).all()), "a spun profile begins and ends on its axis, or stays off it")
    return skin(rings, closed=not on_axis)


def vessel(outside: Array, wall: float, floor: float, segments: int = 48, inside: Array | None = None) -> Body:
    """A hollow body: `outside` (radius, height) runs from the edge of the foot at z = 0 up to the rim. Its inside is
    that line moved in by `wall`, or another one (before it is moved in) where the outside has beads and steps."""
    demand(wall > 0 and floor > 0, "walls must be thicker than 0")
    inner = inset(outside if inside is None else inside, wall, closed=False)[::-1]
    above = inner[:, 1] > floor
    demand(bool(above[0]) and bool((inner[above, 0] > 0).all()), "the wall is thicker than the vessel has room for")
    last = int(np.argmin(above)) if not above.all() else len(inner)
    kept = inner[:last]
    if last < len(inner):
        share = (kept[-1, 1] - floor) / (kept[-1, 1] - inner[last, 1])
        corner = np.maximum(kept[-1] + share * (inner[last] - kept[-1]), [1e-6, floor])
        kept = np.vstack([kept, corner])
    turn = np.linspace(0, np.pi, 7)[1:-1]
    middle, half = (outside[-1] + inner[0]) / 2, (outside[-1] - inner[0]) / 2
    across = np.array([-half[1], half[0]])
    rim = middle + np.cos(turn)[:, None] * half + np.sin(turn)[:, None] * across
    ends = ([[0.0, 0.0]], [[0.0, kept[-1, 1]]])
    profile = np.concatenate([ends[0], outside, rim, kept, ends[1]])
    return lathe(profile * (1, outside[-1, 1] / profile[:, 1].max()), segments)  # a slanting lip rises above the line


def extrude(outer: Array, height: float, holes: Sequence[Array] = (), bevel: float = 0.0, steps: int = 1) -> Body:
    """An outline (n, 2) raised from z = 0 to `height`; `holes` run counter-clockwise too. Edges have a flat chamfer of
    size `bevel`, or with `steps` > 1 a rounding."""
    demand(height > 2.4 * bevel >= 0, f"a body of height {height:g} cannot have edges cut by {bevel:g}")
    lines = [sound(outer, "an outline"), *(sound(hole, "a hole")[::-1] for hole in holes)]
    levels = edges(height, bevel, steps)
    sides, first, caps = [], 0, []
    for line in lines:
        rings = [np.column_stack([inset(line, depth), np.full(len(line), z)]) for z, depth in levels]
        sides.append((np.concatenate(rings), strips(len(levels) - 1, len(line), len(levels)) + first))
        caps.append(np.arange(len(line)) + first)
        first += len(line) * len(levels)
    points = np.concatenate([side[0] for side in sides])
    flat = [points[cap][:, :2] for cap in caps]
    sound(flat[0], "a chamfered outline")
    lid = triangulated(flat)
    low = np.concatenate(caps)
    top = np.concatenate([cap + len(line) * (len(levels) - 1) for cap, line in zip(caps, lines, strict=True)])
    return Body(points, np.concatenate([*(side[1] for side in sides), low[lid][:, ::-1], top[lid]]))


def edges(height: float, bevel: float, steps: int) -> list[tuple[float, float]]:
    """Levels (z, how far the outline is drawn in there) from below to above."""
    if bevel == 0:
        return [(0.0, 0.0), (height, 0.0)]
    turn = np.linspace(0, np.pi / 2, steps + 1).tolist()
    low = [(0.0, bevel), *[(bevel * (1 - np.cos(a)), bevel * (1 - np.sin(a))) for a in turn[1:-1]], (bevel, 0.0)]
    if steps > 1:  # one more ring on either side keeps the shading of flat faces flat
        low = [(0.0, 1.15 * bevel), *low, (1.15 * bevel, 0.0)]
    return [*low, *((height - z, depth) for z, depth in reversed(low))]


def triangulated(lines: Sequence[Array]) -> Faces:
    """Triangles (m, 3), counter-clockwise, over an outline and its holes (FIST, by mapbox earcut)."""
    points = np.ascontiguousarray(np.concatenate(lines), np.float64)
    ends = np.cumsum([len(line) for line in lines]).astype(np.uint32)
    faces = mapbox_earcut.triangulate_float64(points, ends).reshape(-1, 3).astype(np.int64)
    a, b, c = (points[faces[:, i]] for i in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    whole = area(lines[0]) + sum(area(line) for line in lines[1:])
    demand(abs(np.abs(turn).sum() / 2 - whole) < 1e-6 * whole, "a hole reaches outside the outline it is cut from")
    return np.where(turn[:, None] < 0, faces[:, ::-1], faces)


def sweep(
    path: Array, section: Array | float, scale: Array | float = 1.0, up: Sequence[float] = UP, closed: bool = False,
    ends: str = "flat", sides: int = 16,
) -> Body:  # fmt: skip
    """A section (k, 2), or a circle of that radius, carried along `path` (n, 3) with little twist.

    `scale` (n,) or (n, 2) stretches the section along the way; its first axis stays as near to `up` as it can.
    `ends` are flat or round. Raises AssetError where the path turns more sharply than the section is wide.
    """
    flat = circle(section, sides) if isinstance(section, (int, float)) else section
    line = np.array(path, float)
    sizes = np.broadcast_to(np.array(scale, float).reshape(-1, 1 if np.ndim(scale) < 2 else 2), (len(line), 2))
    tangent, normal, aside = frames(line, np.array(up, float), closed)
    local = flat[None] * sizes[:, None]
    bends(line, np.linalg.norm(local, axis=2).max(1), closed)
    rings = line[:, None] + local[..., :1] * normal[:, None] + local[..., 1:] * aside[:, None]
    if ends == "round" and not closed:
        rings = np.concatenate([dome(rings[0], -tangent[0])[::-1], rings, dome(rings[-1], tangent[-1])])
    return skin(rings, closed)


def dome(ring: Array, forward: Array, steps: int = 5) -> Array:
    """Rings (steps, k, 3) that close a tube beyond its last ring, as a half sphere closes a round one."""
    middle, turn = ring.mean(0), np.linspace(0, np.pi / 2, steps + 1)[1:, None, None]
    reach = np.linalg.norm(ring - middle, axis=1).min()
    shares = np.where(np.arange(1, steps + 1)[:, None, None] == steps, 0.0, np.cos(turn))
    return np.asarray(middle + shares * (ring - middle) + reach * np.sin(turn) * forward)


def frames(line: Array, up: Array, closed: bool) -> tuple[Array, Array, Array]:
    """Unit tangent, normal and binormal (n, 3) at each point, the normal carried along with as little turning as
    projection gives."""
    ahead, behind = np.roll(line, -1, 0) - line, line - np.roll(line, 1, 0)
    if not closed:
        ahead[-1], behind[0] = behind[-1], ahead[0]
    tangent = unit(unit(ahead) + unit(behind))
    normal = np.empty_like(line)
    before = up if np.linalg.norm(np.cross(up, tangent[0])) > 1e-3 else np.roll(up, 1)
    for i, along in enumerate(tangent):
        before = normal[i] = unit(before - (before @ along) * along)
    return tangent, normal, np.cross(tangent, normal)


def unit(vectors: Array) -> Array:
    """Of length 1 along the last axis."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-300))


def bends(line: Array, reach: Array, closed: bool) -> None:
    """Refuse a path on which neighbouring sections, `reach` (n,) wide, would cut each other."""
    steps = np.roll(line, -1, 0) - line
    lengths, turns = np.linalg.norm(steps, axis=1), unit(steps)
    angle = np.arccos(np.clip((turns * np.roll(turns, 1, 0)).sum(1), -1, 1))
    room = np.minimum(lengths, np.roll(lengths, 1))
    crowded = reach * np.tan(np.minimum(angle, 3) / 2) > room
    demand(not (crowded if closed else crowded[1:-1]).any(), "a bent part is too thick for how sharply it bends")


def globe(subdivisions: int = 4) -> tuple[Array, Faces]:
    """Vertices (n, 3) and faces of an icosphere of radius 1."""
    from trimesh.creation import icosphere

    made = icosphere(subdivisions=subdivisions)
    return np.asarray(made.vertices, float), np.asarray(made.faces)


def bar(start: Sequence[float], end: Sequence[float], width: float, depth: float = 0.0, taper: float = 1.0) -> Body:
    """A straight bar: round of diameter `width`, or with a `depth` of rectangular section, rounded a little.
    `taper` is the width at its end over that at its start."""
    section = rectangle(width, depth, 0.2 * min(width, depth), 2) if depth else circle(width / 2, 20)
    return sweep(np.array([start, end], float), section, np.array([1.0, taper]), up=(1, 0, 0))


def block(x: float, y: float, z: float, corner: float = 0.0, bevel: float = 0.0, steps: int = 1) -> Body:
    """A cuboid on z = 0, its upright edges rounded by `corner`, its others cut or rounded by `bevel`."""
    return extrude(rectangle(x, y, corner), z, bevel=bevel, steps=steps)
