"""What is known of every example of a source without looking at its pixels: classes, tags, and where it was taken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.dataset.examples import Source
from generator.dataset.sources import PhotoSource, SyntheticSource
from generator.dataset.subset import Part
from generator.mix.harmonized import Harmonized
from generator.mix.pruning import Pruned


@dataclass(frozen=True)
class Traits:
    """Of one example: the classes of its objects and the tags of its scene."""

    classes: frozenset[str]
    tags: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        return self.classes | self.tags


def traits_of(source: Source) -> list[Traits]:
    """Traits in the source's order. Painted frames and photographs tell theirs; of another source every example is
    read. What is ignored counts where only reading would tell that it is."""
    told = told_by(source)
    if told is not None:
        return told
    read = [_read(source, index) for index in range(len(source))]
    scenes = told_by(source.source) if isinstance(source, Harmonized) else None
    return [replace(one, tags=scene.tags) for one, scene in zip(read, scenes, strict=True)] if scenes else read


def told_by(source: Source) -> list[Traits] | None:
    """Traits without reading any example; None where the source does not tell them."""
    if isinstance(source, SyntheticSource):
        return [
            Traits(frozenset(one.label or "" for one in frame.annotated), frozenset(frame.tags))
            for frame in source.frames
        ]
    if isinstance(source, Pruned):
        return told_by(source.source)
    if isinstance(source, Part):
        told = told_by(source.source)
        return None if told is None else [told[k] for k in source.chosen]
    if isinstance(source, PhotoSource):
        return [
            Traits(frozenset(source.classes[one.category - 1] for one in photo.annotations if not one.crowd))
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
