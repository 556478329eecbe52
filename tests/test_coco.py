"""COCO in: label files against pycocotools' decoding, every problem named."""

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exporting import loaded
from PIL import Image

from generator.assets.pictures import read_rgb, read_rgba
from generator.base.errors import AssetError, GeneratorError, InputError
from generator.dataset import rle
from generator.dataset.coco_labels import _uncompressed
from generator.dataset.imports import photo_source

CATEGORIES = [{"id": 7, "name": "bowl"}, {"id": 3, "name": "mug"}, {"id": 9, "name": "spoon"}]


def photos(folder: Path, annotations: list[dict[str, Any]], sizes=((40, 30), (40, 30)), **more: Any) -> Path:
    """A label file with noise for pictures 1, 2, ...; annotations without id or image get theirs."""
    (folder / "real").mkdir(exist_ok=True)
    images = []
    for number, (width, height) in enumerate(sizes, 1):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "real" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
    full = [{"id": k, "image_id": 1, "category_id": 3, "iscrowd": 0, **one} for k, one in enumerate(annotations)]
    data = {"images": images, "annotations": full, "categories": CATEGORIES, **more}
    (folder / "real.json").write_text(json.dumps(data))
    return folder / "real.json"


def box(x: float, y: float, w: float, h: float, **more: Any) -> dict[str, Any]:
    return {"bbox": [x, y, w, h], **more}


def polygon(*points: float, **more: Any) -> dict[str, Any]:
    xs, ys = points[0::2], points[1::2]
    return box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys), segmentation=[list(points)], **more)


def test_masks_are_decoded_as_pycocotools_does(tmp_path):
    rng = np.random.default_rng(0)
    triangles = [[list(rng.uniform([0, 0] * 3, [40, 30] * 3))] for _ in range(10)]
    two = [[5, 5, 15, 5, 15, 15], [20, 3, 38, 3, 38, 28, 20, 28]]
    blob = rng.random((30, 40)) < 0.5
    compressed = rle.encode(blob)
    plain = {"size": [30, 40], "counts": _uncompressed(compressed["counts"])}
    shapes = [*triangles, two, compressed, plain]
    labels = photos(tmp_path, [box(1, 1, 30, 20, segmentation=shape) for shape in shapes])
    example, coco = photo_source(labels, classes=("mug",))[0], loaded(labels)
    for mask, ann in zip(example.masks, coco.dataset["annotations"], strict=True):
        assert np.array_equal(mask, coco.annToMask(ann).astype(bool))
    assert np.array_equal(example.masks[-1], blob) and np.array_equal(example.masks[-2], blob)


def test_rectangles_have_the_pixels_one_expects(tmp_path):
    example = photo_source(photos(tmp_path, [polygon(10, 5, 20, 5, 20, 15, 10, 15)]), classes=("mug",))[0]
    expected = np.zeros((30, 40), bool)
    expected[5:15, 10:20] = True
    assert np.array_equal(example.masks[0], expected) and example.boxes.tolist() == [[10, 5, 20, 15]]


@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_are_uncompressed_as_the_mask_says(seed):
    rng = np.random.default_rng(seed)
    mask = np.kron(rng.random((7, 9)) < 0.5, np.ones((int(rng.integers(1, 90)), 3), bool)).astype(bool)
    flat = np.r_[False, mask.ravel(order="F")]
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    assert _uncompressed(rle.encode(mask)["counts"]) == np.diff(np.r_[0, edges, mask.size]).tolist()


def test_categories_are_mapped_by_name_and_others_left_out(tmp_path):
    labels = photos(tmp_path, [box(1, 2, 3, 4, category_id=k) for k in (7, 3, 9)])
    assert photo_source(labels, classes=("mug", "bowl"))[0].labels.tolist() == [2, 1]
    assert photo_source(labels, classes=("spoon",))[0].labels.tolist() == [1]


def test_a_category_whose_name_is_a_number_is_found(tmp_path):
    labels = photos(tmp_path, [box(1, 2, 3, 4, category_id=5)], categories=[{"id": 5, "name": 3}])
    assert photo_source(labels, classes=("3",))[0].labels.tolist() == [1]


