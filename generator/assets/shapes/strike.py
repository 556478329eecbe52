"""Designs of struck coins: heights made of smooth blobs, curls, strokes and beads.

Points are (n, 2) in the die's own frame, where the die has radius 1; heights are about 0..1. None of it is a
portrait of anything: it has the sizes, the crowding and the contrast of what was struck on coins.
"""

from collections.abc import Callable, Sequence

import numpy as np

from generator.base.draw import Draw
from generator.base.geometry import Array

Rng = np.random.Generator


def waves(points: Array, rng: Rng, low: float, high: float, count: int = 28) -> Array:
    """Band-limited noise of about -1..1 with `low` to `high` radians per unit length."""
    angle, size = rng.uniform(0, 2 * np.pi, count), rng.uniform(low, high, count)
    along = points @ (size * np.stack([np.cos(angle), np.sin(angle)])) + rng.uniform(0, 2 * np.pi, count)
    return np.asarray(np.cos(along).sum(1) / np.sqrt(1.5 * count))


def blob(points: Array, at: Sequence[float] | Array, wide: float, high: float, turn: float = 0.0) -> Array:
    """A pillow: 1 in the middle of an ellipse, 0 outside, steep at its border as struck designs are."""
    c, s = np.cos(turn), np.sin(turn)
    local = (points - np.asarray(at)) @ np.array([[c, -s], [s, c]]) / (wide, high)
    return np.asarray(np.clip(1.25 * (1 - (local**2).sum(1)), 0, 1) ** 0.6)


def stroke(points: Array, a: Array, b: Array, width: float) -> Array:
    """A round ridge from `a` to `b`."""
    along = b - a
    t = np.clip((points - a) @ along / max(float(along @ along), 1e-12), 0, 1)
    distance = np.linalg.norm(points - (a + t[:, None] * along), axis=1)
    return np.asarray(np.sqrt(np.clip(1 - (distance / width) ** 2, 0, 1)))


def head(points: Array, rng: Rng) -> Array:
    """A head in profile: skull, jaw, neck, nose, eye, and curls or a helmet's ridges."""
    grow = rng.uniform(0.8, 1.1)
    p = points / grow
    skull = blob(p, (0, 0.17), 0.46, 0.5)
    face = [
        blob(p, (0.16, -0.1), 0.3, 0.42, 0.25),
        blob(p, (0.45, -0.02), 0.1, 0.16, 0.4),
        blob(p, (0.33, -0.33), 0.12, 0.1),
    ]
    neck = blob(p, (-0.12, -0.55), 0.26, 0.36, -0.2)
    eye = (
        0.25 * blob(p, (0.28, 0.1), 0.08, 0.05)
        - 0.3 * blob(p, (0.3, 0.2), 0.12, 0.04, 0.4)
        - 0.3 * blob(p, (0.38, -0.2), 0.09, 0.03)
    )
    behind = np.clip((0.12 - p[:, 0] + 0.5 * (p[:, 1] - 0.1)) * 8, 0, 1) * np.clip(skull * 1.5, 0, 1)
    body = np.maximum.reduce([0.8 * skull, 0.7 * face[0], 0.6 * face[1], 0.6 * face[2], 0.55 * neck])
    return np.asarray(body + eye + 0.35 * behind * curls(p, rng))


def curls(points: Array, rng: Rng) -> Array:
    """Locks of hair, feathers or a helmet: ridges that bend, about -1..1."""
    x, y = points.T
    bent = rng.uniform(14, 30) * np.hypot(x - rng.uniform(-0.4, 0.3), y - rng.uniform(-0.3, 0.3)) + rng.uniform(
        -3, 3
    ) * np.arctan2(y, x)
    return np.asarray(np.cos(bent + 3 * waves(points, rng, 3, 9)))


def figure(points: Array, rng: Rng) -> Array:
    """Somebody who stands or sits: head, trunk, limbs and what is held."""
    joint = {k: np.array(v) + rng.normal(0, 0.06, 2) for k, v in {
        "head": (0.0, 0.62), "neck": (0.0, 0.45), "hip": (0.0, -0.1), "left": (-0.38, 0.1), "right": (0.4, 0.25),
        "knee": (-0.2, -0.42), "foot": (-0.24, -0.75), "knee2": (0.22, -0.4), "foot2": (0.2, -0.75),
        "staff": (0.5, -0.7),
    }.items()}  # fmt: skip
    limbs = [("neck", "left", 0.08), ("neck", "right", 0.08), ("hip", "knee", 0.13), ("knee", "foot", 0.09)]
    limbs += [("hip", "knee2", 0.13), ("knee2", "foot2", 0.09), ("right", "staff", 0.04), ("neck", "hip", 0.2)]
    parts = [stroke(points, joint[a], joint[b], w * rng.uniform(0.8, 1.4)) for a, b, w in limbs]
    body = np.maximum.reduce([*parts, blob(points, joint["head"], 0.13, 0.16)])
    return np.asarray(0.85 * body + 0.2 * np.clip(2 * body, 0, 1) * curls(points, rng))


