"""Per class, how small an instance must be to be removed: the smallest share of a data set's, by visible pixels, or as
many as make sizes most like those of photographs, by boxes where these have no masks.

Poucin et al. (ICCVW 2021): removing 30 % of most classes and 60 % of persons helped nearly everywhere. The thresholds
are those of the training set alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import TrainError, did_you_mean
from generator.base.geometry import box_area
from generator.dataset.coco_labels import Annotation
from generator.dataset.coco_source import PhotoSource
from generator.dataset.examples import Example, Source
from generator.dataset.records import InstanceRecord
from generator.dataset.smallest import thresholds_of
from generator.dataset.sources import SyntheticSource
from generator.dataset.subset import Part
from generator.spec.naming import DEFAULT

CUTS = 400  # tried at most: each costs a pass over all sizes
Becomes = Literal["ignore", "background"]


@dataclass(frozen=True)
class Size:
    """One instance that counts: its class, its visible pixels (its box's, without masks or where boxes are asked for)
    and its picture's."""

    name: str
    pixels: int
    picture: int


def sizes_of(source: Source, boxes: bool = False) -> list[Size]:
    """Sizes of all instances, or of their `boxes`. Painted frames and photographs tell theirs; of another source every
    example is read."""
    if isinstance(source, SyntheticSource):
        frames = ((frame, frame.width * frame.height) for frame in source.frames)
        return [
            Size(one.label or "", _painted(one, boxes), whole) for frame, whole in frames for one in frame.annotated
        ]
    if isinstance(source, PhotoSource) and source.crop is None:
        return [
            Size(source.classes[one.category - 1], _labelled(one, boxes), photo.width * photo.height)
            for photo in source.photos
            for one in photo.annotations
            if not one.crowd
        ]
    return [size for index in range(len(source)) for size in _sizes(source[index], source.classes, boxes)]


def objects_of(source: Source) -> list[int]:
    """How many objects each example has to find. Painted frames tell it; of another source every example is read."""
    told = _objects(source)
    return [int((~source[index].ignore).sum()) for index in range(len(source))] if told is None else told


def _objects(source: Source) -> list[int] | None:
    """Without reading any example; None where the source does not tell them."""
    if isinstance(source, Part):
        objects = _objects(source.source)
        return None if objects is None else [objects[k] for k in source.chosen]
    painted, cuts, boxes = source, dict[str, int](), False
    if isinstance(source, Pruned):
        painted, cuts, boxes = source.source, source.thresholds, source.boxes
    if isinstance(painted, SyntheticSource) and painted.classes and not painted.thresholds:
        return [
            sum(_painted(one, boxes) >= cuts.get(one.label or "", 0) for one in frame.annotated)
            for frame in painted.frames
        ]
    return None


def _labelled(one: Annotation, boxes: bool) -> int:
    return round(box_area(one.box)) if boxes else one.area


def _painted(one: InstanceRecord, boxes: bool) -> int:
    return round(box_area(one.box)) if boxes and one.box else one.visible_pixels


def _sizes(example: Example, classes: tuple[str, ...], boxes: bool) -> list[Size]:
    whole = example.image.shape[0] * example.image.shape[1]
    pixels = pixels_of(example, boxes)
    return [Size(classes[example.labels[k] - 1], int(pixels[k]), whole) for k in np.flatnonzero(~example.ignore)]


def pixels_of(example: Example, boxes: bool = False) -> NDArray[np.int64]:
    """Per instance, int (n,): the pixels of its mask; of its box, where it has none or `boxes` are asked for."""
    if example.masks is not None and not boxes:
        return example.masks.sum((1, 2), dtype=np.int64)
    sides = (example.boxes[:, 2:] - example.boxes[:, :2]).clip(min=0)
    return sides.prod(1).round().astype(np.int64)


def thresholds(areas: Iterable[tuple[str, int]], share: float | Mapping[str, float]) -> dict[str, int]:
    """Per class, the pixels below which at most its share of the instances lie; classes without a share are left out.

    `areas` are (class, pixels). `share` is one for all, or by class with one for all others under ``default`` (else 0).
    TrainError for a class that there is none of.
    """
    if not isinstance(share, Mapping):
        return thresholds_of(areas, share)
    by_class: dict[str, list[int]] = {}
    for name, pixels in areas:
        by_class.setdefault(name, []).append(pixels)
    for name in sorted(share.keys() - by_class.keys() - {DEFAULT}):
        raise TrainError(f"smallest: there is no {name!r}{did_you_mean(name, by_class)}")
    found: dict[str, int] = {}
    for name, pixels_of in sorted(by_class.items()):
        found |= thresholds_of([(name, pixels) for pixels in pixels_of], share.get(name, share.get(DEFAULT, 0.0)))
    return found


def matching(own: Iterable[Size], real: Iterable[Size]) -> dict[str, int]:
    """Per class that both have, the pixels below which to remove `own` instances so that the sizes of the others are
    distributed as the `real` ones': the cut with the least Kolmogorov-Smirnov distance, the lowest of several. Both
    must be of masks, or both of boxes: a disc's mask has 0.79 of its box's pixels.

    Sizes are compared as parts of their pictures, which is what a network that resizes them sees.
    """
    mine, theirs = _parts(own), _parts(real)
    found = {name: _cut(mine[name], theirs[name][:, 0]) for name in sorted(mine.keys() & theirs.keys())}
    return {name: pixels for name, pixels in found.items() if pixels}


def _parts(sizes: Iterable[Size]) -> dict[str, NDArray[np.float64]]:
    """Per class (n, 2): parts of the picture, ascending, and the pixels that these are."""
    by_class: dict[str, list[tuple[float, float]]] = {}
    for one in sizes:
        by_class.setdefault(one.name, []).append((one.pixels / one.picture, float(one.pixels)))
    return {name: np.array(sorted(some)) for name, some in by_class.items()}


def _cut(own: NDArray[np.float64], real: NDArray[np.float64]) -> int:
    """The pixels of the first instance that stays, 0 where all do."""
    firsts = np.unique(own[:, 0], return_index=True)[1]
    firsts = firsts[:: -(-len(firsts) // CUTS)]
    distances = [_distance(own[first:, 0], real) for first in firsts]
    first = int(firsts[int(np.argmin(np.round(distances, 12)))])
    return int(np.ceil(own[first, 1])) if first else 0


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov: the greatest difference of the two distribution functions. Both ascending."""
    at = np.concatenate([a, b])
    own, other = (np.searchsorted(some, at, "right") / len(some) for some in (a, b))
    return float(np.abs(own - other).max())


class Pruned:
    """Another source without the instances of fewer pixels than their class's threshold, in their masks or `boxes`:
    they become ignored regions, or background. Their pixels stay in the picture."""

    def __init__(
        self, source: Source, thresholds: Mapping[str, int], becomes: Becomes = "ignore", boxes: bool = False
    ) -> None:
        self.source, self.thresholds, self.becomes, self.boxes = source, dict(thresholds), becomes, boxes
        self.name, self.classes, self.masks = source.name, source.classes, source.masks

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        example = self.source[index]
        least = np.array([self.thresholds.get(self.classes[label - 1], 0) for label in example.labels.tolist()])
        small = ~example.ignore & (pixels_of(example, self.boxes) < least.reshape(-1))
        if self.becomes == "ignore":
            return replace(example, ignore=example.ignore | small)
        return example.only(~small)


def tally(sizes: Iterable[Size], cuts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Per class, the pixels an instance needs, and how many of the instances stay and go."""
    found: dict[str, dict[str, int]] = {}
    for one in sizes:
        row = found.setdefault(one.name, {"pixels": cuts.get(one.name, 0), "kept": 0, "removed": 0})
        row["removed" if one.pixels < row["pixels"] else "kept"] += 1
    return dict(sorted(found.items()))
