"""Labels against what geometry says: holes, keypoints, deformed instances, and any scene that chance can think of."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from conftest import scene, thing, turn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meshing import Meshes, made, sheet
from PIL import Image

from generator.assets.loading import load_mesh
from generator.assets.mesh import Mesh
from generator.assets.store import AssetStore
from generator.base.errors import AssetError
from generator.base.lens import Lens
from generator.base.scene import Deform, MeshRef, ObjectSample, SceneSample
from generator.truth.flow import flow
from generator.truth.labels import label
from generator.truth.rays import Target

# -- what is cut by alpha ---------------------------------------------------------------------------------------------


def leaf(size: int = 37) -> np.ndarray:
    """Alpha of a disk that is notched at one side, so that no two turns of it look alike."""
    v, u = (np.mgrid[:size, :size] + 0.5) / size - 0.5
    return np.where((np.hypot(u, v) < 0.45) & ~((u > 0) & (np.abs(v) < 0.1)), 200, 60).astype(np.uint8)


def texels(alpha: np.ndarray, sample: SceneSample, height: float) -> np.ndarray:
    """Where a sheet at this height is opaque, for a camera straight above the origin: by similar triangles."""
    v, u = np.mgrid[: sample.height, : sample.width] + 0.5
    ahead = sample.camera.position[2] - height
    x = (u - sample.width / 2) / sample.camera.focal_pixels * ahead + 0.5
    y = (v - sample.height / 2) / sample.camera.focal_pixels * ahead + 0.5
    on = (x >= 0) & (x < 1) & (y >= 0) & (y < 1)
    rows, columns = (np.clip(s * n, 0, n - 1).astype(int) for s, n in zip((y, x), alpha.shape, strict=True))
    return np.asarray(on & (alpha[rows, columns] >= 128))


def test_a_leaf_is_where_its_texture_is_opaque() -> None:
    alpha = leaf()
    sample = scene(made("leaf"), thing("plane", (0, 0, -1), x=9, y=9, label=None))
    frame = label(sample, Meshes({"leaf": sheet(alpha)}))
    assert frame.faults() == [] and np.array_equal(frame.instance == 1, texels(alpha, sample, 0))
    one = frame.instances[0]
    assert one.visible_pixels == one.amodal_pixels == texels(alpha, sample, 0).sum()
    assert frame.depth[frame.instance == 1] == pytest.approx(2) and frame.depth[frame.instance == 2] == pytest.approx(3)


def test_through_a_hole_one_sees_the_next_sheet_of_the_same_mesh() -> None:
    """Two sheets 1 mm apart, and one far below."""
    alpha, heights = leaf(), (0.0, -0.001, -0.8)
    sample = scene(made("leaves"))
    frame = label(sample, Meshes({"leaves": sheet(alpha, heights)}))
    first, second, third = (texels(alpha, sample, z) for z in heights)
    assert np.array_equal(frame.instance == 1, first | second | third)
    depth = np.where(first, 2.0, np.where(second, 2.001, np.where(third, 2.8, np.inf)))
    assert frame.depth == pytest.approx(depth, abs=1e-5)


@pytest.mark.parametrize(("sheets", "seen"), [(40, True), (64, True), (80, False)])
def test_rays_pass_many_holes_but_not_endlessly(sheets: int, seen: bool) -> None:
    heights = tuple(-0.01 * k for k in range(sheets))
    holes = sheet(np.zeros((2, 2), np.uint8), heights)
    solid = np.full((2, 2), 255, np.uint8)
    faces = np.concatenate([holes.faces, sheet(solid).faces + 4 * sheets])
    floor = sheet(solid).vertices + np.float32([0, 0, -1.5])
    uv = np.concatenate([holes.uv, np.float32(sheet(solid).uv) + np.float32([10.5, 0])])
    texture = np.zeros((2, 2, 4), np.uint8)
    texture[:, 1, 3] = 255
    uv[: 2 * sheets, :, 0] = 0.25
    uv[2 * sheets :, :, 0] = 0.75
    mesh = Mesh(np.concatenate([holes.vertices, floor]), faces, uv=uv, texture=texture)
    reach, _ = Target.of(mesh).hit(np.array([0, 0.1, 1.0]), np.array([[0.0, 0, -1]]))
    assert reach[0] == pytest.approx(2.5) if seen else np.isinf(reach[0])


def test_opaque_textures_cut_nothing() -> None:
    alpha = np.full((4, 4), 128, np.uint8)
    assert sheet(alpha).solid is None and replace(sheet(leaf()), uv=None).solid is None
    whole = label(scene(made("leaf")), Meshes({"leaf": sheet(alpha)}))
    plain = label(scene(thing("plane")), AssetStore(Meshes({}).catalog))
    assert np.array_equal(whole.instance, plain.instance) and np.array_equal(whole.depth, plain.depth)
    assert sheet(leaf()).sha256 != sheet(alpha).sha256 == replace(sheet(alpha), texture=None).sha256


def test_what_moves_behind_a_leaf_is_seen_through_its_holes() -> None:
    alpha = leaf()
    store, below = Meshes({"leaf": sheet(alpha)}), thing("plane", (0, 0, -1), x=9, y=9)
    found = flow(scene(made("leaf"), below), scene(made("leaf"), below), store)
    assert found.visible.all() and np.abs(found.offset).max() < 1e-3


@pytest.mark.parametrize(("mode", "cut"), [("OPAQUE", False), ("MASK", True), ("BLEND", True), (None, False)])
def test_a_gltf_says_whether_its_alpha_cuts(tmp_path: Path, mode: str | None, cut: bool) -> None:
    alpha = np.repeat(np.repeat(np.uint8([[0, 90], [140, 255]]), 8, 0), 8, 1)
    quad = sheet(alpha)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    picture = Image.fromarray(np.asarray(quad.texture))
    paint = trimesh.visual.material.PBRMaterial(baseColorTexture=picture, alphaMode=mode, alphaCutoff=0.3)
    body = trimesh.Trimesh(
        quad.vertices, quad.faces, process=False, visual=trimesh.visual.TextureVisuals(uv, material=paint)
    )
    body.export(tmp_path / "leaf.glb")
    loaded = load_mesh(tmp_path / "leaf.glb", up="z")
    assert (loaded.solid is not None) == cut
    if cut:
        expected = np.asarray(alpha >= (77 if mode == "MASK" else 128))
        assert np.array_equal(loaded.solid, expected)
        assert label(scene(made("leaf")), Meshes({"leaf": loaded})).instances[0].visible_pixels < 75 * 75


# -- keypoints --------------------------------------------------------------------------------------------------------


def marked(mesh: Mesh, **points: Any) -> Mesh:
    """A mesh with keypoints, as a file's card gives them."""
    numbers = {name: len(mesh.vertices) + k for k, name in enumerate(points)}
    more = np.array(list(points.values()), np.float32)
    return replace(mesh, vertices=np.concatenate([mesh.vertices, more]), keypoints=numbers)


