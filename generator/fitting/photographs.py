"""A real set, measured."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from generator.base.errors import DatasetError, GeneratorError, InputError, Problem
from generator.dataset.coco_labels import Photo, read_coco
from generator.dataset.coco_source import pictures_folder
from generator.dataset.imports import photo_source
from generator.fitting.handful import ENOUGH, widened, widened_traits
from generator.fitting.measures import Measured, Picture, Series, measured
from generator.fitting.traits import traits

MOST = 200  # pictures that are decoded
FEW = 3  # objects below which a class says nothing about ranges
SPLITS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Real:
    """A real set: `size` is its commonest (width, height); `fit` are the classes that it has and the scene, too; `aim`
    is what the scene is fitted to, wider than `measured` where there are but a few; `notes` say
    in words what it lacks."""

    measured: Measured
    aim: Measured
    size: tuple[int, int]
    fit: tuple[str, ...]
    notes: tuple[str, ...]


def read_real(labels: Path, images: str, classes: Sequence[str], report: Callable[[int, int], None]) -> Real:
    """Measure COCO labels and the pictures beside them. Raises InputError with all that is wrong, DatasetError where
    there is nothing to fit to."""
    wanted, notes = _shared(labels, classes)
    photos = read_coco(labels, pictures_folder(labels, images), wanted)
    counts = Counter(wanted[one.category - 1] for p in photos for one in p.annotations if not one.crowd)
    if not counts:
        raise DatasetError(f"{labels}: no annotated object of {', '.join(wanted)}, so there is nothing to fit to")
    for name in wanted:
        if counts[name] < FEW:
            notes.append(f"{labels.name} has {counts[name]} of class {name!r}, too few for its ranges: left as it was")
        elif counts[name] < ENOUGH:
            notes.append(f"{labels.name} has {counts[name]} of class {name!r}: its ranges are wider than those show")
    if part := next((s for s in SPLITS if s in labels.stem.lower().replace("-", "_").split("_")), None):
        notes.insert(0, f"{labels.name} looks like {part} labels: ranges must be fitted on training labels only, "
                        "or what is measured on it later is no longer honest")  # fmt: skip
    pictures = [_picture(one, wanted) for one in photos]
    found = measured(labels.name, pictures, wanted, _traits(labels, images, len(photos), wanted, report))
    size = Counter((p.width, p.height) for p in photos).most_common(1)[0][0]
    fit = tuple(name for name in wanted if counts[name] >= FEW)
    return Real(found, _aim(found, pictures, [name for name in fit if counts[name] < ENOUGH]), size, fit, tuple(notes))


def _aim(found: Measured, pictures: Sequence[Picture], few: Sequence[str]) -> Measured:
    """What is measured; for classes of which there are `few`, and of few pictures, what those let one expect."""
    wide = widened(found.name, pictures, few).series if few else {}
    traits = widened_traits(found.series) if len(pictures) < ENOUGH else {}
    return replace(found, series=found.series | wide | traits)


def _shared(labels: Path, classes: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Classes of the scene that are labelled there, and words about the others of both."""
    try:
        found = json.loads(labels.read_bytes())
        names = [str(one["name"]) for one in found["categories"]]
        used = {one["category_id"] for one in found["annotations"]}
        shown = [str(one["name"]) for one in found["categories"] if one["id"] in used]
    except (OSError, ValueError, KeyError, TypeError):
        return tuple(classes), []  # `read_coco` tells what is wrong
    wanted = tuple(name for name in classes if name in names)
    if not wanted:
        raise DatasetError(f"{labels}: its classes {', '.join(names) or 'none'} are none of the scene's: "
                           f"{', '.join(classes)}; names must agree")  # fmt: skip
    notes = [f"class {name!r} is labelled in {labels.name}, but the scene has none of that name: not fitted"
             for name in shown if name not in classes]  # fmt: skip
    notes += [f"class {name!r} of the scene is not labelled in {labels.name}: left as it was"
              for name in classes if name not in names]  # fmt: skip
    return wanted, notes


def _picture(photo: Photo, classes: Sequence[str]) -> Picture:
    real = [one for one in photo.annotations if not one.crowd]
    boxes = np.array([one.box for one in real], float).reshape(-1, 4)
    boxes /= (photo.width, photo.height, photo.width, photo.height)
    return Picture(tuple(classes[one.category - 1] for one in real), boxes, photo.width / photo.height)


def _traits(labels: Path, images: str, n: int, classes: tuple[str, ...], report: Callable[[int, int], None]) -> Series:
    """Traits of at most MOST pictures, evenly chosen. InputError names every picture that cannot be decoded."""
    source = photo_source(labels, images, classes=classes)
    chosen = sorted({int(k) for k in np.linspace(0, n - 1, min(n, MOST))})
    found: list[dict[str, float]] = []
    problems = []
    for done, index in enumerate(chosen, 1):
        try:
            found.append(traits(source[index].image))
        except GeneratorError as error:
            problems.append(Problem(str(labels), 0, 0, "", str(error)))
        report(done, len(chosen))
    if problems:
        raise InputError(problems)
    return {key: np.array([one[key] for one in found]) for key in found[0]}
