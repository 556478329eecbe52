"""Labels against closed forms that know nothing of triangles or Embree."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import scene, thing, turn
from scipy import ndimage

from generator.assets.store import AssetStore
from generator.base.frame import Frame
from generator.base.lens import Lens
from generator.base.scene import ObjectSample, SceneSample
from generator.truth.labels import label
from generator.truth.rays import Target


def rays(sample: SceneSample) -> np.ndarray:
    """Pixel-centre directions of a camera (h, w, 3), z = 1, written without the product's code."""
    v, u = np.mgrid[: sample.height, : sample.width]
    f = sample.camera.focal_pixels
    return np.stack([(u + 0.5 - sample.width / 2) / f, (v + 0.5 - sample.height / 2) / f, np.ones_like(u, float)], 2)


def sphere_depth(sample: SceneSample, center: np.ndarray, radius: float) -> np.ndarray:
    """Planar depth of a sphere at `center` (camera frame): the nearer root of |t d - c|^2 = r^2."""
    d = rays(sample)
    a, b, c = (d * d).sum(2), d @ center, center @ center - radius**2
    root = b * b - a * c
    return np.where(root >= 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def labelled(sample: SceneSample, store: AssetStore) -> Frame:
    frame = label(sample, store)
    assert frame.faults() == []
    return frame


def test_a_sphere_is_where_analysis_says(store: AssetStore) -> None:
    """An icosphere of 81,920 triangles: silhouette, depth, box and normals off the axis."""
    sample = scene(thing("sphere", (0.3, 0.2, 0), radius=0.4, subdivisions=6))
    frame = labelled(sample, store)
    center = np.array([0.3, -0.2, 2.0])  # from above: camera x is world x, camera y is world -y
    depth = sphere_depth(sample, center, 0.4)
    assert (np.isfinite(depth) != (frame.instance == 1)).sum() <= 3, "only pixels that graze the silhouette may differ"
    both = np.isfinite(depth) & (frame.instance == 1)
    error = np.abs(frame.depth[both] - depth[both])
    assert error.max() < 0.01 and np.median(error) < 1e-4
    points = rays(sample)[both] * frame.depth[both][:, None]
    normal = (points - center) / 0.4
    assert ((frame.normal[both] * normal).sum(1) > np.cos(np.radians(3))).mean() > 0.98
    rows, columns = np.nonzero(np.isfinite(depth))
    assert frame.instances[0].box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_depth_is_planar_metres(store: AssetStore) -> None:
    """A plane facing the camera has one depth everywhere, not one distance."""
    frame = labelled(scene(thing("plane", (0, 0, 0.5), x=10, y=10)), store)
    assert np.abs(frame.depth - 1.5).max() < 1e-5


def quad(x0: float, x1: float, z: float) -> object:
    """An upright-facing rectangle from x0 to x1 and -0.25 to 0.25."""
    return thing("plane", ((x0 + x1) / 2, 0, z), x=x1 - x0, y=0.5)


def test_half_hidden_quad_has_exact_fractions(store: AssetStore) -> None:
    """The front quad stands at half the height, so in the image it must be half as wide to hide half."""
    frame = labelled(scene(quad(-0.5, 0.5, 0), quad(-0.25, 0, 1)), store)
    behind, front = frame.instances
    assert behind.visible_fraction == pytest.approx(0.5, abs=0.01) and front.visible_fraction == 1
    assert behind.occluders == {2: behind.amodal_pixels - behind.visible_pixels}
    assert behind.amodal_box == (42, 41, 118, 79) or behind.amodal_box == (43, 41, 117, 79)
    assert behind.truncated_fraction == 0


def test_half_out_of_the_image_is_half_truncated(store: AssetStore) -> None:
    edge = 160 / 2 / 150 * 2  # world x of the image's right edge at z = 0
    frame = labelled(scene(quad(edge - 0.2, edge + 0.2, 0)), store)
    assert frame.instances[0].truncated_fraction == pytest.approx(0.5, abs=0.02)
    assert frame.instances[0].visible_fraction == 1


def test_touching_coplanar_objects_share_no_pixel(store: AssetStore) -> None:
    """One millimetre apart, 2 m away: ids decide, not a depth tolerance."""
    frame = labelled(scene(quad(-0.5, -0.0005, 0), quad(0.0005, 0.5, 0)), store)
    left, right = frame.amodal_mask(1), frame.amodal_mask(2)
    assert not (left & right).any() and left.sum() == right.sum() > 1000
    assert left.any(0)[:80].sum() == right.any(0)[80:].sum() and not left.any(0)[80:].any()


def test_a_ring_keeps_its_hole(store: AssetStore) -> None:
    frame = labelled(
        scene(thing("torus", radius=0.5, tube=0.1), thing("plane", (0, 0, -0.5), x=9, y=9, label=None)), store
    )
    assert frame.instance[60, 80] == 2 and (frame.instance == 1).sum() > 1000
    assert not frame.amodal_mask(1)[60, 80]


def test_a_wire_thinner_than_a_pixel_is_sampled_at_centres(store: AssetStore) -> None:
    """A wire 0.2 pixels wide covers a pixel centre or it does not: nothing is thickened."""
    width = 0.2 * 2 / 150
    on, off = (labelled(scene(quad(x - width / 2, x + width / 2, 0)), store) for x in (0.5 / 75, 0.0))
    assert on.instances[0].visible_pixels == 38 and off.instances[0].visible_pixels == 0
    assert off.instances[0].box is None


def test_scale_and_rotation_act_in_the_objects_own_axes(store: AssetStore) -> None:
    """An ellipsoid with semi-axes 0.6, 0.2, 0.2 turned by 90 degrees about z is long along the image's y."""
    frame = labelled(
        scene(thing("sphere", scale=(0.6, 0.2, 0.2), rotation=turn((0, 0, 1), 90), radius=1, subdivisions=5)), store
    )
    x0, y0, x1, y1 = frame.instances[0].box or (0, 0, 0, 0)
    # half height of the silhouette of an ellipse (a, c) in the plane of the axis, seen from distance 2
    tall = 0.6 * 150 / np.sqrt(4 - 0.2**2)
    wide = 0.2 * 150 / np.sqrt(4 - 0.2**2)
    assert (y1 - y0) / 2 == pytest.approx(tall, abs=1) and (x1 - x0) / 2 == pytest.approx(wide, abs=1)


def test_behind_the_camera_is_nowhere(store: AssetStore) -> None:
    frame = labelled(scene(thing("sphere", (0, 0, 3))), store)
    one = frame.instances[0]
    assert one.amodal_pixels == one.visible_pixels == 0 and one.box is None and one.amodal_box is None


def test_crossing_the_camera_plane_is_cut_by_the_image(store: AssetStore) -> None:
    """A long bar from before the camera to behind it: what is in front is seen, nothing wraps around."""
    frame = labelled(scene(thing("box", (0.5, 0, 2), x=0.1, y=0.1, z=3)), store)
    one = frame.instances[0]
    assert one.visible_pixels > 0 and frame.instance[:, :80].max() == 0
    assert frame.depth[frame.instance == 1].min() >= 0.01


def test_an_empty_scene_has_empty_labels(store: AssetStore) -> None:
    frame = labelled(scene(), store)
    assert frame.instances == () and not frame.instance.any() and np.isinf(frame.depth).all()


def test_three_thousand_instances_keep_their_ids(store: AssetStore) -> None:
    """More ids than a half float or 8 bits could hold; every one at its own place."""
    places = [(x, y) for y in np.linspace(-0.7, 0.7, 50) for x in np.linspace(-0.95, 0.95, 60)]
    frame = labelled(
        scene(*(thing("box", (x, y, 0), x=0.02, y=0.02, z=0.02) for x, y in places), size=(640, 480), focal=600), store
    )
    assert len(np.unique(frame.instance)) == 3001
    for number in (1, 60, 2049, 3000):
        x, y = places[number - 1]
        assert frame.instance[int(240 - y * 600 / 2), int(320 + x * 600 / 2)] == number


def test_backdrops_occlude_but_are_no_instances(store: AssetStore) -> None:
    wall = thing("plane", (0, 0, 1), x=0.5, y=0.5, label=None, backdrop=True)
    frame = labelled(scene(wall, thing("plane", x=1.5, y=1.5)), store)
    assert len(frame.instances) == 1 and frame.instance[60, 80] == 0
    assert frame.instances[0].occluders == {0: frame.instances[0].amodal_pixels - frame.instances[0].visible_pixels}
    assert frame.depth[60, 80] == pytest.approx(1)


def test_poses_reproject_onto_the_mask(store: AssetStore) -> None:
    sample = scene(thing("sphere", (0.2, -0.3, 0.1), radius=0.1), position=(1.2, -0.8, 1.5), target=(0.1, 0, 0))
    frame = labelled(sample, store)
    x, y, z = frame.instances[0].position
    u, v = (np.array([x, y]) / z * sample.camera.focal_pixels + [80, 60]).astype(int)
    assert frame.instance[v, u] == 1
    assert frame.instances[0].distance == pytest.approx(np.linalg.norm([1.0, -0.5, 1.4]))


def test_a_look_sees_the_same_scene_smaller(store: AssetStore) -> None:
    """A quarter of the size, a sixteenth of the pixels; fractions agree within the coarser sampling."""
    sample = scene(thing("sphere", radius=0.4), thing("box", (0.3, 0, 0.4), x=0.3, y=0.3, z=0.1))
    full, look = label(sample, store), label(sample, store, scale=0.25)
    assert look.instance.shape == (30, 40)
    for a, b in zip(full.instances, look.instances, strict=True):
        side = np.sqrt(a.amodal_pixels)
        assert abs(4 * np.sqrt(b.amodal_pixels) - side) <= 4, "within one pixel of the look"
        assert b.visible_fraction == pytest.approx(a.visible_fraction, abs=0.05)


# -- lenses ----------------------------------------------------------------------------------------------------------

LENSES = {
    "pinhole": (Lens(), 100.0),
    "barrel": (Lens(kind="brown", k=(-0.25, 0.06, -0.004), p=(0.004, -0.006)), 100.0),
    "pincushion": (Lens(kind="brown", k=(0.15,)), 100.0),
    "folding": (Lens(kind="brown", k=(-0.6,)), 100.0),
    "equidistant": (Lens(kind="equidistant"), 40.0),
    "kannala_brandt": (Lens(kind="kannala_brandt", k=(-0.03, 0.005, -0.001)), 40.0),
    "blind": (Lens(kind="kannala_brandt", k=(-0.25,)), 60.0),
}
lenses = pytest.mark.parametrize("name", LENSES)


def shot(one: SceneSample, **changes: object) -> SceneSample:
    """The same scene through another camera."""
    return one.model_copy(update={"camera": one.camera.model_copy(update=changes)})


def through(name: str, one: SceneSample) -> SceneSample:
    lens, focal = LENSES[name]
    return shot(one, lens=lens, focal_pixels=focal, aspect=1.2, shift=(0.05, -0.1))


def crowd(seed: int) -> list[ObjectSample]:
    """Things all around a camera at the origin, some of them large, behind it, or about it."""
    rng = np.random.Generator(np.random.Philox(seed))
    things = [thing("plane", (0, 0, -0.5), x=8, y=8, label=None, backdrop=True)]
    for shape in ("sphere", "box", "torus", "cone", "prism", "cylinder") * 2:
        scale = np.full(3, rng.choice([0.2, 0.5, 1.0]))
        things.append(thing(shape, rng.uniform(-1.2, 1.2, 3), scale, rng.normal(size=4)))
    return things


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
        "kept = [Mesh(np.array([[0, 0, 1], [1, 0, 1], [0, 1, k + 1]], np.float32), faces) for k in range(2000)]\n"
        "hits = [Target.of(m).hit(np.zeros(3), np.array([[0.1, 0.0, 1.0]]))[0][0] for m in kept]\n"
        "assert all(h == 1 for h in hits)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