def test_regions_to_ignore_without_a_mask_are_those_of_their_box(tmp_path):
    labels = photos(tmp_path, [polygon(1, 1, 9, 1, 9, 9), box(9.5, 3, 10.5, 7.5, iscrowd=1)])
    mask = photo_source(labels, classes=("mug",))[0].masks[1]
    rows, columns = np.nonzero(mask)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 10, 9, 19) and mask.sum() == 8 * 11


def test_a_photograph_of_too_many_pixels_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # two times as many are refused
    with pytest.raises(InputError, match=r"1\.png has too many pixels: .*; make it smaller"):
        photo_source(photos(tmp_path, []), classes=("mug",))


def test_boxes_alone_and_pictures_without_objects(tmp_path):
    source = photo_source(photos(tmp_path, [box(1.5, 2, 3, 4)]), classes=("mug",))
    assert not source.masks and source[0].masks is None and source[0].boxes.tolist() == [[1.5, 2, 4.5, 6]]
    assert source[1].boxes.shape == (0, 4) and source[1].key == "2.png" and len(source) == 2
    assert source[0].image.shape == (30, 40, 3) and source[0].image.dtype == np.uint8


def test_crowds_are_ignored_regions(tmp_path):
    crowd = rle.encode(np.ones((30, 40), bool))
    labels = photos(tmp_path, [polygon(1, 1, 9, 1, 9, 9), box(0, 0, 40, 30, segmentation=crowd, iscrowd=1)])
    source = photo_source(labels, classes=("mug",))
    assert source.masks and source[0].ignore.tolist() == [False, True] and source[0].masks[1].all()


def test_the_crop_rule(tmp_path):
    """A 10x10 object with 100, 50, 40, 20, 10 and 0 % of it inside the crop from x = 20."""
    rights = [30, 25, 24, 22, 21, 20]
    labels = photos(tmp_path, [box(right - 10, 12, 10, 10) for right in rights], sizes=((40, 30),))
    example = photo_source(labels, crop=(20, 10, 40, 30), classes=("mug",))[0]
    assert example.boxes.tolist() == [[0, 2, 10, 12], [0, 2, 5, 12], [0, 2, 4, 12], [0, 2, 2, 12]]
    assert example.ignore.tolist() == [False, False, True, True]
    whole = photo_source(labels, classes=("mug",))[0].image
    assert np.array_equal(example.image, whole[10:30, 20:40])


def test_masks_follow_the_crop(tmp_path):
    labels = photos(tmp_path, [polygon(14, 12, 24, 12, 24, 22, 20, 22, 20, 18, 14, 18)], sizes=((40, 30),))
    full, cut = (photo_source(labels, crop=c, classes=("mug",))[0] for c in (None, (18, 10, 40, 30)))
    assert np.array_equal(cut.masks[0], full.masks[0][10:30, 18:40])
    assert cut.boxes.tolist() == [[0, 2, 6, 12]]  # 24 - 18 wide, 22 - 12 high


def test_a_crop_that_does_not_fit_is_named(tmp_path):
    with pytest.raises(GeneratorError, match=r"crop \[0, 0, 41, 30\] does not fit into 1\.png \(40x30\)"):
        photo_source(photos(tmp_path, []), crop=(0, 0, 41, 30), classes=("mug",))


def test_the_smallest_are_ignored_by_area(tmp_path):
    labels = photos(tmp_path, [box(0, 0, k, 2) for k in range(1, 11)])
    source = photo_source(labels, classes=("mug",), smallest=0.3)
    assert source.thresholds == {"mug": 8} and source[0].ignore.tolist() == [True] * 3 + [False] * 7
    assert photo_source(labels, classes=("mug",), thresholds={"mug": 20})[0].ignore.sum() == 9


