"""`Tickets`: frames that a plan wants painted, in columns. They become objects when they are asked for, one by one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Tags = tuple[str, ...]


@dataclass(frozen=True)
class Ticket:
    """One frame that the plan wants painted. `tags` are those expected."""

    split: str
    index: int
    tags: Tags


@dataclass(frozen=True, eq=False)
class Tickets:
    """Tickets of one split: a million are 12 MB.

    index    int64 (n,), scene index
    kind     int32 (n,), position in `kinds`, the distinct sets of expected tags that occur, sorted
    """

    split: str
    index: NDArray[np.int64]
    kind: NDArray[np.int32]
    kinds: tuple[Tags, ...]

    @staticmethod
    def made(split: str, index: NDArray[Any], kind: NDArray[Any], kinds: Sequence[Tags]) -> "Tickets":
        """Of columns whose `kinds` need be neither sorted nor all in use: equal tickets get equal columns."""
        used = sorted({kinds[k] for k in np.unique(kind)})
        place = {tags: at for at, tags in enumerate(used)}
        again = np.array([place.get(tags, -1) for tags in kinds], np.int32)
        renumbered = again[kind] if len(kind) else np.empty(0, np.int32)
        return Tickets(split, np.asarray(index, np.int64), renumbered, tuple(used))

    @staticmethod
    def of(split: str, tickets: Iterable[Ticket]) -> "Tickets":
        known: dict[Tags, int] = {}
        rows = [(one.index, known.setdefault(one.tags, len(known))) for one in tickets]
        columns = np.array(rows, np.int64).reshape(len(rows), 2)
        return Tickets.made(split, columns[:, 0], columns[:, 1], tuple(known))

    @staticmethod
    def read(split: str, stored: Any) -> "Tickets":
        """What `stored` gives, read back; a list of tickets, or of what they hold, will do too. Raises ValueError."""
        if isinstance(stored, Tickets):
            return stored
        if isinstance(stored, Mapping):
            kinds = [tuple(map(str, tags)) for tags in stored["kinds"]]
            kind, steps = np.array(stored["kind"], np.int32), np.array(stored["step"], np.int64)
            if kind.shape != steps.shape or kind.ndim != 1 or not ((kind >= 0) & (kind < max(1, len(kinds)))).all():
                raise ValueError("columns of tickets do not fit together")
            return Tickets.made(split, np.cumsum(steps), kind, kinds)
        rows = (one if isinstance(one, Ticket) else Ticket(split, one["index"], tuple(one["tags"])) for one in stored)
        return Tickets.of(split, rows)

    @property
    def stored(self) -> dict[str, Any]:
        """As plain data. `step` is each index less the one before: small numbers, which JSON and Python keep small."""
        steps = np.diff(self.index, prepend=np.int64(0)).tolist()
        return {"kinds": [list(tags) for tags in self.kinds], "kind": self.kind.tolist(), "step": steps}

    def __len__(self) -> int:
        return len(self.index)

    @overload
    def __getitem__(self, at: int) -> Ticket: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Ticket, ...]: ...
    def __getitem__(self, at: int | slice) -> Ticket | tuple[Ticket, ...]:
        if isinstance(at, slice):
            return tuple(self.take(np.arange(len(self))[at]))
        return Ticket(self.split, int(self.index[at]), self.kinds[self.kind[at]])

    def __iter__(self) -> Iterator[Ticket]:
        return (self[k] for k in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tickets):
            return NotImplemented
        alike = (self.kinds, len(self)) == (other.kinds, len(other)) and (self.split == other.split or not len(self))
        return alike and bool((self.index == other.index).all() and (self.kind == other.kind).all())

    def __hash__(self) -> int:
        return hash((self.split, len(self), self.kinds))

    def take(self, rows: NDArray[Any]) -> "Tickets":
        """Some of them: positions, or bool (n,)."""
        return Tickets.made(self.split, self.index[rows], self.kind[rows], self.kinds)

    def __add__(self, other: "Tickets") -> "Tickets":
        index = np.concatenate([self.index, other.index])
        kind = np.concatenate([self.kind, other.kind + len(self.kinds)])
        return Tickets.made(self.split, index, kind, (*self.kinds, *other.kinds))

    def among(self, wanted: Iterable[int]) -> NDArray[np.bool_]:
        """bool (n,): whose scene index is wanted."""
        return np.isin(self.index, np.fromiter(wanted, np.int64))
