"""What is wrong with labels, gathered until all of them have been read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.base.errors import InputError, Problem, did_you_mean

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass
class Findings:
    problems: list[Problem] = field(default_factory=list)

    def complain(self, file: Path | str, message: str, line: int = 0, path: str = "") -> None:
        self.problems.append(Problem(str(file), line, 1 if line else 0, path, message))

    def settle(self) -> None:
        """Raises InputError if there were any."""
        if self.problems:
            raise InputError(self.problems)

    def categories(self, file: Path, names: dict[int, str], classes: Sequence[str]) -> dict[int, int]:
        """From a file's ids to 1-based ids of the wanted classes, which must be among its names."""
        for label in classes:
            if label not in names.values():
                self.complain(file, f"class {label!r} is not labelled here{did_you_mean(label, names.values())}")
        return {number: classes.index(name) + 1 for number, name in names.items() if name in classes}
