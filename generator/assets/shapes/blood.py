"""Blood cells of a stained smear, each with the light that it lets through drawn as its own texture.

A smear is flat and lit from below: a cell is a filter. Where its texture is white all light passes, and what lies on
one another multiplies (Bouguer, Lambert and Beer: transmittance is exp(-absorbance), and absorbances add). The painter
`collage` with `blending: multiply` paints that; with `darken`, crowded cells that make room for one another. Cells lie
flat on z = 0, face up; a millimetre stands for a micrometre, as cameras and gaps are in metres. `variant` is the seed
of outline and drawing, rounded to a whole number.

`stain` is the slide's dye, from 0 (pink and violet, well washed) to 1 (brown and blue), `density` how strong it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.base.draw import Draw
from generator.base.errors import AssetError
from generator.base.geometry import Array

SIDES = 56  # corners of an outline
RIM = 1.04  # the mesh reaches this much beyond where the drawing ends, so that a cell's border may fade
Rng = np.random.Generator
Dye = tuple[Sequence[float], Sequence[float]]  # absorbance of red, green, blue at density 1: stain 0 and stain 1

HAEMOGLOBIN: Dye = ((0.075, 0.23, 0.14), (0.13, 0.33, 0.34))
NUCLEUS: Dye = ((0.28, 0.55, 0.0), (0.58, 0.74, 0.06))
CYTOPLASM: Dye = ((0.07, 0.22, 0.03), (0.10, 0.26, 0.05))
EOSIN: Dye = ((0.08, 0.42, 0.20), (0.14, 0.50, 0.28))
AZURE: Dye = ((0.34, 0.28, 0.02), (0.52, 0.38, 0.06))
PLATELET: Dye = ((0.36, 0.42, 0.0), (0.42, 0.38, 0.02))
REFRACTED: Dye = ((0.50, 0.95, 0.35), (0.50, 0.95, 0.35))

PROFILE = (0.81e-6, 7.83e-6, -4.39e-6)  # m, at 300 mOsm, where the mean radius is 3.91e-6


def biconcave(distance: Array) -> Array:
    """Thickness (m) of a red cell at `distance` (0..1, in radii) from its axis; 0 beyond.

    Evans and Fung, "Improved measurements of the erythrocyte geometry", Microvascular Research 4, 1972:
    D(x) = sqrt(1 - x**2) (C0 + C2 x**2 + C4 x**4).
    """
    square = np.clip(distance, 0, 1) ** 2
    c0, c2, c4 = PROFILE
    return np.asarray(np.sqrt(1 - square) * (c0 + c2 * square + c4 * square**2))


@dataclass(frozen=True)
class Outline:
    """A rounded closed curve about the origin: radius 1 + sum of size cos(order angle + phase), its mean about 1."""

    order: Array
    size: Array
    phase: Array

    @classmethod
    def of(cls, draw: Draw, most: Sequence[float] | Array) -> "Outline":
        """Harmonics 2, 3, ... with sizes of normal laws cut at two spreads; `most` are the sizes at those."""
        rng = draw.rng()
        size = np.array(most) / 2 * np.clip(rng.normal(0, 1, len(most)), -2, 2)
        return cls(np.arange(2.0, 2 + len(most)), size, rng.uniform(0, 2 * np.pi, len(most)))

    def __call__(self, angle: Array) -> Array:
        """Radii at angles of any shape."""
        waves_ = self.size * np.cos(self.order * angle[..., None] + self.phase)
        return np.asarray(1 + waves_.sum(-1))


@SHAPES("blood_red")
def blood_red(
    radius: float = 0.0038, thickness: float = 0.0001, variant: float = 0, uneven: float = 1.0, pallor: float = 1.0,
    density: float = 1.0, stain: float = 0.5,
) -> Mesh:  # fmt: skip
    """A red cell of that mean radius (m). `uneven` is how far from a circle it is and how far from its neighbours in
    looks, `pallor` how pale its middle: 0 as dark as the rim, 1 as a biconcave disc, more as it dries."""
    draw = Draw(round(variant)) / "blood_red"
    outline = Outline.of(draw / "outline", uneven * np.array([0.2, 0.07, 0.04, 0.018]))
    points, distance = canvas(outline, 88)
    rng = (draw / "drawing").rng()
    wide = 1 + uneven * (rng.uniform(-0.1, 0.25) + rng.uniform(-0.12, 0.12, 2))
    dimple = np.linalg.norm((points - uneven * rng.normal(0, 0.07, 2)) / wide, axis=1)
    pale = pallor * np.clip(1 + uneven * rng.normal(0, 0.35), 0, 1.5)
    thick = rimmed(distance) * np.clip(1 - pale * dip(dimple), 0, 1) * (1 + 0.04 * uneven * grain(88, 0.2, rng))
    edge = 0.22 * np.exp(-(((distance - 0.93) / 0.05) ** 2))  # bent light: darker than its thickness
    cell = (thick + edge) * fading(distance, 0.985, 0.025)
    return drawn(outline, radius, thickness, absorbed([(HAEMOGLOBIN, cell)], density, stain))


@SHAPES("blood_white")
def blood_white(
    radius: float = 0.007, thickness: float = 0.002, variant: float = 0, uneven: float = 1.0, density: float = 1.0,
    stain: float = 0.5,
) -> Mesh:  # fmt: skip
    """A white cell of that mean radius (m): of a hundred variants about 62 are neutrophils, with 2 to 5 joined lobes,
    12 eosinophils, with red granules, 12 lymphocytes, 8 monocytes and 6 smudged. It is thick, so that no red cell
    lies across it."""
    draw = Draw(round(variant)) / "blood_white"
    kind = KINDS[int(np.searchsorted(np.cumsum([k.share for k in KINDS]), (draw / "kind").uniform(), side="right"))]
    outline = Outline.of(draw / "outline", uneven * kind.rough * np.array([0.11, 0.07, 0.05, 0.035, 0.025, 0.02]))
    points, distance = canvas(outline, 160)
    rng = (draw / "drawing").rng()
    body = fading(distance, 0.94, rng.uniform(0.04, 0.1) * kind.soft) * fading(distance, 1.0, 0.015)
    nucleus = kind.nucleus(points, rng) * fading(distance, 0.93, 0.04)
    granules = np.clip(kind.granules * (0.6 + 0.45 * grain(160, 0.02, rng)), 0, 1.5) * body * (1 - nucleus)
    clumps = 1 + 0.15 * grain(160, 0.07, rng) + 0.06 * grain(160, 0.025, rng)
    plasma = body * (0.65 + 0.25 * grain(160, 0.12, rng) + 0.3 * np.clip(distance, 0, 1) ** 6) * kind.plasma
    return drawn(outline, radius, thickness, absorbed(
        [(kind.dye, plasma), (kind.grained, granules), (NUCLEUS, kind.dark * nucleus * clumps)], density, stain,
    ))  # fmt: skip


@SHAPES("blood_platelet")
def blood_platelet(
    radius: float = 0.0014, thickness: float = 0.002, variant: float = 0, uneven: float = 1.0, density: float = 1.0,
    stain: float = 0.5,
) -> Mesh:  # fmt: skip
    """A platelet of that mean radius (m): a ragged grainy scrap that is darkest in the middle."""
    draw = Draw(round(variant)) / "blood_platelet"
    outline = Outline.of(draw / "outline", uneven * np.array([0.26, 0.14, 0.1, 0.08, 0.05]))
    points, distance = canvas(outline, 64)
    rng = (draw / "drawing").rng()
    core = np.exp(-(((points - rng.normal(0, 0.12, 2)) ** 2).sum(1)) / rng.uniform(0.15, 0.4))
    depth = fading(distance, 0.8, 0.17) * (0.35 + core) * np.clip(1 + 0.3 * grain(64, 0.12, rng), 0.2, 2)
    return drawn(outline, radius, thickness, absorbed([(PLATELET, depth)], density, stain))


@SHAPES("blood_speck")
def blood_speck(
    radius: float = 0.0006, thickness: float = 0.0001, variant: float = 0, uneven: float = 1.0, density: float = 1.0,
    stain: float = 0.5,
) -> Mesh:  # fmt: skip
    """What is no cell: a drop that bends light, seen as a dark ring, or a blurred grain of dust or dye."""
    draw = Draw(round(variant)) / "blood_speck"
    outline = Outline.of(draw / "outline", uneven * np.array([0.4, 0.15, 0.08]))
    _, distance = canvas(outline, 48)
    rng = (draw / "drawing").rng()
    ring = np.exp(-(((distance - rng.uniform(0.6, 0.7)) / rng.uniform(0.1, 0.2)) ** 2)) * fading(distance, 0.9, 0.08)
    blurred = 0.5 * fading(distance, 0.5, 0.4)
    return drawn(
        outline, radius, thickness, absorbed([(REFRACTED, ring if rng.random() < 0.7 else blurred)], density, stain)
    )


def grain(side: int, wide: float, rng: Rng) -> Array:
    """Gaussian noise (side**2,) of mean 0 and spread 1 whose blobs have a sigma of `wide` mean radii, about."""
    noise = ndimage.gaussian_filter(rng.standard_normal((side, side)), wide * side / 2.2, mode="wrap").ravel()
    return np.asarray((noise - noise.mean()) / noise.std())


def dip(distance: Array) -> Array:
    """By how much of its greatest thickness a biconcave disc is thinner, towards its axis; 0 from the thickest on."""
    along = np.linspace(0, 1, 1025)
    profile = biconcave(along)
    most = int(profile.argmax())
    return np.asarray(1 - biconcave(np.minimum(distance, along[most])) / profile[most])


def rimmed(distance: Array) -> Array:
    """Thickness (of the greatest) from the thickest ring outwards; 1 within. Dried cells end more steeply than floating
    ones do: the square root of the profile."""
    along = np.linspace(0, 1, 1025)
    profile = biconcave(along)
    most = int(profile.argmax())
    return np.asarray(np.sqrt(biconcave(np.maximum(distance, along[most])) / profile[most]))


def fading(distance: Array, at: float, wide: float) -> Array:
    """1 within, 0 beyond: a smooth step about `at`."""
    return np.asarray(0.5 - 0.5 * np.tanh((distance - at) / wide))


def union(points: Array, blobs: Sequence[tuple[Array, float]], soft: float) -> Array:
    """Signed distance (n,) to the smooth union of discs (centre, radius); `soft` is how far they flow together (Quilez,
    "Smooth minimum", the exponential one)."""
    away = np.stack([np.linalg.norm(points - at, axis=1) - radius for at, radius in blobs])
    nearest = away.min(0)
    return np.asarray(nearest - soft * np.log(np.exp(-(away - nearest) / soft).sum(0)))


def lobed(points: Array, rng: Rng) -> Array:
    """The nucleus of a granulocyte: 2 to 5 lobes along an arc, joined by narrow bridges."""
    count, reach = int(rng.choice([2, 3, 4, 5], p=[0.2, 0.35, 0.3, 0.15])), rng.uniform(0.34, 0.5)
    turn, span = (
        rng.uniform(0, 2 * np.pi),
        rng.uniform(0.75, 1.15) * np.pi * (0.9 if count == 2 else 0.4 + 0.22 * count),
    )
    angle = turn + span * (np.linspace(-0.5, 0.5, count) + rng.normal(0, 0.25, count) / (3 * count))
    at = (reach * rng.uniform(0.8, 1.15, count))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    at += rng.normal(0, 0.07, 2)
    size = rng.uniform(0.9, 1.25, count) * (0.4 - 0.03 * count)
    blobs: list[tuple[Array, float]] = []
    for k in range(count):
        along = rng.normal(0, 1, 2)
        along *= rng.uniform(0.1, 0.6) * size[k] / np.linalg.norm(along)
        blobs += [(at[k] + along, 0.85 * size[k]), (at[k] - along, 0.85 * size[k])]
    neck = rng.uniform(0.05, 0.17)
    middles = [((1 - t) * at[k] + t * at[k + 1]) * 1.05 for k in range(count - 1) for t in (0.3, 0.5, 0.7)]
    blobs += [(middle, neck) for middle in middles]
    return nuclear(points, union(points, blobs, 0.035), rng)


def round_(points: Array, rng: Rng) -> Array:
    """The nucleus of a lymphocyte: it fills nearly all of the cell."""
    return nuclear(points, union(points, [(rng.normal(0, 0.06, 2), rng.uniform(0.68, 0.86))], 0.05), rng)


def folded(points: Array, rng: Rng) -> Array:
    """The nucleus of a monocyte: large, bent as a bean or a horseshoe."""
    turn, span, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.8), rng.uniform(0.2, 0.42)
    angle = turn + span * np.linspace(-1, 1, 7)
    at = reach * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 0.06, 2)
    return nuclear(points, union(points, [(one, rng.uniform(0.28, 0.38)) for one in at], 0.05), rng)


def nuclear(points: Array, away: Array, rng: Rng) -> Array:
    """How much nucleus there is, 0..1, from the signed distance to its border, which is uneven and a little soft."""
    away = away + 0.03 * grain(round(len(points) ** 0.5), 0.12, rng)
    return fading(away, 0.0, 0.03) * (1 + 0.12 * np.exp(-((away / 0.07) ** 2)))


@dataclass(frozen=True)
class Kind:
    """One sort of white cell: how often, its nucleus, the cytoplasm's dye and thickness, granules, and its border."""

    share: float
    nucleus: Callable[[Array, Rng], Array]
    dye: Dye = CYTOPLASM
    plasma: float = 1.0
    grained: Dye = CYTOPLASM
    granules: float = 0.4
    dark: float = 1.0
    rough: float = 1.0
    soft: float = 1.0


