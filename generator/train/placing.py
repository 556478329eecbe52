"""How well found keypoints are placed: the share within reach of the truth, and COCO's precision by their similarity.

PCK: Yang & Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts" (TPAMI 2013). OKS: Lin et al.,
cocodataset.org/#keypoints-eval, with one constant for every keypoint, for want of annotators who disagree.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.base.record import Record
from generator.dataset.examples import Example
from generator.dataset.keypoints import Points
from generator.train.detections import Detection

REACH = 0.1  # of the longer side of the object's box
SIGMA = 0.05  # of COCO's: 0.025 for eyes, 0.107 for hips. Off by 0.1 of the root of the object's area: similarity 0.61


class Placed(Record):
    """`pck` is the share of the labelled keypoints, of all objects to find, that lie within a tenth of the longer side
    of the object's box from where its detection puts them; those of objects that are not found, at the threshold and by
    their box, count as wrong. `names` has it for each, in the detector's order. None where none is labelled."""

    pck: float | None
    names: dict[str, float | None]

    @classmethod
    def of(cls, right: NDArray[np.int64], labelled: NDArray[np.int64], names: Sequence[str]) -> "Placed":
        """From counts (k,) of each keypoint."""
        each = zip(names, right.tolist(), labelled.tolist(), strict=True)
        return cls(
            pck=_share(int(right.sum()), int(labelled.sum())),
            names={name: _share(hits, known) for name, hits, known in each},
        )


def near_enough(example: Example, items: Sequence[Detection], objects: Sequence[int]) -> NDArray[np.int64]:
    """(2, k) counts of one picture's keypoints: placed rightly, labelled. `objects` are the numbers of the objects that
    the detections found; negative for none."""
    truth = _points(example)
    seen = (truth[..., 2] > 0) & ~example.ignore[:, None]
    reach = REACH * (example.boxes[:, 2:] - example.boxes[:, :2]).max(1, initial=0)
    right = np.zeros_like(seen)
    for item, k in zip(items, objects, strict=True):
        if k >= 0:
            apart = np.array(item.keypoints)[:, :2] - truth[k, :, :2]
            right[k] = seen[k] & (np.hypot(*apart.T) <= reach[k])
    return np.stack([right.sum(0), seen.sum(0)]).astype(np.int64)


def true_points(example: Example) -> Points:
    """Those to be compared with; none of ignored regions, which then take in what lies about them."""
    return np.where(example.ignore[:, None, None], np.float32(0), _points(example))


def _points(example: Example) -> Points:
    if example.keypoints is None:
        raise ValueError(f"{example.key}: carries no keypoints")
    return example.keypoints


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
