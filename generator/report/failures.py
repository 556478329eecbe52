"""What is in quarantine, to look at: labels drawn into the picture, and where painter and labels disagree."""

import numpy as np
from PIL import Image

from generator.base.errors import DatasetError
from generator.dataset.quarantine import read
from generator.dataset.records import FrameRecord
from generator.dataset.store import Dataset
from generator.report.drawing import Pixels, enlargement
from generator.report.sheet import draw, sheet

BLANK = 238  # grey, where nothing was painted


def failure_sheet(dataset: Dataset, n: int = 16) -> Image.Image:
    """The first `n` frames in quarantine, by key: each with its labels beside its differences, and its reason below.
    Raises DatasetError when there is none."""
    failed = dataset.quarantined[:n]
    if not failed:
        raise DatasetError(f"{dataset.folder}: nothing is in quarantine")
    return sheet([shown(dataset, one) for one in failed], 2, [f"{one.key} · {one.quarantine}" for one in failed])


def shown(dataset: Dataset, record: FrameRecord) -> Pixels:
    """Labels over the picture, and differences to the right of them; grey where there is no picture."""
    try:
        kept = read(dataset.folder, record.key)
    except DatasetError:  # painted before pictures of failures were kept
        kept = None
    scale = enlargement((record.height, record.width))
    blank = np.full((record.height * scale, record.width * scale, 3), BLANK, np.uint8)
    if kept is None or kept.frame is None:
        return np.hstack([blank, blank])
    left = draw(kept.frame, dataset.manifest.classes, scale, distractors=True)
    right = blank if kept.difference is None else kept.difference.repeat(scale, 0).repeat(scale, 1)
    return np.hstack([left, right])
