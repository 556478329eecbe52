"""COCO: a JSON file."""

from pathlib import Path

from generator.dataset.coco_labels import Photo, coco_names, read_coco
from generator.dataset.coco_source import pictures_folder
from generator.dataset.imports import Importer, importers


@importers("coco")
class Coco(Importer):
    expects = "a .json file, its pictures in the folder of the same name"

    def recognises(self, path: Path) -> bool:
        return path.suffix.lower() == ".json"

    def read(self, path: Path, images: str, classes: tuple[str, ...]) -> list[Photo]:
        return read_coco(path, pictures_folder(path, images), classes)

    def names(self, path: Path) -> tuple[str, ...]:
        return coco_names(path)
