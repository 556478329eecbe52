"""Layers of a scene: what the camera sees of them, checked by the label rays."""

from functools import partial

import numpy as np
import pytest
from placement import Make, Write, sampler_of, triangles

from generator.assets.store import AssetStore
from generator.base.geometry import Array, Camera
from generator.base.scene import ObjectSample, SceneSample
from generator.truth.labels import label


@pytest.fixture
def filled(write: Write, store: AssetStore) -> Make:
    return partial(sampler_of, write, store)


def camera_of(scene: SceneSample) -> Camera:
    return scene.camera.at(scene.width, scene.height)


def boxes(scene: SceneSample, store: AssetStore) -> Array:
    """Image boxes x0 y0 x1 y1 of all vertices (n, 4)."""
    corners = [camera_of(scene).project(triangles(o, store).reshape(-1, 3))[0] for o in scene.instances]
    return np.array([[*c.min(0), *c.max(0)] for c in corners])


def share(a: Array, b: Array) -> float:
    """Part of box `a` that lies in box `b`."""
    side = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return float(np.prod(np.maximum(side, 0)) / np.prod(a[2:] - a[:2]))


def middle(one: ObjectSample, store: AssetStore) -> Array:
    """The world's place of the middle of the mesh's own bounds."""
    pose = one.pose.matrix()
    return pose[:3, :3] @ store.mesh(one.mesh).bounds.mean(0) + pose[:3, 3]


def test_size_is_the_bounding_sphere_as_a_share_of_the_longer_side(filled: Make, store: AssetStore) -> None:
    for size in ((160, 120), (90, 160)):
        text = "a: {asset: {shape: [mug, box, fork, torus]}, label: none, count: 6, rotation: uniform, \
scale: [1, 2, {uniform: [0.5, 1]}], place: {in: frustum, depth: [0.5, 2], size: {uniform: [0.1, 0.3]}}}"
        scene = filled(text, size)(0, 1)
        camera, seen = camera_of(scene), []
        for one in scene.instances:
            center = middle(one, store)
            radius = np.linalg.norm(triangles(one, store) - center, axis=2).max()
            _, depth = camera.project(center[None])
            assert 0.5 <= depth[0] <= 2
            edge = camera.world_from_camera[:3, :3] @ [radius, 0, 0]
            on_axis = camera.world_from_camera[:3] @ [0, 0, depth[0], 1]
            pixels = camera.project(np.stack([on_axis - edge, on_axis + edge]))[0]
            seen.append(np.linalg.norm(pixels[1] - pixels[0]) / max(size))
        assert 0.1 <= min(seen) and max(seen) <= 0.3 and np.ptp(seen) > 0.03
        assert one.pose.scale[1] == pytest.approx(2 * one.pose.scale[0])


def test_overlap_and_crop_are_kept(filled: Make, store: AssetStore) -> None:
    text = "a: {asset: {shape: [mug, box, fork, sphere]}, label: none, count: 12, rotation: uniform, \
place: {in: frustum, depth: [0.5, 2], size: {uniform: [0.15, 0.3]} LIMITS}}"
    free, kept = [], []
    for index in range(8):
        for found, limits in ((free, ""), (kept, ", overlap: 0.3, crop: 0.5")):
            scene = filled(text.replace(" LIMITS", limits))(0, index)
            frame, all_ = np.array([0, 0, scene.width, scene.height]), boxes(scene, store)
            found += [
                (1 - share(a, frame), max(share(a, b) for j, b in enumerate(all_) if j != i))
                for i, a in enumerate(all_)
            ]
    assert np.array(kept).max(0)[0] <= 0.5 + 1e-9 and np.array(kept).max(0)[1] <= 0.3 + 1e-9
    assert np.array(free).max(0)[0] > 0.5 and np.array(free).max(0)[1] > 0.3, "which would not hold by itself"


def test_what_floats_leaves_annotated_things_free(filled: Make, store: AssetStore) -> None:
    """Balls and plain boxes on the stage; what floats may lie across the boxes only."""
    on_stage = "count: 5, scale: 0.2, place: {on: stage, area: [1, 1]}"
    text = f"a: {{asset: {{shape: sphere}}, label: ball, {on_stage}}}, b: {{asset: {{shape: box}}, label: none, {on_stage}}}, \
c: {{asset: {{shape: box}}, label: none, count: 6, scale: 0.1, place: {{in: frustum, depth: [0.5, 1], overlap: 0.2, short: skip}}}}"
    shares: dict[str, list[float]] = {"a": [], "b": []}
    for index in range(8):
        scene = filled(text)(0, index)
        found = dict(zip([one.name for one in scene.instances], boxes(scene, store), strict=True))
        for floating in (box for name, box in found.items() if name[0] == "c"):
            for name, box in found.items():
                if name[0] in shares:
                    shares[name[0]] += [share(floating, box), share(box, floating)]
    assert 0 < max(shares["a"]) <= 0.2 + 1e-9
    assert max(shares["b"]) > 0.5, "which would not hold by itself"


