"""Named points on objects, for detectors that find them.

An example's are float32 (n, k, 3) in the order of its source's names: x and y in pixels from the picture's corner, and
COCO's visibility: 0 not labelled (x and y are 0), 1 hidden, 2 seen.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.base.errors import TrainError, did_you_mean
from generator.dataset.examples import Example, Source

Points = NDArray[np.float32]
Stored = tuple[tuple[str, ...], "array[float]"]  # names, and x y visibility of each
OPPOSITE = {"left": "right", "right": "left"}
NOTHING: Stored = ((), array("f"))


def stored(value: Any, names: tuple[str, ...]) -> Stored:
    """Of COCO's x y v, x y v, ..., which are measured from the centre of the first pixel. ValueError says what is
    wrong."""
    if not names:
        return NOTHING
    if value is None or value == []:
        return names, array("f", bytes(12 * len(names)))
    if not isinstance(value, list) or len(value) != 3 * len(names):
        raise ValueError(f"keypoints needs x y v for each of the category's {len(names)}")
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in value):
        raise ValueError("keypoints holds something that is not a finite number")
    if not {*value[2::3]} <= {0, 1, 2}:
        raise ValueError("keypoints: visibility is 0, 1 or 2")
    return names, array("f", [n if k % 3 == 2 else n + 0.5 for k, n in enumerate(value)])


def table(objects: Sequence[Mapping[str, Sequence[float]]], names: Sequence[str]) -> Points:
    """(n, k, 3) of each object's points by name; those that it lacks are not labelled."""
    nothing = (0.0, 0.0, 0.0)
    rows = [[one.get(name, nothing) for name in names] for one in objects]
    return np.array(rows, np.float32).reshape(len(objects), len(names), 3)


def by_name(points: Stored) -> dict[str, Sequence[float]]:
    names, values = points
    return {name: values[3 * k : 3 * k + 3] for k, name in enumerate(names)}


def within(points: Points, height: int, width: int) -> Points:
    """The same where what lies outside of a picture of that size is not labelled."""
    x, y, seen = points[..., 0], points[..., 1], points[..., 2]
    inside = (seen > 0) & (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    return np.where(inside[..., None], points, np.float32(0))


def keypoints_of(source: Source) -> tuple[str, ...]:
    """The names of the points that a source's examples carry, sorted; of a source around another, that one's."""
    inner = getattr(source, "source", None)
    return tuple(getattr(source, "keypoints", ())) if inner is None else keypoints_of(inner)


def aligned(example: Example, own: Sequence[str], wanted: Sequence[str]) -> Example:
    """The example with the points that are `wanted`, in that order, of its `own`; others are not labelled."""
    points = np.zeros((len(example.labels), len(wanted), 3), np.float32)
    for k, name in enumerate(wanted if example.keypoints is not None else ()):
        if name in own:
            points[:, k] = example.keypoints[:, list(own).index(name)]  # type: ignore[index]
    return replace(example, keypoints=points)


def opposites(names: Sequence[str]) -> tuple[int, ...]:
    """Which point each one's place is taken by in a mirror: left_eye's by right_eye, the nose's by the nose itself.

    The words left and right, between underscores, mean sides of the thing. A mirrored thing has them exchanged however
    the mirror hangs: upside down is a half turn of left becoming right.
    """
    twins = ["_".join(OPPOSITE.get(word, word) for word in name.split("_")) for name in names]
    return tuple(list(names).index(twin) if twin in names else k for k, twin in enumerate(twins))


def agreed(sources: Mapping[str, Source]) -> tuple[str, ...]:
    """The names that all sources agree on: those of the one with most, which must have all of the others'. A source may
    lack some, or all, where it does not label them. TrainError where none has any, or a name is in no other source."""
    found = {name: keypoints_of(source) for name, source in sorted(sources.items())}
    most = max(found, key=lambda name: len(found[name]))
    if not found[most]:
        raise TrainError(
            f"keypoint_rcnn learns keypoints, but {' and '.join(map(repr, found))} has none: show shapes that have "
            "some, declare `keypoints` in a mesh's asset.yaml, or give COCO labels whose categories name them; or set "
            "`train.model: mask_rcnn`"
        )
    strange = [
        f"{name!r} has {point!r}, which {most!r} has not{did_you_mean(point, found[most])}"
        for name, points in found.items()
        for point in points
        if point not in found[most]
    ]
    if strange:
        raise TrainError(f"keypoints must have the same names in all sources: {'; '.join(strange)}; rename them in one")
    return found[most]
