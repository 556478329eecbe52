"""What a detector learns from: pictures with boxes, classes and masks, whatever they came from."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Example:
    """One labelled picture.

    image    uint8 (h, w, 3), sRGB
    boxes    float32 (n, 4), half-open x0 y0 x1 y1 in pixels
    labels   int64 (n,), 1-based category ids in the order of the source's `classes`
    masks    bool (n, h, w), or None where the source has boxes only
    ignore   bool (n,): regions that are neither object nor background (crowds, removed tiny instances)
    key      unique within the source
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_] | None
    ignore: NDArray[np.bool_]
    key: str


class Source(Protocol):
    """A random-access set of examples. `masks` says whether its examples carry masks."""

    name: str
    classes: tuple[str, ...]
    masks: bool

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example: ...
