"""Cut and paste against Laplace's equation, closed forms and the texels themselves."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from generator.assets.catalog import Catalog
from generator.assets.cutouts import load_cutout, rectangles
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.errors import AssetError
from generator.base.geometry import look_at
from generator.base.scene import (
    CameraSample,
    Material,
    MeshRef,
    ObjectSample,
    Pose,
    RenderSample,
    SceneSample,
    WorldSample,
)
from generator.render.blending import blend
from generator.render.painter import make_painter
from generator.render.photo import cover
from generator.render.texels import barycentric, own_colors
from generator.truth.labels import label

RNG = np.random.default_rng(5)


def disc(size: tuple[int, int] = (48, 64), radius: float = 15) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    return np.asarray(np.hypot(y - size[0] / 2, x - size[1] / 2) < radius)


@pytest.mark.parametrize("how", ["none", "gaussian", "poisson"])
def test_nothing_outside_the_mask_changes(how: str) -> None:
    below, above, mask = RNG.uniform(0, 255, (48, 64, 3)), RNG.uniform(0, 255, (48, 64, 3)), disc()
    assert (blend(below, above, mask, how)[~mask] == below[~mask]).all()


@pytest.mark.parametrize("how", ["none", "gaussian"])
def test_the_middle_is_the_object(how: str) -> None:
    below, above = np.zeros((48, 64, 3)), RNG.uniform(0, 255, (48, 64, 3))
    assert blend(below, above, disc(), how)[24, 32] == pytest.approx(above[24, 32], abs=1e-6)


def test_a_soft_rim_rises_from_the_background_to_the_object() -> None:
    mask = np.zeros((40, 80), bool)
    mask[:, 40:] = True
    row = blend(np.zeros((40, 80, 3)), np.full((40, 80, 3), 200.0), mask, "gaussian")[20, :, 0]
    assert (np.diff(row) >= -1e-9).all() and row[40] < 60 and row[46] > 190


def test_poisson_keeps_the_objects_gradients_and_meets_the_background() -> None:
    """On a background that is the object plus a constant, the seamless clone is the background itself."""
    above = RNG.uniform(60, 120, (48, 64, 3))
    below = above + 37.0
    assert np.allclose(blend(below, above, disc(), "poisson"), below, atol=1e-6)


def test_poisson_solves_laplaces_equation_for_a_flat_object() -> None:
    below, mask = RNG.uniform(80, 160, (48, 64, 3)), disc()
    found = blend(below, np.full((48, 64, 3), 5.0), mask, "poisson")
    around = found[:-2, 1:-1] + found[2:, 1:-1] + found[1:-1, :-2] + found[1:-1, 2:]
    assert np.allclose(around[mask[1:-1, 1:-1]], 4 * found[1:-1, 1:-1][mask[1:-1, 1:-1]], atol=1e-6)
    assert found[mask].min() >= below.min() and found[mask].max() <= below.max()  # the maximum principle


def test_poisson_on_an_object_cut_by_the_images_edge_or_filling_it() -> None:
    below, above = RNG.uniform(0, 255, (20, 30, 3)), RNG.uniform(0, 255, (20, 30, 3))
    mask = np.zeros((20, 30), bool)
    mask[:, :12] = True
    assert np.isfinite(blend(below, above, mask, "poisson")).all()
    assert (blend(below, above, np.ones((20, 30), bool), "poisson") == above).all()


def test_barycentric_weights_reproduce_their_points() -> None:
    corners = RNG.normal(size=(50, 3, 3))
    weights = RNG.dirichlet([1, 1, 1], 50)
    points = (weights[..., None] * corners).sum(1)
    assert barycentric(corners, points) == pytest.approx(weights, abs=1e-9)


def test_own_colors_are_the_texels_at_their_centres() -> None:
    texture = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    vertices = np.array([[0, 0, 0], [5, 0, 0], [5, 4, 0], [0, 4, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    mesh = Mesh(vertices, faces, (vertices[:, :2] / (5, 4))[faces].astype(np.float32), texture)
    x, y = np.meshgrid(np.arange(5) + 0.5, np.arange(4) + 0.5)
    points = np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3)
    triangles = (points[:, 1] * 5 > points[:, 0] * 4).astype(np.int32)
    assert own_colors(mesh, triangles, points).reshape(4, 5, 3) == pytest.approx(texture[::-1].astype(float), abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_rectangles_cover_each_opaque_texel_once(seed: int) -> None:
    solid = np.random.default_rng(seed).random((23, 31)) < 0.6
    count = np.zeros(solid.shape, int)
    for x0, y0, x1, y1 in rectangles(solid):
        count[y0:y1, x0:x1] += 1
    assert (count == solid).all()


@pytest.fixture
def cutout(tmp_path: Path) -> Path:
    """A ring of noise, 40 pixels tall, in a 60 x 50 picture."""
    y, x = np.mgrid[:50, :60]
    radius = np.hypot(x - 29.5, y - 24.5)
    texels = np.random.default_rng(1).integers(0, 256, (50, 60, 4), dtype=np.uint8)
    texels[..., 3] = np.where((radius < 20) & (radius > 8), 255, 0)
    (tmp_path / "rings").mkdir()
    Image.fromarray(texels).save(tmp_path / "rings" / "ring.png")
    (tmp_path / "rings" / "asset.yaml").write_text("{licence: CC0-1.0, cutout: true, scale: 0.4}")
    return tmp_path


def scene(size: tuple[int, int], **changes: object) -> SceneSample:
    """A cut-out of 0.4 m seen straight from 1 m away, one texel a pixel."""
    pose = look_at(np.array([0.0, -1.0, 0.2]), np.array([0.0, 0.0, 0.2]))
    axes = tuple(tuple(float(v) for v in pose[:3, i]) for i in range(3))
    one = ObjectSample(name="ring", label="ring", mesh=MeshRef(asset="rings/ring"), material=Material(keep=True))
    values: dict[str, object] = {
        "scene": "s", "seed": 0, "index": 0, "width": size[0], "height": size[1], "classes": ("ring",), "objects": (one,),
        "lights": (), "world": WorldSample(color=(0.0, 1.0, 0.0)),
        "camera": CameraSample(position=(0, -1, 0.2), axes=axes, focal_pixels=100.0),  # type: ignore[arg-type]
    }  # fmt: skip
    return SceneSample(**{**values, **changes})  # type: ignore[arg-type]


def test_a_pasted_cutout_shows_its_own_texels_and_is_labelled_by_them(cutout: Path) -> None:
    store = AssetStore(Catalog.open(cutout))
    one = scene((60, 40))
    painted = make_painter("collage", store).paint(one)
    texels = np.asarray(Image.open(cutout / "rings" / "ring.png"))[5:45]
    solid = texels[..., 3] > 0
    assert (label(one, store).mask(1) == solid).all()
    assert np.abs(painted.rgb[solid].astype(int) - texels[solid][:, :3]).max() <= 1
    assert (painted.rgb[~solid] == (0, 255, 0)).all()


def test_far_cutouts_are_pasted_behind_near_ones(cutout: Path) -> None:
    store = AssetStore(Catalog.open(cutout))
    ring = scene((60, 40)).objects[0]
    near = ring.model_copy(
        update={"pose": Pose(position=(0.05, -0.2, 0.0)), "material": Material(color=(1.0, 0.0, 0.0))}
    )
    one = scene((60, 40), objects=(near, ring))
    rgb = make_painter("collage", store).paint(one).rgb
    front = label(one, store).mask(1)
    assert front.any() and (rgb[front] == (255, 0, 0)).all()


@pytest.mark.parametrize("how", ["gaussian", "poisson"])
def test_blendings_change_the_rim_and_leave_the_ground_alone(cutout: Path, how: str) -> None:
    store = AssetStore(Catalog.open(cutout))
    hard = make_painter("collage", store).paint(scene((60, 40))).rgb
    soft = make_painter("collage", store).paint(scene((60, 40), render=RenderSample(blending=how))).rgb  # type: ignore[arg-type]
    mask = label(scene((60, 40)), store).mask(1)
    assert (soft[~mask] == hard[~mask]).all() and (soft[mask] != hard[mask]).any()


def test_a_photograph_fills_the_picture_without_being_stretched() -> None:
    photo = np.zeros((40, 100, 3), np.uint8)
    photo[:, 30:70] = 255  # the middle square
    assert (cover(photo, 20, 20, mirror=False) > 200).all()
    ramp = np.repeat(np.arange(0, 240, dtype=np.uint8)[None, :, None], 60, 0).repeat(3, 2)
    plain, turned = cover(ramp, 120, 30, mirror=False), cover(ramp, 120, 30, mirror=True)
    assert (plain[:, ::-1] == turned).all() and plain[0, 0, 0] < 5 and plain[0, -1, 0] > 230


def test_a_picture_without_transparency_is_no_cutout(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(AssetError, match="no transparent pixels"):
        load_cutout(tmp_path / "a.png")
    Image.new("RGBA", (4, 4)).save(tmp_path / "b.png")
    with pytest.raises(AssetError, match="only transparent pixels"):
        load_cutout(tmp_path / "b.png")
