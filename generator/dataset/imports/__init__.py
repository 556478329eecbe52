"""Importers: one file each. An importer reads photographs with labels in a format that others write."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from generator.base.errors import GeneratorError
from generator.base.geometry import Box
from generator.base.registry import Registry
from generator.dataset.coco_labels import Photo
from generator.dataset.coco_source import PhotoSource


class Importer:
    """One format. `expects` says in words what path it wants."""

    expects: ClassVar[str]

    def recognises(self, path: Path) -> bool:
        """Whether the path looks like this format's, by names alone."""
        raise NotImplementedError

    def read(self, path: Path, images: str, classes: tuple[str, ...]) -> list[Photo]:
        """The pictures with the objects of `classes`, sorted as the labels are. Raises InputError with all that is
        wrong. `images` overrides where the pictures are; "" is where the format puts them."""
        raise NotImplementedError

    def names(self, path: Path) -> tuple[str, ...]:
        """The classes that the labels name, in their order, without what is wrong with them: `read` tells that."""
        raise NotImplementedError


importers: Registry[type[Importer]] = Registry("importer", "generator.dataset.imports")


def photo_source(
    labels: Path | str,
    images: str = "",
    crop: Box | None = None,
    classes: tuple[str, ...] = (),
    smallest: float = 0.0,
    thresholds: Mapping[str, int] | None = None,
) -> PhotoSource:
    """Real photographs in whatever format the path is; the other arguments are `PhotoSource`'s.

    Raises GeneratorError for a path of no known format.
    """
    photos = importers[recognised(Path(labels))]().read(Path(labels), images, tuple(classes))
    return PhotoSource(str(labels), photos, crop, classes, smallest, thresholds)


def class_names(labels: Path | str) -> tuple[str, ...]:
    """The classes that labels of whatever format name. Raises GeneratorError for a path of no known format."""
    return importers[recognised(Path(labels))]().names(Path(labels))


def recognised(path: Path) -> str:
    """The name of the format."""
    for name, importer in importers.items():
        if importer().recognises(path):
            return name
    known = "; ".join(f"{name}: {importer.expects}" for name, importer in importers.items())
    fault = "holds labels of no known format" if path.exists() else "does not exist"
    raise GeneratorError(f"{path}: {fault} ({known})")
