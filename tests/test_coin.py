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


def silhouette(variant: int) -> np.ndarray:
    """Outline from above in order of angle, from the widest ring of the edge."""
    vertices = coin(variant=variant).vertices.astype(float)
    flat = vertices[:, :2]
    angle = np.round(np.degrees(np.arctan2(flat[:, 1], flat[:, 0])), 3)
    distance = np.linalg.norm(flat, axis=1)
    rim = [flat[angle == a][distance[angle == a].argmax()] for a in np.unique(angle) if (angle == a).sum() >= 6]
    return np.array(rim)


def test_registered_with_plain_float_parameters() -> None:
    assert "coin" in SHAPES
    assert {"radius", "thickness", "variant", "relief", "chips", "wear"} <= set(parameters("coin"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_closed_with_outward_faces(variant: int) -> None:
    solid = body(variant=variant)
    assert solid.is_watertight and solid.is_winding_consistent and solid.body_count == 1
    disc = np.pi * 0.012**2 * 0.0028
    assert 0.6 * disc < solid.volume < disc
    assert 6000 <= len(solid.faces) <= 10000


@pytest.mark.parametrize("params", [{}, {"radius": 0.02, "thickness": 0.001}, {"chips": 1.0, "uneven": 1.5, "wear": 1.0}, {"rings": 12}])
def test_within_radius_and_thickness(params: dict[str, float]) -> None:
    radius, thickness = params.get("radius", 0.012), params.get("thickness", 0.0028)
    for variant in VARIANTS:
        vertices = coin(variant=variant, **params).vertices
        assert np.linalg.norm(vertices[:, :2], axis=1).max() == pytest.approx(radius, rel=1e-3)
        assert vertices[:, 2].min() == pytest.approx(-thickness / 2, rel=1e-5)
        assert vertices[:, 2].max() <= thickness / 2 * (1 + 1e-5)


def test_the_face_is_a_height_field_above_a_flat_back() -> None:
    solid = body(variant=3)
    up = solid.face_normals[: 6 * 34**2, 2]
    assert (up > 0).all()
    assert np.allclose(solid.face_normals[-6 * 34 :, 2], -1)


def test_the_design_stands_out_in_relief() -> None:
    flat, struck = (coin(variant=1, relief=r).vertices[: 1 + 3 * 30 * 31, 2] for r in (0.0, 0.1))
    assert np.ptp(flat) == 0
    assert 0.0002 < np.ptp(struck) <= 0.1 * 0.012 * (1 + 1e-4)


def test_same_variant_same_bytes_other_variant_other_coin() -> None:
    hashes = [coin(variant=v).sha256 for v in VARIANTS]
    assert hashes == [coin(variant=v).sha256 for v in VARIANTS]
    assert len(set(hashes)) == len(hashes)


def test_outlines_are_oval_and_chipped_as_ancient_flans_are() -> None:
    solidity, aspect = [], []
    for variant in VARIANTS:
        x, y = (rim := silhouette(variant)).T
        area = 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
        solidity.append(area / ConvexHull(rim).volume)
        turns = np.linspace(0, np.pi, 90, endpoint=False)
        widths = np.ptp(rim @ np.stack([np.cos(turns), np.sin(turns)]), axis=0)
        aspect.append(widths.max() / widths.min())
    assert 0.95 < np.min(solidity) and np.median(solidity) > 0.985
    assert 1.01 < np.median(aspect) < 1.12 and max(aspect) < 1.25
