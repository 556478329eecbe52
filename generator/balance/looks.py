"""`Looks`: what looking at many scenes found, in columns: some tens of bytes a scene instead of some hundreds."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from generator.balance.candidates import Candidates, Ints, ranks
from generator.balance.groups import compact
from generator.balance.objects import Objects
from generator.balance.tickets import Tags, Tickets
from generator.spec.known import OBJECT_FACTS


@dataclass(frozen=True)
class Looked:
    """What a look found: tags, annotated instances by class, and why the frame cannot be used, if so. `objects` are the
    facts of single ones (`edges.Facts.objects`), which quotas over sizes or views need; frames with the same `scene`
    are planned all or none."""

    index: int
    tags: Tags = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    rejected: str = ""
    objects: tuple[Mapping[str, Any], ...] = ()
    scene: int | None = None


class Looks:
    """Grows at its end. A row is a frame that was looked at; `rows` below are positions, int64 (m,).

    `objects`: whether to remember facts of single objects too.
    """

    def __init__(self, classes: Sequence[str], objects: bool = False) -> None:
        self.classes, self.objects = tuple(classes), objects
        self._index, self._scene, self._counts = array("q"), array("q"), array("i")
        self._kind, self._why = array("i"), array("i")
        self._kinds: dict[Tags, int] = {}
        self._reasons: dict[str, int] = {"": 0}
        self._owner, self._label = array("q"), array("i")
        self._facts = {name: array("d") for name in OBJECT_FACTS}

    def __len__(self) -> int:
        return len(self._index)

    def extend(self, found: Iterable[Looked]) -> None:
        for one in found:
            if self.objects:
                self._remember(one)
            self._index.append(one.index)
            self._scene.append(-1 if one.scene is None else one.scene)
            self._counts.extend([one.classes.get(name, 0) for name in self.classes])
            self._kind.append(self._kinds.setdefault(one.tags, len(self._kinds)))
            self._why.append(self._reasons.setdefault(one.rejected, len(self._reasons)))

    def _remember(self, looked: Looked) -> None:
        for one in looked.objects:
            if one["class"] in self.classes:
                self._owner.append(len(self))
                self._label.append(self.classes.index(one["class"]))
                for name, column in self._facts.items():
                    column.append(one.get(name, np.nan))

    @property
    def good(self) -> Ints:
        """Rows that can be used."""
        return np.flatnonzero(np.array(self._why, np.int32) == 0)

    @property
    def usable(self) -> Ints:
        """As `good`, without the last scene's, where frames name their scenes: more of it may be still to come."""
        rows, scene = self.good, np.array(self._scene, np.int64)
        return rows if not len(scene) or scene[-1] < 0 else rows[scene[rows] != scene[-1]]

    def rejected(self) -> dict[str, int]:
        """Rows that cannot be used, by reason, in the order of their first."""
        counts, names = Counter(self._why), list(self._reasons)
        return {names[why]: counts[why] for why in sorted(counts) if why}

    def index(self, rows: Ints) -> Ints:
        return np.array(self._index, np.int64)[rows]

    def tags(self, rows: Ints) -> list[Tags]:
        names, kind = list(self._kinds), np.array(self._kind, np.int32)
        return [names[k] for k in kind[rows]]

    def scenes(self, rows: Ints) -> Ints:
        """Per row the number of its scene; a frame that names none is one of its own. int64 (m,), numbered from 0."""
        scene, index = np.array(self._scene, np.int64)[rows], self.index(rows)
        return compact(np.where(scene < 0, 2 * index, 2 * scene + 1))[0]

    def tickets(self, split: str, rows: Ints) -> Tickets:
        return Tickets.made(split, self.index(rows), np.array(self._kind, np.int32)[rows], tuple(self._kinds))

    def candidates(self, rows: Ints, seed: int, split: str) -> Candidates:
        """As `candidates.candidates`, without the objects."""
        kind, kinds = np.array(self._kind, np.int32)[rows], list(self._kinds)
        names = tuple(sorted({tag for k in np.unique(kind) for tag in kinds[k]}))
        having = np.array([[name in tags for name in names] for tags in kinds], bool).reshape(len(kinds), len(names))
        bits = having[kind] if len(kinds) else np.zeros((0, len(names)), bool)
        counts = np.array(self._counts, np.int64).reshape(len(self), len(self.classes))[rows]
        return Candidates(names, bits, self.classes, counts, ranks(seed, split, self.index(rows)))

    def objects_of(self, rows: Ints) -> Objects | None:
        """Single objects of these rows; None where there are none, or they were not remembered."""
        owner = np.array(self._owner, np.int64)
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        mine = place[owner] >= 0
        if not mine.any():
            return None
        facts = {name: np.array(column)[mine] for name, column in self._facts.items()}
        return Objects(place[owner][mine], np.array(self._label, np.int64)[mine], facts)
