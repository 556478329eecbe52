"""From labels, meshes and a few photographs to a first scene: what `generator new-scene` does, without its words."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.assets.catalog import Catalog
from generator.base.errors import DatasetError, GeneratorError
from generator.dataset.imports import class_names, photo_source
from generator.fitting.looks import Studio
from generator.fitting.palette import monochrome, palettes
from generator.fitting.photographs import Real, read_real
from generator.fitting.rounds import Fitted, Fitter, Report
from generator.fitting.template import Target, config_text, scene_text, targets
from generator.mix.traits import traits_of
from generator.spec.load import load_scene
from generator.spec.values import NAME as CLASS_NAME

SIZE, LONGEST = (320, 240), 416
LOOKS, PICTURES = 120, 24
CLASS = re.compile(CLASS_NAME)
NAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Beginning:
    """A scene's name, its classes and what shows them; `size` of its pictures; `colors` of the photographs, if any, and
    the share of them that has none."""

    name: str
    classes: tuple[Target, ...]
    folder: Path | None
    size: tuple[int, int]
    like: Path | None
    images: str
    colors: dict[str, Any]
    grey: float

    @staticmethod
    def of(name: str, labels: tuple[str, ...], folder: Path | None, like: Path | None, images: str) -> "Beginning":
        """Look at everything once. Raises GeneratorError for what is missing or does not fit together."""
        if not NAME.fullmatch(name):
            raise GeneratorError(f"{name!r}: a scene's name is made of letters, digits, dots, hyphens and underscores")
        if folder is not None and not folder.is_dir():
            raise DatasetError(f"{folder}: no such folder of meshes")
        if like is None and not labels:
            raise GeneratorError("name the classes with --label, or real photographs to be like with --like")
        known = class_names(like) if like else ()
        wanted = labels or (_labelled(like, images, known) if like else ())
        if strangers := [one for one in wanted if known and one not in known]:
            raise DatasetError(f"{like}: no class {', '.join(strangers)}, only {', '.join(known)}; names must agree")
        if odd := [one for one in wanted if not CLASS.match(one)]:
            raise GeneratorError(
                f"{like or 'labels'}: {', '.join(map(repr, odd))} cannot be classes of a scene: rename them in the "
                "labels; a class begins with a letter, and has letters, digits, - and _ only (coffee_mug)"
            )
        classes = tuple(targets(wanted, folder))
        colors = palettes(like, images, wanted) if like else {}
        size = _fitting(_size(like, images, wanted)) if like else SIZE
        grey = round(monochrome(like, images), 2) if like else 0.0
        return Beginning(name, classes, folder, size, like, images, colors, grey)

    @property
    def text(self) -> str:
        return scene_text(self.name, self.classes, self.size, self.colors, self.grey)

    @property
    def roots(self) -> tuple[Path, ...]:
        return (self.folder.resolve(),) if self.folder else ()

    @property
    def option(self) -> str:
        return f" --assets {self.folder}" if self.folder else ""

    def config(self, scene: Path, fitted: Fitted | None = None) -> str:
        tags = fitted.after.tags if fitted else None
        several = len(self.classes) > 1
        return config_text(self.name, scene, self.size, self.folder, self.like, several, tags, self.images)

    def fitted(self, scene: Path, rounds: int, paint: bool, workers: int, report: Report) -> Fitted | None:
        """The scene with its ranges fitted to the photographs; None where there are none. The text is loaded once in
        any case, so that what is written can be read."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / scene.name
            path.write_text(self.text, encoding="utf-8")
            spec = load_scene(path, Catalog.open(*self.roots))
            if self.like is None or rounds == 0:
                return None
            real = self._real(spec.classes, report)
            with Studio(self.roots, self.size, 0, workers, "blender" if paint else "raycast") as studio:
                return Fitter(path, real, studio, report, LOOKS, PICTURES, rounds).fit()

    def _real(self, classes: tuple[str, ...], report: Report) -> Real:
        assert self.like is not None
        return read_real(
            self.like, self.images, classes, lambda done, total: report("real", done, total, "photographs")
        )


def _labelled(labels: Path, images: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that an object is labelled with, or all where none is. Roboflow's exports name all of them together
    as one more, and label nothing with it."""
    shown = {name for one in traits_of(photo_source(labels, images, classes=known)) for name in one.classes}
    return tuple(name for name in known if name in shown) or known


def _size(labels: Path, images: str, classes: tuple[str, ...]) -> tuple[int, int]:
    """(width, height) of the first photograph."""
    photographs = photo_source(labels, images, classes=classes)
    if not len(photographs):
        raise DatasetError(f"{labels}: lists no photographs; a scene to be like some needs at least one")
    picture = photographs[0].image
    return picture.shape[1], picture.shape[0]


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """As large as pictures are painted at most, in whole steps of eight pixels."""
    share = min(LONGEST / max(size), 1)
    width, height = (max(8 * round(side * share / 8), 64) for side in size)
    return width, height
