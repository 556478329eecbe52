"""Errors a user can cure.

GeneratorError            anything the user can act on; the command line prints it and exits with 2
├── InputError            one or more `Problem`s in files the user wrote (specs, configs, label files)
├── AssetError            a mesh, image or catalog entry that is missing or broken
├── PlacementError        a scene that cannot be filled as its spec asks
├── DatasetError          an output folder that cannot be used (foreign spec, damaged shard, no space)
├── BalanceError          caps and floors that no selection can meet
├── RenderError           the painter failed, or painted something that the labels contradict
│   └── DeviceError       not the scene but the device failed: full, or broken until its process ends
└── TrainError            training that cannot start or did not converge to finite numbers
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class GeneratorError(Exception):
    """Says what is wrong and how to cure it, in words for the person at the keyboard."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with one place of one file. `line` and `column` count from 1; 0 means unknown."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class InputError(GeneratorError):
    """All problems of an input at once, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class AssetError(GeneratorError):
    """A mesh, image or catalog entry is missing or broken."""


class PlacementError(GeneratorError):
    """A scene cannot be filled as its spec asks."""


class DatasetError(GeneratorError):
    """An output folder cannot be used, or what lies in it is damaged."""


class BalanceError(GeneratorError):
    """No selection meets the caps and floors."""


class RenderError(GeneratorError):
    """The painter failed on one frame."""


class DeviceError(RenderError):
    """The device that paints is full, or broken until its process ends; the scene need not be to blame."""


class TrainError(GeneratorError):
    """Training cannot start, or produced numbers that are not finite."""


MOST = 60  # words that a person reads through


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """``" (did you mean 'uniform'?)"`` when a known word is close; else `otherwise`, or all known words, sorted, at
    most MOST."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f" (did you mean {close[0]!r}?)"
    more = f", and {len(known) - MOST} more" if len(known) > MOST else ""
    listed = otherwise or (f"known: {', '.join(known[:MOST])}{more}" if known else "")
    return f" ({listed})" if listed else ""