def test_pictures_may_lie_beside_their_labels(tmp_path):
    """As Roboflow's exports have them; a folder named as the labels comes first."""
    labels = photos(tmp_path, [box(1, 2, 3, 4)])
    beside = tmp_path / "train" / "_annotations.coco.json"
    (tmp_path / "real").rename(beside.parent)
    labels.rename(beside)
    assert [photo.path.parent for photo in photo_source(beside, classes=("mug",)).photos] == [beside.parent] * 2
    shutil.copytree(beside.parent, beside.with_suffix(""))
    assert photo_source(beside, classes=("mug",)).photos[0].path.parent == beside.with_suffix("")


def test_pictures_inside_a_package_are_found_without_importing_it(tmp_path):
    size = (512, 512)
    labels = tmp_path / "astronaut.json"
    image = {"id": 1, "file_name": "astronaut.png", "width": size[0], "height": size[1]}
    labels.write_text(json.dumps({"images": [image], "annotations": [], "categories": CATEGORIES}))
    before = set(sys.modules)
    source = photo_source(labels, "package:skimage/data", classes=("mug",))
    assert source[0].image.shape == (512, 512, 3)
    assert not {name for name in set(sys.modules) - before if name.startswith("skimage")}
    with pytest.raises(GeneratorError, match="no package 'nosuchpackage' is installed"):
        photo_source(labels, "package:nosuchpackage/data", classes=("mug",))


def test_turned_pictures_are_shown_as_they_were_labelled(tmp_path):
    """EXIF says "turn me": the labelled size tells whether labels are of the turned or of the stored picture."""
    stored = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    for width, height in ((40, 30), (30, 40)):
        labels = photos(tmp_path, [], sizes=((width, height),))
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(stored).save(tmp_path / "real" / "1.png", exif=exif)
        expected = stored if width == 40 else np.rot90(stored, -1)
        assert np.array_equal(photo_source(labels, classes=("mug",))[0].image, expected)


def test_a_picture_that_ends_early_is_named_when_it_is_read(tmp_path):
    """Its header is whole, so that only decoding finds out."""
    labels = photos(tmp_path, [])
    path, file = tmp_path / "real" / "2.png", io.BytesIO()
    Image.open(path).save(file, "jpeg")
    path.write_bytes(file.getvalue()[:-300])
    source = photo_source(labels, classes=("mug",))
    assert source[0].key == "1.png"
    with pytest.raises(GeneratorError, match=r"2\.png: cannot be decoded: .*; replace or remove this picture"):
        source[1]


def test_grey_pictures_become_three_channels(tmp_path):
    labels = photos(tmp_path, [], sizes=((40, 30),))
    Image.fromarray(np.full((30, 40), 77, np.uint8)).save(tmp_path / "real" / "1.png")
    assert (photo_source(labels, classes=("mug",))[0].image == 77).all()


