"""A source whose labels have been harmonized."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from generator.base.errors import TrainError
from generator.dataset.examples import Example, Source
from generator.mix.harmonize import Counts, Picture, Thing, Values, harmonize
from generator.spec.harmonizing import Rules

Semantics = Callable[[int], Values]


class Harmonized:
    """Another source's examples after `rules`, with the labels of `classes`. For training and evaluation alike.

    `semantics` gives an example's semantic map, (h, w), by its index. An ignored instance may have any name; one that
    counts must be of `classes`, or TrainError says which is not.
    """

    def __init__(
        self, source: Source, rules: Rules, classes: Sequence[str], semantics: Semantics | None = None
    ) -> None:
        self.source, self.rules, self.semantics = source, rules, semantics
        self.name, self.classes, self.masks = source.name, tuple(classes), source.masks

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Example:
        return self._made(index, Counter())

    def told(self) -> tuple[Counts, list[frozenset[str]]]:
        """What the rules do to all examples, instances per rule and class; and the classes that each then shows. Reads
        everything, once."""
        counts: Counts = Counter()
        examples = (self._made(index, counts) for index in range(len(self)))
        shown = [frozenset(self.classes[k - 1] for k in one.labels[~one.ignore].tolist()) for one in examples]
        return +counts, shown

    def _made(self, index: int, counts: Counts) -> Example:
        example = self.source[index]
        semantic = self.semantics(index) if self.semantics else None
        things = harmonize(things_of(example, self.source.classes), self.rules, semantic, counts)
        return example_of(things, self.classes, example)


def things_of(example: Example, classes: Sequence[str]) -> Picture:
    """An example's instances, one by one."""
    masks = [None] * len(example.labels) if example.masks is None else list(example.masks)
    points = [None] * len(example.labels) if example.keypoints is None else list(example.keypoints)
    return [
        Thing(classes[label - 1], tuple(box), bool(ignore), mask, keypoints)
        for label, box, ignore, mask, keypoints in zip(
            example.labels.tolist(), example.boxes.tolist(), example.ignore, masks, points, strict=True
        )
    ]


def of_maps(instance: Values, names: dict[int, str]) -> Picture:
    """Instances of a map (h, w) whose values `names` names; other values are background."""
    found = [Thing(name, (), False, None).of(instance == value) for value, name in sorted(names.items())]
    return [thing for thing in found if thing]


def example_of(things: Picture, classes: Sequence[str], like: Example) -> Example:
    """The inverse of `things_of`, with picture and key of another example."""
    strange = sorted({thing.name for thing in things if thing.name not in classes and not thing.ignore})
    if strange:
        raise TrainError(
            f"{like.key}: after all rules there are {', '.join(strange)}, but the classes are {', '.join(classes)}; "
            "rename, drop or ignore them"
        )
    masks = [thing.mask for thing in things if thing.mask is not None]
    height, width = like.image.shape[:2]
    points = None
    if like.keypoints is not None:
        points = np.array([thing.keypoints for thing in things], np.float32).reshape(-1, *like.keypoints.shape[1:])
    return replace(
        like,
        boxes=np.array([thing.box for thing in things], np.float32).reshape(-1, 4),
        labels=np.array([_number(thing, classes) for thing in things], np.int64),
        masks=None if like.masks is None else np.array(masks, bool).reshape(-1, height, width),
        ignore=np.array([thing.ignore for thing in things], bool),
        keypoints=points,
    )


def _number(thing: Thing, classes: Sequence[str]) -> int:
    """An ignored thing of no class has the first one's: its label is not learned."""
    return classes.index(thing.name) + 1 if thing.name in classes else 1
