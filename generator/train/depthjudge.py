"""What a trained network says of depth, and how good that is."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from generator.base.errors import TrainError
from generator.dataset.examples import Example, Source
from generator.train.batches import as_tensor
from generator.train.deptherrors import Depth, DepthEvaluation
from generator.train.depthnet import DepthNet
from generator.train.evaluate import Model, opened

Seen = Callable[[Example, Depth], None]


def evaluate_depth(model: Model, source: Source, seen: Seen | None = None) -> DepthEvaluation:
    """Errors on a source whose examples have depth; `seen` is given each example and what was predicted. TrainError
    where there is nothing to judge."""
    network = _opened(model)

    def each() -> Iterator[tuple[str, Depth, Depth]]:
        for index in range(len(source)):
            example = source[index]
            if example.depth is None:
                raise TrainError(f"{source.name}: its pictures have no depth to judge by; give `depth`, a folder of it")
            found = predict_depth(network, example.image)
            if seen:
                seen(example, found)
            yield example.key, found, example.depth

    return DepthEvaluation.of(source.name, each())


def predict_depth(model: Model, image: NDArray[np.uint8]) -> Depth:
    """Metres along the optical axis, float32 (h, w), of a picture, uint8 (h, w, 3)."""
    network = _opened(model)
    device = next(network.parameters()).device
    with torch.no_grad():
        found = network([as_tensor(np.asarray(image, np.float32) / 255).to(device)])[0]["depth"].cpu().numpy()
    depth: Depth = found
    return depth


def _opened(model: Model) -> DepthNet:
    network = opened(model)
    if not isinstance(network, DepthNet):
        raise TrainError("this model finds objects and tells no depth; give one that was trained with `model: depth`")
    return network
