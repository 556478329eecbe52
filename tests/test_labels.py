"""Optional labels: each against a closed form, and whole through a data set."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import scene, thing, turn
from pydantic import ValidationError

from generator.assets.store import AssetStore
from generator.base.errors import DatasetError, GeneratorError
from generator.base.lens import PINHOLE, Lens
from generator.base.scene import SceneSample
from generator.dataset import parts
from generator.dataset.shards import ShardWriter
from generator.dataset.store import DEFINITIONS, Dataset, Manifest
from generator.spec.config import LABELS, RunConfig
from generator.truth import coding
from generator.truth.annotations import ANNOTATIONS, Shot
from generator.truth.annotations.boxes3d import corners
from generator.truth.annotations.coverage import alpha
from generator.truth.annotations.mixed import stepped
from generator.truth.flow import shutter
from generator.truth.labels import label
from generator.truth.subsamples import FINE

CLASSES = ("cat", "dog", "thing")
FISHEYE = Lens(kind="equidistant")


def seen(sample: SceneSample, store: AssetStore) -> Shot:
    return Shot(label(sample, store), sample, store)


def measured(name: str, shot: Shot) -> Any:
    return ANNOTATIONS[name].measure(shot)


def crowd(lens: Lens = PINHOLE, **more: Any) -> SceneSample:
    rng = np.random.Generator(np.random.Philox(11))
    things = [thing("plane", (0, 0, -0.6), x=3, y=2, label=None, backdrop=True)]
    for k, shape in enumerate(("box", "cylinder", "torus", "sphere") * 2):
        name = None if k == 4 else CLASSES[k % 3]
        where, size = rng.uniform(-0.7, 0.7, 3), rng.uniform(0.2, 0.6, 3)
        things.append(thing(shape, where, size, turn(rng.normal(size=3), 50), label=name))
    sample = scene(*things, classes=CLASSES, focal=70.0 if lens.fisheye else 150.0, **more)
    return sample.model_copy(update={"camera": sample.camera.model_copy(update={"lens": lens})})


# -- the registry -----------------------------------------------------------------------------------------------------


def test_every_label_is_one_file_with_a_definition_and_a_part_of_its_own() -> None:
    assert tuple(ANNOTATIONS) == LABELS
    assert all(len(kind.about) > 30 for _, kind in ANNOTATIONS.items())
    names = [kind.part for _, kind in ANNOTATIONS.items() if kind.part]
    assert len(set(names)) == len(names) and not set(names) & {parts.RGB, parts.INSTANCE, parts.FACTS, parts.SAMPLE}
    assert all(DEFINITIONS[name] == ANNOTATIONS[name].about for name in DEFINITIONS.keys() & set(LABELS))


def test_a_config_names_labels_and_unknown_ones_are_refused() -> None:
    config = {"run": "a", "scene": "s.yaml", "frames": {"train": 1}, "size": [64, 48]}
    assert RunConfig.model_validate({**config, "labels": LABELS}).labels == LABELS
    for wrong, words in ((["dept"], "did you mean 'depth'"), (["depth", "depth"], "name each label once")):
        with pytest.raises(ValidationError) as caught:
            RunConfig.model_validate({**config, "labels": wrong})
        assert words in str(caught.value.errors()[0]["ctx"]["faults"])


@pytest.mark.parametrize("lens", [Lens(), FISHEYE], ids=["pinhole", "fisheye"])
def test_every_label_comes_back_from_a_data_set_as_it_was_measured(
    tmp_path: Path, store: AssetStore, lens: Lens
) -> None:
    sample = crowd(lens)
    shot = seen(sample, store)
    fields = {"scene": "a", "spec": "", "assets": "", "seed": 0, "classes": CLASSES, "size": (160, 120)}
    manifest = Manifest(**fields, labels=LABELS)
    assert manifest.definitions.keys() >= set(LABELS)
    Dataset.create_or_check(tmp_path, manifest)
    for _ in range(2):  # equal labels, equal bytes
        writer = ShardWriter(tmp_path, 0, LABELS, store)
        writer.add("train", shot.frame, sample, facts={})
        before = (tmp_path / "shard-00000.tar").read_bytes() if (tmp_path / "shard-00000.tar").exists() else b""
        writer.commit()
    assert (tmp_path / "shard-00000.tar").read_bytes() == before
    dataset = Dataset.open(tmp_path)
    for name in sorted(set(LABELS) - {"amodal"}):
        expected, found = measured(name, shot), dataset.annotation(dataset.frames[0], name)
        if isinstance(expected, dict) and ANNOTATIONS[name].part.endswith(".npz"):
            assert all(np.array_equal(found[k], v, equal_nan=v.dtype.kind == "f") for k, v in expected.items())
        elif isinstance(expected, dict):
            assert found == json.loads(json.dumps(expected))
        else:
            scaled = 255 * expected.astype(np.uint8) if expected.dtype == bool else expected
            assert np.array_equal(found, scaled) and found.dtype == scaled.dtype


def test_labels_that_were_not_kept_or_lack_their_meshes_say_so(store: AssetStore) -> None:
    shot = seen(scene(thing("box")), store)
    kept = parts.encode(shot.frame, shot.sample, ("depth",), {})
    with pytest.raises(DatasetError, match=r"'nocs' was not kept; paint with `labels: \[nocs"):
        parts.annotation(kept, "nocs")
    with pytest.raises(DatasetError, match="read the frame"):
        parts.annotation(kept, "amodal")
    with pytest.raises(GeneratorError, match="unknown label 'dept'"):
        parts.annotation(kept, "dept")
    with pytest.raises(GeneratorError, match="give the store"):
        parts.encode(shot.frame, shot.sample, ("nocs",), {})


def test_pictures_keep_their_type() -> None:
    for kind in (np.uint8, np.uint16):
        pixels = np.arange(12, dtype=kind).reshape(3, 4) * (20 if kind == np.uint8 else 5000)
        back = coding.image(coding.png(pixels))
        assert back.dtype == kind and np.array_equal(back, pixels)
    assert np.load(io.BytesIO(coding.npz(np.eye(2))))["arr_0"].tolist() == [[1, 0], [0, 1]]


# -- each of them -----------------------------------------------------------------------------------------------------


def test_semantic_is_the_class_of_the_instance(store: AssetStore) -> None:
    shot = seen(crowd(), store)
    found = measured("semantic", shot)
    assert found.dtype == np.uint8 and set(np.unique(found)) == {0, 1, 2, 3}
    for one in shot.frame.instances:
        expected = 0 if one.label is None else CLASSES.index(one.label) + 1
        assert (found[shot.frame.instance == one.id] == expected).all()
    assert not found[shot.frame.instance == 0].any()
    many = replace(shot, sample=shot.sample.model_copy(update={"classes": tuple(map(str, range(256)))}))
    assert measured("semantic", many).dtype == np.uint16


def test_distance_of_a_plane_grows_to_the_corners(store: AssetStore) -> None:
    """2 m straight below: 2 sqrt(1 + x**2 + y**2) for a ray (x, y, 1)."""
    found = measured("distance", seen(scene(thing("plane", x=9, y=9)), store))
    v, u = np.mgrid[:120, :160] + 0.5
    assert found == pytest.approx(2 * np.sqrt(1 + ((u - 80) / 150) ** 2 + ((v - 60) / 150) ** 2), rel=1e-6)
    assert np.isinf(measured("distance", seen(scene(), store))).all() and found.dtype == np.float32


def test_distance_through_a_fisheye_is_positive_everywhere(store: AssetStore) -> None:
    ball = thing("sphere", radius=3, subdivisions=5)
    sample = scene(ball, position=(0, 0, 0.0), target=(0, 0, -1), focal=40)
    sample = sample.model_copy(update={"camera": sample.camera.model_copy(update={"lens": FISHEYE})})
    found = measured("distance", seen(sample, store))
    assert found[np.isfinite(found)] == pytest.approx(3, rel=5e-3) and (seen(sample, store).frame.depth < 0).any()


@pytest.mark.parametrize("lens", [Lens(), Lens(kind="brown", k=(-0.2,)), FISHEYE], ids=["pinhole", "brown", "fisheye"])
def test_object_coordinates_project_back_to_their_pixels(store: AssetStore, lens: Lens) -> None:
    """From the stored share of the bounds through the object's pose: the pixel's own centre."""
    sample = crowd(lens)
    shot = seen(sample, store)
    found = measured("nocs", shot)
    assert found.dtype == np.uint16 and not found[shot.frame.instance == 0].any()
    for number, one in enumerate(sample.instances, start=1):
        rows, columns = np.nonzero(shot.frame.mask(number))
        low, high = store.mesh(one.mesh).bounds
        points = low + found[rows, columns] / 65535 * (high - low)
        pose = one.pose.matrix()
        pixels, _ = shot.frame.camera.project(points @ pose[:3, :3].T + pose[:3, 3])
        assert np.abs(pixels - np.stack([columns, rows], 1) - 0.5).max(initial=0) < 0.02
    assert found.any()


def test_flat_axes_have_the_middle(store: AssetStore) -> None:
    found = measured("nocs", seen(scene(thing("plane", x=9, y=9)), store))
    assert (found[..., 2] == round(0.5 * 65535)).all() and found[60, 80] == pytest.approx([32768] * 3, abs=100)


@pytest.mark.parametrize("lens", [Lens(), Lens(kind="brown", k=(-0.1,))], ids=["pinhole", "brown"])
def test_boxes_in_space_hold_their_silhouettes(store: AssetStore, lens: Lens) -> None:
    """A convex hull of projected corners holds what is inside; for a box it is the silhouette's own extent."""
    shot = seen(crowd(lens), store)
    found = measured("boxes3d", shot)
    for one, kind in zip(shot.frame.instances, ("box", "cylinder", "torus", "sphere") * 2, strict=True):
        pixels = np.array(found[str(one.id)]["pixels"], float)
        assert np.array(found[str(one.id)]["corners"]) == pytest.approx(corners(one))
        if one.amodal_box is None or one.truncated_fraction > 0:
            continue
        low, high = pixels.min(0), pixels.max(0)
        x0, y0, x1, y1 = one.amodal_box
        assert low[0] - 0.5 <= x0 and low[1] - 0.5 <= y0 and high[0] + 0.5 >= x1 and high[1] + 0.5 >= y1
        if kind == "box":
            assert (x0, y0, x1, y1) == pytest.approx((*low, *high), abs=1)