KINDS = (
    Kind(0.62, lobed),
    Kind(0.12, lobed, grained=EOSIN, granules=1.0, dark=0.85),
    Kind(0.12, round_, dye=AZURE, plasma=0.9, granules=0.15, dark=0.95),
    Kind(0.08, folded, dye=AZURE, plasma=0.55, granules=0.25, dark=0.8, rough=1.4),
    Kind(0.06, folded, plasma=0.9, granules=0.5, dark=0.7, rough=2.2, soft=2.0),
)  # fmt: skip


def canvas(outline: Outline, side: int) -> tuple[Array, Array]:
    """Texel centres (side**2, 2) over the square that holds the mesh, from the top left row by row, in mean radii, and
    their distance from the middle in radii of the outline there."""
    centre = (np.arange(side) + 0.5) / side * 2 - 1
    points = reach(outline) * np.stack(np.meshgrid(centre, -centre), -1).reshape(-1, 2)
    angle = np.arctan2(points[:, 1], points[:, 0])
    return points, np.asarray(np.linalg.norm(points, axis=1) / outline(angle))


def reach(outline: Outline) -> float:
    """Half the side of the square that holds the mesh, in mean radii."""
    return float(RIM * outline(np.linspace(0, 2 * np.pi, 720)).max())


def absorbed(layers: Sequence[tuple[Dye, Array]], density: float, stain: float) -> Array:
    """Transmittance (n, 3) of dyes on one another, each of that depth (n,)."""
    total = sum(np.maximum(depth, 0)[:, None] * mixed(dye, stain) for dye, depth in layers)
    return np.asarray(np.exp(-density * np.asarray(total)))


