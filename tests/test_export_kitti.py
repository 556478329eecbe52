"""KITTI: boxes in the image and in space, calibration and depth, against geometry and the development kit's
definitions written here a second time."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import scene, thing, turn
from exporting import CLASSES, FRAMES, built, expected, meshes, shaded, shot
from PIL import Image
from scipy.spatial.transform import Rotation

from generator.base.errors import DatasetError
from generator.base.frame import Frame, Instance
from generator.base.lens import Lens
from generator.dataset.export import export
from generator.dataset.export.kitti import occlusion
from generator.dataset.store import Dataset
from generator.truth.labels import label


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def kitti(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("kitti")
    export(dataset, folder, "kitti")
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.array(opened)


def vertices(one: Instance, sample) -> np.ndarray:
    """Of an object's mesh, in the camera frame, by another library's rotations."""
    drawn = sample.instances[one.id - 1]
    points = meshes().mesh(drawn.mesh).vertices * np.array(drawn.pose.scale)
    return Rotation.from_quat(one.rotation, scalar_first=True).apply(points) + np.array(one.position)


def bounds(mask: np.ndarray) -> list[int]:
    ys, xs = np.nonzero(mask)
    return [int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())]


# ---- labels: extent and center


def test_extent_and_center_bound_the_mesh():
    for index in FRAMES["train"]:
        frame, sample = shot(index)
        for one in frame.instances:
            drawn = sample.instances[one.id - 1]
            points = meshes().mesh(drawn.mesh).vertices * np.array(drawn.pose.scale)
            assert np.allclose(np.array(one.center) - np.array(one.extent) / 2, points.min(0), atol=1e-6)
            assert np.allclose(np.array(one.center) + np.array(one.extent) / 2, points.max(0), atol=1e-6)


# ---- KITTI


def rows(folder: Path, split: str, number: int) -> list[tuple[str, np.ndarray]]:
    lines = (folder / split / "label_2" / f"{number:06d}.txt").read_text().splitlines()
    assert all(len(line.split()) == 15 for line in lines)
    return [(line.split()[0], np.array(line.split()[1:], float)) for line in lines]


def test_kitti_boxes_in_the_image(kitti):
    for split in FRAMES:
        for number, (_, frame, _) in enumerate(expected(split)):
            assert np.array_equal(pixels(kitti / split / f"image_2/{number:06d}.png"), frame.rgb)
            ones = [one for one in frame.instances if one.label and one.visible_pixels]
            for one, (kind, row) in zip(ones, rows(kitti, split, number), strict=True):
                assert kind == one.label.replace(" ", "_") and row[3:7].tolist() == bounds(frame.mask(one.id))
                assert abs(row[0] - one.truncated_fraction) < 1e-6
                assert row[1] == (0 if one.visible_fraction >= 0.95 else 1 if one.visible_fraction >= 0.5 else 2)


def test_keys_name_the_numbers(kitti):
    for split in FRAMES:
        lines = (kitti / split / "keys.txt").read_text().splitlines()
        assert lines == [f"{n:06d} {key}" for n, (key, _, _) in enumerate(expected(split))]


def box_corners(row: np.ndarray) -> np.ndarray:
    """The development kit's computeBox3D: (8, 3)."""
    h, w, length = row[7:10]
    x = [length / 2, length / 2, -length / 2, -length / 2] * 2
    z = [w / 2, -w / 2, -w / 2, w / 2] * 2
    c, s = math.cos(row[13]), math.sin(row[13])
    turned = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.array([x, [0] * 4 + [-h] * 4, z])
    return turned.T + row[10:13]


def test_kitti_boxes_in_space_hold_the_objects(kitti):
    """Every vertex lies inside, and the oriented box touches all six sides."""
    for number, (_, frame, sample) in enumerate(expected("train")):
        ones = [one for one in frame.instances if one.label and one.visible_pixels]
        for one, (_, row) in zip(ones, rows(kitti, "train", number), strict=True):
            c, s = math.cos(row[13]), math.sin(row[13])
            axes = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # length, down, width
            inside = (vertices(one, sample) - row[10:13]) @ axes.T
            h, w, length = row[7:10]
            assert (abs(inside[:, 0]) <= length / 2 + 1e-5).all() and (abs(inside[:, 2]) <= w / 2 + 1e-5).all()
            assert (inside[:, 1] <= 1e-5).all() and (inside[:, 1] >= -h - 1e-5).all()
            if drawn_shape(sample, one) == "shape/box":  # its vertices are the corners
                assert np.allclose(inside.max(0), [length / 2, 0, w / 2], atol=1e-5)
                assert np.allclose(inside.min(0), [-length / 2, -h, -w / 2], atol=1e-5)
            alpha = row[13] - math.atan2(row[10], row[12])
            assert abs(math.remainder(row[2] - alpha, 2 * math.pi)) < 1e-5 and abs(row[2]) <= math.pi + 1e-6