def test_corners_that_no_lens_sees_are_null(store: AssetStore) -> None:
    found = measured("boxes3d", seen(scene(thing("box", (0.5, 0, 2), x=0.1, y=0.1, z=3)), store))["1"]
    assert found["pixels"].count(None) == 4 and len(found["corners"]) == 8


def test_flow_is_that_of_the_shutter_and_nothing_where_all_stands_still(store: AssetStore) -> None:
    still = measured("flow", seen(crowd(), store))
    assert not still["offset"].any() and still["visible"].all() and still["offset"].shape == (120, 160, 2)
    ball = thing("plane", x=9, y=9).model_copy(update={"motion": (0.1, 0, 0)})
    shot = seen(scene(ball), store)
    moved = measured("flow", shot)
    assert moved["offset"] == pytest.approx(np.broadcast_to([7.5, 0], (120, 160, 2)), abs=1e-3)
    assert np.array_equal(moved["visible"], shutter(shot.sample, store).visible)


@pytest.mark.parametrize("shift", [0.0, 0.13, 0.5, 0.74])
def test_coverage_is_the_area_of_a_pixel(store: AssetStore, shift: float) -> None:
    """A vertical edge `shift` of a pixel to the right of a column's border: each of 4 columns of samples is in or out."""
    edge = shift * 2 / 150
    shot = seen(scene(thing("plane", (edge / 2 - 0.25, 0, 0), x=edge + 0.5, y=0.4)), store)
    soft = alpha(measured("coverage", shot), shot.frame.instance, 1)
    assert soft[60, 79] == 1 and soft[60, 81] == 0
    assert soft[60, 80] == sum((k + 0.5) / FINE < shift for k in range(FINE)) / FINE
    assert abs(soft[60, 80] - shift) <= 0.5 / FINE + 1e-9


