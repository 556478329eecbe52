"""What a trained detector finds, and how good that is."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.base.errors import TrainError
from generator.dataset import rle
from generator.dataset.examples import Source
from generator.dataset.keypoints import keypoints_of
from generator.train import checkpoint
from generator.train.batches import as_tensor
from generator.train.device import choose_device, use_cores
from generator.train.model import Detector
from generator.train.score import Detection, Detections, Evaluation, best_threshold, score

Model = Path | Detector


def evaluate(model: Model, source: Source, threshold: float | None = None) -> Evaluation:
    """Average precision on a source, and counts at a threshold: 0.5, or what `choose_threshold` chose elsewhere."""
    detector = _fitting(model, source)
    found, cut = _search(detector, source), 0.5 if threshold is None else threshold
    return score(source, found, cut, detector.keypoints, detector.masks)


def choose_threshold(model: Model, source: Source) -> float:
    """The score with the greatest F1 on a *validation* source; on the test source it would flatter."""
    return best_threshold(source, _search(_fitting(model, source), source))


def detect(model: Model, image: NDArray[np.uint8], key: str = "") -> Detections:
    """Everything found in one picture, uint8 (h, w, 3), with scores of at least 0.05, surest first."""
    model = opened(model)
    device = next(model.parameters()).device
    picture = as_tensor(np.asarray(image, np.float32) / 255).to(device)
    with torch.no_grad():
        found = {name: value.cpu() for name, value in model([picture])[0].items()}
    if "boxes" not in found:
        raise TrainError("this model tells depth and finds no objects; give a detector's model.pt")
    masks = (found["masks"][:, 0] > 0.5).numpy() if "masks" in found else [None] * len(found["boxes"])
    columns = [found[name].tolist() for name in ("boxes", "labels", "scores")]
    size = (image.shape[0], image.shape[1])
    items = [
        Detection(
            box=tuple(round(side, 2) for side in box),
            label=label,
            score=probability,
            size=size,
            counts="" if mask is None else rle.encode(mask)["counts"],
            keypoints=points,
        )
        for box, label, probability, mask, points in zip(*columns, masks, _points(found), strict=True)
    ]
    return Detections(key=key, items=tuple(sorted(items, key=lambda item: -item.score)))


def _points(found: dict[str, Tensor]) -> list[tuple[tuple[float, float, float], ...]]:
    """Of each thing found: x, y and logit of every keypoint."""
    if "keypoints" not in found:
        return [()] * len(found["boxes"])
    rows = torch.cat([found["keypoints"][..., :2], found["keypoints_scores"][..., None]], 2).tolist()
    return [tuple((round(x, 2), round(y, 2), round(logit, 3)) for x, y, logit in one) for one in rows]


def opened(model: Model) -> Detector:
    """A `model.pt` as a detector on the best device, ready for inference."""
    if isinstance(model, Detector):
        return model.eval()
    use_cores()
    return checkpoint.detector(checkpoint.load(model), choose_device())


def _fitting(model: Model, source: Source) -> Detector:
    """The detector. TrainError where it knows other classes or keypoints than the source has."""
    detector = opened(model)
    if isinstance(model, Path) and detector.classes != tuple(source.classes):
        raise TrainError(
            f"{model} knows the classes {', '.join(detector.classes)}, but {source.name} has "
            f"{', '.join(source.classes)}; evaluate on labels with the same classes in the same order"
        )
    strange = sorted({*keypoints_of(source)} - {*detector.keypoints})
    if detector.keypoints and strange:
        raise TrainError(
            f"the detector finds the keypoints {', '.join(detector.keypoints)}, but {source.name} has "
            f"{', '.join(strange)} too; evaluate on labels with the same names"
        )
    return detector


def _search(detector: Detector, source: Source) -> list[Detections]:
    examples = (source[index] for index in range(len(source)))
    return [detect(detector, example.image, example.key) for example in examples]
