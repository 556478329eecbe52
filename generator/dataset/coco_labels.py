"""Reading COCO label files: every problem at once, each with its place."""

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from generator.base.errors import InputError, Problem, did_you_mean
from generator.base.geometry import box_area
from generator.dataset import keypoints, rle
from generator.dataset.rle import Rle

_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 lie on their side
SLACK = 2.0  # pixels by which a hand-drawn box may reach over the image's border


@dataclass(frozen=True)
class Annotation:
    """One object. `box` is x0 y0 x1 y1, cut to the image; `mask` is None for an object with a box only. `points` are
    those that its category names, if any."""

    category: int
    box: tuple[float, float, float, float]
    mask: Rle | None
    crowd: bool
    points: keypoints.Stored = keypoints.NOTHING

    @property
    def area(self) -> int:
        """Pixels of the mask, else of the box."""
        return rle.area(self.mask) if self.mask else round(box_area(self.box))


@dataclass(frozen=True)
class Photo:
    """One picture. `turn` says that its EXIF orientation must be applied for it to have the labelled size."""

    path: Path
    key: str
    width: int
    height: int
    turn: bool
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class _Reader:
    """Collects problems on the way. `category` maps the file's category ids to 1-based ids of the wanted classes,
    `points` to the names of their keypoints."""

    file: str
    folder: Path
    category: dict[int, int] = field(default_factory=dict)
    points: dict[int, tuple[str, ...]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, path: str, message: str) -> None:
        self.problems.append(Problem(self.file, 0, 0, path, message))


def read_coco(labels: Path, folder: Path, classes: tuple[str, ...]) -> list[Photo]:
    """Pictures in the file's order, with the objects of `classes`, whose names must be among the file's categories.

    Objects of other categories are left out. Raises InputError with all that is wrong.
    """
    reader = _Reader(str(labels), folder)
    data = _load(reader, labels)
    _read_categories(reader, data.get("categories", []), classes)
    photos = dict(_read_photos(reader, data.get("images", [])))
    for position, one in enumerate(data.get("annotations", [])):
        _read_annotation(reader, f"annotations[{position}] (id {one.get('id')})", one, photos)
    if reader.problems:
        raise InputError(reader.problems)
    return [photo for photo in photos.values() if photo is not None]


def coco_names(labels: Path) -> tuple[str, ...]:
    """Names of the categories, in the file's order. Raises InputError where it is no COCO file."""
    return tuple(str(one.get("name")) for one in _load(_Reader(str(labels), labels.parent), labels)["categories"])


def _load(reader: _Reader, labels: Path) -> dict[str, Any]:
    try:
        data = json.loads(labels.read_bytes())
    except OSError as error:
        reader.complain("", f"cannot be read: {error.strerror}")
    except json.JSONDecodeError as error:
        raise InputError([Problem(reader.file, error.lineno, error.colno, "", f"not JSON: {error.msg}")]) from error
    except ValueError as error:
        reader.complain("", f"not JSON: {error}")
    else:
        for name in ("images", "annotations", "categories"):
            _check_list(reader, data, name)
    if reader.problems:
        raise InputError(reader.problems)
    result: dict[str, Any] = data
    return result


def _check_list(reader: _Reader, data: Any, name: str) -> None:
    """COCO's three tables must be lists of objects."""
    entries = data.get(name) if isinstance(data, dict) else None
    if not isinstance(entries, list):
        reader.complain("", f"not COCO labels: has no list {name!r}")
    elif not all(isinstance(one, dict) for one in entries):
        reader.complain(name, "must hold objects only")


def _read_categories(reader: _Reader, categories: list[dict[str, Any]], classes: tuple[str, ...]) -> None:
    names = [str(one.get("name")) for one in categories]
    for label in classes:
        if label not in names:
            reader.complain("categories", f"class {label!r} is not labelled here{did_you_mean(label, names)}")
    for one in categories:
        if isinstance(one.get("id"), int):
            reader.known.add(one["id"])
            if (name := str(one.get("name"))) in classes:  # a name may look like a number
                reader.category[one["id"]] = classes.index(name) + 1
                reader.points[one["id"]] = _point_names(reader, one)
        else:
            reader.complain("categories", f"{one.get('name')!r} needs a whole number as id")


def _point_names(reader: _Reader, category: dict[str, Any]) -> tuple[str, ...]:
    names = category.get("keypoints") or []
    if isinstance(names, list) and all(isinstance(one, str) for one in names) and len({*names}) == len(names):
        return tuple(names)
    reader.complain("categories", f"{category['name']!r} needs different names as keypoints")
    return ()


def _read_photos(reader: _Reader, images: list[dict[str, Any]]) -> Iterator[tuple[Any, Photo | None]]:
    """By id; None for a picture with a problem, so that its annotations do not complain as well."""
    ids, names = set(), set()
    for position, one in enumerate(images):
        place, name = f"images[{position}] (id {one.get('id')})", _name(one.get("file_name"))
        number = _name(one.get("id"))
        if number in ids:
            reader.complain(place, "its id is used twice")
        elif name in names:
            reader.complain(place, f"{name!r} is listed twice")
        else:
            yield number, _read_photo(reader, place, one)
        ids.add(number)
        names.add(name)


def _read_photo(reader: _Reader, place: str, one: dict[str, Any]) -> Photo | None:
    try:
        return _photo(reader.folder, one.get("file_name"), one.get("width"), one.get("height"))
    except ValueError as error:
        reader.complain(place, str(error))
        return None