@pytest.fixture
def block(store: AssetStore) -> Meshes:
    box = store.mesh(MeshRef(asset="shape/box"))
    return Meshes({"block": marked(box, top=(0, 0, 0.5), under=(0, 0, -0.5), tip=(0.5, 0.5, 0.5))})


def test_keypoints_are_projected_and_hidden_ones_are_told(block: Meshes) -> None:
    frame = label(scene(made("block", scale=(0.5, 0.5, 0.5))), block)
    points = frame.instances[0].keypoints
    assert points["top"] == pytest.approx((80, 60, 2)) and points["under"] == pytest.approx((80, 60, 1))
    u, v, flag = points["tip"]
    assert (u, v) == pytest.approx((80 + 150 * 0.25 / 1.75, 60 - 150 * 0.25 / 1.75)) and flag == 2


def test_keypoints_behind_others_outside_and_behind_the_camera(block: Meshes) -> None:
    small = {"scale": (0.2, 0.2, 0.2)}
    pane = thing("plane", (0, 0, 1), x=0.2, y=0.2, label=None)
    frame = label(
        scene(
            made("block", **small), made("block", position=(3, 0, 0), **small), made("block", position=(0, 0, 5)), pane
        ),
        block,
    )
    hidden, outside, behind, nothing = (one.keypoints for one in frame.instances)
    assert hidden["top"] == pytest.approx((80, 60, 1)) and nothing == {}
    assert outside["top"][0] > 160 and outside["top"][2] == 1
    assert behind == dict.fromkeys(("top", "under", "tip"), (0, 0, 0))


