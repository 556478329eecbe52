"""Labels through lenses, against projections computed here."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import scene, thing, turn
from lenses import crowd, labelled, lenses, shot, through
from scipy import ndimage

from generator.assets.store import AssetStore
from generator.base.lens import Lens
from generator.base.scene import SceneSample
from generator.truth.labels import label
from generator.truth.rays import Target


def by_force(sample: SceneSample, store: AssetStore) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """Every object cast at every pixel within one image size around the image: ids, planar depth, amodal pixels inside,
    and all of them."""
    camera, w, h = sample.camera.at(sample.width, sample.height), sample.width, sample.height
    u, v = np.meshgrid(np.arange(-w, 2 * w) + 0.5, np.arange(-h, 2 * h) + 0.5)
    rays = camera.lens.unproject(np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy], -1))
    ids, nearest, inside, everywhere, number = np.zeros((h, w), int), np.full((h, w), np.inf), [], [], 0
    for one in sample.objects:
        number += not one.backdrop
        local = np.linalg.inv(one.pose.matrix()) @ camera.world_from_camera
        directions = np.nan_to_num(rays).reshape(-1, 3) @ local[:3, :3].T
        reach, _ = Target.of(store.mesh(one.mesh)).hit(local[:3, 3] + 0.01 * directions, directions)
        reach = np.where(np.isnan(rays[..., 0]), np.inf, reach.reshape(u.shape) + 0.01)
        here = reach[h : 2 * h, w : 2 * w]
        if not one.backdrop:
            inside.append(int(np.isfinite(here).sum()))
            everywhere.append(int(np.isfinite(reach).sum()))
        ids[here < nearest] = 0 if one.backdrop else number
        nearest = np.minimum(nearest, here)
    hit, depth = np.isfinite(nearest), np.full((h, w), np.inf)
    depth[hit] = nearest[hit] * rays[h : 2 * h, w : 2 * w, 2][hit]
    return ids, depth, np.array(inside), everywhere


@lenses
@pytest.mark.parametrize("seed", [1, 2])
def test_no_pixel_is_missed_through_any_lens(store: AssetStore, name: str, seed: int) -> None:
    """Boxes and cones against casting everything everywhere. Rays that start at the near plane or at the camera may
    round a tie at an edge differently."""
    sample = through(name, scene(*crowd(seed), size=(96, 72), position=(0, 0, 0.1), target=(1, 0.3, 0)))
    frame = labelled(sample, store)
    ids, depth, inside, everywhere = by_force(sample, store)
    assert (frame.instance != ids).sum() <= 2 and (frame.instance > 0).any()
    same = (frame.instance == ids) & np.isfinite(depth)
    assert (np.isfinite(frame.depth) == np.isfinite(depth)).mean() > 0.999
    assert frame.depth[same] == pytest.approx(depth[same], rel=1e-3, abs=1e-5)
    for one, pixels, total in zip(frame.instances, inside, everywhere, strict=True):
        assert abs(one.amodal_pixels - pixels) <= 2
        assert one.truncated_fraction == pytest.approx(1 - pixels / total if total else 0, abs=0.02)


@lenses
def test_points_of_the_surface_project_into_the_mask(store: AssetStore, name: str) -> None:
    """The other way round: 200,000 points of the surface, through the lens's formula, against the amodal mask."""
    ring = thing("torus", (0.3, -0.2, 0.2), rotation=turn((1, 2, 0), 50), radius=0.5, tube=0.15)
    sample = through(name, scene(ring, size=(120, 90), position=(0, -0.4, 1.4)))
    frame, mesh = labelled(sample, store), store.mesh(ring.mesh)
    rng = np.random.Generator(np.random.Philox(7))
    corners = mesh.vertices[mesh.faces].astype(float)
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    some = corners[rng.choice(len(area), 200_000, p=area / area.sum())]
    share = rng.dirichlet((1, 1, 1), len(some))[:, :, None]
    world = (share * some).sum(1) @ ring.pose.matrix()[:3, :3].T + ring.pose.position
    pixels, _ = frame.camera.project(world)
    pixels = pixels[np.isfinite(pixels).all(1)]
    seen, _, _ = np.histogram2d(pixels[:, 1], pixels[:, 0], bins=(90, 120), range=((0, 90), (0, 120)))
    mask = frame.amodal_mask(1)
    assert mask.sum() > 300
    assert not (seen > 0)[~ndimage.binary_dilation(mask, np.ones((3, 3)))].any()
    assert (seen > 0)[ndimage.binary_erosion(mask, np.ones((3, 3)))].all()


def test_a_sphere_on_the_axis_of_a_fisheye_is_a_disk(store: AssetStore) -> None:
    """Radius f asin(R / d) pixels, nearest point at d - R."""
    ball = thing("sphere", radius=0.8, subdivisions=6)
    frame = labelled(shot(scene(ball, position=(0, 0, 1)), lens=Lens(kind="equidistant"), focal_pixels=50.0), store)
    radius = 50 * np.arcsin(0.8)
    v, u = np.mgrid[:120, :160] + 0.5
    assert (frame.mask(1) != (np.hypot(u - 80, v - 60) < radius)).sum() <= 12
    assert frame.depth[59:61, 79:81] == pytest.approx(0.2, abs=1e-3)


