"""Part of a COCO file: some of its pictures with their annotations, everything else as it stands there."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from generator.dataset.atomic import write_json


def write_part(labels: Path, keys: Collection[str], out: Path) -> None:
    """Write to `out` what `labels` says of the pictures whose `file_name` is among `keys`. `labels` must be sound."""
    data: dict[str, Any] = json.loads(labels.read_bytes())
    wanted = set(keys)
    images = [one for one in data["images"] if one["file_name"] in wanted]
    ids = {one["id"] for one in images}
    annotations = [one for one in data["annotations"] if one["image_id"] in ids]
    write_json(out, {**data, "images": images, "annotations": annotations})
