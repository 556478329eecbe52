"""Masks as polygons that run along the borders of the pixels: filling one again gives exactly the mask."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from generator.base.frame import Mask

Ring = NDArray[np.int64]
Vertex = tuple[int, int]
Stretch = tuple[int, int, int]


def polygons(mask: Mask) -> list[Ring]:
    """A closed ring (n, 2) of corners x y for every part of a bool (h, w) mask; its first corner is not repeated.

    Parts are connected by edges: pixels that only touch at a corner are two parts. A polygon cannot have a hole, so
    that a hole's ring is joined to the outer one by a cut of no width, walked there and back.
    """
    return [joined(rings) for rings in _parts(mask)]


def ring(mask: Mask) -> Ring:
    """The whole mask as one ring, its parts joined by cuts of no width. The mask has at least one pixel."""
    return joined(polygons(mask))


def joined(rings: list[Ring]) -> Ring:
    """One ring of several. What lies within, by even-odd or non-zero rule, does not change: cuts cancel."""
    whole = rings[0]
    for other in rings[1:]:
        distance = abs(whole[:, None] - other[None]).sum(2)
        i, j = np.unravel_index(distance.argmin(), distance.shape)
        whole = np.concatenate([whole[: i + 1], other[j:], other[: j + 1], whole[i:]])
    return whole


def _parts(mask: Mask) -> Iterator[list[Ring]]:
    """Per part its rings, the outer one first."""
    label, count = ndimage.label(mask)
    found: list[list[Ring]] = [[] for _ in range(count)]
    for one in _rings(mask):
        x, y = _pixel_beside(one)
        part = found[label[y, x] - 1]
        part.insert(0 if _area(one) > 0 else len(part), one)
    yield from found


def _rings(mask: Mask) -> Iterator[Ring]:
    """Every border, with the mask on the right hand: outer ones turn clockwise on the screen, holes the other way.

    Starts with a horizontal stretch. Where two pixels touch at a corner only, the walk turns right and stays with its
    own pixel.
    """
    along, across = _stretches(mask, 1), _stretches(mask.T, -1)
    for start in list(along):
        if start in along:
            yield np.array(_walk(start, along, across))


def _walk(start: Stretch, along: dict[Stretch, int], across: dict[Stretch, int]) -> list[Vertex]:
    """Takes the stretches of one ring out of both; its corners."""
    y, x, heading = start
    corners = [(x, y)]
    while True:
        x = along.pop((y, x, heading))
        corners.append((x, y))
        heading = heading if (x, y, heading) in across else -heading
        y = across.pop((x, y, heading))
        heading = -heading if (y, x, -heading) == start or (y, x, -heading) in along else heading
        if (y, x, heading) == start:
            return corners
        corners.append((x, y))


def _stretches(mask: Mask, side: int) -> dict[Stretch, int]:
    """Straight borders between rows: (row, column, +1 or -1: heading) to the column where each ends. The mask is on
    the right hand with `side` 1, on the left with -1."""
    step = np.diff(np.pad(mask.astype(np.int8), 1), axis=0)
    changes = np.diff(step, axis=1) != 0
    lines, first = np.nonzero(changes & (step[:, 1:] != 0))
    _, last = np.nonzero(changes & (step[:, :-1] != 0))
    heading = step[lines, first + 1] * side
    begin, end = np.where(heading > 0, first, last), np.where(heading > 0, last, first)
    keys = zip(lines.tolist(), begin.tolist(), heading.tolist(), strict=True)
    return dict(zip(keys, end.tolist(), strict=True))


def _pixel_beside(one: Ring) -> Vertex:
    """A pixel of the mask, x y, at the right hand of a ring's first, horizontal stretch."""
    (x, y), (x2, _) = one[0], one[1]
    return (int(x), int(y)) if x2 > x else (int(x2), int(y) - 1)


def _area(one: Ring) -> float:
    """Shoelace; positive for a ring that turns clockwise on the screen."""
    x, y = one.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
