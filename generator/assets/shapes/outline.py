"""Lines in the plane, float64 (n, 2) in metres: outlines to extrude, profiles to spin. Closed ones run
counter-clockwise and do not repeat their first point."""

from collections.abc import Sequence

import numpy as np
import scipy

from generator.base.errors import AssetError
from generator.base.geometry import Array

MOST = 800  # points of one outline
Points = Sequence[Sequence[float]] | Array


def demand(holds: bool, words: str) -> None:
    """Raise AssetError for sizes that make no object."""
    if not holds:
        raise AssetError(words)


def circle(radius: float, count: int = 32, start: float = 0.0) -> Array:
    """A regular polygon; `start` in radians."""
    demand(radius > 0, f"a radius must be greater than 0, not {radius:g}")
    angle = start + 2 * np.pi * np.arange(count) / count
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def rectangle(x: float, y: float, corner: float = 0.0, steps: int = 4) -> Array:
    """Centred, with round corners."""
    demand(min(x, y) > 0, f"sizes must be greater than 0, not {x:g} x {y:g}")
    x, y = x / 2, y / 2
    return filleted([(-x, -y, corner), (x, -y, corner), (x, y, corner), (-x, y, corner)], steps=steps)


def filleted(corners: Points, closed: bool = True, steps: int = 5) -> Array:
    """A line through corners (x, y) or (x, y, radius), each rounded by an arc of that radius, or by a smaller one
    where two corners are too near. The ends of an open line stay as they are."""
    points = np.array([c[:2] for c in corners], float)
    radii = [c[2] if len(c) > 2 else 0.0 for c in corners]
    found = []
    for i, here in enumerate(points):
        if not closed and i in (0, len(points) - 1):
            found.append(here[None])
        else:
            found.append(arc(points[i - 1], here, points[(i + 1) % len(points)], radii[i], steps))
    return np.concatenate(found)


def arc(before: Array, here: Array, after: Array, radius: float, steps: int) -> Array:
    """Points (steps + 1, 2) of the arc that rounds the corner `here`, or the corner itself."""
    back, forth = before - here, after - here
    room = 0.499 * min(np.linalg.norm(back), np.linalg.norm(forth))
    back, forth = back / np.linalg.norm(back), forth / np.linalg.norm(forth)
    turn = np.pi - np.arccos(np.clip(back @ forth, -1, 1))
    if radius <= 0 or turn < 1e-6:
        return here[None]
    reach = min(radius * np.tan(turn / 2), room)  # from the corner to where the arc begins
    radius = reach / np.tan(turn / 2)
    middle = back + forth
    centre = here + middle / np.linalg.norm(middle) * np.hypot(radius, reach)
    inward = (here + back * reach - centre) / radius
    angle = np.linspace(0, turn, steps + 1) * (1.0 if forth[0] * back[1] - forth[1] * back[0] > 0 else -1.0)
    aside = np.array([-inward[1], inward[0]])
    return centre + radius * (np.cos(angle)[:, None] * inward + np.sin(angle)[:, None] * aside)


def flowing(points: Points, count: int = 24) -> Array:
    """A smooth line (count, d) through points (n, d), which never swings beyond its neighbouring points."""
    knots = np.array(points, float)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    demand(bool((np.diff(along) > 0).all()), "a shape's sizes leave no room for one of its curves")
    line = np.asarray(scipy.interpolate.PchipInterpolator(along, knots)(np.linspace(0, along[-1], count)))
    line[-1] = knots[-1]  # not but for a rounding error
    return line


def inset(line: Array, distance: float, closed: bool = True) -> Array:
    """The line moved to its left: inwards where it runs counter-clockwise. Corners stay corners."""
    before, after = line - np.roll(line, 1, 0), np.roll(line, -1, 0) - line
    if not closed:
        before[0], after[-1] = after[0], before[-1]
    left = [np.column_stack([-d[:, 1], d[:, 0]]) / np.linalg.norm(d, axis=1, keepdims=True) for d in (before, after)]
    shared = 1 + (left[0] * left[1]).sum(1, keepdims=True)
    return np.asarray(line + distance * (left[0] + left[1]) / np.maximum(shared, 0.2))


def area(line: Array) -> float:
    """Of a closed line; negative when it runs clockwise."""
    following = np.roll(line, -1, 0)
    return float((line[:, 0] * following[:, 1] - line[:, 1] * following[:, 0]).sum() / 2)


def crosses(line: Array) -> bool:
    """Whether two sides of a closed line cut through each other."""
    p, q = line, np.roll(line, -1, 0)

    def side(a: Array, b: Array, c: Array) -> Array:
        """Sign (n, n) of the turn from side i to point j."""
        ab, ac = (b - a)[:, None], c[None] - a[:, None]
        turn = ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0]
        return np.sign(np.where(np.abs(turn) < 1e-14, 0, turn))

    apart = side(p, q, p) * side(p, q, q)  # < 0 where side i has the ends of side j on its two sides
    return bool(((apart < 0) & (apart.T < 0)).any())


def sound(line: Array, what: str) -> Array:
    """The line without points that lie between their neighbours. Raises AssetError when it is no outline."""
    demand(bool(np.isfinite(line).all()), f"{what}: sizes must be finite numbers")
    demand(len(line) <= MOST, f"{what} of {len(line)} points is too fine; at most {MOST}: fewer of its parts")
    for _ in range(3):
        back, forth = line - np.roll(line, 1, 0), np.roll(line, -1, 0) - line
        turn = np.abs(back[:, 0] * forth[:, 1] - back[:, 1] * forth[:, 0])
        lengths = np.linalg.norm(back, axis=1) * np.linalg.norm(forth, axis=1)
        keep = (turn > 1e-7 * lengths) & (np.linalg.norm(back, axis=1) > 1e-9)
        if keep.all():
            break
        line = line[keep]
    demand(len(line) >= 3 and area(line) > 0 and not crosses(line), f"{what}: these sizes leave no room for it")
    return line
