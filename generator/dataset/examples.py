"""What a detector learns from: pictures with boxes, classes and masks, whatever they came from."""

from dataclasses import dataclass, replace
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
    depth    float32 (h, w), metres along the optical axis, 0 where unknown; None where the source has none
    keypoints
             float32 (n, k, 3) as `dataset.keypoints` says, or None where the source has none
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_] | None
    ignore: NDArray[np.bool_]
    key: str
    depth: NDArray[np.float32] | None = None
    keypoints: NDArray[np.float32] | None = None

    def only(self, chosen: NDArray[np.bool_]) -> "Example":
        """The same with some of its instances, bool (n,)."""
        masks = None if self.masks is None else self.masks[chosen]
        points = None if self.keypoints is None else self.keypoints[chosen]
        return replace(
            self, boxes=self.boxes[chosen], labels=self.labels[chosen], ignore=self.ignore[chosen], masks=masks,
            keypoints=points,
        )  # fmt: skip


class Source(Protocol):
    """A random-access set of examples. `masks` says whether its examples carry masks. Where they carry keypoints, the
    source also has `keypoints`, their names; ask `keypoints.keypoints_of`."""

    name: str
    classes: tuple[str, ...]
    masks: bool

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example: ...
