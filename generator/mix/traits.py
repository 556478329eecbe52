"""What is known of every example of a source without looking at its pixels: classes, tags, and where it was taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from generator.dataset.examples import Example, Source
from generator.dataset.sources import PhotoSource, SyntheticSource
from generator.dataset.subset import Part, keys_of
from generator.mix.pruning import Pruned


@dataclass(frozen=True)
class Traits:
    """Of one example: the classes of its objects and the tags of its scene."""

    classes: frozenset[str]
    tags: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return self.classes | self.tags


class Tagged:
    """Another source with more tags on its examples: `tags` by key."""

    def __init__(self, source: Source, tags: Mapping[str, Sequence[str]]) -> None:
        self.source, self.tags = source, dict(tags)
        self.name, self.classes, self.masks = source.name, source.classes, source.masks

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        return self.source[index]


def traits_of(source: Source) -> list[Traits]:
    """Traits in the source's order. Painted frames and photographs tell theirs; of another source every example is
    read. What is ignored counts where only reading would tell that it is."""
    told = told_by(source)
    if told is not None:
        return told
    read = [_read(source, index) for index in range(len(source))]
    return [replace(one, tags=tags) for one, tags in zip(read, tags_of(source), strict=True)]


def told_by(source: Source) -> list[Traits] | None:
    """Traits without reading any example; None where the source does not tell them."""
    classes = _classes(source)
    return None if classes is None else [Traits(*both) for both in zip(classes, tags_of(source), strict=True)]


def tags_of(source: Source) -> list[frozenset[str]]:
    """The tags of each example, of what a source is around too; none where nobody tells them."""
    if isinstance(source, SyntheticSource):
        return [frozenset(frame.tags) for frame in source.frames]
    inner = getattr(source, "source", None)
    if inner is None:
        return [frozenset()] * len(source)
    tags = tags_of(inner)
    if isinstance(source, Part):
        return [tags[k] for k in source.chosen]
    if isinstance(source, Tagged):
        return [own | {*source.tags.get(key, ())} for own, key in zip(tags, keys_of(source), strict=True)]
    return tags


def _classes(source: Source) -> list[frozenset[str]] | None:
    """Of each example's objects. Photographs do not tell which of them a crop keeps."""
    if isinstance(source, SyntheticSource):
        return [frozenset(one.label or "" for one in frame.annotated) for frame in source.frames]
    if isinstance(source, (Pruned, Tagged)):
        return _classes(source.source)
    if isinstance(source, Part):
        classes = _classes(source.source)
        return None if classes is None else [classes[k] for k in source.chosen]
    if isinstance(source, PhotoSource) and source.crop is None:
        return [
            frozenset(source.classes[one.category - 1] for one in photo.annotations if not one.crowd)
            for photo in source.photos
        ]
    return None


def _read(source: Source, index: int) -> Traits:
    example = source[index]
    return Traits(frozenset(source.classes[label - 1] for label in example.labels[~example.ignore].tolist()))


def commonness(traits: Sequence[Traits], classes: Sequence[str]) -> tuple[float, ...]:
    """Share of the examples that show each class."""
    shares = prevalence(traits)
    return tuple(shares.get(name, 0.0) for name in classes)


def prevalence(traits: Sequence[Traits]) -> dict[str, float]:
    """Share of the examples that show each class or carry each tag, sorted by name."""
    names = sorted({name for one in traits for name in one.names})
    return {name: sum(name in one.names for one in traits) / len(traits) for name in names}
