"""Adding a thing is adding a file: named entries, discovered from their folder."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from generator.base.errors import GeneratorError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names to things. The modules of `package` register themselves by decorator when first looked at.

    >>> shapes = Registry[type]("shape", "generator.assets.shapes")
    >>> @shapes("sphere")
    ... class Sphere: ...
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._entries: dict[str, T] = {}
        self._complete = False

    def __call__(self, name: str) -> Callable[[T], T]:
        def register(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return register

    def _discover(self) -> dict[str, T]:
        if not self._complete:
            package = importlib.import_module(self.package)
            for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
                importlib.import_module(f"{self.package}.{module.name}")
            self._complete = True  # not before: another thread would find too few
        return self._entries

    def __getitem__(self, name: str) -> T:
        entries = self._discover()
        if name not in entries:
            raise GeneratorError(f"unknown {self.kind} {name!r}{did_you_mean(name, entries)}")
        return entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._discover()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._discover()))

    def items(self) -> list[tuple[str, T]]:
        return sorted(self._discover().items())