def drawn_shape(sample, one: Instance) -> str:
    return sample.instances[one.id - 1].mesh.asset


def test_an_upright_object_before_a_level_camera_has_its_own_box(tmp_path):
    """Standing on the ground, turned by 30 degrees about the vertical: exact size, place and heading."""
    sample = scene(
        thing("box", (0.4, 0.2, 0.1), (0.6, 0.3, 0.2), turn((0, 0, 1), 30), label="ball"),
        size=(96, 72), focal=90.0, position=(0, -3, 0.5), target=(0, 0, 0.5), classes=CLASSES,
    )  # fmt: skip
    frame = label(sample, meshes())
    frame = replace(frame, rgb=shaded(frame))
    export(built(tmp_path / "data", {"train": [0]}, lambda _: (frame, sample)), tmp_path / "out", "kitti")
    ((_, row),) = rows(tmp_path / "out", "train", 0)
    points = meshes().mesh(sample.objects[0].mesh).vertices * np.array(sample.objects[0].pose.scale)
    length, width, height = points.max(0) - points.min(0)
    assert np.allclose(row[7:10], [height, width, length], atol=1e-5)
    bottom = 0.1 + points[:, 2].min()
    assert np.allclose(row[10:13], [0.4, 0.5 - bottom, 3.2], atol=1e-5)  # camera: right, down, forward
    assert abs(row[13] + math.radians(30)) < 1e-5  # seen from above, ours is anticlockwise, KITTI's clockwise
    corners, seen = box_corners(row), vertices(frame.instances[0], sample)
    assert np.allclose(corners.min(0), seen.min(0), atol=1e-5) and np.allclose(corners.max(0), seen.max(0), atol=1e-5)


def test_kitti_calibration_projects_to_pixel_indices(kitti):
    """A vertex projected by P2 falls into the pixel whose index it rounds to; the laser's axes are permuted."""
    text = (kitti / "train/calib/000000.txt").read_text().splitlines()
    matrices = {line.split(": ")[0]: np.array(line.split(": ")[1].split(), float) for line in text}
    assert set(matrices) == {"P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo"}
    _, frame, sample = expected("train")[0]
    for one in frame.instances:
        points = vertices(one, sample)
        x, y, z = matrices["P2"].reshape(3, 4) @ np.concatenate([points, np.ones((len(points), 1))], 1).T
        world = frame.camera.world_from_camera
        ours, _ = frame.camera.project(points @ world[:3, :3].T + world[:3, 3])
        assert np.allclose(np.stack([x / z, y / z], 1) + 0.5, ours, atol=1e-6)
    assert (matrices["Tr_velo_to_cam"].reshape(3, 4) @ [5, 1, 2, 1]).tolist() == [-1, -2, 5]


def test_kitti_depth_is_within_half_a_unit(kitti):
    seen = 0
    for number, (_, frame, _) in enumerate(expected("train")):
        stored = pixels(kitti / f"train/depth_2/{number:06d}.png")
        assert stored.dtype in (np.uint16, np.int32) and stored.max() <= 65535
        hit = np.isfinite(frame.depth)
        assert np.array_equal(stored > 0, hit) and abs(stored[hit] / 256 - frame.depth[hit]).max() <= 0.5 / 256
        seen += int((~hit).sum())
    assert seen > 0


def test_occlusion_classes():
    assert [occlusion(v) for v in (1.0, 0.95, 0.94, 0.5, 0.49, 0.0)] == [0, 0, 1, 1, 2, 2]


def sizeless(index: int) -> tuple[Frame, object]:
    frame, sample = shot(index)
    return replace(frame, instances=tuple(replace(one, extent=(0.0, 0.0, 0.0)) for one in frame.instances)), sample


def test_without_sizes_there_are_no_boxes_in_space(tmp_path):
    dataset = built(tmp_path / "data", {"train": [0]}, sizeless)
    with pytest.raises(DatasetError, match=r"the size of .* is not recorded, .* or set space to false"):
        export(dataset, tmp_path / "out", "kitti")
    with pytest.raises(DatasetError, match=r"the size of .* is not recorded"):
        export(dataset, tmp_path / "bop", "bop")
    export(dataset, tmp_path / "out", "kitti", options={"space": False})
    for _, row in rows(tmp_path / "out", "train", 0):
        assert row[7:].tolist() == [-1, -1, -1, -1000, -1000, -1000, -10] and row[2] == -10


@pytest.mark.parametrize("kind", ["kitti", "bop"])
def test_lenses_that_are_no_pinhole_are_refused(tmp_path, kind):
    def bent(index: int):
        frame, sample = shot(index)
        return replace(frame, camera=replace(frame.camera, lens=Lens(kind="equidistant"))), sample

    with pytest.raises(DatasetError, match="describes pinholes, and this lens is equidistant"):
        export(built(tmp_path / "data", {"train": [0]}, bent), tmp_path / "out", kind)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
