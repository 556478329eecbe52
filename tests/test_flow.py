"""Optical flow against closed forms, and against the labels of the picture that it leads to."""

from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from scipy import ndimage

from generator.assets.store import AssetStore
from generator.base.geometry import look_at
from generator.base.lens import Lens
from generator.base.scene import ObjectSample, SceneSample
from generator.sampling.scope import vector
from generator.truth.flow import flow, moment, shutter
from generator.truth.labels import label


def shot(one: SceneSample, **changes: Any) -> SceneSample:
    return one.model_copy(update={"camera": one.camera.model_copy(update=changes)})


def moved(one: ObjectSample, **changes: Any) -> ObjectSample:
    return one.model_copy(update={"pose": one.pose.model_copy(update=changes)})


def test_a_camera_beside_itself_shifts_a_plane_by_its_disparity(store: AssetStore) -> None:
    """f t / z: 10 cm to the right, 2 m above the ground, 150 pixels of focal length."""
    one = scene(thing("plane", x=9, y=9))
    found = flow(one, shot(one, position=(0.1, 0, 2)), store)
    assert found.offset == pytest.approx(np.broadcast_to([-7.5, 0], (120, 160, 2)), abs=1e-4)
    assert found.visible[:, 8:].all() and not found.visible[:, :7].any()
    assert found.offset.dtype == np.float32 and found.offset.shape == (120, 160, 2)


def test_the_sky_moves_by_the_homography_of_a_turning_camera(store: AssetStore) -> None:
    """Infinitely far points: K R K**-1, whatever the camera's path."""
    one = scene(position=(0, 0, 0), target=(1, 0, 0))
    pose = look_at(np.zeros(3), np.array([1.0, 0, 0]), roll=0.1, pan=0.15, tilt=-0.05)
    other = shot(one, axes=tuple(vector(pose[:3, k]) for k in range(3)), position=(3.0, 2.0, 1.0))
    camera, second = (s.camera.at(160, 120) for s in (one, other))
    turned = second.camera_from_world[:3, :3] @ camera.world_from_camera[:3, :3]
    homography = second.intrinsics @ turned @ np.linalg.inv(camera.intrinsics)
    u, v = np.meshgrid(np.arange(160) + 0.5, np.arange(120) + 0.5)
    there = np.stack([u, v, np.ones_like(u)], -1) @ homography.T
    expected = there[..., :2] / there[..., 2:] - np.stack([u, v], -1)
    found = flow(one, other, store)
    assert found.offset == pytest.approx(expected, abs=1e-3)
    assert (
        found.visible
        == ((expected + np.stack([u, v], -1) >= 0) & (expected + np.stack([u, v], -1) < [160, 120])).all(-1)
    ).mean() > 0.999


def test_a_pane_that_slides_over_another_hides_exactly_that(store: AssetStore) -> None:
    """A front pane half way up moves by 20 cm, 30 pixels there, and uncovers nothing for the flow of what was seen."""
    behind, front = thing("plane", x=9, y=9), thing("plane", (0, 0, 1), x=0.4, y=0.4, label=None)
    front = front.model_copy(update={"name": "front"})
    one = scene(behind, front)
    two = scene(behind, moved(front, position=(0.2, 0, 1)))
    found, ids = flow(one, two, store), label(one, store).instance
    assert found.offset[ids == 2] == pytest.approx(np.broadcast_to([30, 0], ((ids == 2).sum(), 2)), abs=1e-3)
    assert np.abs(found.offset[ids == 1]).max() < 1e-3
    hidden = (ids == 1) & (label(two, store).instance == 2)
    assert hidden.sum() == 30 * 60 and (~found.visible == hidden).all()


def test_what_is_gone_or_another_has_no_flow(store: AssetStore) -> None:
    ball = thing("sphere", radius=0.3)
    assert np.isnan(flow(scene(ball), scene(), store).offset[60, 80]).all()
    other = flow(scene(ball), scene(thing("sphere", radius=0.2)), store)
    assert np.isnan(other.offset[60, 80]).all() and not other.visible[60, 80] and other.visible[0, 0]


VIEWS: dict[str, tuple[Lens, float]] = {
    "pinhole": (Lens(), 90.0),
    "brown": (Lens(kind="brown", k=(-0.2, 0.05), p=(0.003, 0.002)), 90.0),
    "fisheye": (Lens(kind="kannala_brandt", k=(-0.03, 0.005)), 50.0),
}