def _photo(folder: Path, name: Any, width: Any, height: Any) -> Photo:
    """ValueError says what is wrong with the picture."""
    if not (isinstance(name, str) and isinstance(width, int) and isinstance(height, int)):
        raise ValueError("needs file_name, width and height")
    if not os.path.exists(folder / name):  # where Path.exists raises, as for a name that is too long
        raise ValueError(f"{folder / name} does not exist; `images` names the folder that file names begin from")
    return look(folder / name, name, (width, height))


def look(path: Path, key: str, labelled: tuple[int, int] | None = None) -> Photo:
    """A picture without annotations yet; `labelled` is its (width, height) in the labels, where they say. Only its
    header is read. ValueError says what is wrong with it."""
    try:
        with Image.open(path) as opened:
            stored, sideways = opened.size, opened.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist") from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} is not a picture: {error}") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} has too many pixels: {error}; make it smaller") from error
    shown = stored[::-1] if sideways else stored
    size = labelled or shown
    if size not in (stored, shown):
        raise ValueError(f"{path} is {shown[0]}x{shown[1]}, labelled as {size[0]}x{size[1]}")
    return Photo(path, key, *size, turn=size == shown)


def _read_annotation(reader: _Reader, place: str, one: dict[str, Any], photos: dict[Any, Photo | None]) -> None:
    category, image = (_name(one.get(key)) for key in ("category_id", "image_id"))
    if category not in reader.known:
        reader.complain(place, f"unknown category {category!r}")
    elif image not in photos:
        reader.complain(place, f"unknown image {image!r}")
    elif category in reader.category and (photo := photos[image]) is not None:
        try:
            mask = check_mask(one.get("segmentation"), photo)
            box = check_box(one.get("bbox"), mask, photo)
            points = keypoints.stored(one.get("keypoints"), reader.points[category])
        except ValueError as error:
            reader.complain(place, str(error))
            return
        photo.annotations.append(Annotation(reader.category[category], box, mask, bool(one.get("iscrowd")), points))


def _name(value: Any) -> Any:
    """An id that can be looked up: of lists and objects, their text."""
    return value if isinstance(value, int | str | None) else str(value)


def check_mask(segmentation: Any, photo: Photo) -> Rle | None:
    """Of COCO's polygons (pixels) or run lengths; None where there is neither. ValueError says what is wrong."""
    if segmentation is None or segmentation == []:
        return None
    if isinstance(segmentation, list):
        for number, polygon in enumerate(segmentation):
            _check_polygon(number, polygon, photo)
    elif not isinstance(segmentation, dict) or segmentation.get("size") != [photo.height, photo.width]:
        raise ValueError(f"segmentation is neither polygons nor run lengths of size [{photo.height}, {photo.width}]")
    else:
        _check_runs(segmentation.get("counts"), photo)
    mask = rle.from_segmentation(segmentation, photo.height, photo.width)
    if rle.area(mask) == 0:
        raise ValueError("segmentation covers no pixel; remove this annotation")
    return mask


def _check_runs(counts: Any, photo: Photo) -> None:
    """The C decoder writes wherever run lengths point, so they must add up to the picture."""
    if isinstance(counts, str):
        counts = _uncompressed(counts)
    if not isinstance(counts, list) or not all(isinstance(n, int) and n >= 0 for n in counts):
        raise ValueError("segmentation.counts must be run lengths or compressed text")
    if sum(counts) != photo.width * photo.height:
        raise ValueError(f"segmentation.counts add up to {sum(counts)} of {photo.width * photo.height} pixels")


def _uncompressed(text: str) -> list[int]:
    """COCO's text form: groups of 5 bits plus 48, bit 6 says that more follow, differences to the run two before."""
    counts: list[int] = []
    value = shift = 0
    for code in text.encode():
        bits = code - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if not 0 <= bits < 64:
            raise ValueError("segmentation.counts is not COCO's compressed text")
        if bits & 0x20:
            continue
        value -= (1 << shift) if bits & 0x10 else 0
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


def _check_polygon(number: int, polygon: Any, photo: Photo) -> None:
    place = f"segmentation[{number}]"
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"{place} needs an even count of at least 6 coordinates")
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in polygon):
        raise ValueError(f"{place} holds something that is not a finite number")
    if not _inside(polygon[0::2], photo.width) or not _inside(polygon[1::2], photo.height):
        raise ValueError(f"{place} leaves the {photo.width}x{photo.height} picture")


def _inside(values: list[float], size: int) -> bool:
    return min(values) >= -SLACK and max(values) <= size + SLACK


def check_box(bbox: Any, mask: Rle | None, photo: Photo) -> tuple[float, float, float, float]:
    """COCO's x y width height to x0 y0 x1 y1 within the picture; of the mask where the file gives none."""
    if bbox is None and mask is not None:
        bbox = rle.box(mask)
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise ValueError("bbox needs four numbers x y width height")
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in bbox):
        raise ValueError("bbox holds something that is not a finite number")
    x, y, w, h = bbox
    if w <= 0 or h <= 0:
        raise ValueError(f"bbox is {w:g} wide and {h:g} high; remove this annotation or correct it")
    if not _inside([x, x + w], photo.width) or not _inside([y, y + h], photo.height):
        raise ValueError(f"bbox {bbox} leaves the {photo.width}x{photo.height} picture")
    box = (max(x, 0.0), max(y, 0.0), min(x + w, float(photo.width)), min(y + h, float(photo.height)))
    if box[0] >= box[2] or box[1] >= box[3]:
        raise ValueError(f"bbox {bbox} lies outside the {photo.width}x{photo.height} picture")
    return box