def beast(points: Array, rng: Rng) -> Array:
    """An animal: rump, chest, head, legs, tail."""
    flip = np.array([rng.choice([-1.0, 1.0]), 1.0])
    p = points * flip / rng.uniform(0.85, 1.1)
    at = np.array(
        [(-0.4, 0.0), (0.3, 0.08), (0.55, 0.42), (-0.5, -0.6), (-0.28, -0.6), (0.25, -0.6), (0.5, -0.5), (-0.75, 0.3)]
    )
    at = at + rng.normal(0, 0.05, at.shape)
    legs = [stroke(p, at[0], at[k], 0.07) for k in (3, 4, 7)] + [stroke(p, at[1], at[k], 0.07) for k in (5, 6)]
    trunk = [stroke(p, at[0], at[1], 0.24), stroke(p, at[1], at[2], 0.16), blob(p, at[2], 0.2, 0.12, -0.4)]
    body = np.maximum.reduce([*legs, *trunk])
    return np.asarray(0.9 * body + 0.2 * np.clip(2 * body, 0, 1) * curls(p, rng))


def emblem(points: Array, rng: Rng) -> Array:
    """Blobs and strokes in a turned symmetry: wreaths, stars, punched squares, shields."""
    fold = int(rng.integers(1, 9))
    angle, distance = np.arctan2(points[:, 1], points[:, 0]), np.linalg.norm(points, axis=1)
    folded = (angle + np.pi / fold) % (2 * np.pi / fold) - np.pi / fold
    p = distance[:, None] * np.column_stack([np.cos(folded), np.sin(folded)])
    drawn = [pillow(p, rng) for _ in range(4)]
    drawn += [stroke(p, rng.uniform(-0.6, 0.6, 2), rng.uniform(-0.6, 0.6, 2), rng.uniform(0.03, 0.1)) for _ in range(4)]
    return np.asarray(np.maximum.reduce([h * rng.uniform(0.4, 1) for h in drawn]))


def pillow(points: Array, rng: Rng) -> Array:
    """A blob anywhere to the right of the middle."""
    at, turn = rng.uniform((0, -0.2), (0.7, 0.2)), rng.uniform(0, 3)
    return blob(points, at, rng.uniform(0.05, 0.4), rng.uniform(0.05, 0.4), turn)


def blur(points: Array, rng: Rng) -> Array:
    """What is left when nobody can say what it was."""
    lumps = np.clip(1.2 * waves(points, rng, 2, 8), -0.4, 0.9)
    return np.asarray(0.4 + 0.5 * lumps + 0.25 * waves(points, rng, 8, 26))


def legend(points: Array, rng: Rng) -> Array:
    """Letters along a part of the border: three short strokes each."""
    distance, angle = rng.uniform(0.72, 0.84), rng.uniform(0, 2 * np.pi)
    height, written = rng.uniform(0.06, 0.11), np.zeros(len(points))
    for _ in range(int(rng.integers(0, 16))):
        angle += 1.9 * height / distance
        out = np.array([np.cos(angle), np.sin(angle)])
        corners = np.array([[-0.7, -1], [0.7, -1], [-0.7, 1], [0.7, 1], [0, 0]]) * height
        spots = distance * out + corners @ np.array([[-out[1], out[0]], out])
        near = np.flatnonzero(((points - distance * out) ** 2).sum(1) < (2 * height) ** 2)
        for _ in range(3):
            a, b = rng.choice(5, 2, replace=False)
            written[near] = np.maximum(written[near], stroke(points[near], spots[a], spots[b], 0.3 * height))
    return written


def border(points: Array, rng: Rng) -> Array:
    """Beads, a line, both or nothing around the design."""
    distance, angle = np.linalg.norm(points, axis=1), np.arctan2(points[:, 1], points[:, 0])
    at, beads = rng.uniform(0.84, 0.95), int(rng.integers(36, 80))
    along = ((angle * beads / (2 * np.pi)) % 1 - 0.5) * 2 * np.pi * at / beads
    size = 0.42 * 2 * np.pi * at / beads
    beaded = np.sqrt(np.clip(1 - ((distance - at) ** 2 + along**2) / size**2, 0, 1))
    line = np.exp(-(((distance - at - rng.uniform(-0.1, 0.1)) / rng.uniform(0.015, 0.035)) ** 2))
    both = rng.random(2)
    return np.asarray(np.maximum((both[0] < 0.65) * beaded, (both[1] < 0.4) * line))


DESIGNS: tuple[tuple[float, Callable[[Array, Rng], Array]], ...] = (
    (0.4, head), (0.18, figure), (0.15, beast), (0.15, emblem), (0.12, blur),
)  # fmt: skip


def design(points: Array, draw: Draw) -> Array:
    """The whole die: a central design, a legend, a border, and the rim that the die did not reach."""
    chosen = int(np.searchsorted(np.cumsum([w for w, _ in DESIGNS]), draw.uniform() * 0.999))
    centre = DESIGNS[chosen][1](points, (draw / "centre").rng())
    rng = (draw / "rim").rng()
    rim = rng.uniform(0, 0.9) * np.clip((np.linalg.norm(points, axis=1) - rng.uniform(0.93, 1.02)) / 0.06, 0, 1)
    inside = np.clip((1 - np.linalg.norm(points, axis=1)) / 0.1, 0, 1)
    around = 0.6 * np.maximum(legend(points, (draw / "legend").rng()), border(points, (draw / "border").rng()))
    return np.asarray(np.maximum.reduce([centre * inside, around, rim]))
