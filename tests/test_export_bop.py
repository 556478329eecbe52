"""BOP: poses, silhouettes, visibility, depth and models, against bop_toolkit's definitions written here a second time."""

import json
import math
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from conftest import scene, thing
from exporting import CLASSES, FRAMES, built, expected, meshes, shaded, shot
from scipy.spatial.distance import pdist
from test_export_kitti import bounds, pixels, vertices
from typer.testing import CliRunner

from generator.assets.catalog import Catalog
from generator.assets.store import AssetStore
from generator.base.errors import DatasetError
from generator.base.frame import Instance
from generator.base.scene import MeshRef
from generator.cli import app
from generator.dataset.export import bop as bop_format
from generator.dataset.export import export
from generator.dataset.export.bop_models import diameter
from generator.dataset.store import Dataset
from generator.truth.labels import label


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", params=["with models", "without"])
def bop(dataset, tmp_path_factory, request) -> tuple[Path, bool]:
    folder, models = tmp_path_factory.mktemp("bop"), request.param == "with models"
    export(dataset, folder, "bop", store=meshes() if models else None, options={"per_scene": 2})
    return folder, models


def scenes(folder: Path, split: str):
    """Every frame of a split with its scene's folder, image number and the image's three entries."""
    for number, (_, frame, sample) in enumerate(expected(split)):
        place = folder / split / f"{number // 2:06d}"
        tables = [json.loads((place / f"scene_{name}.json").read_bytes()) for name in ("camera", "gt", "gt_info")]
        yield frame, sample, place, number % 2, *(table[str(number % 2)] for table in tables)


def silhouette(one: Instance, sample) -> np.ndarray:
    """calc_gt_info's canvas of three by three images, here by casting the object alone into a larger image."""
    w, h = sample.width, sample.height
    alone = sample.model_copy(update={
        "objects": (sample.instances[one.id - 1],), "width": 3 * w, "height": 3 * h,
    })  # fmt: skip
    return np.asarray(label(alone, meshes(), normals=False).instance == 1)


def calc_2d_bbox(mask: np.ndarray, offset: tuple[int, int] = (0, 0)) -> list[int]:
    """bop_toolkit's: width and height are differences of the extreme indices."""
    x0, y0, x1, y1 = bounds(mask)
    return [x0 - offset[0], y0 - offset[1], x1 - x0, y1 - y0]


def test_bop_information_follows_bop_toolkit(bop):
    folder, models = bop
    truncated = hidden = 0
    for frame, sample, place, image, _, gt, infos in scenes(folder, "train"):
        ones = [one for one in frame.instances if one.label is not None]
        units = pixels(place / f"depth/{image:06d}.png")
        for number, (one, info) in enumerate(zip(ones, infos, strict=True)):
            whole = silhouette(one, sample)
            h, w = frame.instance.shape
            mask = pixels(place / f"mask/{image:06d}_{number:06d}.png")
            visible = pixels(place / f"mask_visib/{image:06d}_{number:06d}.png")
            assert set(np.unique(mask)) <= {0, 255} and mask.dtype == np.uint8
            assert np.array_equal(mask > 0, whole[h : 2 * h, w : 2 * w])
            assert np.array_equal(visible > 0, frame.mask(one.id))
            assert info["px_count_all"] == whole.sum() and info["px_count_visib"] == (visible > 0).sum()
            assert info["px_count_valid"] == (units[mask > 0] > 0).sum()
            assert math.isclose(info["visib_fract"], (visible > 0).sum() / whole.sum() if whole.any() else 0.0)
            if not visible.any():
                assert info["bbox_obj"] == info["bbox_visib"] == [-1, -1, -1, -1]
                hidden += 1
                continue
            assert info["bbox_visib"] == calc_2d_bbox(visible > 0)
            cut = one.truncated_fraction > 0
            truncated += cut
            whole_box = calc_2d_bbox(whole, (w, h))
            assert info["bbox_obj"] == (whole_box if models or not cut else calc_2d_bbox(mask > 0))
        assert len(gt) == len(ones)
        assert np.array_equal(pixels(place / f"rgb/{image:06d}.png"), frame.rgb)
    assert truncated > 3 and hidden > 0


