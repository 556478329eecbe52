"""What a trained detector finds, and how good that is."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from generator.base.errors import TrainError
from generator.dataset import rle
from generator.dataset.examples import Source
from generator.train import checkpoint
from generator.train.batches import as_tensor
from generator.train.device import choose_device, use_cores
from generator.train.model import Detector
from generator.train.score import Detection, Detections, Evaluation, best_threshold, score

Model = Path | Detector


def evaluate(model: Model, source: Source, threshold: float | None = None) -> Evaluation:
    """Average precision on a source, and counts at a threshold: 0.5, or what `choose_threshold` chose elsewhere."""
    return score(source, _search(model, source), 0.5 if threshold is None else threshold)


def choose_threshold(model: Model, source: Source) -> float:
    """The score with the greatest F1 on a *validation* source; on the test source it would flatter."""
    return best_threshold(source, _search(model, source))


def detect(model: Model, image: NDArray[np.uint8], key: str = "") -> Detections:
    """Everything found in one picture, uint8 (h, w, 3), with scores of at least 0.05, surest first."""
    model = opened(model)
    device = next(model.parameters()).device
    picture = as_tensor(np.asarray(image, np.float32) / 255).to(device)
    with torch.no_grad():
        found = {name: value.cpu() for name, value in model([picture])[0].items()}
    masks = (found["masks"][:, 0] > 0.5).numpy() if "masks" in found else [None] * len(found["boxes"])
    size = (image.shape[0], image.shape[1])
    items = [
        Detection(
            box=tuple(round(side, 2) for side in box),
            label=label,
            score=probability,
            size=size,
            counts="" if mask is None else rle.encode(mask)["counts"],
        )
        for box, label, probability, mask in zip(
            found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), masks, strict=True
        )
    ]
    return Detections(key=key, items=tuple(sorted(items, key=lambda item: -item.score)))


def opened(model: Model) -> Detector:
    """A `model.pt` as a detector on the best device, ready for inference."""
    if isinstance(model, Detector):
        return model.eval()
    use_cores()
    return checkpoint.detector(checkpoint.load(model), choose_device())


def _search(model: Model, source: Source) -> list[Detections]:
    if isinstance(model, Path):
        known = tuple(checkpoint.load(model)["classes"])
        if known != tuple(source.classes):
            raise TrainError(
                f"{model} knows the classes {', '.join(known)}, but {source.name} has {', '.join(source.classes)}; "
                "evaluate on labels with the same classes in the same order"
            )
    detector = opened(model)
    examples = (source[index] for index in range(len(source)))
    return [detect(detector, example.image, example.key) for example in examples]
