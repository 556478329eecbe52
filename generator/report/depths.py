"""Models that tell depth: their errors in a table, and maps beside the truth."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generator.dataset.examples import Example
from generator.report.drawing import Pixels
from generator.report.layers import FARTHEST, NEAREST
from generator.train.deptherrors import DepthErrors
from generator.train.result import Result

Depth = NDArray[np.float32]
WIDTH = 320  # pixels of a drawn map


@dataclass(frozen=True)
class DepthRow:
    """One model on one set of pictures; `sheet` is a data URI of some of these, "" where none were drawn."""

    name: str
    where: str
    pictures: int
    metric: DepthErrors
    scaled: DepthErrors
    sheet: str


def depth_rows(results: Sequence[Result], run: Path | None = None) -> list[DepthRow]:
    """Of every result, photographs first; with what is drawn in a `run`. Empty for detectors."""
    return [
        DepthRow(one.name, where, len(found.keys), found.metric, found.scaled, _sheet(run, one.name, where))
        for one in results
        for where, found in sorted(one.depth.items())
    ]


def _sheet(run: Path | None, name: str, where: str) -> str:
    path = (run or Path()) / "train" / name / "depth.png"
    if run is None or where != "real" or not path.exists():
        return ""
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def depth_sheet(rows: Sequence[tuple[Example, Depth]]) -> Pixels:
    """A row per picture: the picture, its true depth, the predicted one; near bright, far dark, black where unknown."""
    drawn = [_row(example, found) for example, found in rows]
    return np.concatenate(drawn)


def _row(example: Example, found: Depth) -> Pixels:
    truth = np.zeros_like(found) if example.depth is None else example.depth
    known = truth[truth > 0] if truth.any() else found
    ends = np.log(np.percentile(known, (1, 99)))
    panels = [example.image, shaded(truth, ends), shaded(found, ends)]
    height = max(round(WIDTH * truth.shape[0] / truth.shape[1]), 1)
    return np.concatenate([np.asarray(Image.fromarray(one).resize((WIDTH, height))) for one in panels], 1)


def shaded(depth: Depth, ends: NDArray[np.floating[Any]]) -> Pixels:
    """uint8 (h, w, 3): evenly by the logarithm between two ends; black where depth is 0."""
    share = (np.log(np.maximum(depth, 1e-3)) - ends[0]) / max(float(ends[1] - ends[0]), 1e-6)
    colors = (1 - share.clip(0, 1)[..., None]) * NEAREST + share.clip(0, 1)[..., None] * FARTHEST
    return np.where(depth[..., None] > 0, np.rint(colors), 0).astype(np.uint8)
