"""Labels against closed forms that know nothing of triangles or Embree."""

import numpy as np
import pytest
from conftest import scene, thing, turn
from lenses import labelled, rays

from generator.assets.store import AssetStore
from generator.base.scene import SceneSample
from generator.truth.labels import label


def sphere_depth(sample: SceneSample, center: np.ndarray, radius: float) -> np.ndarray:
    """Planar depth of a sphere at `center` (camera frame): the nearer root of |t d - c|^2 = r^2."""
    d = rays(sample)
    a, b, c = (d * d).sum(2), d @ center, center @ center - radius**2
    root = b * b - a * c
    return np.where(root >= 0, (b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


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