def test_a_keypoint_is_seen_through_a_hole_and_not_through_a_leaf(block: Meshes) -> None:
    block.own["leaf"] = sheet(np.uint8([[255, 255], [0, 0]]))  # its half at -y is open
    above = made("leaf", position=(0, 0, 1), label=None)
    for y, flag in ((-0.2, 2), (0.2, 1)):
        one = made("block", position=(0, y, 0), scale=(0.1, 0.1, 0.1))
        assert label(scene(one, above), block).instances[0].keypoints["top"][2] == flag


@pytest.mark.parametrize("lens", [Lens(), Lens(kind="equidistant"), Lens(kind="brown", k=(-0.2,))])
def test_keypoints_lie_on_their_masks(block: Meshes, lens: Lens) -> None:
    """Visible ones of turned, stretched, bent instances: within a pixel of the visible mask; hidden ones in the amodal
    mask."""
    steps = (Deform(kind="bend", amount=0.7), Deform(kind="twist", amount=0.9))
    ones = [
        made("block", deformed=steps[: k % 3], position=((k % 4 - 1.5) * 0.4, (k // 4 - 1) * 0.4, 0), scale=(0.3, 0.2, 0.4),
             rotation=turn((1, k, 2), 40 * k))
        for k in range(12)
    ]  # fmt: skip
    sample = scene(*ones, size=(320, 240), focal=300 if lens.kind != "equidistant" else 200)
    sample = sample.model_copy(update={"camera": sample.camera.model_copy(update={"lens": lens})})
    frame, flags = label(sample, block), []
    for one in frame.instances:
        for u, v, flag in one.keypoints.values():
            flags.append(flag)
            near = slice(max(0, int(v) - 1), int(v) + 2), slice(max(0, int(u) - 1), int(u) + 2)
            if flag and 0 <= u < 320 and 0 <= v < 240:
                assert (frame.mask(one.id) if flag == 2 else frame.amodal_mask(one.id))[near].any()
    assert len(flags) == 36 and 8 < flags.count(2) < 30


def test_a_cards_keypoints_are_loaded_and_those_off_the_mesh_refused(tmp_path: Path) -> None:
    trimesh.creation.box((1, 2, 3)).export(tmp_path / "box.ply")
    mesh = load_mesh(tmp_path / "box.ply", keypoints={"b": (0.5, 0, 0), "a": (0, 0, 1.5)})
    assert list(mesh.keypoints) == ["a", "b"] and mesh.bounds == pytest.approx(
        np.array([[-0.5, -1, -1.5], [0.5, 1, 1.5]])
    )
    assert mesh.vertices[mesh.keypoints["a"]] == pytest.approx([0, 0, 1.5])
    with pytest.raises(AssetError, match=r"box\.ply: keypoint 'c' lies outside the mesh, which reaches from \(-0.5 -1"):
        load_mesh(tmp_path / "box.ply", keypoints={"c": (0, 0, 1.6)})


# -- deformed, stretched, instanced -----------------------------------------------------------------------------------


def test_instances_look_like_meshes_of_their_own(store: AssetStore) -> None:
    """Twelve instances of one bent mesh, each stretched, turned and mirrored by its pose, against twelve meshes whose
    vertices were moved by hand. Single precision may round a tie at an edge differently."""
    rng = np.random.Generator(np.random.Philox(5))
    steps = (Deform(kind="bend", amount=0.8), Deform(kind="noise", amount=0.05, seed=3))
    bent = Meshes({"bar": store.mesh(MeshRef(asset="shape/cylinder"))})
    ones, baked = [], {}
    for k in range(12):
        scale = tuple(rng.uniform(0.1, 0.5, 3) * rng.choice([-1, 1], 3))
        one = made(
            "bar",
            deformed=steps,
            position=tuple(rng.uniform(-0.6, 0.6, 3)),
            scale=scale,
            rotation=tuple(rng.normal(size=4)),
        )
        mesh, pose = bent.mesh(one.mesh), one.pose.matrix()
        baked[f"bar{k}"] = replace(mesh, vertices=(mesh.vertices @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32))
        ones.append(one)
    first, second = label(scene(*ones), bent), label(scene(*(made(f"bar{k}") for k in range(12))), Meshes(baked))
    assert (first.instance != second.instance).sum() <= 6 and len(np.unique(first.instance)) > 10
    same = (first.instance == second.instance) & (first.instance > 0)
    assert first.depth[same] == pytest.approx(second.depth[same], abs=2e-3)
    assert ((first.normal[same] * second.normal[same]).sum(1) > 0.99).mean() > 0.99


def test_half_hidden_and_half_outside_at_once(store: AssetStore) -> None:
    """A square whose right half leaves the image, the lower half of what is left behind another."""
    edge = 160 / 2 / 150 * 2
    behind = thing("plane", (edge, 0, 0), x=0.4, y=0.4)
    front = thing("plane", (edge / 2, -0.25, 1), x=1.0, y=0.5, label=None)
    one = label(scene(behind, front), store).instances[0]
    assert one.truncated_fraction == pytest.approx(0.5, abs=0.02)
    assert one.visible_fraction == pytest.approx(0.5, abs=0.02)
    assert one.amodal_pixels == 15 * 30 and one.occluders == {2: one.amodal_pixels - one.visible_pixels}


# -- anything ---------------------------------------------------------------------------------------------------------

number = st.floats(-1.5, 1.5)
LENSES = (Lens(), Lens(kind="brown", k=(-0.3, 0.1), p=(0.01, 0.0)), Lens(kind="equidistant"))


@st.composite
def anything(draw: Any) -> SceneSample:
    """Up to seven objects of any pose, some of them huge, flat, behind or around the camera, or at one place."""
    objects: list[ObjectSample] = []
    for _ in range(draw(st.integers(0, 7))):
        shape = draw(st.sampled_from(["box", "plane", "torus", "cone", "leaf"]))
        pose = {
            "position": draw(st.tuples(number, number, number)),
            "scale": draw(st.tuples(*[st.sampled_from([0.001, 0.1, 0.5, 1.0, -0.7, 5.0])] * 3)),
            "rotation": draw(st.sampled_from([(1, 0, 0, 0), (0.5, 0.5, 0.5, 0.5), (0.3, -0.8, 0.1, 0.5)])),
        }
        name, backdrop = draw(st.sampled_from(["thing", None])), draw(st.booleans())
        one = made("leaf", label=name, **pose) if shape == "leaf" else thing(shape, label=name, **pose)
        objects.append(one.model_copy(update={"backdrop": backdrop}))
    size = draw(st.sampled_from([(32, 24), (17, 40), (1, 1)]))
    sample = scene(*objects, size=size, focal=draw(st.sampled_from([5.0, 30.0, 400.0])))
    camera = sample.camera.model_copy(update={"lens": draw(st.sampled_from(LENSES))})
    return sample.model_copy(update={"camera": camera})


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(anything())
def test_any_scene_has_labels_that_hold_together(sample: SceneSample) -> None:
    frame = label(sample, FUZZED)
    assert frame.faults() == [] and frame.instance.shape == (sample.height, sample.width)
    everything = np.zeros(len(frame.instances) + 1, int)
    np.add.at(everything, frame.instance, 1)
    for one in frame.instances:
        mask, whole = frame.mask(one.id), frame.amodal_mask(one.id)
        assert one.visible_pixels == everything[one.id] == mask.sum() <= one.amodal_pixels == whole.sum()
        assert not (mask & ~whole).any()
        assert one.visible_pixels + sum(one.occluders.values()) == one.amodal_pixels
        assert one.id not in one.occluders and 0 <= one.visible_fraction <= 1 and 0 <= one.truncated_fraction <= 1
        for box, shown in ((one.box, mask), (one.amodal_box, whole)):
            rows, columns = np.nonzero(shown)
            expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
            assert box == expected
        for other, pixels in one.occluders.items():
            assert (frame.instance[whole] == other).sum() == pixels
    hit = np.isfinite(frame.depth)
    assert np.linalg.norm(frame.normal[hit], axis=-1) == pytest.approx(1, abs=1e-4)
    assert not frame.normal[~hit].any() and not frame.instance[~hit].any()


FUZZED = Meshes({"leaf": sheet(leaf())})
