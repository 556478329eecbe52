"""A person, crudely: what stands beside the objects of many photographs, and hides or holds them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, stood
from generator.assets.shapes.forming import lathe, skin, sweep
from generator.assets.shapes.outline import demand, flowing
from generator.base.draw import Draw
from generator.base.geometry import Array

SKIN = np.array([(0.96, 0.80, 0.69), (0.91, 0.72, 0.58), (0.80, 0.58, 0.43), (0.60, 0.40, 0.28), (0.38, 0.25, 0.18)])
HAIR = np.array([(0.10, 0.07, 0.05), (0.24, 0.15, 0.09), (0.45, 0.30, 0.16), (0.80, 0.65, 0.38), (0.62, 0.61, 0.60)])
CELLS = 8  # colours of the palette: skin, hair, shirt, its second colour, trousers, shoes, eyes, lips
Part = tuple[Body, int]


@SHAPES("person")
def person(
    height: float = 1.7, width: float = 1.0, raised: float = 0.3, sitting: float = 0.0, variant: float = 0
) -> Mesh:
    """A person of rounded limbs who faces -y, in colours of its own (a texture; `material: {keep: 1}` shows it).

    height   standing, from sole to crown (m)
    width    of trunk and limbs; 1 is usual
    raised   how far the right arm (on -x) is raised to the front: 0 hangs, 1 points up
    sitting  0 stands, 1 sits with bent hips and knees
    variant  seed of colours, hair and the other arm, rounded to a whole number
    """
    demand(0.2 < height < 3 and 0.3 < width < 3, "a person is 0.2 to 3 m high and 0.3 to 3 times as wide as usual")
    demand(0 <= raised <= 1.5 and 0 <= sitting <= 1.5, "a person's raised and sitting lie from 0 to 1.5")
    rng = (Draw(round(variant)) / "person").rng()
    palette, skirt, long_hair, sleeves = colours(rng), rng.random() < 0.3, rng.random() < 0.5, rng.random() < 0.5
    parts = [*head(long_hair), *trunk(), *legs(min(sitting, 1), skirt)]
    for side, lift in ((-1, min(raised, 1)), (1, float(rng.choice([0, 0.05, 0.35, 0.8])))):
        parts += arm(side, lift, sleeves)
    shares = height * np.array([width, width, 1.0])
    bodies = [Body(body.vertices * shares, body.faces) for body, _ in parts]
    mesh = stood(*bodies)
    cells = np.repeat([cell for _, cell in parts], [len(body.faces) for body, _ in parts])
    uv = np.stack([(cells + 0.5) / CELLS, np.full(len(cells), 0.5)], -1)
    return replace(mesh, uv=np.repeat(uv[:, None], 3, 1).astype(np.float32), texture=palette)


def colours(rng: np.random.Generator) -> NDArray[np.uint8]:
    """uint8 (4, 4 CELLS, 3): the palette, four texels a colour."""
    skin_tone = SKIN[int(rng.integers(len(SKIN)))]
    rows = np.stack([
        skin_tone, HAIR[int(rng.integers(len(HAIR)))], cloth(rng), cloth(rng),
        cloth(rng) * (0.5 if rng.random() < 0.6 else 1), cloth(rng) * 0.4, (0.05, 0.04, 0.04),
        skin_tone * (0.9, 0.6, 0.6),
    ])  # fmt: skip
    rows[:6] *= rng.uniform(0.85, 1.05, (6, 1))
    return np.repeat(np.repeat((255 * rows.clip(0, 1)).astype(np.uint8)[None], 4, 1), 4, 0)


def cloth(rng: np.random.Generator) -> Array:
    """Any colour, greys and dull ones more often."""
    grey, vivid = rng.uniform(0.05, 0.95), rng.uniform(0.05, 0.95, 3)
    return np.asarray(grey + (vivid - grey) * rng.beta(1, 1.5))


def ellipsoid(x: float, y: float, z: float, sides: int = 24) -> Body:
    turn = np.linspace(0, np.pi, 15)
    line = np.column_stack([np.sin(turn), -np.cos(turn)])
    line[[0, -1], 0] = 0.0
    return lathe(line, sides).scaled(x, y, z)


def head(long_hair: bool) -> list[Part]:
    """Of a person 1 high: face, hair, eyes, nose, mouth and neck."""
    at = 0.93
    parts = [
        (ellipsoid(0.043, 0.052, 0.068).moved(z=at), 0),
        (ellipsoid(0.049, 0.052, 0.058).moved(y=0.011, z=at + 0.018), 1),
        (ellipsoid(0.008, 0.011, 0.012, 12).moved(y=-0.052, z=at - 0.006), 0),
        (ellipsoid(0.016, 0.008, 0.005, 12).moved(y=-0.043, z=at - 0.034), 7),
        (sweep(np.array([(0, 0.01, 0.80), (0, 0.005, 0.9)]), 0.027, sides=14), 0),
    ]
    parts += [(ellipsoid(0.007, 0.006, 0.005, 12).moved(x, -0.045, at + 0.01), 6) for x in (-0.018, 0.018)]
    return parts + ([(ellipsoid(0.052, 0.03, 0.09).moved(y=0.035, z=at - 0.05), 1)] if long_hair else [])


def trunk() -> list[Part]:
    """Chest and hips, wider than deep, and a band across them."""
    line = flowing([(0.075, 0.47), (0.095, 0.52), (0.085, 0.62), (0.108, 0.74), (0.105, 0.79), (0.04, 0.835)], 22)
    turn = 2 * np.pi * np.arange(28) / 28
    rings = [np.column_stack([r * np.cos(turn), 0.62 * r * np.sin(turn), np.full(28, z)]) for r, z in line]
    low, high = 6, 12
    return [(skin(rings), 2), (skin([ring * (1.02, 1.03, 1) for ring in rings[low:high]]), 3)]


def arm(side: int, lift: float, sleeves: bool) -> list[Part]:
    """Upper arm, forearm and hand; `lift` as a person's `raised`."""
    shoulder, swing = np.array([side * 0.108, 0, 0.79]), np.pi * lift
    upper = np.array([side * 0.25 * (1 - lift), -np.sin(0.8 * swing), -np.cos(0.8 * swing)])
    lower = np.array([side * 0.12 * (1 - 2 * lift), -np.sin(swing) - 0.25, -np.cos(swing)])
    elbow = shoulder + 0.17 * upper / np.linalg.norm(upper)
    wrist = elbow + 0.15 * lower / np.linalg.norm(lower)
    hand = wrist + 0.035 * lower / np.linalg.norm(lower)
    return [
        (sweep(np.array([shoulder, elbow]), 0.034, np.array([1, 0.8]), ends="round", sides=14), 2),
        (sweep(np.array([elbow, wrist]), 0.026, np.array([1, 0.75]), ends="round", sides=14), 2 if sleeves else 0),
        (ellipsoid(0.02, 0.02, 0.028, 12).moved(*hand), 0),
    ]


def legs(sitting: float, skirt: bool) -> list[Part]:
    """Thighs, shins and shoes, or a skirt over them."""
    parts: list[Part] = []
    bend = 0.5 * np.pi * sitting
    way = np.array([0, -np.sin(bend), -np.cos(bend)])
    for side in (-1, 1):
        hip = np.array([side * 0.048, 0, 0.49])
        knee = hip + 0.235 * way
        ankle = knee + np.array([0, 0, -0.215])
        bare = 0 if skirt else 4
        parts += [
            (sweep(np.array([hip, knee]), 0.05, np.array([1, 0.75]), ends="round", sides=14), bare),
            (sweep(np.array([knee, ankle]), 0.038, np.array([1, 0.65]), ends="round", sides=14), bare),
            (ellipsoid(0.026, 0.065, 0.024, 16).moved(ankle[0], ankle[1] - 0.03, ankle[2] - 0.015), 5),
        ]
    if skirt and sitting < 0.3:
        line = np.array([(0, 0.3), (0.13, 0.3), (0.082, 0.53), (0, 0.53)])
        parts.append((lathe(line, 28).scaled(1, 0.8, 1), 4))
    return parts
