"""Models that tell depth: the photographs that they learn from, and how they are judged and told of."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from generator.base.errors import TrainError
from generator.cli.console import console
from generator.dataset.atomic import write_bytes, write_json
from generator.dataset.depth_maps import DepthMaps
from generator.dataset.depth_sources import DepthFrames, DepthPhotos
from generator.dataset.examples import Example, Source
from generator.dataset.imports import photo_source
from generator.dataset.keypoint_sources import KeypointFrames
from generator.dataset.selection import Selection
from generator.dataset.sources import SyntheticSource
from generator.dataset.store import Dataset
from generator.spec.load import near
from generator.spec.training import RealSource, Train
from generator.truth.coding import png

if TYPE_CHECKING:  # torch is slow to import, and --help need not wait for it
    from generator.train.deptherrors import DepthErrors, DepthEvaluation
    from generator.train.model import Detector
    from generator.train.result import Where

COLUMNS = {"AbsRel": "abs_rel", "RMSE (m)": "rmse", "log10": "log10",
           "δ<1.25": "delta1", "δ<1.25²": "delta2", "δ<1.25³": "delta3"}  # fmt: skip
DRAWN = 4  # photographs


def painted_frames(spec: Train | None, dataset: Dataset, split: str, selection: Selection | None) -> SyntheticSource:
    """The frames of a split with what the model learns: objects, their keypoints too, or depth."""
    kinds = {"depth": DepthFrames, "keypoint_rcnn": KeypointFrames}
    kind = kinds.get(spec.model, SyntheticSource) if spec else SyntheticSource
    return kind(dataset, split, selection)


def depth_photographs(config: Path, source: RealSource) -> DepthPhotos:
    """Photographs of a config with the depth beside them; GeneratorError for what is wrong with them."""
    images = source.images
    if images and not images.startswith("package:"):
        images = str(near(config, images))
    folder = near(config, source.depth)
    return _photographs(near(config, source.labels), images, source.crop, folder, source.depth_scale)


def _photographs(
    labels: Path, images: str, crop: tuple[int, int, int, int] | None, folder: Path, scale: float
) -> DepthPhotos:
    if not folder.is_dir():
        raise TrainError(f"{folder}: no such folder; `depth` is a folder of maps, named as the photographs")
    photos = photo_source(labels, images).photos
    return DepthPhotos(str(labels), photos, DepthMaps(photos, folder, scale, crop), crop)


def depth_scores(test: Source | None, painted: Source | None, checkpoint: Path) -> "dict[Where, DepthEvaluation]":
    """On everything there is; ``depth.png`` beside the checkpoint shows some of the test photographs."""
    from generator.report.depths import depth_sheet
    from generator.train.depthjudge import evaluate_depth

    scores: dict[Where, DepthEvaluation] = {}
    if test is not None:
        rows: list[tuple[Example, NDArray[np.float32]]] = []
        scores["real"] = evaluate_depth(
            checkpoint, test, lambda example, found: rows.append((example, found)) if len(rows) < DRAWN else None
        )
        write_bytes(checkpoint.parent / "depth.png", png(depth_sheet(rows)))
    if painted is not None:
        scores["synthetic"] = evaluate_depth(checkpoint, painted)
    return scores


def depth_validator(val: Source) -> "Callable[[Detector], float]":
    """The share of the pixels of validation photographs whose depth is within a quarter of the truth."""
    from generator.train.depthjudge import evaluate_depth

    return lambda model: evaluate_depth(model, val).metric.delta1


def depth_summary(folder: Path) -> None:
    """A table of every arm of a run whose model tells depth; nothing for one of detectors."""
    table = Table("arm", "on", *COLUMNS, "scaled AbsRel", "scaled δ<1.25", title="depth")
    for done in sorted(folder.glob("train/*/result.json")):
        for where, one in sorted(json.loads(done.read_text()).get("depth", {}).items()):
            metric, scaled = one["metric"], one["scaled"]
            values = [*(metric[name] for name in COLUMNS.values()), scaled["abs_rel"], scaled["delta1"]]
            table.add_row(done.parent.name, where, *(f"{value:.3f}" for value in values))
    if table.row_count:
        console.print(table)


def evaluate_depth_on(
    checkpoint: Path, model: "Detector", data: Path, images: str, crop: tuple[int, int, int, int] | None,
    depth: Path | None, scale: float, out: Path | None,
) -> None:  # fmt: skip
    """What `evaluate` tells of the model of depth in a checkpoint."""
    from generator.train.depthjudge import evaluate_depth

    if depth is None:
        raise TrainError(f"{checkpoint}: tells depth; give `--depth`, the folder of the photographs' depth maps")
    result = evaluate_depth(model, _photographs(data, images, crop, depth, scale))
    for name, errors in (("metres", result.metric), ("scaled by medians", result.scaled)):
        console.print(f"{name}: {told(errors)}", highlight=False)
    if result.unknown:
        console.print(f"{result.unknown} pictures without any known depth were left out")
    if out:
        write_json(out, result.model_dump(mode="json"))


def told(errors: "DepthErrors") -> str:
    values: Mapping[str, float] = errors.model_dump()
    return "  ".join(f"{title} {values[name]:.3f}" for title, name in COLUMNS.items())
