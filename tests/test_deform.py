"""Meshes in other shapes: closed forms for bend, twist and taper; identities, bounds and watertightness for all."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import trimesh
from conftest import scene, thing

from generator.assets.deform import deform
from generator.assets.deforms import DEFORMS, largest
from generator.assets.deforms.fields import bernstein, spline
from generator.assets.mesh import Mesh
from generator.assets.shapes import SHAPES
from generator.assets.store import AssetStore, mesh_bytes
from generator.assets.subdivision import subdivide
from generator.base.kept import Kept, Shared
from generator.base.scene import Deform, MeshRef
from generator.spec.materials import DEFORMS as NAMED
from generator.truth.labels import label

AMOUNTS = {"bend": 1.2, "twist": 2.0, "taper": -0.6, "lattice": 0.12, "noise": 0.03, "dent": 0.08}
CASES = [(kind, shape) for kind in AMOUNTS for shape in ("box", "torus", "mug", "plane")]


def closed(mesh: Mesh) -> trimesh.Trimesh:
    return trimesh.Trimesh(mesh.vertices, mesh.faces)  # merges equal positions


def unseated(mesh: Mesh, step: Deform) -> tuple[np.ndarray, np.ndarray]:
    """Vertices before and after one change, not set down again."""
    change = DEFORMS[step.kind](step, mesh)
    points = subdivide(mesh, change.strain).vertices.astype(float)
    return points, change.move(points)


def rod(sides: int = 24, length: float = 1.0, radius: float = 0.02) -> Mesh:
    return SHAPES["cylinder"](radius=radius, height=length, segments=sides)


def test_every_deformation_of_the_scene_language_is_there() -> None:
    assert sorted(DEFORMS) == sorted(NAMED) == sorted(AMOUNTS)


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_the_result_is_finite_sound_and_stands_where_it_stood(kind: str, shape: str) -> None:
    mesh = SHAPES[shape]()
    result = deform(mesh, [Deform(kind=kind, amount=AMOUNTS[kind], seed=5)])  # type: ignore[arg-type]
    before, after = closed(mesh), closed(result)
    assert np.isfinite(result.vertices).all() and result.faces.max() < len(result.vertices)
    assert result.bounds[0, 2] == pytest.approx(mesh.bounds[0, 2], abs=1e-6)
    assert (after.area_faces > 1e-14).all() or (before.area_faces <= 1e-14).any()
    assert after.is_watertight == before.is_watertight and after.is_winding_consistent
    if before.is_watertight:
        assert after.euler_number == before.euler_number
        assert 0.4 < after.volume / before.volume < 1.5


@pytest.mark.parametrize("kind", sorted(AMOUNTS))
def test_nothing_changes_by_the_amount_0_and_the_same_seed_gives_the_same(kind: str) -> None:
    mesh = SHAPES["box"]()
    assert deform(mesh, [Deform(kind=kind, amount=0)]) is mesh  # type: ignore[arg-type]
    one, same, other = (
        deform(mesh, [Deform(kind=kind, amount=AMOUNTS[kind], seed=s)])  # type: ignore[arg-type]
        for s in (1, 1, 2)
    )
    assert one.sha256 == same.sha256
    assert (one.sha256 == other.sha256) == (kind in ("twist", "taper"))  # nothing random in these


def test_another_process_makes_the_same_mesh() -> None:
    steps = [Deform(kind="noise", amount=0.03, seed=9), Deform(kind="lattice", amount=0.1, seed=9)]
    code = "from generator.assets.deform import deform\nfrom generator.assets.shapes import SHAPES\n"
    code += "from generator.base.scene import Deform\n"
    code += f"print(deform(SHAPES['mug'](), [Deform(**s) for s in {[s.model_dump() for s in steps]}]).sha256)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == deform(SHAPES["mug"](), steps).sha256


def test_a_bent_rod_is_an_arc_as_long_as_the_rod() -> None:
    """Its middle line: all points as far from one centre as length / angle, and the arc's length is the rod's."""
    angle = 2.0
    before, after = unseated(rod(), Deform(kind="bend", amount=angle, seed=4))
    rings = [after[abs(before[:, 2] - z) < 1e-9].mean(0) for z in np.unique(before[:, 2])]
    line = np.array(rings)
    plane = np.linalg.svd(line - line.mean(0))
    assert plane[1][2] < 1e-5 * plane[1][0]  # flat
    flat = (line - line.mean(0)) @ plane[2][:2].T
    solved = np.linalg.lstsq(np.c_[2 * flat, np.ones(len(flat))], (flat**2).sum(1), rcond=None)[0]
    radii = np.linalg.norm(flat - solved[:2], axis=1)
    assert radii == pytest.approx(np.full(len(flat), 1 / angle), rel=0.01)  # means of rings lie a little inside
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert length == pytest.approx(1.0, rel=0.01) and len(line) > 15


def test_a_rod_that_turns_by_a_quarter_ends_at_right_angles() -> None:
    before, after = unseated(rod(), Deform(kind="bend", amount=np.pi / 2, seed=4))
    directions = []
    for end in (-0.5, 0.5):  # the flat ends stay flat and keep their size
        cap = after[abs(before[:, 2] - end) < 1e-9]
        _, spread, axes = np.linalg.svd(cap - cap.mean(0))
        assert spread[2] < 1e-9
        assert np.linalg.norm(cap - cap.mean(0), axis=1).max() == pytest.approx(0.02, rel=0.02)
        directions.append(axes[2])
    assert abs(directions[0] @ directions[1]) < 1e-6


def test_a_thick_body_bends_no_further_than_its_inner_side_can_shrink() -> None:
    result = closed(deform(SHAPES["box"](), [Deform(kind="bend", amount=6.0)]))
    assert result.is_watertight and result.volume > 0.5 and (result.area_faces > 1e-9).all()


def test_twist_turns_the_ends_against_each_other() -> None:
    angle = 1.1
    before, after = unseated(SHAPES["box"](x=0.1, y=0.1, z=1.0), Deform(kind="twist", amount=angle))
    for z, turned in ((-0.5, 0.0), (0.5, angle), (0.0, angle / 2)):
        level = abs(before[:, 2] - z) < 1e-6
        assert level.any()
        c, s = np.cos(turned), np.sin(turned)
        assert after[level][:, :2] == pytest.approx(before[level][:, :2] @ [[c, s], [-s, c]], abs=1e-9)
    assert after[:, 2] == pytest.approx(before[:, 2])
    volume = closed(deform(SHAPES["box"](x=0.1, y=0.1, z=1.0), [Deform(kind="twist", amount=angle)])).volume
    assert volume == pytest.approx(0.01, rel=0.005)  # twist keeps volume


@pytest.mark.parametrize("amount", [-0.5, 0.8])
def test_taper_widens_one_end_against_the_other(amount: float) -> None:
    result = deform(SHAPES["box"](), [Deform(kind="taper", amount=amount, axis="x")])
    widths = [np.ptp(result.vertices[abs(result.vertices[:, 0] - x) < 1e-6], axis=0)[1:] for x in (-0.5, 0.5)]
    assert widths[0] == pytest.approx([1, 1]) and widths[1] == pytest.approx([1 + amount, 1 + amount])
    assert closed(result).volume == pytest.approx(1 + amount + amount**2 / 3)  # integral of (1 + a t)^2


def test_a_lattice_reproduces_affine_maps_and_nothing_by_nothing() -> None:
    rng = np.random.default_rng(0)
    low, high = np.array([-1.0, 0, 2]), np.array([1.0, 3, 2.5])
    points = rng.uniform(low, high, (50, 3))
    shape = (3, 4, 2)
    grid = np.stack(
        np.meshgrid(*(np.linspace(a, b, n) for a, b, n in zip(low, high, shape, strict=True)), indexing="ij"), -1
    )
    affine, shift = rng.normal(size=(3, 3)), rng.normal(size=3)
    assert bernstein(points, low, high, grid @ affine.T + shift) == pytest.approx(points @ affine.T + shift)
    assert not bernstein(points, low, high, np.zeros((*shape, 3))).any()


def test_a_spline_reproduces_affine_maps() -> None:
    rng = np.random.default_rng(1)
    low, spacing = np.array([-1.0, 0, 2]), 0.25
    points = rng.uniform(low, low + 6 * spacing, (50, 3))
    nodes = low + spacing * (np.stack(np.meshgrid(*[np.arange(10)] * 3, indexing="ij"), -1) - 1)
    affine, shift = rng.normal(size=(3, 3)), rng.normal(size=3)
    assert spline(points, low, spacing, nodes @ affine.T + shift) == pytest.approx(points @ affine.T + shift)


@pytest.mark.parametrize("kind", ["noise", "lattice"])
def test_noise_and_lattice_move_as_far_as_they_are_told(kind: str) -> None:
    for seed in range(5):
        mesh = SHAPES["sphere"]()
        before, after = unseated(mesh, Deform(kind=kind, amount=0.02, size=0.4, seed=seed))  # type: ignore[arg-type]
        reach = np.linalg.norm(after - before, axis=1)
        assert reach.max() == pytest.approx(0.02 * largest(mesh)) and reach.mean() > 0.003


def test_noise_is_as_smooth_as_its_size() -> None:
    """Neighbours less than a tenth of a blob apart move nearly alike; places a blob apart do not."""
    before, after = unseated(SHAPES["sphere"](), Deform(kind="noise", amount=0.02, size=0.4, seed=2))
    moved, rng = after - before, np.random.default_rng(0)
    i, j = rng.integers(len(before), size=(2, 200_000))
    apart, unlike = np.linalg.norm(before[i] - before[j], axis=1), np.linalg.norm(moved[i] - moved[j], axis=1)
    near, far = unlike[(apart > 0) & (apart < 0.05)], unlike[(apart > 0.4) & (apart < 0.6)]
    assert len(near) > 50 and near.mean() < 0.3 * far.mean()


def test_however_strong_nothing_folds() -> None:
    """Faces of a flat sheet under far too strong changes still look up."""
    for kind, seed in [(k, s) for k in ("noise", "lattice", "dent") for s in range(3)]:
        result = deform(SHAPES["plane"](), [Deform(kind=kind, amount=3.0, size=0.3, seed=seed)])  # type: ignore[arg-type]
        a, b, c = np.moveaxis(result.vertices[result.faces], 1, 0)
        assert (np.cross(b - a, c - a)[:, 2] > 0).all()


def test_a_dent_moves_only_what_is_near_and_inwards() -> None:
    for seed in range(8):
        mesh = SHAPES["sphere"]()
        before, after = unseated(mesh, Deform(kind="dent", amount=0.05, size=0.5, seed=seed))
        moved = after - before
        reach = np.linalg.norm(moved, axis=1)
        hit = reach > 0
        deepest = before[reach.argmax()]
        assert 0.03 < hit.mean() < 0.4 and 0.048 < reach.max() <= 0.05 + 1e-9
        assert np.linalg.norm(before[hit] - deepest, axis=1).max() < 0.25 + 0.03
        assert ((moved[hit] * before[hit]).sum(1) < 0).all()
        assert (
            closed(deform(mesh, [Deform(kind="dent", amount=0.05, size=0.5, seed=seed)])).volume < closed(mesh).volume
        )


def test_dents_fall_all_over_the_surface() -> None:
    where = []
    for seed in range(200):
        mesh = SHAPES["sphere"](subdivisions=3)
        before, after = unseated(mesh, Deform(kind="dent", amount=0.02, size=0.3, seed=seed))
        where.append(before[np.linalg.norm(after - before, axis=1).argmax()])
    heights = np.sort(np.array(where)[:, 2]) + 0.5  # uniform on a sphere (Archimedes)
    assert abs(heights - (np.arange(200) + 0.5) / 200).max() < 1.63 / np.sqrt(200) + 0.03  # Kolmogorov, 1 %


def test_cutting_edges_keeps_the_surface_and_its_texture_coordinates() -> None:
    """Texture coordinates that are an affine map of position stay that map; area and closedness stay."""
    mesh = SHAPES["box"](x=1, y=2, z=3)
    corners = mesh.vertices[mesh.faces]
    to_uv = np.array([[0.3, 0.1], [0.2, -0.4], [-0.1, 0.5]], np.float32)
    mesh = dataclasses.replace(mesh, uv=corners @ to_uv)
    fine = subdivide(mesh, lambda a, b: np.linalg.norm(b - a, axis=1) / 0.2)
    ends = fine.vertices[fine.faces]
    assert np.linalg.norm(ends - np.roll(ends, 1, 1), axis=2).max() <= 0.2
    assert fine.uv == pytest.approx(ends @ to_uv, abs=1e-5)
    assert closed(fine).area == pytest.approx(22) and closed(fine).is_watertight and len(fine.faces) < 40_000


def test_cutting_stops_before_the_limit() -> None:
    fine = subdivide(SHAPES["box"](), lambda a, b: np.linalg.norm(b - a, axis=1) / 1e-4, limit=5000)
    assert 1000 < len(fine.faces) <= 5000 and closed(fine).is_watertight


def test_creases_and_seams_do_not_tear() -> None:
    """Vertices doubled at every face go where their twins go."""
    mesh = SHAPES["box"]()
    split = Mesh(mesh.vertices[mesh.faces].reshape(-1, 3), np.arange(36, dtype=np.int32).reshape(-1, 3))
    steps = [Deform(kind=kind, amount=amount, seed=3) for kind, amount in sorted(AMOUNTS.items())]  # type: ignore[arg-type]
    result = deform(split, steps)
    assert closed(result).is_watertight and len(result.faces) > 1000


def test_appearance_is_kept() -> None:
    mesh = dataclasses.replace(
        SHAPES["plane"](), texture=np.zeros((2, 2, 3), np.uint8), color=(0.1, 0.2, 0.3), smooth=True
    )
    result = deform(mesh, [Deform(kind="noise", amount=0.02)])
    assert result.texture is mesh.texture and result.color == mesh.color and result.smooth
    assert result.uv is not None and result.uv.shape == (len(result.faces), 3, 2)


def test_rays_see_the_twisted_bar(store: AssetStore) -> None:
    """From above, a square bar twisted by 45 degrees covers all squares between 0 and 45 degrees: the outline
    |p| <= r(angle), with corners swept along a circle."""
    side, turned = 0.5, np.pi / 4
    bar = thing("box", (0, 0, -0.5), x=side, y=side, z=1.0)
    bent = bar.model_copy(
        update={"mesh": bar.mesh.model_copy(update={"deform": (Deform(kind="twist", amount=turned),)})}
    )
    far = {"position": (0, 0, 400), "focal": 400 * 180.0, "size": (160, 160)}  # nearly parallel rays, 180 px a metre
    mask = label(scene(bent, **far), store).instance > 0
    v, u = np.mgrid[:160, :160] + 0.5
    x, y = (u - 80) / 180, (80 - v) / 180
    inside = np.zeros_like(mask)
    for angle in np.linspace(0, turned, 400):
        c, s = np.cos(angle), np.sin(angle)
        inside |= (abs(c * x + s * y) < side / 2) & (abs(c * y - s * x) < side / 2)
    assert (mask != inside).sum() < 60 and mask.sum() > 1.1 * (side * 180) ** 2
    assert (label(scene(bar, **far), store).instance > 0).sum() == pytest.approx((side * 180) ** 2, rel=0.03)


def test_the_store_deforms_once_and_keeps_the_original(store: AssetStore) -> None:
    ref = MeshRef(asset="shape/box", deform=(Deform(kind="bend", amount=0.5),))
    assert store.mesh(ref) is store.mesh(ref) is not store.mesh(MeshRef(asset="shape/box"))
    assert store.mesh(ref).sha256 == deform(SHAPES["box"](), ref.deform).sha256


def test_caches_are_bounded_by_bytes_and_drop_the_oldest() -> None:
    made: list[str] = []
    kept: Shared[bytes] = Shared(100, len)

    def get(name: str, size: int) -> None:
        kept.get(name, lambda: made.append(name) or bytes(size))  # type: ignore[func-returns-value]

    for name in ("a", "b", "a", "c", "a", "b"):
        get(name, 40)
    assert made == ["a", "b", "c", "b"] and kept.weight == 80
    get("huge", 1000)
    get("huge", 1000)
    assert made[-1] == "huge" and made.count("huge") == 1 and kept.weight == 1000
    mesh = SHAPES["sphere"]()
    assert mesh_bytes(mesh) > mesh.vertices.nbytes + mesh.faces.nbytes


def test_what_is_spared_stays_and_the_rest_goes_at_once() -> None:
    kept: Kept[str] = Kept(10, len, spared=0.5)
    for name in ("aaaa", "bbbb", "cc"):
        kept.get(name, lambda name=name: name)  # type: ignore[misc]
    assert kept.trim() == [] and kept.weight == 10
    kept.get("aaaa", str)
    kept.get("d", lambda: "d")
    assert kept.trim() == ["bbbb", "cc"] and kept.weight == 5
