"""Where depth to learn from comes: maps beside photographs, labels of painted frames; and the whole line with it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from conftest import ROOT
from painted import CLASSES, painted
from PIL import Image
from test_cli import call

from generator.base.errors import DatasetError, GeneratorError, TrainError
from generator.cli.depths import depth_photographs
from generator.cli.identities import identity
from generator.cli.preparing import prepare
from generator.dataset.coco_labels import Photo
from generator.dataset.depth_maps import DepthMaps
from generator.dataset.depth_sources import DepthFrames, DepthPhotos
from generator.dataset.shards import ShardWriter
from generator.dataset.store import Dataset, Manifest
from generator.mix.sampling import by_axes
from generator.mix.traits import traits_of
from generator.spec.load import load_config
from generator.spec.training import RealSource, Train

SIZE = (30, 20)


def depths(k: int) -> np.ndarray:
    """(h, w) metres, whole millimetres; the first row is unknown."""
    found = np.random.default_rng(k).integers(200, 60_000, SIZE[::-1]).astype(np.float32) / 1000
    found[0] = 0
    return found


def photos(folder: Path, count: int = 3, suffixes: tuple[str, ...] = (".png", ".npy", ".exr")) -> Path:
    """Photographs without objects, their depth in every format."""
    (folder / "photos").mkdir(parents=True)
    (folder / "depth/deeper").mkdir(parents=True)
    for k in range(count):
        rng = np.random.default_rng(k)
        Image.fromarray(rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8)).save(folder / f"photos/{k}.jpg")
        write_depth(folder / f"depth/deeper/{k}{suffixes[k % len(suffixes)]}", depths(k))
    images = [{"id": k, "file_name": f"{k}.jpg", "width": SIZE[0], "height": SIZE[1]} for k in range(count)]
    (folder / "photos.json").write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    return folder / "photos.json"


def write_depth(path: Path, depth: np.ndarray) -> None:
    if path.suffix == ".png":
        Image.fromarray(np.rint(depth * 1000).astype(np.uint16)).save(path)
    elif path.suffix == ".npy":
        np.save(path, np.where(depth, depth, np.nan))
    else:
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, {"Z": np.where(depth, depth, np.inf).astype(np.float32)}).write(str(path))


def source(folder: Path, **more: object) -> DepthPhotos:
    return depth_photographs(folder / "configs/c.yaml", RealSource(labels="photos.json", depth="depth", **more))


def test_every_format_tells_the_same_metres(tmp_path: Path) -> None:
    photos(tmp_path)
    found = source(tmp_path)
    assert len(found) == 3 and found.classes == () and not found.masks
    for k in range(3):
        np.testing.assert_allclose(found[k].depth, depths(k), rtol=1e-6)
        assert found[k].depth.dtype == np.float32 and found[k].image.shape == (*SIZE[::-1], 3)
        assert len(found[k].boxes) == len(found[k].labels) == 0
    cut = source(tmp_path, crop=(5, 2, 25, 12))
    assert all(np.array_equal(cut[k].depth, found[k].depth[2:12, 5:25]) for k in range(3))
    halves = source(tmp_path, depth_scale=0.0005)
    np.testing.assert_allclose(halves[0].depth, depths(0) / 2, rtol=1e-6)  # the PNG
    np.testing.assert_allclose(halves[1].depth, depths(1), rtol=1e-6)


def spoil(path: Path, how: Callable[[Path], object]) -> Path:
    path.unlink()
    how(path)
    return path


@pytest.mark.parametrize(
    ("k", "how", "message"),
    [
        (0, lambda p: write_depth(p, np.ones((9, 8))), r"0\.png: its size is 8x9, its picture's 30x20"),
        (1, lambda p: write_depth(p, depths(1).T), r"1\.npy: its size is 20x30"),
        (0, lambda p: write_depth(p, 0 * depths(0)), r"0\.png: no pixel has a known depth"),
        (0, lambda p: Image.new("L", SIZE, 9).save(p), r"0\.png: cannot be read as depth: .*16 bits .* 'L'"),
        (0, lambda p: p.write_bytes(b"no"), r"0\.png: cannot be read as depth"),
        (1, lambda p: np.save(p, np.ones(SIZE[::-1], int)), r"1\.npy: cannot be read .* floating-point metres"),
        (2, lambda p: p.write_bytes(b"no"), r"2\.exr: cannot be read as depth"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_is_named(
    k: int, how: Callable[[Path], object], message: str, tmp_path: Path
) -> None:
    photos(tmp_path)
    spoil(next((tmp_path / "depth").rglob(f"{k}.*")), how)
    with pytest.raises(DatasetError, match=message):
        source(tmp_path)[k]


def test_photographs_without_a_map_or_with_two_are_named(tmp_path: Path) -> None:
    photos(tmp_path)
    np.save(tmp_path / "depth/0.npy", depths(0))
    assert source(tmp_path)[0].depth is not None  # of two, the one that lies where the picture does
    np.save(tmp_path / "depth/deeper/0.npy", depths(0))
    (tmp_path / "depth/0.npy").unlink()
    with pytest.raises(DatasetError, match=r"could both be the depth of 0\.jpg"):
        source(tmp_path)
    (tmp_path / "depth/deeper/0.npy").unlink()
    with pytest.raises(DatasetError, match=r"0\.png: would be the depth of 0\.jpg and of other/0\.jpg"):
        DepthMaps([Photo(tmp_path, key, *SIZE, turn=False) for key in ("0.jpg", "other/0.jpg")], tmp_path / "depth")
    (tmp_path / "depth/deeper/1.npy").unlink()
    with pytest.raises(DatasetError, match=r"1 pictures have no depth, 1\.jpg among them"):
        source(tmp_path)
    with pytest.raises(TrainError, match="nowhere: no such folder"):
        depth_photographs(tmp_path / "configs/c.yaml", RealSource(labels="photos.json", depth="nowhere"))


def dataset(folder: Path, labels: tuple[str, ...]) -> Dataset:
    manifest = Manifest(
        scene="t", spec="a", assets="b", seed=0, classes=CLASSES, size=(64, 48), labels=labels, versions={}
    )
    Dataset.create_or_check(folder, manifest)
    writer = ShardWriter(folder, 0, labels)
    for index in range(4):
        writer.add("train", *painted(index), facts={}, tags=("day", "dry") if index else ("night",))
    writer.commit()
    return Dataset.open(folder)


def test_painted_frames_bring_their_exact_depth(tmp_path: Path) -> None:
    frames = prepare(dataset(tmp_path / "d", ("depth",)), None, None, Train(model="depth", arms=("synthetic",)),
                     tmp_path / "c.yaml").sources["synthetic"]  # fmt: skip
    assert isinstance(frames, DepthFrames) and frames.classes == () and len(frames) == 4
    for k, record in enumerate(frames.frames):
        truth = painted(record.index)[0]
        known = np.isfinite(truth.depth)
        assert (frames[k].depth[known] == truth.depth[known]).all() and (frames[k].depth[~known] == 0).all()
        assert (frames[k].image == truth.rgb).all() and not len(frames[k].boxes)
    groups = by_axes(traits_of(frames), {"time": ("day", "night"), "weather": ("dry",)})
    assert sorted(map(len, groups.values())) == [1, 3]
    with pytest.raises(DatasetError, match=r"kept without depth; set `labels: \[depth\]`"):
        DepthFrames(dataset(tmp_path / "e", ("amodal",)), "train")


def test_other_depth_is_other_data(tmp_path: Path) -> None:
    photos(tmp_path)
    before = identity(source(tmp_path))
    assert identity(source(tmp_path)) == before
    write_depth(tmp_path / "depth/deeper/1.npy", depths(7))
    assert identity(source(tmp_path)) != before


CONFIG = f"""\
run: deep
scene: {ROOT}/scenes/coins.yaml
painter: raycast
labels: [depth]
frames: {{train: 4, val: 2}}
size: [64, 96]
farm: {{shard: 2, workers: 1}}
real:
  train: {{labels: a/photos.json, depth: a/depth}}
  val: {{labels: b/photos.json, depth: b/depth}}
  test: {{labels: c/photos.json, depth: c/depth}}
