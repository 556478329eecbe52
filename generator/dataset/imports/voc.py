"""Pascal VOC: an XML file per picture, with masks as pictures of indices beside."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.base.errors import did_you_mean
from generator.dataset import rle
from generator.dataset.coco_labels import Annotation, Photo, check_box, look
from generator.dataset.coco_source import pictures_folder
from generator.dataset.imports import Importer, importers
from generator.dataset.imports.findings import PICTURES, Findings
from generator.dataset.rle import Rle

VOID = 255


@importers("voc")
class Voc(Importer):
    """Objects marked difficult become crowds. A picture's masks are those of SegmentationObject, if it is there; VOC
    leaves difficult objects out of it."""

    expects = "a folder with Annotations, one of .xml files beside pictures, or a list such as ImageSets/Main/train.txt"

    def recognises(self, path: Path) -> bool:
        listed = path.suffix == ".txt" and path.parent.parent.name == "ImageSets"
        return listed or (path / "Annotations").is_dir() or next(path.glob("*.xml"), None) is not None

    def read(self, path: Path, images: str, classes: tuple[str, ...]) -> list[Photo]:
        root = path.parents[2] if path.is_file() else path
        labels = root / "Annotations" if (root / "Annotations").is_dir() else root
        pictures = root / "JPEGImages" if labels != root else root
        folder = pictures_folder(path, images) if images else pictures
        reader = _Reader(root, folder, classes, Findings(), set())
        photos = [reader.photo(one) for one in _chosen(path, labels)]
        reader.check_classes(path)
        reader.findings.settle()
        return [photo for photo in photos if photo is not None]

    def names(self, path: Path) -> tuple[str, ...]:
        root = path.parents[2] if path.is_file() else path
        labels = root / "Annotations" if (root / "Annotations").is_dir() else root
        return tuple(sorted({name for one in _chosen(path, labels) for name in _objects(one)}))


def _objects(labels: Path) -> list[str]:
    """Names of the objects in one file; none where it cannot be read."""
    try:
        return [(one.findtext("name") or "").strip() for one in ElementTree.parse(labels).getroot().iter("object")]
    except (OSError, ElementTree.ParseError):
        return []


def _chosen(path: Path, labels: Path) -> list[Path]:
    """Annotation files, in the list's order or by name."""
    if path.is_file():
        return [labels / f"{line.split()[0]}.xml" for line in path.read_text("utf-8").splitlines() if line.strip()]
    return sorted(labels.glob("*.xml"))


@dataclass(frozen=True)
class _Reader:
    """`met` gathers the names of classes on the way, `used` the files of labels by their pictures."""

    root: Path
    pictures: Path
    classes: tuple[str, ...]
    findings: Findings
    met: set[str]
    used: dict[Path, Path] = field(default_factory=dict)

    def photo(self, labels: Path) -> Photo | None:
        try:
            tree = ElementTree.parse(labels).getroot()
            photo = look(self._picture(tree, labels), labels.stem, _size(tree))
            masks = self._masks(labels.stem, photo)
        except OSError as error:
            self.findings.complain(labels, f"cannot be read: {error.strerror or error}")
        except ElementTree.ParseError as error:
            self.findings.complain(labels, f"not XML: {error}", error.position[0])
        except ValueError as error:
            self.findings.complain(labels, str(error))
        else:
            for number, one in enumerate(tree.iter("object"), 1):
                self._object(labels, number, one, photo, masks)
            return photo
        return None

    def _object(
        self, labels: Path, number: int, one: ElementTree.Element, photo: Photo, masks: NDArray[np.uint8] | None
    ) -> None:
        name = (one.findtext("name") or "").strip()
        self.met.add(name)
        if name not in self.classes:
            return
        try:
            crowd = (one.findtext("difficult") or "0").strip() == "1"
            mask = None if masks is None else _mask(masks, number)
            if masks is not None and mask is None and not crowd:
                raise ValueError("has no pixel in SegmentationObject")
            box = _box(one, photo)
        except ValueError as error:
            self.findings.complain(labels, str(error), path=f"object {number} ({name})")
            return
        photo.annotations.append(Annotation(self.classes.index(name) + 1, box, mask, crowd))

    def _picture(self, tree: ElementTree.Element, labels: Path) -> Path:
        """The one of the XML's own name, or as the XML names it. ValueError for one that another XML has."""
        named = self.pictures / (tree.findtext("filename") or "").strip()
        own = self._by_stem.get(labels.stem, [])
        path = named if named in own or not own else own[0]
        if path.is_file() and (other := self.used.setdefault(path, labels)) != labels:
            raise ValueError(f"{path} is the picture of {other.name}, too; give each picture one file of labels")
        return path

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        """Pictures by their names without suffix, sorted."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.pictures.iterdir()) if self.pictures.is_dir() else ():
            if path.suffix.lower() in PICTURES:
                found.setdefault(path.stem, []).append(path)
        return found

    def _masks(self, stem: str, photo: Photo) -> NDArray[np.uint8] | None:
        path = self.root / "SegmentationObject" / f"{stem}.png"
        if not path.is_file():
            return None
        with Image.open(path) as opened:
            masks = np.array(opened)
        if masks.ndim != 2 or masks.shape != (photo.height, photo.width):
            raise ValueError(f"{path} is not {photo.width}x{photo.height} indices of objects")
        return masks

    def check_classes(self, path: Path) -> None:
        """A class may be absent from one split, but not be spelt otherwise, nor may all of them be absent."""
        table = self.root / "classes.txt"
        named = self.met | set(table.read_text("utf-8").split("\n") if table.is_file() else ())
        others = sorted(named - set(self.classes) - {""})
        for label in self.classes:
            hint = did_you_mean(label, others)
            if label not in named and ("did you mean" in hint or not named & set(self.classes)):
                self.findings.complain(path, f"class {label!r} is not labelled here{hint}")


def _size(tree: ElementTree.Element) -> tuple[int, int] | None:
    """(width, height); None where the file does not say."""
    try:
        width, height = (int(tree.findtext(f"size/{name}") or 0) for name in ("width", "height"))
    except ValueError:
        raise ValueError("size needs a width and a height in pixels") from None
    return (width, height) if width and height else None


def _box(one: ElementTree.Element, photo: Photo) -> tuple[float, float, float, float]:
    """From pixels counted from 1, the last one included."""
    try:
        x0, y0, x1, y1 = (float(one.findtext(f"bndbox/{name}") or "") for name in ("xmin", "ymin", "xmax", "ymax"))
    except ValueError:
        raise ValueError("bndbox needs xmin, ymin, xmax and ymax") from None
    return check_box([x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1], None, photo)


def _mask(masks: NDArray[np.uint8], number: int) -> Rle | None:
    """None for an object without a pixel."""
    mask = masks == number
    return rle.encode(mask) if number < VOID and mask.any() else None
