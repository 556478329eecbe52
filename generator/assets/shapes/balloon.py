"""Balloons: of latex, round or like a drop, with neck, knot and lip; of foil, flat outlines blown up; and the strings
that hold them. All are centred on the origin by their bounds, upright, sizes in metres."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.shapes.body import Body, centred
from generator.assets.shapes.forming import lathe, skin, sweep
from generator.assets.shapes.outline import demand, flowing
from generator.base.draw import Draw
from generator.base.geometry import Array

WORDS = ("HAPPY BIRTHDAY", "PARTY", "40", "LOVE", "WELCOME", "1", "SALE", "CONGRATS", "JOY", "HELLO 2", "18", "FUN")


@SHAPES("balloon")
def balloon(
    radius: float = 0.14, height: float = 0.34, taper: float = 0.22, neck: float = 0.08, lip: float = 1.0
) -> Mesh:
    """A latex balloon, its knot below.

    radius  where it is widest (m)
    height  of what is blown up (m); neck and lip come on top of it
    taper   how far it is like a drop: 0 is an ellipsoid, 0.5 a pear
    neck    radius of its neck, in radii
    lip     size of what hangs below the knot; 1 is usual
    """
    return centred(latex(radius, height, taper, neck, lip))


@SHAPES("balloon_round")
def balloon_round(radius: float = 0.14, neck: float = 0.07, lip: float = 0.7) -> Mesh:
    """A balloon blown up to a ball; sizes as in a balloon."""
    return centred(latex(radius, 2.06 * radius, 0.06, neck, lip))


@SHAPES("balloon_printed")
def balloon_printed(
    radius: float = 0.14, height: float = 0.33, taper: float = 0.2, neck: float = 0.08, lip: float = 1.0,
    variant: float = 0,
) -> Mesh:  # fmt: skip
    """A balloon that has words, dots, stars, rings or a face printed on it, as its own texture; `variant` is their
    seed, rounded to a whole number, the rest as in a balloon."""
    mesh = balloon(radius, height, taper, neck, lip)
    corners = mesh.vertices[mesh.faces].astype(float)
    around = corners[..., 0] + 1j * corners[..., 1]
    middle = around.mean(1, keepdims=True)
    aside = np.where(np.abs(around) < 1e-6, 0, np.angle(around * middle.conj()))  # on the axis there is no angle
    turn = np.angle(middle) + aside  # no triangle reaches across the seam
    low, high = mesh.bounds[:, 2]
    uv = np.stack([turn / np.pi + 0.5, (corners[..., 2] - low) / (high - low)], -1)  # twice around
    return replace(mesh, uv=uv.astype(np.float32), texture=printed(round(variant)))


@SHAPES("balloon_foil_heart")
def balloon_foil_heart(width: float = 0.42, depth: float = 0.2, wrinkles: float = 0.03) -> Mesh:
    """A heart of foil, facing -y; `wrinkles` is how deep its seam is puckered, as a share of its width (m)."""
    t = np.linspace(0, 2 * np.pi, 121)[:-1] + np.pi / 120
    line = np.column_stack(
        [16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t) + 2]
    )
    return foil(line[::-1] * width / np.ptp(line[:, 0]), depth, wrinkles * width)


@SHAPES("balloon_foil_star")
def balloon_foil_star(
    width: float = 0.46, depth: float = 0.18, wrinkles: float = 0.02, points: float = 5, inner: float = 0.55
) -> Mesh:
    """A star of foil, facing -y; `inner` is its radius between its points, as a share of the outer one, the rest as in
    a heart."""
    count = max(3, round(points))
    demand(0.2 < inner < 0.95, "a star's inner radius must be above 0.2 and below 0.95 of its outer one")
    t = np.linspace(0, 2 * np.pi, 24 * count + 1)[:-1]
    wave = np.arccos(0.94 * np.cos(count * (t - np.pi / 2))) / np.pi  # a zigzag with round corners
    radius = 1 - (1 - inner) * wave
    return foil(0.5 * width * radius[:, None] * np.column_stack([np.cos(t), np.sin(t)]), depth, wrinkles * width)


@SHAPES("balloon_foil_disc")
def balloon_foil_disc(width: float = 0.45, depth: float = 0.2, wrinkles: float = 0.02, variant: float = 0) -> Mesh:
    """A round one of foil, facing -y, printed as a `balloon_printed` is; the rest as in a heart."""
    t = np.linspace(0, 2 * np.pi, 145)[:-1]
    mesh = foil(0.5 * width * np.column_stack([np.cos(t), np.sin(t)]), depth, wrinkles * width)
    corners, low, high = mesh.vertices[mesh.faces].astype(float), *mesh.bounds
    uv = ((corners - low) / (high - low))[..., [0, 2]]
    return replace(mesh, uv=uv.astype(np.float32), texture=printed(round(variant)))


@SHAPES("ribbon")
def ribbon(
    length: float = 1.2, spread: float = 0.25, strings: float = 1, thickness: float = 0.003, slack: float = 0.06,
    variant: float = 0,
) -> Mesh:  # fmt: skip
    """Strings that meet below, as in the hand that holds a bunch.

    length     from below to above (m)
    spread     how far from the middle they end above (m)
    strings    how many, rounded to a whole number
    thickness  of one (m)
    slack      how far they depart from straight lines, as a share of the length
    variant    seed, rounded to a whole number
    """
    demand(min(length, thickness) > 0 and spread >= 0, "a ribbon must be longer and thicker than 0")
    demand(abs(slack) <= 0.3 and spread < 2 * length, "a ribbon's slack is at most 0.3, its spread twice its length")
    rng, t = (Draw(round(variant)) / "ribbon").rng(), np.linspace(0, 1, 17)
    bodies = []
    for turn, out, phase in zip(*rng.uniform(size=(3, max(1, min(30, round(strings))))), strict=True):
        angle, sway = 2 * np.pi * turn, slack * length * np.sin(np.pi * t) * np.sin(4 * t + 6 * phase)
        x = spread * np.sqrt(out) * t**1.3 * np.cos(angle) + sway
        y = spread * np.sqrt(out) * t**1.3 * np.sin(angle) - 0.5 * sway
        bodies.append(sweep(np.column_stack([x, y, length * t]), thickness / 2, sides=5))
    return centred(*bodies)


def latex(radius: float, height: float, taper: float, neck: float, lip: float) -> Body:
    """A solid of revolution: radius sqrt(1 - u**2) (1 + taper u) at height u from -1 to 1, up to a factor, down to
    where it is as thin as its neck; below that a knot and a flared lip."""
    demand(min(radius, height) > 0, "a balloon must be wider and higher than 0")
    demand(0 <= taper <= 0.6, f"a balloon's taper lies from 0 to 0.6, not {taper:g}")
    demand(0.02 <= neck <= 0.3 and 0.1 <= lip <= 3, "a balloon's neck is 0.02 to 0.3 of its radius, its lip 0.1 to 3")
    turn = np.linspace(np.pi, 0, 49)
    u = np.cos(turn)
    r = radius * np.sin(turn) * (1 + taper * u) / widest(taper)
    thin = neck * radius
    first = int(np.argmax(r > 1.6 * thin))
    r, z = r[first:], (u[first:] + 1) * height / 2
    r[-1] = 0.0
    end, size = z[0], lip * max(thin, 0.05 * radius)
    below = [
        (1.25 * size, end - 3.6 * size), (0.75 * size, end - 2.6 * size), (0.5 * size, end - 2.2 * size),
        (0.8 * size, end - 1.8 * size), (0.55 * size, end - 1.3 * size), (0.9 * thin, end - 0.6 * size),
    ]  # fmt: skip
    line = flowing([*below, (r[0], z[0])], 20)[:-1]
    return lathe(np.vstack([[(0, line[0, 1])], line, np.column_stack([r, z])]), 40)


def widest(taper: float) -> float:
    """Greatest value of sqrt(1 - u**2) (1 + taper u)."""
    u = 0.0 if taper == 0 else (np.sqrt(1 + 8 * taper**2) - 1) / (4 * taper)
    return float(np.sqrt(1 - u**2) * (1 + taper * u))


def foil(line: Array, depth: float, pucker: float) -> Mesh:
    """Two equal sheets, welded along an outline (n, 2) that is a star about the origin, and blown up to `depth`: a
    lens of elliptic section towards every side, its rim puckered. The outline's second axis is up."""
    demand(depth > 0 and pucker >= 0, "a foil balloon must be thicker than 0")
    demand(pucker < 0.2 * np.linalg.norm(line, axis=1).min(), "a foil balloon's wrinkles are as deep as it is wide")
    turn = np.arange(len(line)) * 2 * np.pi / len(line)
    along = np.cos(12 * turn) + 0.6 * np.cos(19 * turn + 1)
    rings = []
    for angle in np.linspace(-np.pi / 2, np.pi / 2, 21):
        share, rise = np.cos(angle), depth / 2 * np.sin(angle)
        wave = pucker * share**8 * along
        unit = line / np.linalg.norm(line, axis=1, keepdims=True)
        flat = share * line + wave[:, None] * unit * 0.5
        if share < 1e-9:
            flat, wave = np.zeros_like(line), np.zeros(len(line))
        rings.append(np.column_stack([flat[:, 0], np.full(len(line), -rise) + 0.3 * wave, flat[:, 1]]))
    return centred(skin(rings))