def test_bop_poses_place_the_models_on_the_pixels(bop):
    """Model points by cam_R_m2c and cam_t_m2c and cam_K fall where our camera puts the mesh; millimetres."""
    folder, models = bop
    for frame, sample, _, _, camera, gt, _ in scenes(folder, "val"):
        K = np.array(camera["cam_K"]).reshape(3, 3)
        world = frame.camera.world_from_camera
        ones = [one for one in frame.instances if one.label is not None]
        for one, pose in zip(ones, gt, strict=True):
            wanted, drawn = vertices(one, sample), sample.instances[one.id - 1]
            if models:
                points = read_ply(folder / f"models/obj_{pose['obj_id']:06d}.ply")[0]
                wanted = wanted[np.unique(meshes().mesh(drawn.mesh).faces)]  # keypoints may belong to no face
            else:
                points = 1000 * meshes().mesh(drawn.mesh).vertices * np.array(drawn.pose.scale)
            placed = points @ np.array(pose["cam_R_m2c"]).reshape(3, 3).T + np.array(pose["cam_t_m2c"])
            assert np.allclose(placed / 1000, wanted, atol=1e-5)
            ours, _ = frame.camera.project(wanted @ world[:3, :3].T + world[:3, 3])
            projected = placed @ K.T
            assert np.allclose(projected[:, :2] / projected[:, 2:] + 0.5, ours, atol=1e-2)
            back = np.array(camera["cam_R_w2c"]).reshape(3, 3).T @ (placed.T - np.array([camera["cam_t_w2c"]]).T)
            assert np.allclose(back.T / 1000, wanted @ world[:3, :3].T + world[:3, 3], atol=1e-5)


def test_bop_depth_is_within_half_a_unit(bop):
    for frame, _, place, image, camera, _, _ in scenes(bop[0], "train"):
        units, scale = pixels(place / f"depth/{image:06d}.png"), camera["depth_scale"]
        hit = np.isfinite(frame.depth)
        assert np.array_equal(units > 0, hit) and scale == 0.1
        assert abs(units[hit] * scale / 1000 - frame.depth[hit]).max() <= scale / 1000 / 2 + 1e-7


