"""Keypoints as tables: formats want the same points, in the same order, of every object of a class."""

import json
from collections.abc import Mapping, Sequence

from generator.base.frame import Instance
from generator.dataset import parts
from generator.dataset.export import Delivery
from generator.dataset.shards import read_parts

Names = Mapping[str, tuple[str, ...]]


def keypoint_names(delivery: Delivery) -> Names:
    """Per class that has any, the names of its keypoints, sorted. Reads the facts of every frame, no pixels."""
    found: dict[str, set[str]] = {}
    for portion in delivery.portions:
        for record in portion:
            facts = json.loads(read_parts(delivery.dataset.folder, record, [parts.FACTS])[parts.FACTS])
            for one in facts["instances"]:
                if one["label"] is not None and one.get("keypoints"):
                    found.setdefault(one["label"], set()).update(one["keypoints"])
    return {label: tuple(sorted(names)) for label, names in sorted(found.items())}


def placed(one: Instance, names: Sequence[str], width: int, height: int) -> list[tuple[float, float, int]]:
    """(u, v, visibility) of every name, pixels. A point the object lacks, or outside the image, is (0, 0, 0)."""
    points = [one.keypoints.get(name, (0.0, 0.0, 0)) for name in names]
    return [p if p[2] and 0 <= p[0] < width and 0 <= p[1] < height else (0.0, 0.0, 0) for p in points]