train: {{model: depth, arms: [synthetic, mixed], steps: 2, batch: 2, size: 64, validate_every: 1, parallel: 1}}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("labels: [depth]", "labels: [amodal]", "the model `depth` learns from the label of that name"),
        (", depth: c/depth", "", "real.test.depth: the model `depth` needs a folder"),
        ("size: 64,", "size: 64, point_masks: true,", "point_masks: "),
    ],
)
def test_a_config_that_cannot_teach_depth_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text(CONFIG.replace(old, new))
    with pytest.raises(GeneratorError, match=message):
        load_config(tmp_path / "deep.yaml")


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.torch
def test_the_whole_line(tmp_path: Path) -> None:
    """Paint, train, judge, report, and judge again by hand: the same numbers everywhere."""
    from generator.train.result import read

    for k, name in enumerate("abc"):
        labels = photos(tmp_path / name, 2, suffixes=(".png",))
        rng = np.random.default_rng(100 + k)
        for path in sorted(labels.with_suffix("").iterdir()):
            Image.fromarray(rng.integers(0, 256, (*SIZE[::-1], 3), np.uint8)).save(path)
    (tmp_path / "deep.yaml").write_text(CONFIG)
    done = call("run", "deep.yaml", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "AbsRel" in done.stdout and "box AP" not in done.stdout
    folder = tmp_path / "runs/deep"
    for arm in ("synthetic-0", "mixed-0"):
        result = read(folder / "train" / arm / "result.json")
        assert result.scores == {} and set(result.depth) == {"real", "synthetic"}
        assert len(result.depth["real"].keys) == len(result.depth["synthetic"].keys) == 2
        assert f"{result.depth['real'].metric.abs_rel:.3f}" in done.stdout
    page = (folder / "report.html").read_text()
    assert f"<td>{result.depth['real'].metric.rmse:.3f}</td>" in page and "Depth told by mixed-0" in page
    model = folder / "train/mixed-0/model.pt"
    told = call("evaluate", model, "--data", "c/photos.json", "--depth", "c/depth", "-o", "out.json", folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert json.loads((tmp_path / "out.json").read_text())["pictures"] == [
        one.model_dump() for one in result.depth["real"].pictures
    ]
    bare = call("evaluate", model, "--data", "c/photos.json", folder=tmp_path)
    assert bare.returncode == 2 and "give `--depth`" in bare.stderr