def mixed(dye: Dye, stain: float) -> Array:
    """A dye's absorbance of red, green and blue (3,) on a slide of that stain."""
    first, last = np.array(dye[0]), np.array(dye[1])
    return np.asarray(np.maximum((1 - stain) * first + stain * last, 0))


def drawn(outline: Outline, radius: float, thickness: float, light: Array) -> Mesh:
    """A flat prism on z = 0 over the outline, a little widened, with the transmittance (side**2, 3) laid over it.

    The texture holds transmittances times 255 as they are: it multiplies sRGB values, as a camera's picture is seen.
    """
    if min(radius, thickness) <= 0:
        raise AssetError("blood: needs a positive radius and thickness")
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    rim = RIM * outline(angle)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    ring = np.concatenate([np.zeros((1, 2)), rim])
    here = 1 + np.arange(SIDES)
    after, below = np.roll(here, -1), SIDES + 1
    top = np.column_stack([np.zeros(SIDES, int), here, after])
    wall = [np.column_stack([here + below, after + below, after]), np.column_stack([here + below, after, here])]
    faces = np.concatenate([top, top[:, ::-1] + below, *wall])
    uv = (np.concatenate([ring, ring]) / reach(outline) / 2 + 0.5)[faces]
    points = np.concatenate([np.column_stack([radius * ring, np.full(below, z)]) for z in (thickness, 0.0)])
    side = round(len(light) ** 0.5)
    texture = (255 * light + 0.5).astype(np.uint8).reshape(side, side, 3)
    return Mesh(points.astype(np.float32), faces.astype(np.int32), uv.astype(np.float32), texture)