def test_a_box_holds_what_floats_in_it_evenly(filled: Make, store: AssetStore) -> None:
    text = "a: {asset: {shape: torus}, label: none, count: 30, rotation: uniform, scale: 0.02, \
place: {in: {box: [[-1, 0, 1], [1, 0.5, 1.2]]}, gap: 0}}"
    spots = []
    for index in range(10):
        meshes = [triangles(o, store) for o in filled(text)(0, index).instances]
        spots += [(m.min((0, 1)) + m.max((0, 1))) / 2 for m in meshes]
    low, high = np.array([-1, 0, 1]), np.array([1, 0.5, 1.2])
    shares = (np.array(spots) - low) / (high - low)
    assert (shares >= -1e-9).all() and (shares <= 1 + 1e-9).all()
    assert (abs(shares.mean(0) - 0.5) < 4 / np.sqrt(12 * 300)).all()


@pytest.mark.parametrize("shapes", ["[mug, bowl, bottle, plate, fork, torus]", "[box, sphere]"])
def test_a_background_fills_the_whole_view(filled: Make, store: AssetStore, shapes: str) -> None:
    text = f"a: {{asset: {{shape: {shapes}}}, label: none, rotation: uniform, \
place: {{in: background, depth: [2, 3], size: {{uniform: [0.15, 0.35]}}}}}}, \
b: {{asset: {{shape: box}}, label: none, scale: 0.1, count: 3, place: {{in: frustum, depth: [0.5, 1]}}}}"
    sampler = filled(text, (320, 240), stage=False)
    for index in range(10):
        scene = sampler(0, index)
        frame = label(scene, store, normals=False)
        behind = [k + 1 for k, o in enumerate(scene.instances) if o.name.startswith("a/")]
        assert np.isfinite(frame.depth).mean() >= 0.995, index
        assert scene.facts["objects.a.count"] == len(behind) and len(behind) > 10
        assert (frame.depth[np.isin(frame.instance, behind)] > 1.2).all(), "behind everything"


def test_a_background_is_as_coarse_as_asked(filled: Make) -> None:
    def count(size: str) -> int:
        text = (
            f"a: {{asset: {{shape: [box, sphere, mug]}}, label: none, place: {{in: background, depth: [2, 3]{size}}}}}"
        )
        return len(filled(text, stage=False)(0, 0).instances)

    assert count(", size: 0.1") > 2 * count(", size: 0.2") > 4 * count(", size: 0.5")
    assert count("") == count(", size: 0.2")


HIDDEN = "t: {asset: {shape: box}, label: none, scale: 0.25, place: {on: stage, area: [0.3, 0.3]}}, \
o: {asset: {shape: SHAPE}, label: none, rotation: uniform, place: {before: t, gap: 0, COVER SIZE}}"


@pytest.mark.parametrize(
    ("shape", "size"), [("box", "size: 0.8"), ("[mug, sphere, prism]", "size: {uniform: [0.8, 1]}"), ("box", "")]
)
def test_what_stands_before_another_hides_the_wanted_share(
    filled: Make,
    store: AssetStore,
    shape: str,
    size: str,
) -> None:
    asked, hidden = [], []
    for cover in (0.1, 0.3, 0.6):
        text = HIDDEN.replace("SHAPE", shape).replace("COVER", f"cover: {cover},").replace("SIZE", size)
        if not size:
            text = text.replace("rotation", "scale: 0.2, rotation")
        sampler = filled(text)
        for index in range(12):
            scene = sampler(0, index)
            target = next(i for i in label(scene, store, normals=False).instances if i.name == "t/0")
            if target.amodal_pixels > 200 and target.truncated_fraction == 0:
                asked.append(cover)
                hidden.append(1 - target.visible_fraction)
    assert len(asked) > 20 and np.corrcoef(asked, hidden)[0, 1] > 0.95
    for cover in (0.1, 0.3, 0.6):
        assert np.mean(np.array(hidden)[np.array(asked) == cover]) == pytest.approx(cover, abs=0.04)


def test_a_small_thing_hides_as_much_as_it_can(filled: Make, store: AssetStore) -> None:
    text = HIDDEN.replace("SHAPE", "sphere").replace("COVER", "cover: 1,").replace("SIZE", "size: 0.05")
    target = next(i for i in label(filled(text)(0, 0), store, normals=False).instances if i.name == "t/0")
    assert 0.005 < 1 - target.visible_fraction < 0.5


def test_targets_are_chosen_alike(filled: Make, store: AssetStore) -> None:
    text = "t: {asset: {shape: box}, label: none, count: 2, scale: 0.1, place: {on: stage, area: [0.6, 0.6]}}, \
o: {asset: {shape: box}, label: none, place: {before: t, cover: 0.5, size: 0.15, gap: 0}}"
    chosen = []
    for index in range(60):
        frame = label(filled(text)(0, index), store, normals=False)
        hidden = {i.name: i.occluders for i in frame.instances}
        chosen += [name for name in ("t/0", "t/1") if 3 in hidden[name]]
    assert 15 < chosen.count("t/0") < len(chosen) - 15


def test_facing_objects_turn_their_front_to_the_camera_and_stand_upright_in_the_picture() -> None:
    from generator.base.geometry import Camera, look_at, rotation_matrix
    from generator.sampling.things import facing

    pose = look_at(np.array([1.0, -2.0, 0.7]), np.array([0.2, 0.1, 0.3]), 0.4)
    turn = rotation_matrix(facing(Camera(64, 48, 50, 50, 32, 24, pose)))
    assert turn @ [0, -1, 0] == pytest.approx(-pose[:3, 2], abs=1e-12)
    assert turn @ [0, 0, 1] == pytest.approx(-pose[:3, 1], abs=1e-12)
    assert turn @ [1, 0, 0] == pytest.approx(pose[:3, 0], abs=1e-12)
