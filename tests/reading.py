"""Readers of what the exporters write, from the formats' own descriptions: none of the exporters' code."""

import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import yaml
from PIL import Image
from pycocotools import mask as rle

Box = tuple[float, float, float, float]


@dataclass
class Found:
    """One object as a format says it: class, visible mask bool (h, w), half-open box x0 y0 x1 y1, pixels, whole mask,
    keypoints (u, v) from the image's corner, pose (metres, camera frame), box in space (axes, middle, size)."""

    label: str
    mask: np.ndarray | None = None
    box: Box | None = None
    area: float | None = None
    amodal: np.ndarray | None = None
    keypoints: dict[str, tuple[float, float]] = field(default_factory=dict)
    place: np.ndarray | None = None
    turn: np.ndarray | None = None
    box3: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None


@dataclass
class Picture:
    """One frame: the objects that show. Depth in metres, inf where there is none."""

    objects: list[Found]
    picture: np.ndarray | None = None
    depth: np.ndarray | None = None


Frames = Iterator[tuple[str, Picture]]


def pixels(path: Path | BytesIO) -> np.ndarray:
    with Image.open(path) as opened:
        return np.array(opened)


def filled(ring: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixels whose centre lies inside a closed polygon (n, 2), by the even-odd rule."""
    inside = np.zeros((height, width + 1), np.int32)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, 0), strict=True):
        low, high = sorted((y0, y1))
        rows = np.arange(max(int(np.ceil(low - 0.5)), 0), min(int(np.ceil(high - 0.5)), height))
        if len(rows):
            across = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
            np.add.at(inside, (rows, np.clip(np.ceil(across - 0.5), 0, width).astype(int)), 1)
    return np.cumsum(inside, 1)[:, :width] % 2 == 1


def bounds(mask: np.ndarray) -> Box:
    ys, xs = np.nonzero(mask)
    return (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


def coco(folder: Path) -> Frames:
    """By pycocotools."""
    from pycocotools.coco import COCO

    for path in sorted(folder.glob("*.json")):
        labels = COCO(str(path))
        for number in labels.getImgIds():
            info = labels.imgs[number]
            found = [_coco(labels, one) for one in labels.loadAnns(labels.getAnnIds(imgIds=[number]))]
            yield Path(info["file_name"]).stem, Picture(found, pixels(folder / path.stem / info["file_name"]))


def _coco(labels: object, one: dict) -> Found:
    category = labels.cats[one["category_id"]]  # type: ignore[attr-defined]
    assert one["iscrowd"] == 0
    x, y, w, h = one["bbox"]
    flat = np.array(one.get("keypoints", [])).reshape(-1, 3)
    named = zip(category.get("keypoints", ()), flat, strict=True)
    points = {name: (u + 0.5, v + 0.5) for name, (u, v, seen) in named if seen}
    amodal = rle.decode(one["amodal_segmentation"]).astype(bool) if "amodal_segmentation" in one else None
    mask = labels.annToMask(one).astype(bool)  # type: ignore[attr-defined]
    return Found(category["name"], mask, (x, y, x + w, y + h), one["area"], amodal, points)


def yolo(folder: Path) -> Frames:
    """Boxes, polygons, or boxes with keypoints."""
    data = yaml.safe_load((folder / "data.yaml").read_text())
    for path in sorted(folder.glob("labels/*/*.txt")):
        picture = pixels(folder / "images" / path.parent.name / f"{path.stem}.png")
        height, width = picture.shape[:2]
        found = []
        for line in path.read_text().splitlines():
            number, *rest = line.split()
            label, values = data["names"][int(number)], np.array(rest, float)
            points = data.get("kpt_names", {}).get(int(number), [])
            if len(values) == 4 + 3 * len(points):
                (x, y, w, h), (sx, sy) = values[:4], (width, height)
                rows = zip(points, values[4:].reshape(-1, 3), strict=True)
                named = {name: (u * sx, v * sy) for name, (u, v, seen) in rows if seen}
                box = ((x - w / 2) * sx, (y - h / 2) * sy, (x + w / 2) * sx, (y + h / 2) * sy)
                found.append(Found(label, box=box, keypoints=named))
            else:
                mask = filled(values.reshape(-1, 2) * (width, height), width, height)
                found.append(Found(label, mask, bounds(mask), mask.sum()))
        yield path.stem, Picture(found, picture)


def voc(folder: Path) -> Frames:
    classes = (folder / "classes.txt").read_text().splitlines()
    listed = [line for path in sorted(folder.glob("ImageSets/Main/*.txt")) for line in path.read_text().split()]
    for key in listed:
        tree = ElementTree.parse(folder / f"Annotations/{key}.xml").getroot()
        objects, kinds = (pixels(folder / f"Segmentation{kind}/{key}.png") for kind in ("Object", "Class"))
        found = []
        for number, one in enumerate(tree.findall("object"), 1):
            x0, y0, x1, y1 = (int(one.findtext(f"bndbox/{name}")) for name in ("xmin", "ymin", "xmax", "ymax"))
            label = one.findtext("name")
            mask = (objects == number) & (kinds == classes.index(label) + 1)
            found.append(Found(label, mask, (x0 - 1, y0 - 1, x1, y1), mask.sum()))
        yield key, Picture(found, pixels(folder / "JPEGImages" / tree.findtext("filename")))


def kitti(folder: Path) -> Frames:
    """Location is the middle of the bottom, y points down, rotation_y turns about it."""
    for split in sorted(path for path in folder.iterdir() if path.is_dir()):
        for line in (split / "keys.txt").read_text().splitlines():
            name, key = line.split()
            found = []
            for row in (split / f"label_2/{name}.txt").read_text().splitlines():
                label, _, _, _, *numbers = row.split()
                x0, y0, x1, y1, h, w, length, x, y, z, turn = map(float, numbers)
                c, s = np.cos(turn), np.sin(turn)
                axes = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
                box3 = (axes, np.array([x, y - h / 2, z]), np.array([length, h, w]))
                found.append(Found(label, box=(x0, y0, x1 + 1, y1 + 1), box3=box3))
            depth = metres(split / f"depth_2/{name}.png", 1 / 256)
            yield key, Picture(found, pixels(split / f"image_2/{name}.png"), depth)


def metres(path: Path, unit: float) -> np.ndarray | None:
    """Depth of a picture, inf where it is 0; None where the data set kept none."""
    if not path.is_file():
        return None
    units = pixels(path).astype(float)
    return np.where(units > 0, units * unit, np.inf)


def bop(folder: Path) -> Frames:
    """Only what shows is compared: objects without a visible pixel are left out here."""
    models = json.loads((folder / "models/models_info.json").read_bytes())
    for split in sorted(path.parent for path in folder.glob("*/keys.txt")):
        for line in (split / "keys.txt").read_text().splitlines():
            scene, image, key = line.split()
            place, number = split / scene, str(int(image))
            camera, gt, info = (
                json.loads((place / f"scene_{name}.json").read_bytes())[number] for name in ("camera", "gt", "gt_info")
            )
            found = []
            for k, (pose, facts) in enumerate(zip(gt, info, strict=True)):
                mask, whole = (pixels(place / f"{kind}/{image}_{k:06d}.png") > 0 for kind in ("mask_visib", "mask"))
                if facts["px_count_visib"] == 0:
                    assert not mask.any()
                    continue
                x, y, w, h = facts["bbox_visib"]
                label = models[str(pose["obj_id"])]["label"]
                turn, move = np.array(pose["cam_R_m2c"]).reshape(3, 3), np.array(pose["cam_t_m2c"]) / 1000
                box = (x, y, x + w + 1, y + h + 1)
                found.append(Found(label, mask, box, facts["px_count_visib"], whole, place=move, turn=turn))
            depth = metres(place / f"depth/{image}.png", camera["depth_scale"] / 1000)
            yield key, Picture(found, pixels(place / f"rgb/{image}.png"), depth)


def cityscapes(folder: Path) -> Frames:
    names = {one["id"]: one["name"] for one in json.loads((folder / "gtFine/classes.json").read_bytes())}
    for path in sorted(folder.glob("gtFine/*/*/*_gtFine_instanceIds.png")):
        split, stem = path.parent.parent.name, path.name.removesuffix("_gtFine_instanceIds.png")
        ids, classes = pixels(path), pixels(path.with_name(f"{stem}_gtFine_labelIds.png"))
        found = []
        for value in np.unique(ids[ids > 0]):
            mask = (ids == value) & (classes == value // 1000)
            found.append(Found(names[int(value) // 1000], mask, bounds(mask), mask.sum()))
        sequence, frame = stem.rsplit("_", 2)[1:]
        picture = pixels(folder / "leftImg8bit" / split / path.parent.name / f"{stem}_leftImg8bit.png")
        yield f"{split}-{int(sequence) * 10**6 + int(frame):08d}", Picture(found, picture)


def webdataset(folder: Path) -> Frames:
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            members = {one.name: tar.extractfile(one).read() for one in tar}
        for key in sorted({name.partition(".")[0] for name in members}):
            ids, facts = pixels(BytesIO(members[f"{key}.instance.png"])), json.loads(members[f"{key}.json"])
            found = [
                Found(one["label"], ids == one["id"], tuple(one["box"]), one["visible_pixels"])
                for one in facts["instances"]
            ]
            yield key, Picture(found, pixels(BytesIO(members[f"{key}.png"])))


def huggingface(folder: Path) -> Frames:
    for path in sorted(folder.glob("*/metadata.jsonl")):
        for row in map(json.loads, path.read_text().splitlines()):
            size, all_of = [row["height"], row["width"]], row["objects"]
            found = [
                Found(label, rle.decode({"size": size, "counts": counts}).astype(bool), (x, y, x + w, y + h), area)
                for label, (x, y, w, h), area, counts in zip(
                    all_of["label"], all_of["bbox"], all_of["area"], all_of["segmentation"], strict=True
                )
            ]
            yield row["key"], Picture(found, pixels(path.parent / row["file_name"]))


READERS: dict[str, tuple[list[str], Callable[[Path], Frames]]] = {
    "coco rle": (["coco"], coco),
    "coco polygon": (["coco", "masks=polygon"], coco),
    "yolo detect": (["yolo"], yolo),
    "yolo segment": (["yolo", "task=segment"], yolo),
    "yolo pose": (["yolo", "task=pose"], yolo),
    "voc": (["voc"], voc),
    "kitti": (["kitti"], kitti),
    "bop": (["bop"], bop),
    "cityscapes": (["cityscapes"], cityscapes),
    "webdataset": (["webdataset"], webdataset),
    "huggingface": (["huggingface"], huggingface),
}