def test_bop_depth_beyond_six_metres_is_in_whole_millimetres():
    depth = np.array([[6.5535, 1.0, np.inf]], np.float32)
    units, scale = bop_format.encoded_depth(depth)
    assert scale == 0.1 and units.tolist() == [[65535, 10000, 0]]
    units, scale = bop_format.encoded_depth(np.array([[6.554, 65.535, 66.0, np.inf]], np.float32))
    assert scale == 1.0 and units.tolist() == [[6554, 65535, 0, 0]]


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, normals, faces of a binary PLY, byte by byte."""
    head, _, body = path.read_bytes().partition(b"end_header\n")
    count, faces = (int(line.split()[2]) for line in head.decode().splitlines() if line.startswith("element"))
    numbers = np.array(struct.unpack(f"<{6 * count}f", body[: 24 * count])).reshape(count, 6)
    found = [struct.unpack_from("<B3i", body, 24 * count + 13 * k) for k in range(faces)]
    assert len(body) == 24 * count + 13 * faces and {one[0] for one in found} == {3}
    return numbers[:, :3], numbers[:, 3:], np.array(found)[:, 1:]


def test_bop_models(bop):
    """One for each mesh and scale; bounds in millimetres; readable by trimesh; normals point outwards."""
    import trimesh

    folder, models = bop
    info = json.loads((folder / "models/models_info.json").read_bytes())
    drawn_ones = [one for split in FRAMES for _, _, sample in expected(split) for one in sample.instances if one.label]
    assert len(info) == len({(one.mesh.model_dump_json(), one.pose.scale) for one in drawn_ones}) > 3
    assert (folder / "dataset_info.md").read_text().count("diagonal") == (not models)
    for number, entry in info.items():
        assert entry["label"] in CLASSES
        path = folder / f"models/obj_{int(number):06d}.ply"
        assert path.exists() == models
        if not models:
            size = [entry[f"size_{axis}"] for axis in "xyz"]
            assert math.isclose(entry["diameter"], math.hypot(*size))
            continue
        points, normals, faces = read_ply(path)
        loaded = trimesh.load(path, process=False)
        assert np.allclose(loaded.vertices, points) and np.array_equal(loaded.faces, faces)
        assert np.allclose([entry[f"min_{axis}"] for axis in "xyz"], points.min(0), atol=1e-3)
        assert np.allclose([entry[f"size_{axis}"] for axis in "xyz"], np.ptp(points, 0), atol=1e-3)
        assert math.isclose(entry["diameter"], pdist(points[:: max(1, len(points) // 600)]).max(), rel_tol=2e-2)
        assert ((points - points.mean(0)) * normals).sum(1).min() > 0 and np.allclose((normals**2).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("flat", [False, True])
def test_the_diameter_is_the_greatest_distance(flat):
    points = np.random.default_rng(0).normal(size=(700, 3)) * (1, 1, 0 if flat else 1)
    assert math.isclose(diameter(points), pdist(points).max())


def test_mirrored_models_keep_their_normals_outside(tmp_path):
    sample = scene(thing("box", (0, 0, 0), (-0.4, 0.4, 0.4), label="ball"), size=(96, 72), focal=90.0, classes=CLASSES)
    frame = label(sample, meshes())
    frame = replace(frame, rgb=shaded(frame))
    export(built(tmp_path / "data", {"train": [0]}, lambda _: (frame, sample)), tmp_path / "out", "bop", store=meshes())
    points, normals, _ = read_ply(tmp_path / "out/models/obj_000001.ply")
    assert (points * normals).sum(1).min() > 0


def test_too_many_models_are_refused(dataset, tmp_path):
    with pytest.raises(DatasetError, match="more than 2 distinct models: BOP's are rigid"):
        export(dataset, tmp_path, "bop", options={"models": 2})


def test_a_set_with_mesh_files_is_exported_without_models_where_no_assets_are_named(dataset, tmp_path):
    """By the command line; with its folder of assets, and of shapes alone, there are models."""
    trimesh.creation.box().export(tmp_path / "cube.glb")
    mesh = MeshRef(asset="cube", sha256=Catalog.open(tmp_path)["cube"].sha256)
    store = AssetStore(Catalog.open(tmp_path))

    def made(index: int):
        one = thing("box", (0, 0, 0), (0.3, 0.3, 0.3)).model_copy(update={"mesh": mesh})
        sample = scene(one, size=(32, 24), index=index, classes=("thing",))
        frame = label(sample, store)
        return replace(frame, rgb=shaded(frame)), sample

    built(tmp_path / "data", {"train": range(1)}, made, classes=("thing",))
    for folder, source, more in (
        ("bare", tmp_path / "data", []),
        ("whole", tmp_path / "data", ["--assets", str(tmp_path)]),
        ("shapes", dataset.folder, []),
    ):
        out = tmp_path / folder
        done = CliRunner().invoke(app, ["export", str(source), "-o", str(out), "--format", "bop", *more])
        assert done.exit_code == 0, done.output
        assert (out / "models/models_info.json").is_file()
        assert bool(list((out / "models").glob("*.ply"))) == (folder != "bare")
        assert ("Models were not at hand" in (out / "dataset_info.md").read_text()) == (folder == "bare")


def test_bop_needs_amodal_masks(tmp_path):
    with pytest.raises(DatasetError, match="keeps no amodal masks"):
        export(built(tmp_path / "data", {"train": [0]}, labels=()), tmp_path / "out", "bop")


def test_without_depth_there_is_none(tmp_path):
    dataset = built(tmp_path / "data", {"train": [0]}, labels=("amodal",))
    for kind in ("kitti", "bop"):
        export(dataset, tmp_path / kind, kind)
        assert not list((tmp_path / kind).rglob("depth*")) and list((tmp_path / kind).rglob("*.png"))
    (info,) = json.loads((tmp_path / "bop/train/000000/scene_gt_info.json").read_bytes()).values()
    amodal = [one.amodal_pixels for one in shot(0)[0].instances if one.label]
    assert [one["px_count_valid"] for one in info] == amodal
