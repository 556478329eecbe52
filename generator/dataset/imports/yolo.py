"""YOLO: text files with a row per object, beside pictures; data.yaml names the classes and the splits."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from generator.base.errors import GeneratorError, InputError, Problem
from generator.dataset.coco_labels import Annotation, Photo, check_box, check_mask, look
from generator.dataset.imports import Importer, importers
from generator.dataset.imports.findings import PICTURES, Findings

SPLITS = ("train", "val", "test")
DEPTH = 3  # folders between data.yaml and the pictures, at most


@importers("yolo")
class Yolo(Importer):
    """Rows are boxes (detect), boxes with keypoints (pose; the points are left out) or polygons (segment)."""

    expects = "data.yaml, or the folder of a split's pictures below it, such as images/train"

    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() in (".yaml", ".yml") or (path.is_dir() and _table(path) is not None)

    def read(self, path: Path, images: str, classes: tuple[str, ...]) -> list[Photo]:
        table = path if path.is_file() else _table(path) or path
        data, findings = _load(table), Findings()
        reader = _Reader(table, data, findings.categories(table, _names(table, data), classes), findings)
        places = {place: _found(place) for place in _places(table, data, path, images)}
        pictures, root = [one for found in places.values() for one in found], _root(places)
        photos = [photo for one in pictures if (photo := reader.photo(one, _below(root, one))) is not None]
        for folder in sorted({one.parent for one in pictures}):
            _find_strays(folder, findings)
        findings.settle()
        return photos

    def names(self, path: Path) -> tuple[str, ...]:
        table = path if path.is_file() else _table(path) or path
        return tuple(_names(table, _load(table)).values())


@dataclass(frozen=True)
class _Reader:
    """`category` maps the file's classes, counted from 0, to 1-based ids of the wanted ones."""

    table: Path
    data: dict[str, Any]
    category: dict[int, int]
    findings: Findings

    @property
    def _keypoint_numbers(self) -> int:
        """Numbers after the box in rows of a pose data set."""
        return math.prod(self.data.get("kpt_shape") or [0])

    def photo(self, path: Path, key: str) -> Photo | None:
        try:
            photo = look(path, key)
        except ValueError as error:
            self.findings.complain(path, str(error))
            return None
        labels = label_of(path)
        for number, line in enumerate(self._lines(labels), 1):
            if line.strip():
                self._row(labels, number, line, photo)
        return photo

    def _lines(self, labels: Path) -> list[str]:
        """Of a file of labels; none where it is not there."""
        try:
            return labels.read_text(encoding="utf-8-sig").splitlines() if labels.is_file() else []
        except (OSError, UnicodeDecodeError) as error:
            self.findings.complain(labels, f"cannot be read as UTF-8 text: {error}")
            return []

    def _row(self, labels: Path, number: int, line: str, photo: Photo) -> None:
        try:
            values = [float(word) for word in line.split()]
            if values[0] not in range(len(_names(self.table, self.data))):
                raise ValueError(f"unknown class {line.split()[0]}; {self.table.name} names {len(self.data['names'])}")
            kind = int(values[0])
            if kind in self.category:
                photo.annotations.append(self._annotation(self.category[kind], values[1:], photo))
        except ValueError as error:
            self.findings.complain(labels, str(error).replace("segmentation[0]", "polygon"), number)

    def _annotation(self, category: int, values: list[float], photo: Photo) -> Annotation:
        sizes = (photo.width, photo.height)
        if len(values) in (4, 4 + self._keypoint_numbers):
            (x, y), (w, h) = ([v * s for v, s in zip(values[i : i + 2], sizes, strict=True)] for i in (0, 2))
            return Annotation(category, check_box([x - w / 2, y - h / 2, w, h], None, photo), None, crowd=False)
        if len(values) < 6 or len(values) % 2:
            raise ValueError("needs a class and four numbers of a box, or three and more corners x y of a polygon")
        mask = check_mask([[v * sizes[k % 2] for k, v in enumerate(values)]], photo)
        return Annotation(category, check_box(None, mask, photo), mask, crowd=False)


def _root(places: dict[Path, list[Path]]) -> Path:
    """The folder of a split's pictures: the innermost that holds all that it names. Of a list, that of its pictures."""
    folders = [place for place in places if place.is_dir()]
    folders += [one.parent for place, pictures in places.items() if not place.is_dir() for one in pictures]
    return Path(os.path.commonpath([os.path.abspath(one) for one in folders])) if folders else Path()


