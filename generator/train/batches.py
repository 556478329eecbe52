"""From sources to what the network takes in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from generator.base.draw import Draw
from generator.dataset.examples import Example, Source
from generator.dataset.keypoints import aligned, keypoints_of
from generator.mix.sampler import Mixture
from generator.train.augment import Augment, Picture
from generator.train.pasting import Paste


@dataclass(frozen=True)
class Batch:
    """What the network sees in one step: pictures float (3, h, w), torchvision's targets, and where they are from."""

    pictures: list[Tensor]
    targets: list[dict[str, Tensor]]
    keys: list[str]

    def to(self, device: torch.device) -> "Batch":
        targets = [{name: value.to(device) for name, value in target.items()} for target in self.targets]
        return Batch([picture.to(device) for picture in self.pictures], targets, self.keys)


@dataclass(frozen=True)
class Batches:
    """The augmented batch of any step: a pure function of (seed, step). `sources` are in the mixture's order;
    `keypoints` are the names of those to learn; `paste` puts painted objects on photographs."""

    sources: tuple[Source, ...]
    mixture: Mixture
    augment: Augment
    size: int
    masks: bool
    seed: int
    keypoints: tuple[str, ...] = ()
    paste: Paste | None = None

    def __call__(self, step: int, place: int | None = None, rank: int = 0, ranks: int = 1) -> Batch:
        """`place` is the step's own in the mixture, where that begins later than the run. Of several workers, `rank`
        gets its part of what one alone would get, picture by picture the same."""
        pictures, targets, keys = [], [], []
        whole = list(enumerate(self.mixture.batch(step if place is None else place)))
        for slot, (source, index) in whole[rank::ranks]:
            example = self.sources[source][index]
            if self.keypoints:
                example = aligned(example, keypoints_of(self.sources[source]), self.keypoints)
            if self.paste and self.mixture.names[source] == "real":
                example = self.paste(example, Draw(self.seed, step) / "paste" / slot)
            picture, labels = self.augment(example, self.size, Draw(self.seed, step) / "augment" / slot)
            pictures.append(as_tensor(picture))
            targets.append(as_target(labels, self.masks, bool(self.keypoints)))
            keys.append(f"{self.mixture.names[source]}/{example.key}")
        return Batch(pictures, targets, keys)


def as_tensor(picture: Picture) -> Tensor:
    """(h, w, 3) to (3, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def as_target(example: Example, masks: bool, keypoints: bool = False) -> dict[str, Tensor]:
    """torchvision's words for labels, plus ``ignore``: boxes in which no background is learned."""
    real = ~example.ignore
    target = {
        "boxes": torch.from_numpy(example.boxes[real]),
        "labels": torch.from_numpy(example.labels[real]),
        "ignore": torch.from_numpy(example.boxes[example.ignore]),
    }
    if masks and example.masks is not None:
        target["masks"] = torch.from_numpy(np.ascontiguousarray(example.masks[real]).view(np.uint8))
    if keypoints and example.keypoints is not None:
        target["keypoints"] = torch.from_numpy(example.keypoints[real])
    if example.depth is not None:
        target["depth"] = torch.from_numpy(np.ascontiguousarray(example.depth))
    return target


def prefetched(make: Callable[[int], Batch], first: int, end: int) -> Iterator[tuple[int, Batch]]:
    """Steps and their batches; the next one is made while this one is learned from."""
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(make, first)
        for step in range(first, end):
            batch = coming.result()
            if step + 1 < end:
                coming = ahead.submit(make, step + 1)
            yield step, batch