def printed(variant: int) -> NDArray[np.uint8]:
    """uint8 (128, 256, 3): a print in one or two inks on a plain ground."""
    rng = (Draw(variant) / "printed").rng()
    ground, ink, other = (tuple(int(255 * c) for c in color) for color in inks(rng))
    sheet = Image.new("RGB", (256, 128), ground)
    pen = ImageDraw.Draw(sheet)
    PRINTS[variant % len(PRINTS)](pen, rng, ink, other)
    return np.asarray(sheet, np.uint8)


def inks(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """A saturated ground and two inks that stand out from it."""
    vivid = [tuple(np.clip(np.abs((6 * h + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)) for h in rng.uniform(size=2)]
    grounds = [*vivid, (1.0, 1.0, 1.0), (0.05, 0.05, 0.06)]
    ground = grounds[int(rng.choice(4, p=[0.4, 0.2, 0.25, 0.15]))]
    over = (1.0, 1.0, 1.0)
    if sum(ground) > 2.2:
        over = (0.05, 0.05, 0.1) if rng.random() < 0.5 else vivid[1]
    return [ground, over, vivid[0]]


Ink = tuple[int, ...]


def dots(pen: ImageDraw.ImageDraw, rng: np.random.Generator, ink: Ink, other: Ink) -> None:
    size = rng.uniform(2, 8)
    for x, y in rng.uniform((0, 0), (256, 128), (round(700 / size**1.3), 2)):
        pen.ellipse((x - size, y - size, x + size, y + size), fill=ink)


def stars(pen: ImageDraw.ImageDraw, rng: np.random.Generator, ink: Ink, other: Ink) -> None:
    for x, y, size, turn in rng.uniform((0, 0, 4, 0), (256, 128, 12, 7), (34, 4)):
        angle = turn + np.pi * np.arange(10) / 5
        far = size * np.tile([1, 0.45], 5)
        pen.polygon([(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(far, angle, strict=True)], fill=ink)


def rings(pen: ImageDraw.ImageDraw, rng: np.random.Generator, ink: Ink, other: Ink) -> None:
    wide, lying = rng.uniform(8, 22), rng.random() < 0.5
    for k, at in enumerate(np.arange(0, 256, 2 * wide)):
        pen.rectangle((0, at, 256, at + wide) if lying else (at, 0, at + wide, 128), fill=(ink, other)[k % 2])


def words(pen: ImageDraw.ImageDraw, rng: np.random.Generator, ink: Ink, other: Ink) -> None:
    lines = WORDS[int(rng.integers(len(WORDS)))].replace(" ", "\n")
    font = ImageFont.load_default(size=34 if len(lines) > 3 else 64)
    for x in (64, 192):
        pen.multiline_text((x, 60), lines, fill=ink, font=font, anchor="mm", align="center")
    for x, y in rng.uniform((0, 0), (256, 128), (12, 2)):
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=other)


def face(pen: ImageDraw.ImageDraw, rng: np.random.Generator, ink: Ink, other: Ink) -> None:
    for x in (64, 192):
        for side in (-1, 1):
            pen.ellipse((x + 16 * side - 6, 38, x + 16 * side + 6, 56), fill=ink)
        pen.arc((x - 28, 36, x + 28, 92), 25, 155, fill=ink, width=5)


PRINTS = (dots, words, stars, rings, face, words, dots)