def crowd(seed: int, turned: bool) -> list[ObjectSample]:
    """Ellipsoids and boxes, before and after all of them moved and turned by themselves."""
    rng = np.random.Generator(np.random.Philox(seed))
    things = [thing("plane", (0, 0, -0.5), x=6, y=6, label=None, backdrop=True)]
    for k in range(8):
        one = thing(
            "box" if k % 2 else "sphere", rng.uniform(-0.8, 0.8, 3), rng.uniform(0.2, 0.5, 3), rng.normal(size=4)
        )
        after = moved(
            one,
            position=tuple(np.array(one.pose.position) + rng.normal(0, 0.05, 3)),
            rotation=turn(rng.normal(size=3), 20),
        )
        things.append((after if turned else one).model_copy(update={"name": f"thing/{k}"}))
    return things


@pytest.mark.parametrize("name", VIEWS)
def test_flow_leads_to_the_same_surface(store: AssetStore, name: str) -> None:
    """Where a visible pixel arrives, away from edges, the other picture's labels show the same object; from there the
    flow back returns to where it began."""
    lens, focal = VIEWS[name]
    size = {"size": (128, 96)}
    one = shot(scene(*crowd(3, False), **size), lens=lens, focal_pixels=focal)
    two = shot(scene(*crowd(3, True), **size, position=(0.3, -0.2, 1.9)), lens=lens, focal_pixels=focal, aspect=1.1)
    there, back = flow(one, two, store), flow(two, one, store)
    first, second = label(one, store).instance, label(two, store).instance
    v, u = np.nonzero(there.visible)
    goal = np.stack([u, v], 1) + 0.5 + there.offset[v, u]
    column, row = np.floor(goal).astype(int).T
    calm = ndimage.maximum_filter(second, 3)[row, column] == ndimage.minimum_filter(second, 3)[row, column]
    assert calm.sum() > 2000 and (first[v, u] == second[row, column])[calm].all()
    smooth = calm & back.visible[row, column] & (first[v, u] == 0)  # linear interpolation is exact enough on the plane
    returned = np.stack(
        [
            ndimage.map_coordinates(
                back.offset[..., k].astype(float), [goal[smooth, 1] - 0.5, goal[smooth, 0] - 0.5], order=1
            )
            for k in (0, 1)
        ],
        1,
    )
    error = np.linalg.norm(returned + there.offset[v, u][smooth], axis=1)
    assert smooth.sum() > 500 and np.quantile(error, 0.9) < 0.05


def test_occlusion_by_labels_of_the_other_picture(store: AssetStore) -> None:
    """Visible, by depth: the moved point's planar depth is that of the other picture where it arrives, or it is hidden
    behind something nearer."""
    one, two = (
        scene(*crowd(4, False), size=(128, 96), focal=90),
        scene(*crowd(4, True), size=(128, 96), focal=90, position=(0.3, 0, 2)),
    )
    found, depth = flow(one, two, store), label(two, store).depth
    ids, camera = label(one, store).instance, two.camera.at(128, 96)
    points = one.camera.at(128, 96).points(label(one, store).depth) @ one.camera.at(128, 96).world_from_camera[:3, :3].T
    points += one.camera.position
    ground = (ids == 0) & np.isfinite(points[..., 0])
    v, u = np.nonzero(ground)
    pixels, far = camera.project(points[v, u])
    assert pixels - np.stack([u, v], 1) - 0.5 == pytest.approx(found.offset[v, u], abs=1e-3)
    inside = ((pixels >= 0) & (pixels < [128, 96])).all(1)
    column, row = np.floor(pixels[inside]).astype(int).T
    low, high = (f(depth, 3)[row, column] for f in (ndimage.minimum_filter, ndimage.maximum_filter))
    seen = found.visible[v, u][inside]
    assert (low[seen] < far[inside][seen] * 1.02).all()
    assert (high[seen] > far[inside][seen] * 0.98).all(), "what is seen is not behind all that is there"
    assert (low[~seen] < far[inside][~seen] - 0.01).all(), "what is hidden has something before it"
    assert not found.visible[v, u][~inside].any()


def test_the_shutter_smears_along_the_motion(store: AssetStore) -> None:
    """15 cm at 2 m before 150 pixels of focal length; the ground moves with the camera alone."""
    pane = thing("plane", (0, 0, 1), x=0.5, y=0.5).model_copy(update={"name": "pane", "motion": (0.0, 0.1, 0.0)})
    one = shot(scene(pane, thing("plane", x=9, y=9, label=None, backdrop=True)), motion=(0.2, 0.0, 0.0))
    found, ids = shutter(one, store), label(one, store).instance
    assert found.offset[ids == 1] == pytest.approx(np.broadcast_to([-30, -15], ((ids == 1).sum(), 2)), abs=1e-3)
    assert found.offset[ids == 0] == pytest.approx(np.broadcast_to([-15, 0], ((ids == 0).sum(), 2)), abs=1e-3)
    still = moment(one, 0.5)
    assert still.camera.position == (0.1, 0, 2) and still.objects[0].pose.position == (0, 0.05, 1)
    assert not any(still.camera.motion) and not any(still.objects[0].motion)
