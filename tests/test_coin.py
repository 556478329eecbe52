import numpy as np
import pytest
import trimesh
from scipy.spatial import ConvexHull

from generator.assets.shapes import SHAPES, parameters
from generator.assets.shapes.coin import coin

VARIANTS = range(40)


def body(**params: float) -> trimesh.Trimesh:
    mesh = coin(**params)
    return trimesh.Trimesh(mesh.vertices.astype(float), mesh.faces, process=False)


def outline(variant: int) -> tuple[float, np.ndarray]:
    """Area of the shadow from above (what all faces that look up cover) and the corners of its convex hull."""
    solid = body(variant=variant)
    flat = solid.vertices[:, :2]
    first, second = (solid.triangles[:, k, :2] - solid.triangles[:, 0, :2] for k in (1, 2))
    covered = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return covered[covered > 0].sum() / 2, flat[ConvexHull(flat).vertices]


def test_registered_with_plain_float_parameters() -> None:
    assert "coin" in SHAPES
    assert {"radius", "thickness", "variant", "relief", "chips", "wear"} <= set(parameters("coin"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_closed_with_outward_faces(variant: int) -> None:
    solid = body(variant=variant)
    assert solid.is_watertight and solid.is_winding_consistent and solid.body_count == 1
    disc = np.pi * 0.012**2 * 0.0028
    assert 0.5 * disc < solid.volume < disc
    assert 6000 <= len(solid.faces) <= 10000


@pytest.mark.parametrize(
    "params", [{}, {"radius": 0.02, "thickness": 0.001}, {"chips": 1.0, "uneven": 1.5, "wear": 1.0}, {"rings": 12}]
)
def test_within_radius_and_thickness(params: dict[str, float]) -> None:
    radius, thickness = params.get("radius", 0.012), params.get("thickness", 0.0028)
    for variant in VARIANTS:
        vertices = coin(variant=variant, **params).vertices
        assert np.linalg.norm(vertices[:, :2], axis=1).max() == pytest.approx(radius, rel=6e-3)
        assert vertices[:, 2].min() == pytest.approx(-thickness / 2, rel=1e-5)
        assert vertices[:, 2].max() <= thickness / 2 * (1 + 1e-5)


def test_the_face_is_a_height_field_above_a_flat_back() -> None:
    solid = body(variant=3)
    up = solid.face_normals[: 6 * 30**2, 2]
    assert (up > 0).all()
    assert np.allclose(solid.face_normals[-6 * 30 :, 2], -1)


def test_the_design_stands_out_in_relief() -> None:
    flat, struck = (coin(variant=1, relief=r).vertices[: 1 + 3 * 27 * 28, 2] for r in (0.0, 0.1))
    assert np.ptp(flat) == 0
    assert 0.0002 < np.ptp(struck) <= 0.1 * 0.012 * (1 + 1e-4)


def test_same_variant_same_bytes_other_variant_other_coin() -> None:
    hashes = [coin(variant=v).sha256 for v in VARIANTS]
    assert hashes == [coin(variant=v).sha256 for v in VARIANTS]
    assert len(set(hashes)) == len(hashes)


def test_outlines_are_oval_and_chipped_as_ancient_flans_are() -> None:
    solidity, aspect = [], []
    for variant in VARIANTS:
        area, hull = outline(variant)
        solidity.append(area / ConvexHull(hull).volume)
        turns = np.linspace(0, np.pi, 90, endpoint=False)
        widths = np.ptp(hull @ np.stack([np.cos(turns), np.sin(turns)]), axis=0)
        aspect.append(widths.max() / widths.min())
    assert 0.98 < np.min(solidity) < 0.997 and 0.997 < np.median(solidity) < 0.9997
    assert 1.03 < np.median(aspect) < 1.12 and 1.1 < max(aspect) < 1.25