def test_a_fisheye_sees_behind_itself_and_depth_is_negative_there(store: AssetStore) -> None:
    """A ball at 120 degrees from the axis, to the right."""
    place = 2 * np.array([np.sin(2 * np.pi / 3), 0, np.cos(2 * np.pi / 3)])
    ball = thing("sphere", (place[0], 0, 2 - place[2]), radius=0.3, subdivisions=5)
    frame = labelled(shot(scene(ball), lens=Lens(kind="equidistant"), focal_pixels=30.0), store)
    rows, columns = np.nonzero(frame.mask(1))
    assert columns.mean() + 0.5 == pytest.approx(80 + 30 * 2 * np.pi / 3, abs=0.5) and rows.mean() + 0.5 == 60
    v, u = round(rows.mean()), round(columns.mean())
    theta = np.hypot(u + 0.5 - 80, v + 0.5 - 60) / 30
    assert frame.depth[v, u] == pytest.approx(1.7 * np.cos(theta), abs=0.02) and frame.depth[v, u] < 0
    points = frame.camera.points(frame.depth)[frame.mask(1)]
    assert np.linalg.norm(points - place, axis=1) == pytest.approx(0.3, abs=0.01)


def test_what_lies_before_the_near_plane_hides_nothing(store: AssetStore) -> None:
    """A pane 5 mm before the lens, and a slab that the near plane cuts: one sees into it."""
    pane = thing("plane", (0, 0, 1.995), x=1, y=1)
    frame = labelled(scene(pane, thing("plane", (0, 0, 0), x=9, y=9)), store)
    assert (frame.instance == 2).all() and frame.instances[0].amodal_pixels == 0
    slab = labelled(scene(thing("box", (0, 0, 1.5), x=9, y=9, z=1)), store)
    assert (slab.instance == 1).all() and slab.depth == pytest.approx(1, abs=1e-5)
    sphere = shot(scene(pane, thing("sphere", (0, 0, 0))), lens=Lens(kind="equidistant"), focal_pixels=40.0)
    shown = labelled(sphere, store).instance
    v, u = np.mgrid[:120, :160] + 0.5
    theta = np.hypot(u - 80, v - 60) / 40
    distance = 0.005 / np.cos(np.minimum(theta, 1.5))
    assert (shown[distance < 0.0099] != 1).all() and (shown[(distance > 0.0101) & (theta < 1.5)] == 1).all()


@lenses
def test_a_look_keeps_aspect_and_principal_point(store: AssetStore, name: str) -> None:
    sample = through(name, scene(thing("sphere", (0.2, 0.1, 0), radius=0.4, subdivisions=5)))
    full, look = label(sample, store).mask(1), label(sample, store, scale=0.5).mask(1)
    for axis in (0, 1):
        middle, spread = ((np.nonzero(m)[axis] + 0.5).mean() / m.shape[axis] for m in (full, look))
        assert middle == pytest.approx(spread, abs=0.003)
    assert full.mean() == pytest.approx(look.mean(), rel=0.06) and full.any()


@lenses
def test_several_objects_share_the_rays_of_a_lens(store: AssetStore, name: str) -> None:
    """Rays over any box are those of single pixels, whatever was asked for before."""
    camera = through(name, scene()).camera.at(160, 120)
    for box in ((-160, -120, 320, 240), (3, 5, 4, 6), (60, 60, 130, 70), (-70, 100, -60, 130)):
        rays, (x0, y0, x1, y1) = camera.rays(box), box
        assert rays.shape == (y1 - y0, x1 - x0, 3)
        u, v = x1 - 0.5, y0 + 0.5
        one = camera.lens.unproject(np.array([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy]))
        assert rays[0, -1] == pytest.approx(one, abs=1e-12, nan_ok=True)
        if not np.isnan(one).any():
            assert camera.pixels(rays[0, -1]) == pytest.approx([u, v], abs=1e-9)


@pytest.mark.slow
def test_two_thousand_meshes_at_once_are_held() -> None:
    """An Embree device for each would end the process at about eleven hundred."""
    code = (
        "import numpy as np\nfrom generator.assets.mesh import Mesh\nfrom generator.truth.rays import Target\n"
        "faces = np.array([[0, 1, 2]], np.int32)\n"
        "kept = [Mesh(np.array([[0, 0, 1], [1, 0, 1], [0, k + 1, 1]], np.float32), faces) for k in range(2000)]\n"
        "hits = [Target.of(m).hit(np.zeros(3), np.array([[0.1, 0.1, 1.0]]))[0][0] for m in kept]\n"
        "assert all(abs(h - 1) < 1e-6 for h in hits)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
