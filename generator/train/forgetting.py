"""What fine-tuning unlearned: average precision per class, before and after."""

from collections.abc import Mapping
from pathlib import Path

from generator.base.record import Record
from generator.dataset.examples import Source
from generator.train.evaluate import detect, opened
from generator.train.score import Detections, Evaluation, score


class Change(Record):
    """One class. None where there was nothing to find."""

    name: str
    before: float | None
    after: float | None

    @property
    def lost(self) -> float | None:
        """Average precision lost; negative where it was gained."""
        return None if self.before is None or self.after is None else self.before - self.after


class Forgetting(Record):
    """Per source, its classes in their order: box average precision of the one detector and of the other."""

    sources: dict[str, tuple[Change, ...]]

    def forgotten(self, more_than: float = 0.05) -> list[str]:
        """Classes, as SOURCE/CLASS, that lost more than this."""
        return [
            f"{source}/{one.name}"
            for source, changes in self.sources.items()
            for one in changes
            if one.lost is not None and one.lost > more_than
        ]


def forgetting(before: Path, after: Path, sources: Mapping[str, Source]) -> Forgetting:
    """Judge both detectors on each source. They may know other classes: what a detector does not know it does not
    find."""
    changes = {}
    for name, source in sorted(sources.items()):
        changes[name] = compared(*(score(source, found_by_name(one, source), 0.5) for one in (before, after)))
    return Forgetting(sources=changes)


def compared(before: Evaluation, after: Evaluation) -> tuple[Change, ...]:
    """Two evaluations on one source, class by class."""
    return tuple(
        Change(name=name, before=value, after=after.box.classes.get(name)) for name, value in before.box.classes.items()
    )


def found_by_name(model: Path, source: Source) -> list[Detections]:
    """What a detector finds in a source, with the source's numbers for the classes; others are left out."""
    detector = opened(model)
    known = enumerate(detector.classes, 1)
    number = {k: source.classes.index(name) + 1 for k, name in known if name in source.classes}
    examples = (source[index] for index in range(len(source)))
    return [_renumbered(detect(detector, example.image, example.key), number) for example in examples]


def _renumbered(found: Detections, number: Mapping[int, int]) -> Detections:
    items = [item.model_copy(update={"label": number[item.label]}) for item in found.items if item.label in number]
    return Detections(key=found.key, items=tuple(items))
