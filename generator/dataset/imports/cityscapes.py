"""Cityscapes' folders: pictures of instance ids beside photographs."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.base.errors import GeneratorError, InputError, Problem
from generator.dataset import rle
from generator.dataset.coco_labels import Annotation, Photo, check_box, look
from generator.dataset.coco_source import pictures_folder
from generator.dataset.imports import Importer, importers
from generator.dataset.imports.findings import Findings

ENDING = "_instanceIds.png"
EACH = 1000  # instance ids a class has
OFFICIAL = {24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 29: "caravan", 30: "trailer", 31: "train",
            32: "motorcycle", 33: "bicycle"}  # fmt: skip


@importers("cityscapes")
class Cityscapes(Importer):
    """Objects are ids from 1000 on, class * 1000 + n. Pixels of a wanted class without a number are a crowd.

    Classes are named by ``classes.json`` (``[{"id": 1, "name": "mug"}, ...]``) in gtFine, else those of Cityscapes.
    """

    expects = "a folder with gtFine and leftImg8bit, or a split's folder in gtFine"

    def recognises(self, path: Path) -> bool:
        return (path / "gtFine").is_dir() or (path.is_dir() and "gtFine" in path.absolute().parts)

    def read(self, path: Path, images: str, classes: tuple[str, ...]) -> list[Photo]:
        labels = _split(path)
        root = next(one for one in (labels, *labels.parents) if one.name == "gtFine")
        pictures = pictures_folder(path, images) if images else root.parent / "leftImg8bit" / labels.relative_to(root)
        findings, names = Findings(), _names(root)
        category = findings.categories(root, names, classes)
        reader = _Reader(labels, pictures, set(names), category, findings)
        photos = [reader.photo(one) for one in sorted(labels.rglob(f"*{ENDING}"))]
        if not photos:
            findings.complain(labels, f"has no *{ENDING}")
        findings.settle()
        return [photo for photo in photos if photo is not None]

    def names(self, path: Path) -> tuple[str, ...]:
        labels = _split(path)
        return tuple(_names(next(one for one in (labels, *labels.parents) if one.name == "gtFine")).values())


def _split(path: Path) -> Path:
    """The folder of labels: the path itself, or the only split of gtFine."""
    if not (path / "gtFine").is_dir() and path.name != "gtFine":
        return path.absolute()
    root = path if path.name == "gtFine" else path / "gtFine"
    splits = sorted(one for one in root.iterdir() if one.is_dir())
    if len(splits) != 1:
        names = ", ".join(one.name for one in splits) or "(none)"
        raise GeneratorError(f"{path}: has the splits {names}: name one's folder, as in gtFine/train")
    return splits[0].absolute()


def _names(root: Path) -> dict[int, str]:
    path = root / "classes.json"
    if not path.is_file():
        return OFFICIAL
    try:
        return {int(row["id"]): str(row["name"]) for row in json.loads(path.read_bytes())}
    except (KeyError, TypeError, ValueError) as error:
        wrong = Problem(str(path), 0, 0, "", f'must list objects with "id" and "name": {error}')
        raise InputError([wrong]) from error


@dataclass(frozen=True)
class _Reader:
    """`category` maps the ids of classes to 1-based ids of the wanted ones; `known` are all ids that have names."""

    labels: Path
    pictures: Path
    known: set[int]
    category: dict[int, int]
    findings: Findings

    def photo(self, labels: Path) -> Photo | None:
        try:
            ids = _ids(labels)
            picture = self._picture(labels)
            photo = look(picture, picture.name, (ids.shape[1], ids.shape[0]))
        except ValueError as error:
            self.findings.complain(labels, str(error))
            return None
        for value in np.unique(ids[ids > 0]).tolist():
            self._object(labels, value, ids == value, photo)
        return photo

    def _object(self, labels: Path, value: int, where: NDArray[np.bool_], photo: Photo) -> None:
        numbered = value >= EACH
        kind = value // EACH if numbered else value
        if numbered and kind not in self.known:
            self.findings.complain(labels, f"id {value} is of the unknown class {kind}")
        elif kind in self.category:
            mask = rle.encode(where)
            photo.annotations.append(Annotation(self.category[kind], check_box(None, mask, photo), mask, not numbered))

    def _picture(self, labels: Path) -> Path:
        """``CITY_SEQUENCE_FRAME_leftImg8bit`` with the suffix of a picture, or without the ending."""
        folder, stem = self.pictures / labels.parent.relative_to(self.labels), labels.name.removesuffix(ENDING)
        stem = stem.rpartition("_")[0]
        found = sorted([*folder.glob(f"{stem}_leftImg8bit.*"), *folder.glob(f"{stem}.*")])
        if not found:
            raise ValueError(f"labels a picture that does not exist: {folder / stem}_leftImg8bit.png")
        return found[0]


def _ids(path: Path) -> NDArray[np.int32]:
    """(h, w). ValueError says what is wrong with the file."""
    try:
        with Image.open(path) as opened:
            ids = np.array(opened)
    except (OSError, SyntaxError) as error:
        raise ValueError(f"is not a picture: {error}") from error
    if ids.ndim != 2:
        raise ValueError("must have one channel of ids")
    return ids.astype(np.int32)
