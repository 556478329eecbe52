"""Things that are made once and kept while there is room for them."""

from collections import OrderedDict
from collections.abc import Callable
from threading import RLock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Things by name, which weigh `weight` together, each weighed once, when it is made.

    `trim` forgets the least recently used ones as soon as they weigh more than `capacity`, until they weigh no more
    than the part of it that is `spared`; the last ones asked for, at least one, stay whatever they weigh.
    """

    def __init__(self, capacity: int, weigh: Callable[[T], int], spared: float = 1.0) -> None:
        self.capacity, self.weigh, self.spared, self.weight = capacity, weigh, spared, 0
        self._entries: OrderedDict[str, tuple[T, int]] = OrderedDict()

    def get(self, key: str, make: Callable[[], T]) -> T:
        """What is kept under this name, made when it is not there."""
        if key not in self._entries:
            made = make()
            self._entries[key] = made, self.weigh(made)
            self.weight += self._entries[key][1]
        self._entries.move_to_end(key)
        return self._entries[key][0]

    def each(self, do: Callable[[T], None]) -> None:
        for one, _ in self._entries.values():
            do(one)

    def trim(self, last: int = 1) -> list[T]:
        """What is forgotten; not the `last` ones asked for."""
        gone = list[T]()
        bound = self.capacity if self.weight <= self.capacity else self.spared * self.capacity
        while len(self._entries) > max(last, 1) and self.weight > bound:
            one, weight = self._entries.popitem(last=False)[1]
            self.weight -= weight
            gone.append(one)
        return gone


class Shared(Kept[T]):
    """Trimmed whenever something is asked for, and threads may do so: labels are made of one frame while the next is
    painted."""

    def __init__(self, capacity: int, weigh: Callable[[T], int]) -> None:
        super().__init__(capacity, weigh)
        self._lock = RLock()  # making one thing may ask for another

    def get(self, key: str, make: Callable[[], T]) -> T:
        with self._lock:
            found = super().get(key, make)
            self.trim()
            return found