def test_coverage_sums_to_one_and_to_the_areas(store: AssetStore) -> None:
    shot = seen(crowd(), store)
    found = measured("coverage", shot)
    soft = np.stack([alpha(found, shot.frame.instance, k) for k in range(len(shot.frame.instances) + 1)])
    assert soft.sum(0) == pytest.approx(1)
    fine = label(shot.sample, store, FINE).instance
    for k in range(len(soft)):
        assert soft[k].sum() == pytest.approx((fine == k).sum() / FINE**2)
    wire = 0.2 * 2 / 150  # between all pixel centres, yet a fifth of its pixels
    thin = seen(scene(thing("plane", (0.375 * 2 / 150 / 2 * 2, 0, 0), x=wire, y=0.5)), store)
    assert thin.frame.instances[0].visible_pixels == 0
    assert alpha(measured("coverage", thin), thin.frame.instance, 1).sum() == pytest.approx(37.5 * 0.25, abs=1)


def test_mixed_pixels_are_those_that_an_edge_crosses(store: AssetStore) -> None:
    """A slanted plane has none, however steep; a step within one object has some, as between objects."""
    slope = scene(thing("plane", rotation=turn((0, 1, 0), 60), x=900, y=900))
    assert not measured("mixed", seen(slope, store)).any()
    edge = 0.5 * 2 / 150
    half = measured(
        "mixed", seen(scene(thing("plane", (edge - 1, 0, 0), x=2, y=9), thing("plane", (0, 0, -1), x=9, y=9)), store)
    )
    assert half[:, 80].all() and half.sum() == 120
    box = scene(thing("box", (edge - 1, 0, -0.5), x=2, y=9, z=1), thing("plane", (0, 0, -0.99), x=9, y=9))
    assert measured("mixed", seen(box, store))[:, 80].all()
    assert not measured("mixed", seen(scene(), store)).any()


def test_a_step_in_depth_is_no_slope() -> None:
    v, u = np.mgrid[:4, :4] - 1.5
    slope = 1 / (0.5 + 0.1 * u + 0.03 * v)
    step = np.where(u > 0, 2.0, 2.2)
    assert stepped(np.stack([slope.ravel(), step.ravel()])).tolist() == [False, True]


def test_keypoints_come_back_with_the_frame(store: AssetStore) -> None:
    shot = seen(scene(thing("box")), store)
    one = replace(shot.frame.instances[0], keypoints={"tip": (1.5, 2.25, 2)})
    frame = replace(shot.frame, instances=(one,))
    assert parts.decode(parts.encode(frame, shot.sample, (), {}))[0].instances == (one,)
