"""Parts of data sets: nested, as varied as the whole, the same on every machine."""

from collections import Counter
from collections.abc import Sequence

from generator.base.draw import Draw
from generator.dataset.examples import Example, Source
from generator.dataset.sources import PhotoSource, SyntheticSource


class Part:
    """Some examples of another source, by their numbers in it, and all else as it is there."""

    def __init__(self, source: Source, chosen: Sequence[int]) -> None:
        self.source, self.chosen = source, tuple(chosen)
        self.name, self.classes, self.masks = source.name, source.classes, source.masks

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int) -> Example:
        return self.source[self.chosen[index]]


def chosen(scenes: Sequence[str], share: float, draw: Draw) -> list[int]:
    """Which of the pictures make up a share of them, in their order: round(share * n), at least one.

    `scenes` names each picture's. Each scene gives its part of them, to within one or two (systematic sampling:
    Cochran, "Sampling Techniques", 1977, chapter 8), for who can label few pictures labels no neighbours in a video:
    few scenes would teach less, and flatter what is added to them. A smaller share lies within a larger one.
    """
    sizes, taken = Counter(scenes), Counter[str]()
    first = {name: (draw / name).uniform() for name in sizes}
    place = dict[int, float]()
    for k in sorted(range(len(scenes)), key=lambda k: (draw / scenes[k] / k).uniform()):
        place[k] = (taken[scenes[k]] + first[scenes[k]]) / sizes[scenes[k]]
        taken[scenes[k]] += 1
    order = sorted(place, key=lambda k: (place[k], k))
    return sorted(order[: max(1, round(share * len(order)))])


def keys_of(source: Source) -> list[str]:
    """Of all examples; read only where neither the source nor what it wraps tells them."""
    if isinstance(source, PhotoSource):
        return [photo.key for photo in source.photos]
    if isinstance(source, SyntheticSource):
        return [frame.key for frame in source.frames]
    if isinstance(source, Part):
        keys = keys_of(source.source)
        return [keys[k] for k in source.chosen]
    inner = getattr(source, "source", None)
    return [source[k].key for k in range(len(source))] if inner is None else keys_of(inner)
