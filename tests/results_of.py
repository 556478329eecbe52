"""Results of detectors that find a known share of the objects, without training any."""

from collections.abc import Sequence

import numpy as np

from generator.base.draw import Draw
from generator.dataset.examples import Example
from generator.train.detections import Detection, Detections
from generator.train.result import Judged, Result
from generator.train.score import score

SIDE = 160


class Photographs:
    """`count` pictures in runs of five, one to four boxes each, of two classes."""

    name, classes, masks = "photographs", ("a", "b"), False

    def __init__(self, count: int = 40) -> None:
        self.examples = [self._example(k) for k in range(count)]

    def _example(self, k: int) -> Example:
        rng = (Draw(k) / "picture").rng()
        n = int(rng.integers(1, 5))
        corner, side = rng.integers(0, 100, (n, 2)), rng.integers(12, 60, (n, 2))
        boxes = np.concatenate([corner, corner + side], 1).astype(np.float32)
        image = np.full((SIDE, SIDE, 3), 40 + k, np.uint8)
        return Example(image, boxes, rng.integers(1, 3, n), None, np.zeros(n, bool), f"v_{k:03d}")

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


def found_in(source: Photographs, recall: float, draw: Draw) -> list[Detections]:
    """Each object is found, exactly, with probability `recall`; every second picture has a false alarm."""
    result = []
    for k in range(len(source)):
        example, rng = source[k], (draw / k).rng()
        hits = [
            Detection(box=tuple(box), label=int(label), score=float(rng.uniform(0.5, 1)), size=(SIDE, SIDE))
            for box, label in zip(example.boxes.tolist(), example.labels, strict=True)
            if rng.random() < recall
        ]
        alarm = Detection(box=(120, 130, 150, 155), label=1, score=float(rng.uniform(0.05, 0.6)), size=(SIDE, SIDE))
        result.append(Detections(key=example.key, items=(*hits, *([alarm] if k % 2 else []))))
    return result


def result_of(source: Photographs, arm: str, seed: int, recall: float, real: float = 1.0, synthetic: float = 1.0,
              sizes: dict[str, int] | None = None, scenes: Sequence[str] = ()) -> Result:  # fmt: skip
    found = found_in(source, recall, Draw(seed) / arm / f"{real:g}" / f"{synthetic:g}")
    scenes = scenes or [f"run{k // 5}" for k in range(len(source))]
    judged = Judged.of(source, score(source, found, 0.5), scenes, {"dim": range(0, len(source), 3)})
    sizes = sizes or {"real": round(200 * real)}
    return Result(
        run="test", arm=arm, seed=seed, real_share=real, synthetic_share=synthetic, steps=10, batch=4, sizes=sizes,
        labels=sizes, scores={"real": judged}, config={"model": "faster_rcnn", "backbone": "efficientnet_lite0"},
    )  # fmt: skip
