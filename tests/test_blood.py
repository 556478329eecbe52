"""Blood cells: outlines and thickness against closed forms and published numbers, dyes against the law of absorption."""

import numpy as np
import pytest
import trimesh
from scipy.integrate import quad, trapezoid
from scipy.optimize import minimize_scalar

from generator.assets.shapes import SHAPES, label_of, parameters
from generator.assets.shapes.blood import HAEMOGLOBIN, RIM, Outline, absorbed, biconcave, blood_red, dip, union
from generator.base.draw import Draw
from generator.base.errors import AssetError

NAMES = ("blood_red", "blood_white", "blood_platelet", "blood_speck")
ROUND = 3.91  # mean radius of Evans and Fung's cells, micrometres


def middle(texture: np.ndarray) -> np.ndarray:
    """The row through the middle as absorbances (side, 3)."""
    side = len(texture)
    return -np.log(texture[side // 2 - 1 : side // 2 + 1].astype(float).mean(0) / 255)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("variant", [0, 1, 7, 99_998])
def test_cells_are_closed_prisms_whose_texture_lies_over_their_face(name: str, variant: int) -> None:
    mesh = SHAPES[name](variant=variant)
    body = trimesh.Trimesh(mesh.vertices.astype(float), mesh.faces, process=False)
    assert body.is_watertight and body.is_winding_consistent and body.volume > 0
    assert mesh.bounds[0, 2] == 0 and mesh.bounds[1, 2] == pytest.approx(parameters(name)["thickness"])
    assert mesh.uv is not None and mesh.uv.min() >= 0 and mesh.uv.max() <= 1
    flat = mesh.vertices[mesh.faces][..., :2].reshape(-1, 2)
    scale, _, _, _ = np.linalg.lstsq(flat, mesh.uv.reshape(-1, 2) - 0.5, rcond=None)
    np.testing.assert_allclose(flat @ scale + 0.5, mesh.uv.reshape(-1, 2), atol=1e-5)
    assert scale[0, 0] == pytest.approx(scale[1, 1]) and scale[0, 0] > 0 and abs(scale[0, 1]) < 1e-3 * scale[0, 0]
    assert label_of(name) == "blood"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_absorbed_outside_the_outline_and_something_inside(name: str) -> None:
    for variant in range(12):
        mesh = SHAPES[name](variant=variant)
        assert mesh.texture is not None and mesh.texture.dtype == np.uint8
        border = np.concatenate([mesh.texture[0], mesh.texture[-1], mesh.texture[:, 0], mesh.texture[:, -1]])
        assert border.min() >= 245  # all but clear where the mesh ends
        assert mesh.texture.min() < 240


@pytest.mark.parametrize("name", NAMES)
def test_a_variant_is_itself_and_no_other(name: str) -> None:
    one, again, other = SHAPES[name](variant=3), SHAPES[name](variant=3), SHAPES[name](variant=4)
    assert one.sha256 == again.sha256 != other.sha256
    assert one.texture is not None and other.texture is not None
    np.testing.assert_array_equal(one.texture, again.texture)
    assert not np.array_equal(one.texture, other.texture)


@pytest.mark.parametrize("variant", range(5))
def test_the_area_inside_an_outline_is_that_of_its_fourier_series(variant: int) -> None:
    """Half the integral of the squared radius: pi (1 + half the sum of the squared sizes), by Parseval."""
    outline = Outline.of(Draw(variant) / "blood_red" / "outline", [0.2, 0.07, 0.04, 0.018])
    exact = np.pi * (1 + (outline.size**2).sum() / 2) * (RIM * 0.0038) ** 2
    mesh = blood_red(variant=variant)
    body = trimesh.Trimesh(mesh.vertices.astype(float), mesh.faces, process=False)
    assert body.volume / 0.0001 == pytest.approx(exact, rel=5e-3)


def test_thickness_is_as_evans_and_fung_measured_it() -> None:
    """Their table for 300 mOsm: 0.81 um in the middle, 2.57 um at most, 94 um3, 135 um2."""

    def thick(x: float) -> float:
        return 1e6 * float(biconcave(np.array(x)))

    most = minimize_scalar(lambda x: -thick(x), bounds=(0.3, 1), method="bounded")
    volume = 2 * np.pi * ROUND**2 * quad(lambda x: x * thick(x), 0, 1)[0]
    assert thick(0.0) == pytest.approx(0.81) and -most.fun == pytest.approx(2.57, rel=0.01)
    assert volume == pytest.approx(94, rel=0.02)
    assert thick(1.0) == thick(1.2) == 0
    across = np.linspace(0, 1, 50_001)
    slope = np.gradient(1e6 * biconcave(across) / 2, across * ROUND)[:-1]
    area = 4 * np.pi * ROUND**2 * trapezoid(across[:-1] * np.hypot(1, slope), across[:-1])
    assert area == pytest.approx(135, rel=0.03)


@pytest.mark.parametrize("stain", [0.0, 1.0])
def test_an_even_red_cell_absorbs_as_its_thickness(stain: float) -> None:
    texture = blood_red(uneven=0, stain=stain).texture
    assert texture is not None
    np.testing.assert_array_equal(texture, texture[::-1])
    np.testing.assert_array_equal(texture, texture[:, ::-1])
    side, dye = len(texture), np.array(HAEMOGLOBIN[round(stain)])
    distance = np.abs(RIM * ((np.arange(side) + 0.5) / side * 2 - 1))
    inner = distance < 0.6
    expected = biconcave(distance)[inner] / biconcave(np.linspace(0, 1, 4001)).max()
    np.testing.assert_allclose(middle(texture)[inner], expected[:, None] * dye, atol=0.006)


def test_pallor_brightens_the_middle_alone() -> None:
    flat, disc, dried = (middle(blood_red(uneven=0, pallor=p).texture)[:, 1] for p in (0.0, 1.0, 1.5))  # type: ignore[arg-type]
    at = len(flat) // 2
    assert flat[at] > disc[at] > dried[at] >= 0 and flat[at] == pytest.approx(flat[at // 2], abs=0.01)
    np.testing.assert_allclose(flat[:6], dried[:6])
    assert float(dip(np.array(0.0))) == pytest.approx(1 - 0.81 / 2.57, rel=5e-3) and float(dip(np.array(0.9))) == 0


def test_dyes_add_their_absorbances() -> None:
    depth = np.array([0.0, 0.5, 2.0])
    one = absorbed([(HAEMOGLOBIN, depth)], 1.0, 0.3)
    both = absorbed([(HAEMOGLOBIN, depth), (HAEMOGLOBIN, depth)], 1.0, 0.3)
    np.testing.assert_allclose(both, one**2)
    np.testing.assert_allclose(absorbed([(HAEMOGLOBIN, depth)], 2.0, 0.3), one**2)
    assert (one[0] == 1).all() and (np.diff(one, axis=0) < 0).all()


def test_a_smooth_union_holds_its_discs_and_rounds_only_where_they_meet() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, (500, 2))
    discs = [(np.array([-0.5, 0.0]), 0.4), (np.array([0.5, 0.1]), 0.3)]
    hard = np.min([np.linalg.norm(points - at, axis=1) - radius for at, radius in discs], axis=0)
    soft = union(points, discs, 0.05)
    assert (soft <= hard + 1e-12).all() and (soft >= hard - 0.05 * np.log(2) - 1e-12).all()
    np.testing.assert_allclose(union(points, discs[:1], 0.05), np.linalg.norm(points - discs[0][0], axis=1) - 0.4)


def test_white_cells_have_a_dark_violet_nucleus_in_a_paler_body() -> None:
    shares = []
    for variant in range(40):
        texture = SHAPES["blood_white"](variant=variant).texture
        assert texture is not None
        red, green, blue = (texture[..., c].astype(float) for c in range(3))
        nucleus = green < 0.68 * 255
        assert blue[nucleus].mean() > red[nucleus].mean() + 25 > green[nucleus].mean() + 25
        shares.append(nucleus.sum() / (green < 0.95 * 255).sum())
    assert 0.25 < np.median(shares) < 0.7


def test_a_size_that_is_none_is_refused() -> None:
    with pytest.raises(AssetError, match="positive radius"):
        blood_red(radius=0)