def _below(root: Path, picture: Path) -> str:
    """What a picture is called: its path below the folder, as names may be equal in two of its folders."""
    return Path(os.path.abspath(picture)).relative_to(root).as_posix()


def _find_strays(pictures: Path, findings: Findings) -> None:
    """Labels whose picture is missing: a mistyped name looks like a picture with nothing on it."""
    labels = label_of(pictures / "any").parent
    if labels == pictures:
        return  # other texts may lie there as well
    known = {one.stem for one in pictures.iterdir() if one.suffix.lower() in PICTURES} | {"classes"}
    for one in sorted(labels.glob("*.txt")):
        if one.stem not in known:
            findings.complain(one, "labels a picture that does not exist")


def label_of(picture: Path) -> Path:
    """The last folder called images becomes labels, the suffix .txt."""
    folders = list(picture.parent.parts)
    if "images" in folders:
        folders[len(folders) - 1 - folders[::-1].index("images")] = "labels"
    return Path(*folders, picture.name).with_suffix(".txt")


def _table(folder: Path) -> Path | None:
    """data.yaml of a folder, or of the nearest one above it."""
    above = [folder.absolute(), *folder.absolute().parents][: DEPTH + 1]
    return next((place / "data.yaml" for place in above if (place / "data.yaml").is_file()), None)


def _load(table: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(table.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError([Problem(str(table), 0, 0, "", f"cannot be read: {error}")]) from error
    if not isinstance(data, dict) or not isinstance(data.get("names"), list | dict):
        raise InputError([Problem(str(table), 0, 0, "", "not YOLO's data.yaml: needs `names`, the classes from 0 on")])
    return data


def _names(table: Path, data: dict[str, Any]) -> dict[int, str]:
    names = data["names"]
    numbered = names.items() if isinstance(names, dict) else enumerate(names)
    result = {number: str(name) for number, name in numbered}
    if sorted(result, key=str) != sorted(range(len(result)), key=str):
        raise InputError([Problem(str(table), 0, 0, "names", "must be numbered 0, 1, 2, ...")])
    return result


def _places(table: Path, data: dict[str, Any], path: Path, images: str) -> list[Path]:
    """Folders and lists of pictures. `path` is data.yaml, its folder, or that of a split's pictures or labels; `images`
    may name a split."""
    splits = {split: data[split] for split in SPLITS if data.get(split)}
    if images in splits:
        return [_resolve(table, data, place) for place in _listed(splits[images])]
    if images:
        return [Path(images)]
    if path != table and path.absolute() != table.parent.absolute():
        return [_pictures_folder(path)]
    if len(splits) != 1:
        raise GeneratorError(f"{path}: has the splits {', '.join(splits) or '(none)'}: name one's folder of pictures")
    return [_resolve(table, data, place) for place in _listed(*splits.values())]


def _listed(place: Any) -> list[str]:
    return [str(one) for one in place] if isinstance(place, list) else [str(place)]


def _pictures_folder(path: Path) -> Path:
    """The pictures' folder of a labels' folder; others are theirs already."""
    folders = list(path.absolute().parts)
    if "labels" in folders:
        folders[len(folders) - 1 - folders[::-1].index("labels")] = "images"
    return Path(*folders)


def _resolve(table: Path, data: dict[str, Any], place: str) -> Path:
    """Relative to `path` of data.yaml, which is relative to data.yaml. A superfluous ../, which one popular site
    writes, is forgiven."""
    root = table.parent / str(data.get("path") or "")
    found = root / place
    return found if found.exists() or not place.startswith("../") else root / place.removeprefix("../")


def _found(place: Path) -> list[Path]:
    """Pictures of a folder, sorted, or those that a text file lists, relative to it."""
    if place.is_dir():
        return sorted(one for one in place.rglob("*") if one.suffix.lower() in PICTURES)
    if place.suffix == ".txt" and place.is_file():
        return [
            place.parent / line.strip() for line in place.read_text(encoding="utf-8-sig").splitlines() if line.strip()
        ]
    raise GeneratorError(f"{place}: no pictures here; correct data.yaml, or name the folder of a split's pictures")