def test_grey_pictures_of_16_bits_keep_their_greys(tmp_path):
    """Their upper bytes, by hand; the same as a photograph and as a texture. Floating point is refused."""
    labels = photos(tmp_path, [], sizes=((40, 30),))
    grey = np.random.default_rng(0).integers(0, 2**16, (30, 40), dtype=np.uint16)
    path = tmp_path / "real" / "1.png"
    Image.fromarray(grey).save(path)
    expected = np.repeat((grey // 256)[..., None], 3, -1)
    assert np.array_equal(photo_source(labels, classes=("mug",))[0].image, expected)
    assert np.array_equal(read_rgb(path), expected) and (read_rgba(path)[..., 3] == 255).all()
    Image.fromarray(grey.astype(np.float32)).save(path, "tiff")
    with pytest.raises(GeneratorError, match=r"1\.png: cannot be decoded: holds floating-point numbers; store it with"):
        photo_source(labels, classes=("mug",))[0]
    with pytest.raises(AssetError, match="holds floating-point numbers"):
        read_rgb(path)


BROKEN = [
    (box(1, 2, 3, 4, category_id=5), "unknown category 5"),
    (box(1, 2, 3, 4, category_id=[3]), "unknown category '[3]'"),
    (box(1, 2, 3, 4, image_id=8), "unknown image 8"),
    (box(1, 2, 0, 4), "bbox is 0 wide and 4 high; remove this annotation or correct it"),
    (box(39, 2, 9, 4), "bbox [39, 2, 9, 4] leaves the 40x30 picture"),
    (box(1, float("nan"), 3, 4), "bbox holds something that is not a finite number"),
    ({"bbox": [1, 2, 3]}, "bbox needs four numbers x y width height"),
    ({}, "bbox needs four numbers x y width height"),
    (box(1, 2, 3, 4, segmentation=[[1, 2, 3, 4]]), "segmentation[0] needs an even count of at least 6 coordinates"),
    (
        box(1, 2, 3, 4, segmentation=[[1, 2, 3, 4, "x", 6]]),
        "segmentation[0] holds something that is not a finite number",
    ),
    (box(1, 2, 3, 4, segmentation=[[1, 2, 99, 4, 5, 6]]), "segmentation[0] leaves the 40x30 picture"),
    (box(1, 2, 3, 4, segmentation=[[1, 2, 1, 2, 1, 2]]), "segmentation covers no pixel; remove this annotation"),
    (box(1, 2, 3, 4, segmentation="x"), "segmentation is neither polygons nor run lengths of size [30, 40]"),
    (box(1, 2, 3, 4, segmentation={"size": [40, 30], "counts": [1200]}), "segmentation is neither polygons nor run"),
    (
        box(1, 2, 3, 4, segmentation={"size": [30, 40], "counts": [1, 2]}),
        "segmentation.counts add up to 3 of 1200 pixels",
    ),
    (box(1, 2, 3, 4, segmentation={"size": [30, 40], "counts": "ppp"}), "segmentation.counts"),
    (box(1, 2, 3, 4, segmentation={"size": [30, 40], "counts": [-1, 1201]}), "segmentation.counts must be run lengths"),
]


def test_all_problems_are_named_at_once_with_their_places(tmp_path):
    labels = photos(tmp_path, [one for one, _ in BROKEN] + [box(1, 2, 3, 4)])
    with pytest.raises(InputError) as caught:
        photo_source(labels, classes=("mug",))
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert len(found) == len(BROKEN)
    for number, (_, message) in enumerate(BROKEN):
        assert found[f"annotations[{number}] (id {number})"].startswith(message)


def test_problems_with_pictures_and_classes(tmp_path):
    labels = photos(tmp_path, [], sizes=((40, 30),) * 4)
    data = json.loads(labels.read_text())
    (tmp_path / "real" / "1.png").unlink()
    (tmp_path / "real" / "2.png").write_bytes(b"no picture")
    data["images"][2]["width"] = 41
    data["images"][3]["id"] = 3
    data["images"] += [{"id": 9}, {"id": 10, "file_name": "a" * 5000, "width": 4, "height": 4}]
    labels.write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        photo_source(labels, classes=("Mug", "bowl"))
    text = str(caught.value)
    for part in (
        "categories: class 'Mug' is not labelled here (did you mean 'mug'?)",
        "images[0] (id 1): " + str(tmp_path / "real" / "1.png") + " does not exist; `images` names the folder",
        "2.png is not a picture",
        "images[2] (id 3): " + str(tmp_path / "real" / "3.png") + " is 40x30, labelled as 41x30",
        "images[3] (id 3): its id is used twice",
        "images[4] (id 9): needs file_name, width and height",
        "aaa does not exist; `images` names the folder",
    ):
        assert part in text
    assert len(caught.value.problems) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"images": [}', r"real\.json:1:13: not JSON"),
        ("[]", "has no list 'images'"),
        ('{"images": [], "annotations": [1], "categories": []}', "annotations: must hold objects only"),
    ],
)
def test_files_that_are_no_coco_labels(tmp_path, text, message):
    (tmp_path / "real.json").write_text(text)
    with pytest.raises(InputError, match=message):
        photo_source(tmp_path / "real.json", classes=("mug",))
    with pytest.raises(InputError, match="cannot be read"):
        photo_source(tmp_path / "none.json", classes=("mug",))
